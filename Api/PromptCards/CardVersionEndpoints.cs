using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Engine.Prompts;

namespace Workflows.Api.PromptCards;

/// <summary>What a card was: versions never change; the one that is published is meant where none is named.</summary>
internal static class CardVersionEndpoints
{
    public static void MapCardVersions(this IEndpointRouteBuilder cards)
    {
        cards.MapGet("/{cardId:guid}/versions", ListAsync).Requires(Permission.PromptsRead)
            .WithSummary("List the versions of a prompt card, newest first");
        cards.MapGet("/{cardId:guid}/versions/{number:int}", GetAsync).Requires(Permission.PromptsRead)
            .WithSummary("Get a version of a prompt card");
        cards.MapGet("/{cardId:guid}/versions/{number:int}/diff/{other:int}", DiffAsync)
            .Requires(Permission.PromptsRead).WithSummary("Say what differs between two versions of a prompt card");
        cards.MapPost("/{cardId:guid}/versions/{number:int}/restore", RestoreAsync).Requires(Permission.PromptsWrite)
            .WithSummary("Make the content of a version that of a new one");
        cards.MapPost("/{cardId:guid}/versions/{number:int}/publish", PublishAsync).Requires(Permission.PromptsWrite)
            .WithSummary("Let a version be the one that is meant where none is named");
    }

    private static async Task<ApiResponse<List<CardVersionView>>> ListAsync(
        Guid cardId, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        var page = pager.Read<TextKey>(query, request.Caller.TenantId, $"prompt-cards/{cardId}/versions");
        if (await request.FindCardAsync(cardId, cancellationToken) is not { } card)
        {
            return new Problem(Errors.PromptCardNotFound);
        }

        var versions = request.Db.PromptVersions.AsNoTracking().Where(row => row.CardId == cardId);
        var total = await versions.CountAsync(query, cancellationToken);
        var last = page.After is { } after ? int.Parse(after.Text, null) : int.MaxValue;
        var rows = await versions.Where(row => row.Number < last).OrderByDescending(row => row.Number).Take(page.Take)
            .ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new TextKey($"{row.Number}", row.CardId), total);
        return ApiResponse<List<CardVersionView>>.Page(
            rows.ConvertAll(row => View(row, card)), pagination, FieldSelection.Read<CardVersionView>(query));
    }

    private static async Task<ApiResponse<CardVersionView>> GetAsync(
        Guid cardId, int number, ApiRequest request, CancellationToken token) =>
        await request.FindCardAsync(cardId, token) is not { } card ? new Problem(Errors.PromptCardNotFound)
            : await FindAsync(request, cardId, number, token) is { } row
                ? View(row, card)
                : new Problem(Errors.PromptVersionNotFound);

    private static async Task<ApiResponse<CardDiffView>> DiffAsync(
        Guid cardId, int number, int other, ApiRequest request, CancellationToken token)
    {
        if (await request.FindCardAsync(cardId, token) is null)
        {
            return new Problem(Errors.PromptCardNotFound);
        }

        return await FindAsync(request, cardId, number, token) is { } from
            && await FindAsync(request, cardId, other, token) is { } to
            ? new CardDiffView(cardId, number, other, Changes(CardParts.Content(from), CardParts.Content(to)))
            : new Problem(Errors.PromptVersionNotFound);
    }

    private static Task<ApiResponse<CardView>> RestoreAsync(Guid cardId, int number, ApiRequest request) =>
        request.ChangeAsync<CardView>(async token =>
        {
            var (card, refusal) = await request.OpenCardAsync(cardId, token);
            if ((refusal ?? request.CheckMatch(card!)) is { } problem)
            {
                return problem;
            }

            if (await FindAsync(request, cardId, number, token) is not { } version)
            {
                return new Problem(Errors.PromptVersionNotFound);
            }

            var before = CardParts.Told(card!);
            request.Write(card!, CardParts.Content(version), $"Version {number} again.");
            return card!.Number > Limits.PromptVersionsPerCard
                ? new Problem(Errors.LimitReached, $"A card has at most {Limits.PromptVersionsPerCard} versions.")
                : CardEndpoints.Changed(request, card, "prompt_card.restore_version", before);
        });

    private static Task<ApiResponse<CardView>> PublishAsync(Guid cardId, int number, ApiRequest request) =>
        request.ChangeAsync<CardView>(async token =>
        {
            var (card, refusal) = await request.OpenCardAsync(cardId, token);
            if ((refusal ?? request.CheckMatch(card!)) is { } problem)
            {
                return problem;
            }

            if (await FindAsync(request, cardId, number, token) is null)
            {
                return new Problem(Errors.PromptVersionNotFound);
            }

            var before = CardParts.Told(card!);
            card!.PublishedNumber = number;
            return CardEndpoints.Changed(request, card, "prompt_card.publish", before);
        });

    private static Task<PromptVersion?> FindAsync(
        ApiRequest request, Guid cardId, int number, CancellationToken token) =>
        request.Db.PromptVersions.AsNoTracking()
            .SingleOrDefaultAsync(row => row.CardId == cardId && row.Number == number, token);

    private static CardVersionView View(PromptVersion row, PromptCard card)
    {
        var content = CardParts.Content(row);
        return new CardVersionView(
            row.CardId, row.Number, content.Messages, content.Variables, content.Settings, row.Note, row.CreatedBy,
            row.CreatedAt, card.PublishedNumber == row.Number);
    }

    private static List<CardChange> Changes(PromptContent from, PromptContent to) =>
    [
        .. Changes(
            "message", from.Messages.Select((message, place) => ($"{place}", Element(message))),
            to.Messages.Select((message, place) => ($"{place}", Element(message)))),
        .. Changes(
            "variable", from.Variables.Select(variable => (variable.Name, Element(variable))),
            to.Variables.Select(variable => (variable.Name, Element(variable)))),
        .. Changes("setting", Settings(from), Settings(to)),
    ];

    private static IEnumerable<CardChange> Changes(
        string part, IEnumerable<(string Name, JsonElement Value)> from, IEnumerable<(string Name,
            JsonElement Value)> to)
    {
        var before = from.ToDictionary(each => each.Name, each => each.Value);
        var after = to.ToDictionary(each => each.Name, each => each.Value);
        foreach (var name in before.Keys.Union(after.Keys))
        {
            var (was, isBefore) = (before.GetValueOrDefault(name), before.ContainsKey(name));
            var (becomes, isAfter) = (after.GetValueOrDefault(name), after.ContainsKey(name));
            if (!isBefore || !isAfter || !JsonElement.DeepEquals(was, becomes))
            {
                yield return new CardChange(
                    part, !isBefore ? "added" : !isAfter ? "removed" : "changed", name,
                    new RawJson(isBefore ? was.GetRawText() : null),
                        new RawJson(isAfter ? becomes.GetRawText() : null));
            }
        }
    }

    private static IEnumerable<(string, JsonElement)> Settings(PromptContent content) =>
        Element(content.Settings).EnumerateObject().Where(each => each.Value.ValueKind != JsonValueKind.Null)
            .Select(each => (each.Name, each.Value));

    private static JsonElement Element(object value) =>
        JsonSerializer.SerializeToElement(value, value.GetType(), JsonSerializerOptions.Web);
}
