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
        ExecuteEndpoint execute,
        DispatchStreams dispatch,
        CancellationToken cancellationToken)
    {
        var asked = body.Value;
        if (ControlEndpoints.CheckReason(asked.Reason) is { } problem)
        {
            return problem;
        }

        if (asked.Version is not ("same" or "published"))
        {
            return Problem.Invalid("/version", "'version' is same or published.");
        }

        var original = await request.Db.Executions.AsNoTracking().SingleOrDefaultAsync(row => row.Id == executionId, cancellationToken);
        if (original is null)
        {
            return new Problem(Errors.ExecutionNotFound);
        }

        var (workflow, version, refusal) = await FindAsync(request, workflows, original, asked.Version, cancellationToken);
        if (refusal is not null)
        {
            return refusal;
        }

        var input = asked.Input is { } sent ? Encoding.UTF8.GetBytes(sent.GetRawText()) : Encoding.UTF8.GetBytes(original.Input);
        if (asked.FromNode is { } node && workflow!.OrdinalOf(node) < 0)
        {
            return new Problem(Errors.NodeNotFound, $"Version {version} has no node '{node}'.");
        }

        if ((ExecuteEndpoint.CheckInput(workflow!, input, "/input") ?? ExecuteEndpoint.TryClaim(workflow!, input, "/input", out _)) is { } invalid)
        {
            return invalid;
        }

        if (await execute.CheckQueueAsync(request.Caller, 1, cancellationToken) is { } full)
        {
            return full;
        }

        var again = asked.FromNode is { } from ? workflow!.DescendantsOf(from) : null;
        var rerun = new Rerun
        {
            Id = Guid.CreateVersion7(request.Now),
            Original = executionId,
            Version = version,
            Input = asked.Input?.GetRawText(),
            CreatedBy = request.Caller.Name,
            Now = request.Now,
            Concurrency = StartSettings.ClaimOf(workflow!, input),
            Kept = again is null ? [] : [.. workflow!.Definition.Nodes.Where(known => !again.Contains(known.Id)).Select(known => (known.Id, known.Type))],
        };
        var response = await request.ChangeAsync<RerunView>(async token =>
        {
            var status = await request.Db.RerunAsync(rerun, token);
            if (status == "skipped")
            {
                return new Problem(Errors.ExecutionSkipped);
            }

            request.Record(
                "execution.rerun", "execution", rerun.Id, null, new { original = executionId }, new { asked.FromNode, version, inputEdited = asked.Input is not null, asked.Reason });
            return ApiResponse<RerunView>.Accepted(new RerunView(rerun.Id, status, executionId, original.WorkflowId, version, rerun.Kept.Count));
        });
        if (response.Data is { Status: "queued" } started)
        {
            dispatch.Announce([new DispatchHint(new ExecutionKey(request.Caller.TenantId, started.Id), (ExecutionPriority)original.Priority)]);
        }

        return response;
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
