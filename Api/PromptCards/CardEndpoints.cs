using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Engine.Prompts;

namespace Workflows.Api.PromptCards;

/// <summary>Prompt cards: templates of what language models are asked, in workspaces.</summary>
internal static class CardEndpoints
{
    public const string IndexTopic = "index_prompt_card";

    public static void MapPromptCards(this IEndpointRouteBuilder routes)
    {
        var cards = routes.MapGroup("/prompt-cards").WithTags("Prompt cards");
        cards.MapGet("", ListAsync).Requires(Permission.PromptsRead).WithSummary("List prompt cards, newest first");
        cards.MapPost("", CreateAsync).Requires(Permission.PromptsWrite).WithMetadata(new SuccessStatus(201))
            .WithSummary("Create a prompt card");
        cards.MapGet("/{cardId:guid}", GetAsync).Requires(Permission.PromptsRead).WithSummary("Get a prompt card");
        cards.MapPatch("/{cardId:guid}", UpdateAsync).Requires(Permission.PromptsWrite)
            .WithSummary("Change a prompt card; other content makes a new version");
        cards.MapDelete("/{cardId:guid}", DeleteAsync).Requires(Permission.PromptsWrite)
            .WithSummary("Move a prompt card into the trash");
        cards.MapPost("/{cardId:guid}/restore", RestoreAsync).Requires(Permission.PromptsWrite)
            .WithSummary("Take a prompt card out of the trash");
        cards.MapPost("/{cardId:guid}/duplicate", DuplicateAsync).Requires(Permission.PromptsWrite)
            .WithMetadata(new SuccessStatus(201)).WithSummary("Copy a prompt card with its test sets");
        cards.MapCardVersions();
        cards.MapCardRuns();
        cards.MapTestSets();
        cards.MapTestRuns();
        cards.MapCardFigures();
        cards.MapCardTransfer();
    }

