using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Engine.Prompts;

namespace Workflows.Api.PromptCards;

/// <summary>Cards as a file, with their versions and test sets: out of one workspace, and into another whole or not at
/// all.</summary>
internal static class TransferEndpoints
{
    private const int FileSchema = 1;
    private static readonly string[] Clashes = ["skip", "rename", "replace"];

    public static void MapCardTransfer(this IEndpointRouteBuilder cards)
    {
        cards.MapGet("/export", ExportAsync).Requires(Permission.PromptsRead)
            .WithSummary("Export prompt cards with their versions and test sets");
        cards.MapPost("/import", ImportAsync).Requires(Permission.PromptsWrite)
            .WithMetadata(new BodyLimit(Limits.ExportBytes))
            .WithSummary("Import prompt cards: all of them, or none with every problem by its place");
    }

    private static async Task<ApiResponse<CardsFile>> ExportAsync(
        [AsParameters] ExportQuery query, ApiRequest request, CancellationToken token)
    {
        var ids = query.Id ?? [];
        if ((query.WorkspaceId is null && ids.Length == 0) || ids.Length > Limits.PromptCardsPerFile)
        {
            return Problem.Parameter(
                "id", $"Name a workspace, or up to {Limits.PromptCardsPerFile} cards by 'id'.");
        }

        var rows = await request.Cards().AsNoTracking()
            .Where(row => (query.WorkspaceId == null || row.WorkspaceId == query.WorkspaceId)
                && (ids.Length == 0 || ids.Contains(row.Id)))
            .OrderBy(row => row.Id).Take(Limits.PromptCardsPerFile + 1).ToListAsync(token);
        if (rows.Count > Limits.PromptCardsPerFile)
        {
            return new Problem(
                Errors.LimitReached, $"A file has at most {Limits.PromptCardsPerFile} cards: name them by 'id'.");
        }

        if (ids.Length > 0 && rows.Count < ids.Distinct().Count())
        {
            return new Problem(Errors.PromptCardNotFound);
        }

        var wanted = rows.ConvertAll(row => row.Id);
        var versions = (await request.Db.PromptVersions.AsNoTracking().Where(row => wanted.Contains(row.CardId))
            .OrderBy(row => row.Number).ToListAsync(token)).ToLookup(row => row.CardId);
        var sets = (await request.Db.PromptTestSets.AsNoTracking().Where(row => wanted.Contains(row.CardId))
            .OrderBy(row => row.Id).ToListAsync(token)).ToLookup(row => row.CardId);
        return new CardsFile(FileSchema, [.. rows.Select(row => FileOf(row, versions[row.Id], sets[row.Id]))]);
    }

    private static async Task<ApiResponse<List<ImportedCard>>> ImportAsync(
        Body<ImportRequest> body, ApiRequest request, CancellationToken cancellationToken)
    {
        var wanted = body.Value;
        if (Check(wanted) is { } problem)
        {
            return problem;
        }

        if (wanted.DryRun)
        {
            var (plan, refusal) = await PlanAsync(request, wanted, cancellationToken);
            return refusal is not null
                ? refusal
                : plan.ConvertAll(step => new ImportedCard(step.Title, step.Action, step.Present?.Id));
        }

        return await request.ChangeAsync<List<ImportedCard>>(async token =>
        {
            if (await request.Db.HoldWorkspaceAsync(wanted.WorkspaceId, token) is null)
            {
                return Problem.Invalid("/workspaceId", "There is no such workspace.", "UNKNOWN");
            }

            var (plan, refusal) = await PlanAsync(request, wanted, token);
            if (refusal is not null)
            {
                return refusal;
            }

            var done = new List<ImportedCard>();
            foreach (var step in plan)
            {
                done.Add(new ImportedCard(step.Title, step.Action, await WriteAsync(request, wanted, step, token)));
            }

            request.Record(
                "prompt_card.import", "workspace", wanted.WorkspaceId, objectName: null,
                after: new { Cards = done.Count, wanted.Clash });
            return done;
        });
    }

