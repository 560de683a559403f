using System.Text;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Data.ControlPlane;
using Workflows.Data.Dispatch;
using Workflows.Data.Executions;
using Workflows.Engine.Definitions;
using ExecutionPriority = Workflows.Data.Executions.ExecutionPriority;

namespace Workflows.Api.Executions;

/// <summary>
/// Makes a new execution of an old one: from the start, or from a node on with everything before and beside it taken over as it was recorded. The old one is left as it
/// is, also when it still runs (a fork). One transaction; with an <c>Idempotency-Key</c> once.
/// </summary>
internal static class RerunEndpoint
{
    public static async Task<ApiResponse<RerunView>> HandleAsync(
        Guid executionId,
        Body<RerunRequest> body,
        ApiRequest request,
        PublishedWorkflows workflows,
        QueueBudget budget,
        DispatchStreams dispatch,
        CancellationToken cancellationToken)
    {
        var asked = body.Value;
        if (CheckWanted(asked) is { } problem)
        {
            return problem;
        }

        var original = await request.Db.Executions.AsNoTracking().SingleOrDefaultAsync(row => row.Id == executionId, cancellationToken);
        if (original is null)
        {
            return new Problem(Errors.ExecutionNotFound);
        }

        var (workflow, version, refusal) = await FindAsync(request, workflows, original, asked.Version, cancellationToken);
        if ((refusal ?? await budget.CheckAsync(request.Caller.TenantId, 1, cancellationToken)) is { } refused)
        {
            return refused;
        }

        var input = Encoding.UTF8.GetBytes(asked.Input?.GetRawText() ?? original.Input);
        if (Check(workflow!, asked.FromNode, input) is { } invalid)
        {
            return invalid;
        }

        var (concurrency, limited) =
            await StartClaims.ClaimAsync(request.Caller.TenantId, workflow!, input, "/input", cancellationToken);
        if (limited is not null)
        {
            return limited;
        }

        var response = await StartAsync(request, original, asked, new Rerun
        {
            Id = Guid.CreateVersion7(request.Now),
            Original = executionId,
            Version = version,
            Input = asked.Input?.GetRawText(),
            CreatedBy = request.Caller.Name,
            Now = request.Now,
            Concurrency = concurrency,
            Kept = asked.FromNode is { } from ? await KeptAsync(request, executionId, workflow!, from, cancellationToken) : [],
        });
        if (response.Data is { Status: "queued" } started)
        {
            dispatch.Announce([new DispatchHint(new ExecutionKey(request.Caller.TenantId, started.Id), (ExecutionPriority)original.Priority)]);
        }

        return response;
    }

    private static Problem? CheckWanted(RerunRequest asked) =>
        ControlEndpoints.CheckReason(asked.Reason)
        ?? (asked.Version is "same" or "published"
            ? null
            : Problem.Invalid("/version", "'version' is same or published."));

    private static Task<ApiResponse<RerunView>> StartAsync(ApiRequest request, ExecutionRecord original, RerunRequest asked, Rerun rerun) =>
        request.ChangeAsync<RerunView>(async token =>
        {
            var status = await request.Db.RerunAsync(rerun, token);
            if (status == "skipped")
            {
                return new Problem(Errors.ExecutionSkipped);
            }

            request.Record(
                "execution.rerun", "execution", rerun.Id, null, new { original = original.Id },
                new { asked.FromNode, rerun.Version, inputEdited = asked.Input is not null, asked.Reason });
            return ApiResponse<RerunView>.Accepted(new RerunView(rerun.Id, status, original.Id, original.WorkflowId, rerun.Version, rerun.Kept.Count));
        });

    private static Problem? Check(CompiledWorkflow workflow, string? fromNode, byte[] input) =>
        fromNode is not null && workflow.OrdinalOf(fromNode) < 0
            ? new Problem(Errors.NodeNotFound, $"The version has no node '{fromNode}'.")
            : InputChecks.Check(workflow, input, "/input");

    // What was undone by a compensating node did not happen: it runs again, and so does all that follows from it.
    private static async Task<List<(string Id, string Type)>> KeptAsync(
        ApiRequest request, Guid original, CompiledWorkflow workflow, string from, CancellationToken cancellationToken)
    {
        var compensations = workflow.Nodes.Select(node => node.Definition.Compensate).OfType<string>().ToHashSet();
        var undone = compensations.Count == 0
            ? []
            : await request.Db.StepExecutions.Where(step => step.ExecutionId == original && step.Port != null && compensations.Contains(step.NodeId))
                .Select(step => step.NodeId).Distinct().ToListAsync(cancellationToken);
        var again = workflow.Nodes.Where(node => node.Definition.Compensate is { } undo && undone.Contains(undo)).Select(node => node.Id).Append(from)
            .SelectMany(workflow.DescendantsOf).Concat(compensations).ToHashSet();
        return [.. workflow.Nodes.Where(node => !again.Contains(node.Id)).Select(node => (node.Id, node.Definition.Type))];
    }

    private static async Task<(CompiledWorkflow? Workflow, int Version, Problem? Problem)> FindAsync(
        ApiRequest request, PublishedWorkflows workflows, ExecutionRecord original, string wanted, CancellationToken cancellationToken)
    {
        var head = await workflows.FindHeadAsync(request.Caller.TenantId, original.WorkflowId, cancellationToken);
        if (head is not { Enabled: true })
        {
            return (null, 0, new Problem(head is null ? Errors.WorkflowNotFound : Errors.WorkflowDisabled));
        }

        if ((wanted == "same" ? original.Version : head.PublishedVersion) is not { } version)
        {
            return (null, 0, new Problem(Errors.WorkflowNotPublished));
        }

        var workflow = await workflows.FindVersionAsync(request.Caller.TenantId, original.WorkflowId, version, cancellationToken);
        return workflow is null ? (null, 0, new Problem(Errors.WorkflowVersionNotFound)) : (workflow, version, null);
    }
}
