using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Executions;

namespace Workflows.Api.Jobs;

/// <summary>
/// Runs of jobs and packages. What is written here is the run and its items, or the wish to change it; the workers do the rest, within a fraction of a second.
/// </summary>
internal static class JobRunEndpoints
{
    private static readonly string[] Statuses = ["running", "completed", "failed", "cancelled"];

    public static void MapJobRuns(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/jobs/{jobId:guid}/run", RunJobAsync).WithTags("Jobs").Requires(Permission.ExecutionsStart).WithMetadata(new SuccessStatus(202))
            .WithSummary("Run the workflows of a job in the order of their dependencies");
        routes.MapPost("/job-packages/{packageId:guid}/run", RunPackageAsync).WithTags("Jobs").Requires(Permission.ExecutionsStart)
            .WithMetadata(new SuccessStatus(202)).WithSummary("Run the jobs of a package one after the other");
        var group = routes.MapGroup("/job-runs").WithTags("Jobs");
        group.MapGet("", ListAsync).Requires(Permission.ExecutionsRead).WithSummary("List runs of jobs and packages, newest first");
        group.MapGet("/{runId:guid}", GetAsync).Requires(Permission.ExecutionsRead).WithSummary("Get a run with its items");
        group.MapPost("/{runId:guid}/cancel", CancelAsync).Requires(Permission.ExecutionsManage).WithMetadata(new SuccessStatus(202))
            .WithSummary("Ask for the end of a run and of what it has started");
        group.MapPost("/{runId:guid}/retry", RetryAsync).Requires(Permission.ExecutionsManage).WithMetadata(new SuccessStatus(202))
            .WithSummary("Run what has not completed again; what has completed stays");
    }

    private static Task<ApiResponse<RunItem>> RunJobAsync(
        Guid jobId, Body<RunRequest> body, ApiRequest request, QueueBudget budget) => request.ChangeAsync<RunItem>(async token =>
    {
        var job = await request.Db.HoldJobAsync(jobId, token);
        if (job is null)
        {
            return new Problem(Errors.JobNotFound);
        }

        var enabled = request.Db.Workflows.Where(row => row.JobId == jobId && row.Enabled);
        if ((await CheckRunnableAsync(enabled, token)
            ?? await budget.CheckStopAsync(request.Caller.TenantId, token)) is { } refusal)
        {
            return refusal;
        }

        var run = NewRun(body.Value, request);
        run.JobId = jobId;
        return await StartAsync(run, "job", job.Name, request, token);
    });

    private static Task<ApiResponse<RunItem>> RunPackageAsync(
        Guid packageId, Body<RunRequest> body, ApiRequest request, QueueBudget budget) => request.ChangeAsync<RunItem>(async token =>
    {
        var package = await request.Db.LockPackageAsync(packageId, token);
        if (package is null)
        {
            return new Problem(Errors.JobPackageNotFound);
        }

        var jobs = request.Db.JobPackageSteps.Where(step => step.PackageId == packageId).Select(step => step.JobId);
        if ((await CheckRunnableAsync(request.Db.Workflows.Where(row => jobs.Contains(row.JobId) && row.Enabled), token)
            ?? await budget.CheckStopAsync(request.Caller.TenantId, token)) is { } refusal)
        {
            return refusal;
        }

        var run = NewRun(body.Value, request);
        run.PackageId = packageId;
        return await StartAsync(run, "job_package", package.Name, request, token);
    });

    // Told now rather than found as a failed item later.
    private static async Task<Problem?> CheckRunnableAsync(IQueryable<Workflow> workflows, CancellationToken token)
    {
        if (!await workflows.AnyAsync(token))
        {
            return new Problem(Errors.JobNotRunnable, "There is no workflow that is switched on.");
        }

        var unpublished = await workflows.Where(row => row.PublishedVersion == null).OrderBy(row => row.Id).Take(Limits.MaxPageSize)
            .Select(row => new ErrorDetail(row.Id.ToString(), "WORKFLOW_NOT_PUBLISHED", row.Name, null)).ToListAsync(token);
        return unpublished.Count == 0 ? null : new Problem(Errors.JobNotRunnable, "Workflows have no published version: publish them, or switch them off.", unpublished);
    }

    private static JobRun NewRun(RunRequest wanted, ApiRequest request) => new()
    {
        TenantId = request.Caller.TenantId,
        Id = Guid.CreateVersion7(request.Now),
        OnFailure = wanted.OnFailure == OnFailure.Continue ? "continue" : "stop",
        TriggerType = "manual",
        Input = wanted.Input?.GetRawText() ?? "{}",
        CreatedBy = request.Caller.Name,
        StartedAt = request.Now,
    };