    private sealed record Step(CardFile File, string Title, string Action, PromptCard? Present);

    private static async Task<(List<Step> Plan, Problem? Problem)> PlanAsync(
        ApiRequest request, ImportRequest wanted, CancellationToken token)
    {
        if (!await request.Db.Workspaces.AnyAsync(row => row.Id == wanted.WorkspaceId, token))
        {
            return ([], Problem.Invalid("/workspaceId", "There is no such workspace.", "UNKNOWN"));
        }

        if (await request.RefusesAsync("workspace", wanted.WorkspaceId, ObjectLevel.Edit, token) is { } refusal)
        {
            return ([], refusal);
        }

        var count = await request.Db.PromptCards.CountAsync(row => row.DeletedAt == null, token);
        if (count + wanted.Cards.Length > Limits.PromptCardsPerTenant)
        {
            return ([], new Problem(
                Errors.LimitReached, $"A tenant has at most {Limits.PromptCardsPerTenant} prompt cards."));
        }

        var present = (await request.Db.PromptCards
            .Where(row => row.WorkspaceId == wanted.WorkspaceId && row.DeletedAt == null).ToListAsync(token))
            .ToDictionary(row => row.Title, StringComparer.OrdinalIgnoreCase);
        var taken = present.Keys.ToHashSet(StringComparer.OrdinalIgnoreCase);
        var plan = new List<Step>();
        foreach (var file in wanted.Cards)
        {
            var clashing = present.GetValueOrDefault(file.Title);
            var action = clashing is null ? "created" : wanted.Clash switch
            {
                "rename" => "renamed",
                "replace" => "replaced",
                _ => "skipped",
            };
            var title = action == "renamed" ? FreeTitle(file.Title, taken) : file.Title;
            taken.Add(title);
            plan.Add(new Step(file, title, action, clashing));
        }

        return (plan, null);
    }

    private static async Task<Guid?> WriteAsync(
        ApiRequest request, ImportRequest wanted, Step step, CancellationToken token)
    {
        if (step.Action == "skipped")
        {
            return null;
        }

        var card = step.Action == "replaced" ? step.Present! : Create(request, wanted.WorkspaceId, step);
        if (step.Action == "replaced")
        {
            var last = step.File.Versions[^1];
            request.Write(card, Content(last), last.Note);
            card.Touch(request.Now);
            card.UpdatedBy = request.Caller.UserId;
            request.Db.PromptTestSets.RemoveRange(
                await request.Db.PromptTestSets.Where(row => row.CardId == card.Id).ToListAsync(token));
            await request.Db.SaveChangesAsync(token); // names of sets are free before they are taken again
        }

        (card.Description, card.Tags) = (step.File.Description, [.. (step.File.Tags ?? []).Distinct()]);
        card.Metadata = step.File.Metadata?.Text ?? "{}";
        request.Db.PromptTestSets.AddRange((step.File.TestSets ?? []).Select(set => new PromptTestSet
        {
            TenantId = card.TenantId,
            Id = Guid.CreateVersion7(request.Now),
            CardId = card.Id,
            Name = set.Name,
            Description = set.Description,
            Cases = CardParts.Json(set.Cases),
            CreatedAt = request.Now,
            UpdatedAt = request.Now,
        }));
        request.Announce(CardEndpoints.IndexTopic, card.Id);
        return card.Id;
    }

    private static PromptCard Create(ApiRequest request, Guid workspaceId, Step step)
    {
        var card = CardEndpoints.New(request, workspaceId, step.Title, Content(step.File.Versions[0]));
        request.Db.PromptCards.Add(card);
        request.AddVersion(card, step.File.Versions[0].Note);
        foreach (var version in step.File.Versions[1..])
        {
            var content = Content(version);
            card.Number++;
            (card.Messages, card.Variables, card.Settings) = (
                CardParts.Json(content.Messages), CardParts.Json(content.Variables), CardParts.Json(content.Settings));
            request.AddVersion(card, version.Note);
        }

        card.PublishedNumber = step.File.PublishedNumber;
        return card;
    }

