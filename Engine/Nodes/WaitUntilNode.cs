using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>Parameters of <c>waitUntil</c>.</summary>
public sealed record WaitUntilParameters
{
    [Parameter(
        "The instant: an RFC 3339 timestamp, or a number of milliseconds since 1970 as $millis() and $toMillis() yield. One that is over does not wait.",
        Required = true,
        Example = "\"{{ input.dueAt }}\"")]
    public JsonTemplate? Instant { get; init; }
}

internal sealed class WaitUntilNode() : NodeType<WaitUntilParameters>(
    "waitUntil",
    "wait",
    NodeEffect.Wait,
    "Waits until an instant. Costs a row, no worker, however long it lasts.",
    NodePort.MainPort,
    NodePort.ErrorPort)
{
    public override string OutputSummary => "`{\"dueAt\": \"...\"}`: the instant it waited for.";

    private protected override NodeAction Compile(WaitUntilParameters parameters, NodeCompilation node) => new Action(parameters.Instant!);

    private sealed class Action(JsonTemplate instant) : WaitAction
    {
        public override WaitSpec? Open(in NodeContext context, out StepOutcome outcome)
        {
            var value = context.Evaluate(instant);
            var dueAt = value.TryGetNumber(out var milliseconds) ? FromMilliseconds(milliseconds)
                : value.TryGetString(out var text) && Rfc3339.TryParse(text!, out var time) ? time.ToUniversalTime()
                : throw Invalid("'instant' must be a timestamp like 2026-01-31T12:00:00Z or a number of milliseconds since 1970.");
            return DelayNode.WaitFor(context, dueAt, out outcome);
        }

        public override StepOutcome Resolve(in NodeContext context, WaitOutcome outcome, ReadOnlyMemory<byte> payload) =>
            DelayNode.Resolved(context);

        private static DateTimeOffset FromMilliseconds(double milliseconds) =>
            milliseconds >= 0 && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
                ? DateTimeOffset.FromUnixTimeMilliseconds((long)milliseconds)
                : throw Invalid(FormattableString.Invariant($"{milliseconds} milliseconds since 1970 are no instant."));

        private static StepException Invalid(string message) => new(new StepError(StepErrorCodes.ParameterInvalid, message));
    }
}