    private static async Task<ApiResponse<RunItem>> StartAsync(JobRun run, string objectType, string name, ApiRequest request, CancellationToken token)
    {
        request.Db.JobRuns.Add(run);
        request.Record($"{objectType}.run", objectType, run.JobId ?? run.PackageId, name, after: new { runId = run.Id, run.OnFailure });
        await request.Db.FillJobRunAsync(run, token);
        return ApiResponse<RunItem>.Accepted(View(run, request.Now));
    }

    private static async Task<ApiResponse<List<RunItem>>> ListAsync(
        [AsParameters] JobRunQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        if (filter.Status is { } status && !Statuses.Contains(status))
        {
            return Problem.Parameter("status", $"'status' is one of {string.Join(", ", Statuses)}.");
        }

        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"job-runs?{filter}");
        var runs = request.Db.JobRuns.AsNoTracking();
        runs = filter.Job is { } job ? runs.Where(row => row.JobId == job) : runs;
        runs = filter.Package is { } package ? runs.Where(row => row.PackageId == package) : runs;
        runs = filter.Status is { } wanted ? runs.Where(row => row.Status == wanted) : runs;
        var total = await runs.CountAsync(query, cancellationToken);
        var rows = await runs.After(page, after => row => row.Id < after.Id).OrderByDescending(row => row.Id).Take(page.Take).ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new IdKey(row.Id), total);
        return ApiResponse<List<RunItem>>.Page([.. rows.Select(row => View(row, request.Now))], pagination, FieldSelection.Read<RunItem>(query));
    }

    private static async Task<ApiResponse<RunView>> GetAsync(Guid runId, ApiRequest request, CancellationToken cancellationToken)
    {
        var run = await request.Db.JobRuns.AsNoTracking().SingleOrDefaultAsync(row => row.Id == runId, cancellationToken);
        if (run is null)
        {
            return new Problem(Errors.JobRunNotFound);
        }

        var items = await request.Db.JobRunItems.AsNoTracking().Where(item => item.RunId == runId).OrderBy(item => item.Position)
            .Take(Limits.RunItemsShown + 1).ToListAsync(cancellationToken);
        return new RunView(
            View(run, request.Now), new RawJson(run.Trigger), new RawJson(run.Input),
            [.. items.Take(Limits.RunItemsShown).Select(item => new RunItemView(
                item.Position, item.WorkflowId, item.JobId, item.DependsOn, item.Status, item.ExecutionId, item.ChildRunId, RawJson.From(item.Error),
                item.RowsProcessed, item.StartedAt, item.FinishedAt))],
            items.Count > Limits.RunItemsShown);
    }

    private static Task<ApiResponse<RunItem>> CancelAsync(Guid runId, ApiRequest request) => request.ChangeAsync<RunItem>(async token =>
    {
        var run = await request.Db.LockJobRunAsync(runId, token);
        if (run is null)
        {
            return new Problem(Errors.JobRunNotFound);
        }

        if (run.Status != "running")
        {
            return new Problem(Errors.JobRunState, $"The run is {run.Status}.");
        }

        run.CancelRequested = true;
        run.IsDue = true;
        request.Record("job_run.cancel", "job_run", run.Id, null);
        return ApiResponse<RunItem>.Accepted(View(run, request.Now));
    });

    private static Task<ApiResponse<RunItem>> RetryAsync(Guid runId, ApiRequest request) => request.ChangeAsync<RunItem>(async token =>
    {
        var run = await request.Db.LockJobRunAsync(runId, token);
        if (run is null)
        {
            return new Problem(Errors.JobRunNotFound);
        }

        if (run.Status is not ("failed" or "cancelled"))
        {
            return new Problem(Errors.JobRunState, $"The run is {run.Status}; only a failed or cancelled one is run again.");
        }

        if (run.ParentRunId is not null)
        {
            return new Problem(Errors.JobRunState, "The run is part of a package's run: run that one again.");
        }

        var items = await request.Db.JobRunItems.Where(item => item.RunId == runId && item.Status != "completed").ToListAsync(token);
        foreach (var item in items)
        {
            (item.Status, item.ExecutionId, item.ChildRunId, item.Error, item.RowsProcessed) = ("pending", null, null, null, 0);
            (item.StartedAt, item.FinishedAt) = (null, null);
        }

        (run.Status, run.FinishedAt, run.CancelRequested, run.IsDue) = ("running", null, false, true);
        (run.Error, run.Failures, run.RetryAt) = (null, 0, null);
        run.Attempt++;
        request.Record("job_run.retry", "job_run", run.Id, null, after: new { run.Attempt, items = items.Count });
        return ApiResponse<RunItem>.Accepted(View(run, request.Now));
    });

    private static RunItem View(JobRun row, DateTimeOffset now) => new(
        row.Id, row.JobId, row.PackageId, row.ParentRunId, row.Status, row.OnFailure, row.TriggerType, row.Attempt, row.RowsProcessed, row.CreatedBy,
        RawJson.From(row.Error), row.StartedAt, row.FinishedAt, Math.Max(0,
            ((row.FinishedAt ?? now) - row.StartedAt).TotalSeconds));
}