    private static async Task<ApiResponse<List<CardView>>> ListAsync(
        [AsParameters] CardQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        if (filter.Q?.Length > Limits.NameLength || filter.Category?.Length > Limits.NameLength
            || filter.VariableType?.Length > Limits.NameLength)
        {
            return Problem.Parameter("q", $"A filter has at most {Limits.NameLength} characters.");
        }

        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"prompt-cards?{filter}");
        var isDeleted = filter.Deleted == true;
        var holding = request.Db.CardsHolding(
            filter.VariableType is { } type ? CardParts.Json(new[] { new { type } }) : null,
            filter.Category is { } category ? CardParts.Json(new { category }) : null).AsNoTracking();
        var cards = isDeleted ? holding.Where(row => row.DeletedAt != null) : request.Db.Present(holding);
        cards = filter.WorkspaceId is { } workspace ? cards.Where(row => row.WorkspaceId == workspace) : cards;
        cards = filter.Tag is { } tag ? cards.Where(row => row.Tags.Contains(tag)) : cards;
        if (filter.Q is { } words)
        {
            var pattern = $"%{words.Replace("\\", "\\\\", StringComparison.Ordinal)
                .Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal)}%";
            cards = cards.Where(
                row => EF.Functions.ILike(row.Title, pattern, "\\")
                    || EF.Functions.ILike(row.Description, pattern, "\\"));
        }

        var total = await cards.CountAsync(query, cancellationToken);
        var rows = await cards.After(page, after => row => row.Id < after.Id).OrderByDescending(row => row.Id)
            .Take(page.Take).ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new IdKey(row.Id), total);
        return ApiResponse<List<CardView>>.Page(
            rows.ConvertAll(CardParts.View), pagination, FieldSelection.Read<CardView>(query));
    }

    private static async Task<ApiResponse<CardView>> GetAsync(
        Guid cardId, ApiRequest request, CancellationToken token) =>
        await request.FindCardAsync(cardId, token) is { } card
            ? ApiResponse<CardView>.Ok(CardParts.View(card), card.Version)
            : new Problem(Errors.PromptCardNotFound);

    private static async Task<ApiResponse<CardView>> CreateAsync(Body<CreateCardRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        var content = new PromptContent(
            wanted.Messages, wanted.Variables ?? [], wanted.Settings ?? new PromptSettings());
        if (CardParts.Check(
            wanted.Title, wanted.Description, wanted.Tags, wanted.Metadata, wanted.Note, content).Problem
                is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<CardView>(async token =>
        {
            if (await CheckPlaceAsync(request, wanted.WorkspaceId, token) is { } refusal)
            {
                return refusal;
            }

            var card = New(request, wanted.WorkspaceId, wanted.Title, content);
            card.Description = wanted.Description;
            card.Tags = [.. (wanted.Tags ?? []).Distinct()];
            card.Metadata = wanted.Metadata?.Text ?? "{}";
            request.Db.PromptCards.Add(card);
            request.AddVersion(card, wanted.Note);
            request.Record("prompt_card.create", "prompt_card", card.Id, card.Title, after: CardParts.Told(card));
            request.Announce(IndexTopic, card.Id);
            return Created(card);
        });
    }

    private static Task<ApiResponse<CardView>> UpdateAsync(
        Guid cardId, Body<UpdateCardRequest> body, ApiRequest request) =>
        request.ChangeAsync<CardView>(async token =>
        {
            var wanted = body.Value;
            var (card, refusal) = await request.OpenCardAsync(cardId, token);
            if ((refusal ?? request.CheckMatch(card!)) is { } problem)
            {
                return problem;
            }

            var present = CardParts.Content(card!);
            var content = new PromptContent(
                wanted.Messages ?? present.Messages, wanted.Variables ?? present.Variables,
                wanted.Settings ?? present.Settings);
            if (CardParts.Check(
                wanted.Title, wanted.Description, wanted.Tags, wanted.Metadata, wanted.Note, content).Problem
                is { } invalid)
            {
                return invalid;
            }

            var before = CardParts.Told(card!);
            card!.Title = wanted.Title ?? card.Title;
            card.Description = wanted.Description ?? card.Description;
            card.Tags = wanted.Tags is { } tags ? [.. tags.Distinct()] : card.Tags;
            card.Metadata = wanted.Metadata?.Text ?? card.Metadata;
            if (request.Write(card, content, wanted.Note) && card.Number > Limits.PromptVersionsPerCard)
            {
                return new Problem(
                    Errors.LimitReached,
                        $"A card has at most {Limits.PromptVersionsPerCard} versions: go on in a copy.");
            }

            return Changed(request, card, "prompt_card.update", before);
        });

    private static Task<ApiResponse<Done>> DeleteAsync(Guid cardId, ApiRequest request) =>
        request.ChangeAsync<Done>(async token =>
        {
            var (card, refusal) = await request.OpenCardAsync(cardId, token);
            if ((refusal ?? request.CheckMatch(card!)) is { } problem)
            {
                return problem;
            }

            card!.DeletedAt = request.Now;
            Changed(request, card, "prompt_card.delete", CardParts.Told(card));
            return new Done(cardId, "deleted");
        });

    private static Task<ApiResponse<CardView>> RestoreAsync(Guid cardId, ApiRequest request) =>
        request.ChangeAsync<CardView>(async token =>
        {
            var card = await request.Db.PromptCards
                .SingleOrDefaultAsync(row => row.Id == cardId && row.DeletedAt != null, token);
            if (card is null)
            {
                return new Problem(Errors.TrashItemNotFound);
            }

            if (await CheckPlaceAsync(request, card.WorkspaceId, token) is { } refusal)
            {
                return refusal;
            }

            card.DeletedAt = null;
            return Changed(request, card, "prompt_card.restore", before: null);
        });

    private static Task<ApiResponse<CardView>> DuplicateAsync(
        Guid cardId, Body<DuplicateCardRequest> body, ApiRequest request) =>
        request.ChangeAsync<CardView>(async token =>
        {
            var wanted = body.Value;
            if (await request.FindCardAsync(cardId, token) is not { } card)
            {
                return new Problem(Errors.PromptCardNotFound);
            }

            if (new Checks().Name("title", wanted.Title, 500).Problem is { } invalid)
            {
                return invalid;
            }

            var workspaceId = wanted.WorkspaceId ?? card.WorkspaceId;
            if (await CheckPlaceAsync(request, workspaceId, token) is { } refusal)
            {
                return refusal;
            }

            var title = wanted.Title ?? await FreeTitleAsync(request, workspaceId, card.Title, token);
            var copy = New(request, workspaceId, title, CardParts.Content(card));
            (copy.Description, copy.Tags, copy.Metadata) = (card.Description, card.Tags, card.Metadata);
            request.Db.PromptCards.Add(copy);
            request.AddVersion(copy, $"A copy of version {card.Number} of “{card.Title}”.");
            foreach (var set in await request.Db.PromptTestSets.AsNoTracking()
                .Where(row => row.CardId == cardId).ToListAsync(token))
            {
                set.Id = Guid.CreateVersion7(request.Now);
                (set.CardId, set.Version, set.CreatedAt, set.UpdatedAt) = (copy.Id, 1, request.Now, request.Now);
                request.Db.PromptTestSets.Add(set);
            }

            request.Record("prompt_card.create", "prompt_card", copy.Id, title, after: CardParts.Told(copy));
            request.Announce(IndexTopic, copy.Id);
            return Created(copy);
        });

    /// <summary>Notes a change of a card and has it indexed.</summary>
    public static ApiResponse<CardView> Changed(ApiRequest request, PromptCard card, string action, object? before)
    {
        card.Touch(request.Now);
        card.UpdatedBy = request.Caller.UserId;
        request.Record(action, "prompt_card", card.Id, card.Title, before, CardParts.Told(card));
        request.Announce(IndexTopic, card.Id);
        return ApiResponse<CardView>.Ok(CardParts.View(card), card.Version);
    }

    private static ApiResponse<CardView> Created(PromptCard card) =>
        ApiResponse<CardView>.Created(CardParts.View(card), $"/api/v1/prompt-cards/{card.Id}", card.Version);

    private static async Task<Problem?> CheckPlaceAsync(ApiRequest request, Guid workspaceId, CancellationToken token)
    {
        if (await request.Db.HoldWorkspaceAsync(workspaceId, token) is null)
        {
            return Problem.Invalid("/workspaceId", "There is no such workspace.", "UNKNOWN");
        }

        return await request.RefusesAsync("workspace", workspaceId, ObjectLevel.Edit, token)
            ?? (await request.Db.PromptCards.CountAsync(row => row.DeletedAt == null, token)
                >= Limits.PromptCardsPerTenant
                ? new Problem(
                    Errors.LimitReached, $"A tenant has at most {Limits.PromptCardsPerTenant} prompt cards.")
                : null);
    }

    public static PromptCard New(ApiRequest request, Guid workspaceId, string title, PromptContent content) => new()
    {
        TenantId = request.Caller.TenantId,
        Id = request.NewId(),
        WorkspaceId = workspaceId,
        Title = title,
        Messages = CardParts.Json(content.Messages),
        Variables = CardParts.Json(content.Variables),
        Settings = CardParts.Json(content.Settings),
        CreatedBy = request.Caller.UserId,
        UpdatedBy = request.Caller.UserId,
        CreatedAt = request.Now,
        UpdatedAt = request.Now,
    };

    private static async Task<string> FreeTitleAsync(
        ApiRequest request, Guid workspaceId, string title, CancellationToken token)
    {
        var stem = title.Length > 490 ? title[..490] : title;
        var taken = (await request.Cards()
            .Where(row => row.WorkspaceId == workspaceId && row.Title.StartsWith(stem)).Select(row => row.Title)
            .ToListAsync(token)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var number = 2;
        while (taken.Contains($"{stem} {number}"))
        {
            number++;
        }

        return $"{stem} {number}";
    }
}
