using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Engine.Prompts;

namespace Workflows.Api.PromptCards;

/// <summary>What routes of prompt cards share: finding them, checking what is written, showing them.</summary>
internal static class CardParts
{
    public static IQueryable<PromptCard> Cards(this ApiRequest request) => request.Db.Present(request.Db.PromptCards);

    public static Task<PromptCard?> FindCardAsync(this ApiRequest request, Guid id, CancellationToken token) =>
        request.Cards().SingleOrDefaultAsync(row => row.Id == id, token);

    /// <summary>A card to be changed, or to be run, by who may change what is in its workspace.</summary>
    public static async Task<(PromptCard? Card, Problem? Problem)> OpenCardAsync(
        this ApiRequest request, Guid id, CancellationToken token)
    {
        var card = await request.FindCardAsync(id, token);
        return card is null
            ? (null, new Problem(Errors.PromptCardNotFound))
            : (card, await request.RefusesAsync("workspace", card.WorkspaceId, ObjectLevel.Edit, token));
    }

    /// <summary>The content of a version; of the published one, or else the newest, where none is named.</summary>
    /// <returns>Null when there is no such version.</returns>
    public static async Task<(int Number, PromptContent Content)?> ContentOfAsync(
        this ApiRequest request, PromptCard card, int? version, CancellationToken token)
    {
        var number = version ?? card.PublishedNumber ?? card.Number;
        if (number == card.Number)
        {
            return (number, Content(card));
        }

        var row = await request.Db.PromptVersions.AsNoTracking()
            .SingleOrDefaultAsync(each => each.CardId == card.Id && each.Number == number, token);
        return row is null ? null : (number, Content(row));
    }

    public static PromptContent Content(PromptCard row) =>
        PromptContent.Read(row.Messages, row.Variables, row.Settings);

    public static PromptContent Content(PromptVersion row) =>
        PromptContent.Read(row.Messages, row.Variables, row.Settings);

    public static string Json(object value) =>
        JsonSerializer.Serialize(value, value.GetType(), JsonSerializerOptions.Web);

    public static Checks Check(
        string? title, string? description, string[]? tags, RawJson? metadata, string? note, PromptContent content)
    {
        var checks = new Checks().Name("title", title, 500).Text("description", description, Limits.DescriptionLength)
            .Text("note", note, Limits.DescriptionLength).Tags("tags", tags);
        if (metadata is { Text: { } text } && (Encoding.UTF8.GetByteCount(text) > Limits.SettingsBytes
            || JsonElement.Parse(text).ValueKind != JsonValueKind.Object))
        {
            checks.Add("metadata", "TYPE", $"'metadata' is an object of at most {Limits.SettingsBytes} bytes.");
        }

        foreach (var problem in PromptRules.Check(content))
        {
            checks.Add(problem.Pointer.TrimStart('/'), problem.Code, problem.Message);
        }

        return checks;
    }

    /// <summary>Refuses variables that do not fit, each with its place.</summary>
    public static Problem Refuse(IReadOnlyList<PromptProblem> problems) => new(
        Errors.PromptVariablesInvalid,
        problems.Count == 1 ? problems[0].Message : null,
        [.. problems.Select(problem => new ErrorDetail(problem.Pointer, problem.Code, problem.Message))]);

    /// <summary>Makes the content of the card that of a new version, unless it is the same.</summary>
    /// <returns>Whether there is a new version.</returns>
    public static bool Write(this ApiRequest request, PromptCard card, PromptContent content, string note)
    {
        if (Content(card).IsSameAs(content))
        {
            return false;
        }

        card.Number++;
        (card.Messages, card.Variables, card.Settings) =
            (Json(content.Messages), Json(content.Variables), Json(content.Settings));
        request.AddVersion(card, note);
        return true;
    }

    public static void AddVersion(this ApiRequest request, PromptCard card, string note) =>
        request.Db.PromptVersions.Add(new PromptVersion
        {
            TenantId = card.TenantId,
            CardId = card.Id,
            Number = card.Number,
            Messages = card.Messages,
            Variables = card.Variables,
            Settings = card.Settings,
            Note = note,
            CreatedBy = request.Caller.UserId,
            CreatedAt = request.Now,
        });

    public static object Told(PromptCard row) => new
    {
        row.Title, row.WorkspaceId, row.Number, row.PublishedNumber, row.Tags,
    };

    public static CardView View(PromptCard row)
    {
        var content = Content(row);
        return new CardView(
            row.Id, row.WorkspaceId, row.Title, row.Description, row.Tags, new RawJson(row.Metadata), content.Messages,
            content.Variables, content.Settings, row.Number, row.PublishedNumber, row.CreatedBy, row.UpdatedBy,
            row.DeletedAt, row.Version, row.CreatedAt, row.UpdatedAt);
    }

    public static CardAnswerView View(TestExecution row) => new(
        row.Id, row.Kind, row.RunId, row.CaseName, row.CardNumber, row.Model, row.LlmProvider, row.Repeat, row.Status,
        row.ExecutionTimeMs, row.Passed, row.CostUsd, row.InputTokens, row.OutputTokens, row.Answer,
        new RawJson(row.Error), new RawJson(row.Assertions), row.CreatedAt, row.FinishedAt);
}
