using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Workflows.Data.ControlPlane;
using Workflows.Data.Secrets;
using Workflows.Engine;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Engine.Nodes;
using Workflows.Engine.Testing;

namespace Workflows.Api.Http;

/// <summary>A step of an execution.</summary>
/// <param name="Attempt">Null = the last one.</param>
internal sealed record StepPlace(Guid ExecutionId, string NodeId, string Iteration, int? Attempt);

/// <summary>
/// What the expressions of a step saw, from the records of its execution: input, trigger, the steps before it, item and
/// index. Variables are those of now; entries of the context, one-time addresses and secrets are not among it.
/// </summary>
internal sealed class PastScopes(PublishedWorkflows workflows, VariableStore variables)
{
    /// <summary>The scope; a problem when there is none that the caller may see.</summary>
    public async Task<(PastScope? Scope, Problem? Problem)> FindAsync(
        ApiRequest request, StepPlace place, CancellationToken cancellationToken)
    {
        var execution = await request.Db.Executions.AsNoTracking()
            .SingleOrDefaultAsync(row => row.Id == place.ExecutionId, cancellationToken);
        if (execution is null)
        {
            return (null, new Problem(Errors.ExecutionNotFound));
        }

        var workflow = await FindWorkflowAsync(request, execution, cancellationToken);
        if (workflow is null)
        {
            return (null, new Problem(Errors.WorkflowVersionNotFound));
        }

        if (workflow.OrdinalOf(place.NodeId) < 0)
        {
            return (null, new Problem(
                Errors.NodeNotFound, $"The execution's definition has no node '{place.NodeId}'."));
        }

        if (PastScope.IterationsFor(workflow, place.NodeId, place.Iteration) is not { } iterations)
        {
            return (null, NoStep());
        }

        var step = await request.Db.StepExecutions.AsNoTracking()
            .Where(row => row.ExecutionId == place.ExecutionId && row.NodeId == place.NodeId
                && row.Iteration == place.Iteration && (place.Attempt == null || row.Attempt == place.Attempt))
            .OrderByDescending(row => row.Attempt)
            .Select(row => new { row.Sequence, row.Attempt, row.StartedAt }).FirstOrDefaultAsync(cancellationToken);
        if (step is null && place.Attempt is not null)
        {
            return (null, new Problem(Errors.StepNotFound));
        }

        var steps = await LoadAsync(
            request, place.ExecutionId, iterations, step?.Sequence ?? int.MaxValue, cancellationToken);
        if (steps is null)
        {
            return (null, new Problem(
                Errors.PayloadTooLarge,
                $"What the step saw has more than {Limits.PastScopeBytes} bytes; send data instead."));
        }

        var facts = FactsOf(execution) with
        {
            Variables = await variables.GetAsync(
                request.Caller.TenantId, execution.WorkflowId, cancellationToken),
        };
        var scope = PastScope.Find(
            workflow, facts, steps, place.NodeId, place.Iteration, step?.Attempt ?? 1, step?.StartedAt ?? request.Now);
        return scope is null ? (null, NoStep()) : (scope, null);
    }

    /// <summary>What an execution runs; of a test as it was written.</summary>
    /// <returns>Null when it is gone, or this release cannot run it.</returns>
    public async Task<CompiledWorkflow?> FindWorkflowAsync(
        ApiRequest request, ExecutionRecord execution, CancellationToken cancellationToken)
    {
        if (execution.TriggerType != TestRun.TriggerType)
        {
            return await workflows.FindVersionAsync(
                request.Caller.TenantId, execution.WorkflowId, execution.Version, cancellationToken);
        }

        var test = await request.Db.TestRuns.Where(row => row.ExecutionId == execution.Id)
            .Select(row => new { row.Definition, row.CustomNodes }).SingleOrDefaultAsync(cancellationToken);
        var nodes = test?.CustomNodes is { } kept
            ? CustomNodeSet.Read(Encoding.UTF8.GetBytes(kept)) : CustomNodeSet.Empty;
        return test is not null
            && CompiledWorkflow.TryCompile(Encoding.UTF8.GetBytes(test.Definition), nodes, out var compiled, out _)
                ? compiled
                : null;
    }

    private static Problem NoStep() =>
        new(Errors.StepNotFound, "What is recorded does not lead to this node in this iteration, or not any more.");

    // Null when there is more of it than fits.
    private static async Task<List<RecordedStep>?> LoadAsync(
        ApiRequest request, Guid executionId, IReadOnlyList<string> iterations, int before,
        CancellationToken cancellationToken)
    {
        var rows = request.Db.StepExecutions.AsNoTracking()
            .Where(row => row.ExecutionId == executionId && iterations.Contains(row.Iteration) && row.Port != null
                && row.Sequence < before)
            .OrderBy(row => row.Sequence)
            .Select(row => new
            {
                row.NodeId, row.Iteration, row.Attempt, row.Status, row.Port, row.Output, row.FinishedAt, row.Sequence,
                row.Run,
            });
        var steps = new List<RecordedStep>();
        var bytes = 0L;
        await foreach (var row in rows.AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            var output = Encoding.UTF8.GetBytes(row.Output ?? "null");
            bytes += output.Length;
            if (bytes > Limits.PastScopeBytes)
            {
                return null;
            }

            if (StepStatuses.TryParse(row.Status, out var status))
            {
                steps.Add(new RecordedStep(
                    row.NodeId, row.Iteration, row.Attempt, status, row.Port, output, null, row.FinishedAt,
                    row.Sequence, row.Run));
            }
        }

        return steps;
    }

    // As the worker has it from the same row.
    private static ExecutionFacts FactsOf(ExecutionRecord row)
    {
        var facts = new ExecutionFacts
        {
            ExecutionId = row.Id,
            TenantId = row.TenantId,
            WorkflowId = row.WorkflowId,
            Version = row.Version,
            Input = Encoding.UTF8.GetBytes(row.Input),
            TriggerType = row.TriggerType,
            CreatedAt = row.StartedAt ?? row.QueuedAt,
            Attempt = row.Attempt,
            CorrelationId = row.CorrelationId,
        };
        if (row.Trigger is null)
        {
            return facts;
        }

        using var document = JsonDocument.Parse(
            row.Trigger, new JsonDocumentOptions { MaxDepth = Engine.Limits.JsonDepth });
        var root = document.RootElement;
        return facts with
        {
            TriggerId = Text(root, "id"),
            ScheduledAt = Text(root, "scheduledAt"),
            TriggerEvent = root.TryGetProperty("event", out var started) ? JsonText.BytesOf(started) : default,
        };
    }

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
