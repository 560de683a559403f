using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Workflows;

/// <summary>
/// Takes a workflow into another job. Dependencies are among the workflows of one job: a workflow that has some is
/// moved only by force, which ends them. What runs is not disturbed.
/// </summary>
internal sealed class WorkflowMove(Guid jobId, bool isForced)
{
    private Guid _from;

    /// <summary>Locks both jobs, in the order of their ids and before the workflow, as whoever changes
    /// dependencies.</summary>
    public async Task<Problem?> LockJobsAsync(ApiRequest request, Guid workflowId, CancellationToken token)
    {
        var from = await request.Db.Workflows.Where(row => row.Id == workflowId).Select(row => (Guid?)row.JobId)
            .SingleOrDefaultAsync(token);
        if (from is null)
        {
            return new Problem(Errors.WorkflowNotFound);
        }

        _from = from.Value;
        if (jobId != _from && await request.RefusesAsync("job", jobId, ObjectLevel.Edit, token) is { } refusal)
        {
            return refusal.Code == Errors.JobNotFound
                ? Problem.Invalid("/jobId", "There is no such job.", "UNKNOWN")
                : refusal;
        }

        foreach (var id in new[] { _from, jobId }.Distinct().Order())
        {
            if (await request.Db.LockJobAsync(id, token) is null)
            {
                return id == jobId
                    ? Problem.Invalid("/jobId", "There is no such job.", "UNKNOWN")
                    : new Problem(Errors.WorkflowNotFound);
            }
        }

        return null;
    }

    /// <summary>Moves the locked workflow.</summary>
    /// <returns>Null, or what is in the way.</returns>
    public async Task<Problem?> ApplyAsync(ApiRequest request, Workflow workflow, CancellationToken token)
    {
        if (workflow.JobId != _from)
        {
            return new Problem(Errors.VersionConflict, "The workflow was moved meanwhile.");
        }

        if (jobId == _from)
        {
            return null;
        }

        var dependencies = request.Db.WorkflowDependencies
            .Where(row => row.WorkflowId == workflow.Id || row.DependsOnId == workflow.Id);
        if (!isForced && await FindDependenciesAsync(request, workflow.Id, token) is { Count: > 0 } others)
        {
            return new Problem(
                Errors.DependenciesInTheWay,
                "In runs of its job the workflow waits for others, or they for it; "
                    + "'force=true' moves it and ends that.",
                others);
        }

        if (await dependencies.ExecuteDeleteAsync(token) > 0)
        {
            // Their ETag is the job's.
            var job = await request.Db.Jobs.SingleAsync(row => row.Id == _from, token);
            request.Touch(job);
        }

        request.Record(
            "workflow.move", "workflow", workflow.Id, workflow.Name, new { workflow.JobId }, new { JobId = jobId });
        workflow.JobId = jobId;
        return null;
    }

    private static async Task<List<ErrorDetail>> FindDependenciesAsync(
        ApiRequest request, Guid workflowId, CancellationToken token)
    {
        var awaited = await request.Db.Workflows
            .Where(row => request.Db.WorkflowDependencies.Any(one => one.WorkflowId == workflowId
                && one.DependsOnId == row.Id))
            .OrderBy(row => row.Id).Take(Limits.NamesShown)
            .Select(row => new ErrorDetail(row.Id.ToString(), "WAITS_FOR", row.Name, null)).ToListAsync(token);
        var waiting = await request.Db.Workflows
            .Where(row => request.Db.WorkflowDependencies.Any(one => one.DependsOnId == workflowId
                && one.WorkflowId == row.Id))
            .OrderBy(row => row.Id).Take(Limits.NamesShown)
            .Select(row => new ErrorDetail(row.Id.ToString(), "AWAITED_BY", row.Name, null)).ToListAsync(token);
        return [.. awaited, .. waiting];
    }
}
