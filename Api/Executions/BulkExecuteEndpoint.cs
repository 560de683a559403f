using System.Text;
using Workflows.Api.Http;
using Workflows.Data.Executions;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Executions;

/// <summary>Starts many executions of one workflow in one call. Each succeeds or fails by itself, and the answer says which.</summary>
internal static class BulkExecuteEndpoint
{
    public static async Task<ApiResponse<BulkView>> HandleAsync(
        Guid workflowId,
        Body<BulkExecuteRequest> body,
        ApiRequest request,
        ExecuteEndpoint execute,
        QueueBudget budget,
        ExecutionStarter starter,
        TimeProvider clock,
        CancellationToken cancellationToken)
    {
        var starts = body.Value.Executions;
        if (starts.Count is 0 or > Data.Limits.BulkStart)
        {
            return Problem.Invalid("/executions", $"One call starts 1 to {Data.Limits.BulkStart} executions.", "COUNT");
        }

        var claims = ClaimsOf(request, workflowId, starts.Count);
        var items = new BulkItem?[starts.Count];
        await FindEarlierAsync(items, claims, request, starter, cancellationToken);
        var fresh = items.Count(item => item is null);
        if (fresh > 0)
        {
            var (workflow, version, problem) = await execute.FindAsync(
                request.Caller, workflowId, null, cancellationToken);
            problem ??= await budget.CheckAsync(request.Caller.TenantId, fresh, cancellationToken);
            if (problem is not null && fresh == starts.Count)
            {
                return problem;
            }

            if (problem is not null)
            {
                Refuse(items, problem);
            }
            else
            {
                var accepted = await PrepareAsync(
                    body.Value, items, claims, request, workflowId, workflow!, version, clock, cancellationToken);
                var begun = await StartAsync(items, accepted, starter, cancellationToken);
                budget.GiveBack(request.Caller.TenantId, fresh - begun);
            }
        }

        return Answer([.. items.Select(item => item!)]);
    }

    private static ApiResponse<BulkView> Answer(BulkItem[] items)
    {
        var started = items.Count(item => item.Id is not null);
        return ApiResponse<BulkView>.Accepted(new BulkView(started, items.Length - started, items));
    }

    // One key for the call: each item has its own below it, so that a repetition completes what the first call did not.
    private static List<IdempotencyClaim>? ClaimsOf(ApiRequest request, Guid workflowId, int starts)
    {
        if (IdempotencyKeys.Of(request.Http.Request) is not { } key)
        {
            return null;
        }

        var (scope, hash) = (ExecuteEndpoint.ScopeOf(request.Caller, workflowId), RequestBody.HashOf(request.Http));
        return [.. Enumerable.Range(0, starts).Select(index => new IdempotencyClaim(scope, $"{key}/{index}", hash))];
    }

    // What was accepted stays accepted, whatever has happened to the workflow or the queue since, and is not counted
    // as a start again.
    private static async Task FindEarlierAsync(
        BulkItem?[] items, List<IdempotencyClaim>? claims, ApiRequest request, ExecutionStarter starter,
        CancellationToken cancellationToken)
    {
        if (claims is null)
        {
            return;
        }

        var earlier = await starter.FindEarlierManyAsync(request.Caller.TenantId, claims, cancellationToken);
        for (var index = 0; index < items.Length; index++)
        {
            items[index] = earlier[index] is { } already ? Item(index, already) : null;
        }
    }

    private static void Refuse(BulkItem?[] items, Problem problem)
    {
        for (var index = 0; index < items.Length; index++)
        {
            items[index] ??= Refused(index, problem);
        }
    }

    /// <returns>How many have begun now.</returns>
    private static async Task<int> StartAsync(
        BulkItem?[] items, List<(int Index, NewExecution Execution)> accepted, ExecutionStarter starter,
        CancellationToken cancellationToken)
    {
        var outcomes = await starter.StartManyAsync([.. accepted.Select(start => start.Execution)], cancellationToken);
        for (var index = 0; index < accepted.Count; index++)
        {
            items[accepted[index].Index] = Item(accepted[index].Index, outcomes[index]);
        }

        return outcomes.Count(outcome => outcome is StartOutcome.Started);
    }

    private static async Task<List<(int Index, NewExecution Execution)>> PrepareAsync(
        BulkExecuteRequest body, BulkItem?[] items, List<IdempotencyClaim>? claims, ApiRequest request, Guid workflowId,
        CompiledWorkflow workflow, int version, TimeProvider clock, CancellationToken cancellationToken)
    {
        var starts = body.Executions;
        var accepted = new List<(int Index, NewExecution Execution)>(starts.Count);
        for (var index = 0; index < starts.Count; index++)
        {
            if (items[index] is not null)
            {
                continue;
            }

            var input = starts[index].Input is { } sent ? Encoding.UTF8.GetBytes(sent.GetRawText()) : StartBody.NoInput;
            var pointer = $"/executions/{index}/input";
            ConcurrencyClaim? concurrency = null;
            var refusal = Check(starts[index], index) ?? InputChecks.Check(workflow, input, pointer);
            if (refusal is null)
            {
                (concurrency, refusal) = await StartClaims.ClaimAsync(request.Caller.TenantId, workflow, input, pointer,
                    cancellationToken);
            }

            if (refusal is not null)
            {
                items[index] = Refused(index, refusal);
                continue;
            }

            accepted.Add((index, new NewExecution
            {
                TenantId = request.Caller.TenantId,
                Id = Guid.CreateVersion7(clock.GetUtcNow()),
                WorkflowId = workflowId,
                Version = version,
                Priority = StartBody.TryReadPriority(starts[index].Priority, out var priority) ? priority : StartClaims.PriorityOf(workflow),
                TriggerType = "manual",
                CorrelationId = starts[index].CorrelationId,
                Input = input,
                CreatedBy = request.Caller.Name,
                Idempotency = claims?[index],
                Concurrency = concurrency,
            }));
        }

        return accepted;
    }

    private static BulkItem Item(int index, StartOutcome outcome) => outcome switch
    {
        StartOutcome.Started started => new BulkItem(index, started.Id, started.IsHeld ? "held" : "queued", null),
        StartOutcome.AlreadyStarted already => new BulkItem(index, already.Id,
            already.Status ?? StartOutcome.AlreadyStarted.Gone, null),
        StartOutcome.KeyReused => Refused(index, new Problem(Errors.IdempotencyKeyReused)),
        StartOutcome.Skipped => Refused(index, new Problem(Errors.ExecutionSkipped)),
        _ => Refused(index, new Problem(Errors.Overloaded)),
    };

    private static BulkItem Refused(int index, Problem problem) =>
        new(index, null, "refused", new Error(problem.Code.Code, problem.Message, problem.Details));

    private static Problem? Check(BulkStart start, int index)
    {
        var checks = new Checks().Text($"executions/{index}/correlationId", start.CorrelationId, Limits.CorrelationIdLength);
        if (start.CorrelationId is "")
        {
            checks.Add($"executions/{index}/correlationId", "EMPTY", "A correlation id must not be empty.");
        }

        if (start.Priority is { } priority && !StartBody.TryReadPriority(priority, out _))
        {
            checks.Add($"executions/{index}/priority", "VALUE", "'priority' is high, normal or low.");
        }

        return checks.Problem;
    }
}
