using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Workflows;

/// <param name="Part">node, edge, trigger or definition.</param>
/// <param name="Kind">added, removed, changed, or moved (into another loop).</param>
/// <param name="Id">Of the node or trigger; of an edge <c>from:port->to</c>; null for the definition as a
/// whole.</param>
/// <param name="Pointer">JSON pointer within the node, trigger or definition.</param>
/// <param name="Before">Null also where there was nothing.</param>
/// <param name="IsCut">A value is longer than 4,000 characters: it is text that begins as its JSON does.</param>
internal sealed record ChangeView(
    string Part, string Kind, string? Id, string Pointer, JsonElement? Before, JsonElement? After,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool IsCut);

/// <param name="Count">All changes, of which the first 1,000 are listed.</param>
/// <param name="Layout">Ids of nodes that are drawn elsewhere, which changes nothing else; the first 1,000.</param>
/// <param name="IsCut">There are more changes than are listed.</param>
internal sealed record DiffView(
    Guid WorkflowId, int From, int To, int Count, IReadOnlyList<ChangeView> Changes, IReadOnlyList<string> Layout,
    bool IsCut);

/// <summary>What differs between two versions of a workflow.</summary>
internal static class DiffEndpoints
{
    public static void MapDiffs(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/workflows/{workflowId:guid}/versions/{number:int}/diff/{other:int}", DiffAsync)
            .WithTags("Workflows")
            .Requires(Permission.WorkflowsRead)
                .Produces<Envelope<DiffView>>(StatusCodes.Status200OK, Envelope.MediaType)
            .WithSummary("Say what differs between two versions, as data or (format=text) as lines to read");

    private static async Task<IResult> DiffAsync(
        Guid workflowId, int number, int other, [FromQuery(Name = "format")] string? format, ApiRequest request,
        CancellationToken cancellationToken)
    {
        if (format is not (null or "json" or "text"))
        {
            return Problem.Parameter("format", "'format' is json or text.");
        }

        var name = await request.Db.Workflows.Where(row => row.Id == workflowId).Select(row => row.Name)
            .SingleOrDefaultAsync(cancellationToken);
        if (name is null)
        {
            return new Problem(Errors.WorkflowNotFound);
        }

        var versions = await request.Db.WorkflowVersions
            .Where(row => row.WorkflowId == workflowId && (row.Number == number || row.Number == other))
            .ToDictionaryAsync(row => row.Number, row => row.Definition, cancellationToken);
        if (!versions.TryGetValue(number, out var before) || !versions.TryGetValue(other, out var after))
        {
            return new Problem(Errors.WorkflowVersionNotFound);
        }

        using var older = JsonDocument.Parse(before);
        using var newer = JsonDocument.Parse(after);
        var diff = DefinitionDiff.Of(older.RootElement, newer.RootElement, Limits.DiffChanges);
        if (format == "text")
        {
            return Results.Text(DiffText.Write(diff, $"{name}: version {number} -> {other}"), "text/plain");
        }

        ApiResponse<DiffView> response = new DiffView(
            workflowId, number, other, diff.Count, [.. diff.Changes.Select(View)],
            [.. diff.Layout.Take(Limits.DiffLayout)], diff.IsCut);
        return response;
    }

    private static ChangeView View(DefinitionChange change)
    {
        var (before, after) = (Cut(change.Before), Cut(change.After));
        return new ChangeView(
            Word(change.Part), Word(change.Kind), change.Id, change.Pointer, before.Value, after.Value,
            before.IsCut || after.IsCut);
    }

    // Apart from the document, which is gone when the answer is written.
    private static (JsonElement? Value, bool IsCut) Cut(JsonElement? value)
    {
        if (value is not { } json)
        {
            return (null, false);
        }

        var text = json.GetRawText();
        return text.Length <= Limits.DiffValueLength
            ? (json.Clone(), false)
            : (JsonSerializer.SerializeToElement(text[..Limits.DiffValueLength], Envelope.Json), true);
    }

    private static string Word<T>(T word)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(word.ToString());
}
