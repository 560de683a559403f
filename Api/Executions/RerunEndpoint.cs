using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Dispatch;
using Workflows.Data.Executions;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
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

        var (rerun, unusable) = await PlanAsync(request, original, workflow!, version, asked, cancellationToken);
        if (rerun is null)
        {
            return unusable!;
        }

        var response = await StartAsync(request, original, asked, rerun);
        if (response.Data is { Status: "queued" } started)
        {
            dispatch.Announce([new DispatchHint(new ExecutionKey(request.Caller.TenantId, started.Id), (ExecutionPriority)original.Priority)]);
        }

        return response;
    }

    private static async Task<(Rerun? Rerun, Problem? Problem)> PlanAsync(
        ApiRequest request, ExecutionRecord original, CompiledWorkflow workflow, int version, RerunRequest asked,
        CancellationToken cancellationToken)
    {
        var input = Encoding.UTF8.GetBytes(asked.Input?.GetRawText() ?? original.Input);
        if (Check(workflow, asked.FromNode, input) is { } invalid)
        {
            return (null, invalid);
        }

        var round = asked is { FromNode: { } start, Iteration: { } iteration }
            ? RoundRerun.From(workflow, start, iteration) : null;
        if (asked.Iteration is not null && round is null)
        {
            return (null, Problem.Invalid(
                "/iteration", "The node to begin at does not stand in a loop of such rounds.", "UNKNOWN"));
        }

        var (given, wrong) = RerunOverrides.Read(workflow, asked, round);
        if (wrong is not null)
        {
            return (null, wrong);
        }

        var (concurrency, limited) =
            await StartClaims.ClaimAsync(request.Caller.TenantId, workflow, input, "/input", cancellationToken);
        return limited is not null ? (null, limited) : (new Rerun
        {
            Id = Guid.CreateVersion7(request.Now),
            Original = original.Id,
            Version = version,
            Input = asked.Input?.GetRawText(),
            CreatedBy = request.Caller.Name,
            Now = request.Now,
            Concurrency = concurrency,
            Kept = asked.FromNode is { } from
                ? await KeptAsync(request, original.Id, workflow, from, round, cancellationToken) : [],
            Round = round,
            Given = given,
        }, null);
    }

    private static Problem? CheckWanted(RerunRequest asked) =>
        ControlEndpoints.CheckReason(asked.Reason)
        ?? (asked.Iteration is not null && asked.FromNode is null
            ? Problem.Invalid("/iteration", "An iteration is one of the node to begin at.", "REQUIRED")
            : asked.Iteration is not null && Iterations.Parse(asked.Iteration) is null
                ? Problem.Invalid("/iteration", Iterations.Rule("iteration"))
                : null);

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
                new
                {
                    asked.FromNode, asked.Iteration, rerun.Version, inputEdited = asked.Input is not null,
                    overridden = rerun.Given.Select(step => step.NodeId), asked.Reason,
                });
            return ApiResponse<RerunView>.Accepted(new RerunView(
                rerun.Id, status, original.Id, original.WorkflowId, rerun.Version, rerun.Kept.Count,
                [.. rerun.Given.Select(step => step.NodeId)]));
        });

    private static Problem? Check(CompiledWorkflow workflow, string? fromNode, byte[] input) =>
        fromNode is not null && workflow.OrdinalOf(fromNode) < 0
            ? new Problem(Errors.NodeNotFound, $"The version has no node '{fromNode}'.")
            : InputChecks.Check(workflow, input, "/input");

    // What was undone by a compensating node did not happen: it runs again, and so does all that follows from it.
    private static async Task<List<(string Id, string Type)>> KeptAsync(
        ApiRequest request, Guid original, CompiledWorkflow workflow, string from, RoundRerun? round,
        CancellationToken cancellationToken)
    {
        var compensations = workflow.Nodes.Select(node => node.Definition.Compensate).OfType<string>().ToHashSet();
        var undone = compensations.Count == 0
            ? []
            : await request.Db.StepExecutions.Where(step => step.ExecutionId == original && step.Port != null && compensations.Contains(step.NodeId))
                .Select(step => step.NodeId).Distinct().ToListAsync(cancellationToken);
        // Of the loops around the node it is the rounds that say what runs again.
        var after = workflow.DescendantsOf(from).Where(node => round?.Within.Contains(node) != true);
        var again = workflow.Nodes.Where(node => node.Definition.Compensate is { } undo && undone.Contains(undo))
            .SelectMany(node => workflow.DescendantsOf(node.Id)).Concat(after).Concat(compensations).ToHashSet();
        return [.. workflow.Nodes.Where(node => !again.Contains(node.Id)).Select(node => (node.Id, node.Definition.Type))];
    }

    private static async Task<(CompiledWorkflow? Workflow, int Version, Problem? Problem)> FindAsync(
        ApiRequest request, PublishedWorkflows workflows, ExecutionRecord original, JsonElement? wanted,
        CancellationToken cancellationToken)
    {
        if (original.TriggerType == TestRun.TriggerType)
        {
            return (null, 0, new Problem(
                Errors.ExecutionNotAllowed, "A test is not run again: start another one, with pins for what it found."));
        }

        var head = await workflows.FindHeadAsync(request.Caller.TenantId, original.WorkflowId, cancellationToken);
        if (head is not { Enabled: true })
        {
            return (null, 0, new Problem(head is null ? Errors.WorkflowNotFound : Errors.WorkflowDisabled));
        }

        var (number, problem) = wanted switch
        {
            null => (original.Version, null),
            { ValueKind: JsonValueKind.String } same when same.ValueEquals("same") => (original.Version, null),
            { ValueKind: JsonValueKind.String } published when published.ValueEquals("published") =>
                (head.PublishedVersion, null),
            { ValueKind: JsonValueKind.String } draft when draft.ValueEquals("draft") =>
                await DraftAsync(request, original.WorkflowId, cancellationToken),
            { ValueKind: JsonValueKind.Number } named when named.TryGetInt32(out var chosen) && chosen > 0 =>
                (chosen, RefuseOther(request)),
            _ => ((int?)null, Problem.Invalid(
                "/version", "'version' is same, published, draft, or the number of a version.")),
        };
        if (problem is not null || number is not { } version)
        {
            return (null, 0, problem ?? new Problem(Errors.WorkflowNotPublished));
        }

        var workflow = await workflows.FindVersionAsync(request.Caller.TenantId, original.WorkflowId, version, cancellationToken);
        return workflow is null ? (null, 0, new Problem(Errors.WorkflowVersionNotFound)) : (workflow, version, null);
    }

    private static async Task<(int? Number, Problem? Problem)> DraftAsync(
        ApiRequest request, Guid workflowId, CancellationToken cancellationToken) =>
        (await request.Db.Workflows.Where(row => row.Id == workflowId).Select(row => (int?)row.DraftVersion)
            .SingleOrDefaultAsync(cancellationToken), RefuseOther(request));

    // As for a start: what is neither published nor was run by the original is for those who edit.
    private static Problem? RefuseOther(ApiRequest request) => request.Caller.May(Permission.WorkflowsWrite)
        ? null
        : new Problem(
            Errors.Forbidden, "Running another version than the published one needs the permission 'workflows.write'.",
            [new ErrorDetail("", "PERMISSION", "workflows.write")]);
}
