using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Data.Executions;

namespace Workflows.Api.Executions;

/// <summary>
/// Answers a value by parts of its text, so that one of a megabyte neither fills an answer nor stops whoever shows it.
/// What is recorded never changes, so the parts of a step fit together; those of an execution that was retried
/// meanwhile show by another <c>totalBytes</c>.
/// </summary>
internal static class ValueEndpoint
{
    private static readonly JsonDocumentOptions Deep =
        new() { MaxDepth = Engine.Limits.JsonDepth + Engine.Limits.JsonEnvelope };

    public static async Task<ApiResponse<ValueView>> HandleAsync(
        Guid executionId, [AsParameters] ValueQuery query, ApiRequest request, StepQueries steps,
        CancellationToken cancellationToken)
    {
        var pointer = query.Pointer ?? "";
        if ((CheckWhat(query) ?? StepEndpoints.CheckPlace(query.Node, query.Iteration) ?? CheckPart(query))
            is { } problem)
        {
            return problem;
        }

        if (JsonPointer.Parse(pointer) is not { } path)
        {
            return Problem.Parameter(
                "pointer",
                $"'pointer' is a JSON pointer of at most {Limits.PointerLength} characters, as /a/0/b; "
                + "~ is written ~0, and / in a name ~1.");
        }

        if (!await request.Db.Executions.AnyAsync(row => row.Id == executionId, cancellationToken))
        {
            return new Problem(Errors.ExecutionNotFound);
        }

        var of = query.Of ?? "output";
        var stored = query.Node is { } node
            ? await steps.StepValueAsync(
                request.Caller.TenantId, executionId, node, query.Iteration ?? "", query.Attempt, of, cancellationToken)
            : await steps.ValueAsync(request.Caller.TenantId, executionId, of, cancellationToken);
        return stored is null ? new Problem(query.Node is null ? Errors.ExecutionNotFound : Errors.StepNotFound)
            : stored.Json is null ? new Problem(Errors.ValueNotFound, $"It has no {of}.")
            : Answer(stored.Json, pointer, path, query.Offset ?? 0, query.Limit ?? Limits.ValueBytes);
    }

    private static Problem? CheckWhat(ValueQuery query) => query switch
    {
        { Of: not (null or "output" or "error" or "input") } =>
            Problem.Parameter("of", "'of' is one of output, error, input."),
        { Of: "input", Node: not null } => Problem.Parameter(
            "of", "Of a step, 'of' is output or error: what it ran on is told by the steps that it reads."),
        { Node: null, Iteration: not null } =>
            Problem.Parameter("iteration", "'iteration' belongs to a step: give 'node', too."),
        { Node: null, Attempt: not null } =>
            Problem.Parameter("attempt", "'attempt' belongs to a step: give 'node', too."),
        _ => null,
    };

    private static Problem? CheckPart(ValueQuery query) =>
        query.Offset < 0 ? Problem.Parameter("offset", "'offset' is not negative.")
        : query.Limit is < Limits.MinValueBytes or > Limits.MaxValueBytes
            ? Problem.Parameter("limit", $"'limit' lies between {Limits.MinValueBytes} and {Limits.MaxValueBytes}.")
            : null;

    private static ApiResponse<ValueView> Answer(byte[] json, string pointer, string[] path, int offset, int limit)
    {
        using var document = JsonDocument.Parse(json, Deep);
        if (JsonPointer.Find(document.RootElement, path) is not { } found)
        {
            return new Problem(Errors.ValueNotFound, $"There is no value at '{pointer}'.");
        }

        var text = JsonMarshal.GetRawUtf8Value(found);
        if (offset > text.Length || (offset < text.Length && IsWithinCharacter(text[offset])))
        {
            return Problem.Parameter(
                "offset",
                $"'offset' lies between 0 and {text.Length}, where a character begins: "
                + "'nextOffset' of the part before.");
        }

        var end = Math.Min(text.Length, offset + limit);
        while (end < text.Length && IsWithinCharacter(text[end]))
        {
            end--;
        }

        return new ValueView(
            pointer,
            found.ValueKind switch
            {
                JsonValueKind.True or JsonValueKind.False => "boolean",
                JsonValueKind.Object => "object",
                JsonValueKind.Array => "array",
                JsonValueKind.String => "string",
                JsonValueKind.Number => "number",
                _ => "null",
            },
            text.Length,
            offset,
            end - offset,
            Encoding.UTF8.GetString(text[offset..end]),
            end < text.Length ? end : null);
    }

    private static bool IsWithinCharacter(byte unit) => (unit & 0xC0) == 0x80;
}

/// <summary>RFC 6901.</summary>
internal static class JsonPointer
{
    /// <returns>The names and indices on the way; null when the text is no pointer.</returns>
    public static string[]? Parse(string pointer)
    {
        if (pointer.Length == 0)
        {
            return [];
        }

        if (pointer[0] != '/' || pointer.Length > Limits.PointerLength)
        {
            return null;
        }

        for (var at = pointer.IndexOf('~', StringComparison.Ordinal); at >= 0; at = pointer.IndexOf('~', at + 1))
        {
            if (at + 1 == pointer.Length || pointer[at + 1] is not ('0' or '1'))
            {
                return null;
            }
        }

        return
        [
            .. pointer[1..].Split('/').Select(part =>
                part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)),
        ];
    }

    public static JsonElement? Find(JsonElement value, string[] path)
    {
        foreach (var part in path)
        {
            if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty(part, out var member))
            {
                value = member;
            }
            else if (value.ValueKind == JsonValueKind.Array && IndexOf(part) is { } index
                && index < value.GetArrayLength())
            {
                value = value[index];
            }
            else
            {
                return null;
            }
        }

        return value;
    }

    // Neither a sign nor a zero before other digits.
    private static int? IndexOf(string part) =>
        part.Length is > 0 and < 10 && part.All(char.IsAsciiDigit) && (part.Length == 1 || part[0] != '0')
            ? int.Parse(part, System.Globalization.CultureInfo.InvariantCulture)
            : null;
}
