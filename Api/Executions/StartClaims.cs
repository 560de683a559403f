using Workflows.Api.Http;
using Workflows.Data.Executions;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Executions;

/// <summary>
/// The limits that starts fall under, worked out in the path of a request. Their keys are expressions of a tenant, for
/// which anonymous callers bring the input: each has the small budget, and of each tenant only so many are evaluated at
/// once, so that requests of others are answered meanwhile.
/// </summary>
internal static class StartClaims
{
    private static readonly TimeSpan ComeLater = TimeSpan.FromSeconds(1);

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
