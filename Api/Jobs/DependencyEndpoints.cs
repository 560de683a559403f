using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Jobs;

/// <summary>Which workflows of a job wait for which others. Replaced as a whole under the job's lock and version: so no two changes make a circle together.</summary>
internal static class DependencyEndpoints
{
    public static void MapDependencies(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/jobs/{jobId:guid}/dependencies").WithTags("Jobs");
        group.MapGet("", GetAsync).Requires(Permission.WorkspacesRead).ReadsStaged()
            .WithSummary("Get which workflows of a job wait for which others");
        group.MapPut("", ReplaceAsync).Requires(Permission.WorkspacesWrite).StagesChange(StagedKind.Job)
            .WithSummary("Replace the dependencies of a job's workflows");
    }

    private static async Task<ApiResponse<DependenciesView>> GetAsync(Guid jobId, ApiRequest request, CancellationToken cancellationToken)
    {
        var job = await request.Db.Jobs.AsNoTracking().SingleOrDefaultAsync(row => row.Id == jobId, cancellationToken);
        return job is null
            ? new Problem(Errors.JobNotFound)
            : ApiResponse<DependenciesView>.Ok(View(jobId, await OfJob(request.Db, jobId).AsNoTracking().ToListAsync(cancellationToken)), job.Version);
    }

    private static Task<ApiResponse<DependenciesView>> ReplaceAsync(Guid jobId, Body<DependenciesRequest> body, ApiRequest request) =>
        request.ChangeAsync<DependenciesView>(async token =>
        {
            var job = await request.Db.LockJobAsync(jobId, token);
            if (job is null)
            {
                return new Problem(Errors.JobNotFound);
            }

            if (request.CheckMatch(job) is { } conflict)
            {
                return conflict;
            }

            var workflows = (await request.Db.Workflows.Where(row => row.JobId == jobId).Select(row => row.Id).ToListAsync(token)).ToHashSet();
            var wanted = body.Value.Dependencies;
            if (Check(wanted, workflows) is { } problem)
            {
                return problem;
            }

            var rows = wanted.SelectMany(dependency => dependency.DependsOn.Distinct().Select(id => new WorkflowDependency
            {
                TenantId = request.Caller.TenantId,
                WorkflowId = dependency.WorkflowId,
                DependsOnId = id,
            })).ToList();
            var before = View(jobId, await OfJob(request.Db, jobId).AsNoTracking().ToListAsync(token));
            await OfJob(request.Db, jobId).ExecuteDeleteAsync(token);
            request.Db.WorkflowDependencies.AddRange(rows);
            job.Touch(request.Now);
            request.Record("job.dependencies", "job", job.Id, job.Name, before.Dependencies, wanted);
            return ApiResponse<DependenciesView>.Ok(View(jobId, rows), job.Version);
        });

    private static IQueryable<WorkflowDependency> OfJob(WorkflowsDbContext db, Guid jobId) =>
        db.WorkflowDependencies.Where(row => db.Workflows.Any(workflow => workflow.Id == row.WorkflowId && workflow.JobId == jobId));

    private static Problem? Check(IReadOnlyList<DependencyBody> wanted, HashSet<Guid> workflows)
    {
        var checks = new Checks();
        for (var index = 0; index < wanted.Count; index++)
        {
            var (workflowId, dependsOn) = wanted[index];
            if (!workflows.Contains(workflowId))
            {
                checks.Add($"dependencies/{index}/workflowId", "UNKNOWN", "The job has no such workflow.");
            }

            if (dependsOn.Count > Limits.Dependencies)
            {
                checks.Add($"dependencies/{index}/dependsOn", "TOO_MANY", $"A workflow waits for at most {Limits.Dependencies} others.");
                continue;
            }

            for (var other = 0; other < dependsOn.Count; other++)
            {
                if (!workflows.Contains(dependsOn[other]))
                {
                    checks.Add($"dependencies/{index}/dependsOn/{other}", "UNKNOWN", "The job has no such workflow.");
                }
            }
        }

        if (wanted.DistinctBy(dependency => dependency.WorkflowId).Count() != wanted.Count)
        {
            checks.Add("dependencies", "DUPLICATE", "A workflow is named twice.");
        }

        return checks.Problem ?? (IsCircular(wanted) ? new Problem(Errors.DependencyCycle) : null);
    }

    // Takes away, again and again, what waits for nothing that is left; what remains is a circle, or waits for one.
    private static bool IsCircular(IReadOnlyList<DependencyBody> wanted)
    {
        var left = wanted.ToDictionary(dependency => dependency.WorkflowId, dependency => dependency.DependsOn.ToHashSet());
        while (left.Where(entry => !entry.Value.Overlaps(left.Keys)).Select(entry => entry.Key).ToList() is { Count: > 0 } free)
        {
            free.ForEach(id => left.Remove(id));
        }

        return left.Count > 0;
    }

    private static DependenciesView View(Guid jobId, List<WorkflowDependency> rows) => new(
        jobId,
        [.. rows.GroupBy(row => row.WorkflowId).OrderBy(group => group.Key)
            .Select(group => new DependencyBody(group.Key, [.. group.Select(row => row.DependsOnId).Order()]))]);
}
