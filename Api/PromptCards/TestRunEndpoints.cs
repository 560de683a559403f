using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Engine.Prompts;

namespace Workflows.Api.PromptCards;

/// <summary>Runs of test sets: rows that workers carry on, whoever dies meanwhile.</summary>
internal static class TestRunEndpoints
{
    public static void MapTestRuns(this IEndpointRouteBuilder cards)
    {
        cards.MapPost("/{cardId:guid}/test-sets/{setId:guid}/run", StartAsync).Requires(Permission.PromptsRun)
            .WithMetadata(new SuccessStatus(202)).WithSummary("Put a test set to models; workers carry it on");
        var runs = cards.MapGroup("/{cardId:guid}/test-runs");
        runs.MapGet("", ListAsync).Requires(Permission.PromptsRead)
            .WithSummary("List runs of test sets of a prompt card, newest first");
        runs.MapGet("/{testRunId:guid}", GetAsync).Requires(Permission.PromptsRead)
            .WithSummary("Get a run of a test set with its progress");
        runs.MapGet("/{testRunId:guid}/results", ResultsAsync).Requires(Permission.PromptsRead)
            .WithSummary("List the questions of a run, with answers and what came of the assertions");
        runs.MapPost("/{testRunId:guid}/cancel", CancelAsync).Requires(Permission.PromptsRun)
            .WithSummary("Cancel a run; what was answered stays");
        runs.MapGet("/{testRunId:guid}/comparison", ComparisonEndpoint.CompareAsync).Requires(Permission.PromptsRead)
            .WithSummary("Compare two versions, or two models, of a run")
            .WithDescription(
                "The sides are firstVersion and secondVersion, firstModel and secondModel; what is left out is the "
                + "first of the run. The verdict is that of an exact paired test by case.");
    }

    private static Task<ApiResponse<TestRunView>> StartAsync(
        Guid cardId, Guid setId, Body<StartTestRunRequest> body, ApiRequest request) =>
        request.ChangeAsync<TestRunView>(async token =>
        {
            var wanted = body.Value;
            var (card, refusal) = await request.OpenCardAsync(cardId, token);
            if ((refusal ?? Check(wanted)) is { } problem)
            {
                return problem;
            }

            if (await request.FindSetAsync(cardId, setId, token) is not { } set)
            {
                return new Problem(Errors.TestSetNotFound);
            }

            int[] versions = wanted.Versions is { Length: > 0 } named
                ? [.. named.Distinct()]
                : [card!.PublishedNumber ?? card.Number];
            if (await request.Db.PromptVersions
                .CountAsync(row => row.CardId == cardId && versions.Contains(row.Number), token) != versions.Length)
            {
                return new Problem(Errors.PromptVersionNotFound);
            }

            var (models, unknown) = await ModelsAsync(request, card!, wanted, token);
            if (unknown is not null)
            {
                return unknown;
            }

            var run = NewRun(request, card!, set, models, versions, wanted);
            if (run.Total > Limits.PromptTestQuestions
                || await request.Db.PromptTestRuns.CountAsync(row => row.Status == PromptTestRun.Running, token)
                    >= Limits.PromptTestRunsAtOnce)
            {
                return new Problem(
                    Errors.LimitReached,
                    $"A run has at most {Limits.PromptTestQuestions} questions (this one: {run.Total}), and a "
                    + $"tenant at most {Limits.PromptTestRunsAtOnce} runs under way.");
            }

            request.Db.PromptTestRuns.Add(run);
            request.Db.TestExecutions.AddRange(Questions(run));
            request.Record(
                "prompt_card.test", "prompt_card", cardId, card!.Title,
                after: new { Set = set.Name, run.Models, run.Versions, run.Repeats, run.CostLimit, run.Total });
            return ApiResponse<TestRunView>.Accepted(View(run));
        });

    private static async Task<ApiResponse<List<TestRunView>>> ListAsync(
        Guid cardId, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"prompt-cards/{cardId}/test-runs");
        if (await request.FindCardAsync(cardId, cancellationToken) is null)
        {
            return new Problem(Errors.PromptCardNotFound);
        }

