using System.Globalization;
using Workflows.Data.Executions;
using Workflows.Engine.Definitions;
using EnginePriority = Workflows.Engine.Definitions.ExecutionPriority;
using ExecutionPriority = Workflows.Data.Executions.ExecutionPriority;

namespace Workflows.Api.Http;

/// <summary>
/// The limits that starts fall under, worked out in the path of a request. Their keys are expressions of a tenant, for
/// which anonymous callers bring the input: each has the small budget, and of each tenant only so many are evaluated at
/// once, so that requests of others are answered meanwhile.
/// </summary>
internal static class StartClaims
{
    private static readonly TimeSpan ComeLater = TimeSpan.FromSeconds(1);

    /// <summary>Refuses more work of a tenant whose queue is as long as it may be, or of which a budget is used
    /// up.</summary>
    public static async ValueTask<Problem?> CheckAsync(
        this QueueBudget budget, Guid tenantId, int starts, CancellationToken cancellationToken) =>
        await budget.CheckStopAsync(tenantId, cancellationToken)
        ?? (await budget.TryTakeAsync(tenantId, starts, cancellationToken)
            ? null
            : new Problem(
                Errors.Overloaded,
                "As many executions of the tenant wait for a worker as its limit 'maxQueued' allows.",
                retryAfter: QueueBudget.Trust));

    /// <summary>Refuses starts of a tenant of which a budget is used up that was to stop them.</summary>
    public static async ValueTask<Problem?> CheckStopAsync(
        this QueueBudget budget, Guid tenantId, CancellationToken cancellationToken) =>
        await budget.FindStopAsync(tenantId, cancellationToken) is { } stop
            ? new Problem(
                Errors.BudgetExhausted,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The budget '{stop.Name}' is used up: nothing new starts until {stop.Until.UtcDateTime:u}."),
                [new ErrorDetail("", "BUDGET", stop.Name)],
                stop.Left)
            : null;

    /// <summary>The priority of starts that name none.</summary>
    public static ExecutionPriority PriorityOf(CompiledWorkflow workflow) => workflow.Settings.Priority switch
    {
        EnginePriority.High => ExecutionPriority.High,
        EnginePriority.Normal => ExecutionPriority.Normal,
        EnginePriority.Low => ExecutionPriority.Low,
    };

    /// <summary>The limit that a start falls under, null when there is none; a problem when it cannot be
    /// told.</summary>
    /// <param name="pointer">Where the input is in the body.</param>
    public static ValueTask<(ConcurrencyClaim? Claim, Problem? Problem)> ClaimAsync(
        Guid tenantId, CompiledWorkflow workflow, byte[] input, string pointer, CancellationToken cancellationToken) =>
        workflow.Settings.Concurrency?.Key is null && workflow.Settings.RateLimit?.Key is null
            ? ValueTask.FromResult(Claim(workflow, input, pointer))
            : ClaimInTurnAsync(tenantId, workflow, input, pointer, cancellationToken);

    private static async ValueTask<(ConcurrencyClaim? Claim, Problem? Problem)> ClaimInTurnAsync(
        Guid tenantId, CompiledWorkflow workflow, byte[] input, string pointer, CancellationToken cancellationToken)
    {
        try
        {
            using var turn = await EvaluationTurns.OfProcess.EnterAsync(tenantId, cancellationToken);
            return Claim(workflow, input, pointer);
        }
        catch (EvaluationBusyException exception)
        {
            return (null, new Problem(Errors.Overloaded, exception.Message, retryAfter: ComeLater));
        }
    }

    private static (ConcurrencyClaim? Claim, Problem? Problem) Claim(CompiledWorkflow workflow, byte[] input,
        string pointer)
    {
        try
        {
            return (StartSettings.ClaimOf(workflow, input), null);
        }
        catch (ConcurrencyKeyException exception)
        {
            return (null, new Problem(Errors.InputInvalid, exception.Message,
                [new ErrorDetail(pointer, "CONCURRENCY_KEY", exception.Message)]));
        }
    }
}