    private static Problem? Check(ImportRequest wanted)
    {
        var checks = new Checks();
        if (wanted.Schema != FileSchema)
        {
            checks.Add("schema", "VALUE", $"'schema' is {FileSchema}.");
        }

        if (!Clashes.Contains(wanted.Clash))
        {
            checks.Add("clash", "VALUE", $"'clash' is one of {string.Join(", ", Clashes)}.");
        }

        if (wanted.Cards.Length is 0 or > Limits.PromptCardsPerFile || wanted.Cards.Any(card => card is null))
        {
            return checks.Add("cards", "LENGTH", $"A file has 1 to {Limits.PromptCardsPerFile} cards.").Problem;
        }

        var titles = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        for (var index = 0; index < wanted.Cards.Length; index++)
        {
            Check(wanted.Cards[index], $"cards/{index}", checks);
            if (!titles.Add(wanted.Cards[index].Title))
            {
                checks.Add($"cards/{index}/title", "DUPLICATE", "Another card of the file has this title.");
            }
        }

        return checks.Problem;
    }

    private static void Check(CardFile file, string at, Checks checks)
    {
        if (file.Versions.Length is 0 or > Limits.PromptVersionsPerCard || file.Versions.Any(version =>
            version is null))
        {
            checks.Add($"{at}/versions", "LENGTH", $"A card has 1 to {Limits.PromptVersionsPerCard} versions.");
            return;
        }

        if (file.PublishedNumber < 1 || file.PublishedNumber > file.Versions.Length)
        {
            checks.Add($"{at}/publishedNumber", "UNKNOWN", "The card has no such version.");
        }

        for (var number = 0; number < file.Versions.Length; number++)
        {
            var version = file.Versions[number];
            Take(
                CardParts.Check(file.Title, file.Description, file.Tags, file.Metadata, version.Note,
                    Content(version)).Problem,
                $"{at}/versions/{number}", checks);
        }

        var sets = file.TestSets ?? [];
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        for (var number = 0; number < sets.Length; number++)
        {
            if (sets[number] is null || number >= Limits.TestSetsPerCard || !names.Add(sets[number].Name))
            {
                checks.Add(
                    $"{at}/testSets/{number}", "NAME",
                    $"A card has at most {Limits.TestSetsPerCard} test sets, each with a name of its own.");
                return;
            }

            Take(
                TestSetEndpoints.Check(sets[number].Name, sets[number].Description, sets[number].Cases),
                $"{at}/testSets/{number}", checks);
        }
    }

    private static void Take(Problem? problem, string at, Checks checks)
    {
        foreach (var detail in problem?.Details ?? [])
        {
            checks.Add($"{at}{detail.Pointer}", detail.Code, detail.Message);
        }
    }

    private static PromptContent Content(VersionFile file) =>
        new(file.Messages, file.Variables ?? [], file.Settings ?? new PromptSettings());

    private static CardFile FileOf(
        PromptCard card, IEnumerable<PromptVersion> versions, IEnumerable<PromptTestSet> sets) => new(
        card.Title,
        [
            .. versions.Select(version =>
            {
                var content = CardParts.Content(version);
                return new VersionFile([.. content.Messages], [.. content.Variables], content.Settings, version.Note);
            }),
        ],
        card.Description, card.Tags, new RawJson(card.Metadata), card.PublishedNumber,
        [.. sets.Select(set => new TestSetFile(set.Name, [.. TestCase.ReadAll(set.Cases)], set.Description))]);

    private static string FreeTitle(string title, HashSet<string> taken)
    {
        var stem = title.Length > 490 ? title[..490] : title;
        var number = 2;
        while (taken.Contains($"{stem} {number}"))
        {
            number++;
        }

        return $"{stem} {number}";
    }
}