        var rows = await request.Db.PromptTestRuns.AsNoTracking().Where(row => row.CardId == cardId)
            .After(page, after => row => row.Id < after.Id).OrderByDescending(row => row.Id).Take(page.Take)
            .ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new IdKey(row.Id));
        return ApiResponse<List<TestRunView>>.Page(
            rows.ConvertAll(View), pagination, FieldSelection.Read<TestRunView>(query));
    }

    private static async Task<ApiResponse<TestRunView>> GetAsync(
        Guid cardId, Guid testRunId, ApiRequest request, CancellationToken token) =>
        await request.FindRunAsync(cardId, testRunId, token) is { } run
            ? View(run)
            : new Problem(Errors.TestRunNotFound);

    private static async Task<ApiResponse<List<CardAnswerView>>> ResultsAsync(
        Guid cardId, Guid testRunId, [FromQuery(Name = "passed")] bool? passed, [AsParameters] PageQuery query,
        ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"test-runs/{testRunId}?{passed}");
        if (await request.FindRunAsync(cardId, testRunId, cancellationToken) is null)
        {
            return new Problem(Errors.TestRunNotFound);
        }

        var rows = await request.Db.TestExecutions.AsNoTracking()
            .Where(row => row.RunId == testRunId && (passed == null || row.Passed == passed))
            .After(page, after => row => row.Id > after.Id).OrderBy(row => row.Id).Take(page.Take)
            .ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new IdKey(row.Id));
        return ApiResponse<List<CardAnswerView>>.Page(
            rows.ConvertAll(CardParts.View), pagination, FieldSelection.Read<CardAnswerView>(query));
    }

    // The row of the run first, as workers do when one of its questions ends.
    private static Task<ApiResponse<TestRunView>> CancelAsync(Guid cardId, Guid testRunId, ApiRequest request) =>
        request.ChangeAsync<TestRunView>(async token =>
        {
            var (card, refusal) = await request.OpenCardAsync(cardId, token);
            if (refusal is not null)
            {
                return refusal;
            }

            if (await request.FindRunAsync(cardId, testRunId, token) is null)
            {
                return new Problem(Errors.TestRunNotFound);
            }

            var ended = await request.Db.PromptTestRuns
                .Where(row => row.Id == testRunId && row.Status == PromptTestRun.Running)
                .ExecuteUpdateAsync(
                    change => change.SetProperty(row => row.Status, PromptTestRun.Cancelled)
                        .SetProperty(row => row.FinishedAt, request.Now),
                    token);
            if (ended == 0)
            {
                return new Problem(Errors.TestRunState);
            }

            await request.Db.TestExecutions
                .Where(row => row.RunId == testRunId
                    && (row.Status == TestExecution.Pending || row.Status == TestExecution.Running))
                .ExecuteUpdateAsync(change => change.SetProperty(row => row.Status, TestExecution.Skipped), token);
            request.Record("prompt_card.test.cancel", "prompt_card", cardId, card!.Title, after: new { testRunId });
            return View((await request.FindRunAsync(cardId, testRunId, token))!);
        });

    public static async Task<PromptTestRun?> FindRunAsync(
        this ApiRequest request, Guid cardId, Guid testRunId, CancellationToken token) =>
        await request.Cards().AnyAsync(row => row.Id == cardId, token)
            ? await request.Db.PromptTestRuns.AsNoTracking()
                .SingleOrDefaultAsync(row => row.CardId == cardId && row.Id == testRunId, token)
            : null;

    private static Problem? Check(StartTestRunRequest wanted)
    {
        var checks = new Checks();
        if (wanted.Models?.Length > Limits.PromptModels
            || wanted.Models?.Any(model => model is null || model.Length > Limits.NameLength) == true)
        {
            checks.Add("models", "LENGTH", $"There are at most {Limits.PromptModels} models, each by its name.");
        }

        if (wanted.Versions?.Length > Limits.PromptTestVersions)
        {
            checks.Add("versions", "LENGTH", $"There are at most {Limits.PromptTestVersions} versions.");
        }

        if (wanted.Repeats is < 1 or > Limits.PromptTestRepeats)
        {
            checks.Add("repeats", "RANGE", $"'repeats' lies between 1 and {Limits.PromptTestRepeats}.");
        }

        if (wanted.CostLimit is <= 0 or > 1_000_000)
        {
            checks.Add("costLimit", "RANGE", "'costLimit' lies above 0 and is at most 1,000,000 US dollars.");
        }

        return checks.Problem;
    }

    // What would fail for each case is refused before the first.
    private static async Task<(string[] Models, Problem? Problem)> ModelsAsync(
        ApiRequest request, PromptCard card, StartTestRunRequest wanted, CancellationToken token)
    {
        string[] models = wanted.Models is { Length: > 0 } named
            ? [.. named.Distinct()]
            : [CardParts.Content(card).Settings.Model ?? ""];
        var known = await request.Db.Models.Where(row => row.Kind == "chat" && row.Enabled)
            .Select(row => new { row.Name, row.IsDefault }).ToListAsync(token);
        var unknown = Array.Find(
            models, model => !known.Exists(each => model.Length == 0 ? each.IsDefault : each.Name == model));
        return (models, unknown is null ? null
            : Problem.Invalid(
                "/models",
                unknown.Length == 0
                    ? "The tenant has no default model."
                    : $"There is no model '{unknown}' that can be asked.",
                "UNKNOWN"));
    }

    private static PromptTestRun NewRun(
        ApiRequest request, PromptCard card, PromptTestSet set, string[] models, int[] versions,
        StartTestRunRequest wanted) => new()
        {
            TenantId = request.Caller.TenantId,
            Id = Guid.CreateVersion7(request.Now),
            CardId = card.Id,
            WorkspaceId = card.WorkspaceId,
            SetId = set.Id,
            SetName = set.Name,
            Cases = set.Cases,
            Models = models,
            Versions = versions,
            Repeats = wanted.Repeats,
            CostLimit = wanted.CostLimit,
            Total = TestCase.ReadAll(set.Cases).Count * models.Length * versions.Length * wanted.Repeats,
            CreatedBy = request.Caller.UserId,
            CreatedAt = request.Now,
        };

    // Repeat by repeat, so that a run that is cut short has asked each case about as often.
    private static IEnumerable<TestExecution> Questions(PromptTestRun run) =>
        from repeat in Enumerable.Range(1, run.Repeats)
        from one in TestCase.ReadAll(run.Cases)
        from version in run.Versions
        from model in run.Models
        select new TestExecution
        {
            TenantId = run.TenantId,
            Id = Guid.CreateVersion7(run.CreatedAt),
            Kind = TestExecution.OfTest,
            PromptCardId = run.CardId,
            WorkspaceId = run.WorkspaceId,
            RunId = run.Id,
            CaseName = one.Name,
            CardNumber = version,
            Model = model,
            Repeat = repeat,
            Status = TestExecution.Pending,
            DueAt = run.CreatedAt,
            CreatedBy = run.CreatedBy,
            CreatedAt = run.CreatedAt,
        };

    public static TestRunView View(PromptTestRun row) => new(
        row.Id, row.CardId, row.SetId, row.SetName, row.Models, row.Versions, row.Repeats, row.CostLimit, row.Status,
        row.Total, row.Done, row.Passed, row.Used, row.CreatedBy, row.CreatedAt, row.FinishedAt);
}
