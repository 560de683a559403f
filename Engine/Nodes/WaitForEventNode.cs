using Workflows.Engine.Definitions;
using Workflows.Engine.Events;
using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>Parameters of <c>waitForEvent</c>.</summary>
public sealed record WaitForEventParameters
{
    [Parameter(
        "The type of the event, or a pattern of types with '*'.",
        Required = true,
        MaxLength = Limits.EventTypeLength,
        Example = "\"payment.received\"")]
    public string? EventType { get; init; }

    [Parameter(
        "The key that the event must bear: its extension attribute `correlationid`, else its subject. Left out: any event of the type.",
        Example = "\"input.orderId\"")]
    public JsonataExpression? Correlation { get; init; }

    [Parameter(
        "How long to wait. Then the node leaves by `timeout`; with nothing wired there it fails. Left out: for ever.",
        Kind = ParameterKind.Number,
        Min = 0.001,
        Max = Limits.WaitSeconds)]
    public JsonTemplate? TimeoutSeconds { get; init; }
}

internal sealed class WaitForEventNode() : NodeType<WaitForEventParameters>(
    "waitForEvent",
    "wait",
    NodeEffect.Wait,
    "Waits for an event. Costs a row, no worker, however long it lasts.",
    NodePort.MainPort,
    new NodePort(NodePort.Timeout, "The event did not come in time."),
    NodePort.ErrorPort)
{
    public override string OutputSummary =>
        "The event as structured CloudEvents JSON; its payload is `output.data`. At `timeout`: null.";

    private protected override NodeAction? Compile(WaitForEventParameters parameters, NodeCompilation node) =>
        EventTypePattern.FindProblem(parameters.EventType) is { } problem
            ? node.Reject(
                "eventType",
                DefinitionProblemCodes.EventTypeInvalid,
                $"The event type is malformed: {problem}.",
                "Write e.g. order.created or order.*")
            : new Action(parameters);

    private sealed class Action(WaitForEventParameters parameters) : WaitAction
    {
        public override IReadOnlyList<(string Port, string Reason)> UnusedPorts =>
            parameters.TimeoutSeconds is null ? [(NodePort.Timeout, "without 'timeoutSeconds' it waits for ever")] : [];

        public override WaitSpec? Open(in NodeContext context, out StepOutcome outcome)
        {
            outcome = default;
            return new WaitSpec(
                context.Node.Ordinal,
                context.Node.Id,
                context.Frame.Iteration,
                context.Attempt,
                WaitKind.Event,
                DueAt(context),
                parameters.EventType,
                Correlation(context));
        }

        public override StepOutcome Resolve(in NodeContext context, WaitOutcome outcome, ReadOnlyMemory<byte> payload)
        {
            if (outcome == WaitOutcome.Event)
            {
                return StepOutcome.Main(payload);
            }

            return context.Node.IsWired(NodePort.Timeout)
                ? StepOutcome.By(NodePort.Timeout, StepOutputs.Null)
                : StepOutcome.Failed(StepErrorCodes.WaitTimedOut, $"No event '{parameters.EventType}' arrived in time.");
        }

        private DateTimeOffset? DueAt(in NodeContext context)
        {
            if (parameters.TimeoutSeconds is not { } template)
            {
                return null;
            }

            return context.Evaluate(template).TryGetNumber(out var seconds) && seconds is > 0 and <= Limits.WaitSeconds
                ? context.Now.AddSeconds(seconds)
                : throw new StepException(new StepError(
                    StepErrorCodes.ParameterInvalid, $"'timeoutSeconds' must be a number between 0 and {Limits.WaitSeconds}."));
        }

        private string? Correlation(in NodeContext context)
        {
            if (parameters.Correlation is not { } expression)
            {
                return null;
            }

            var value = context.Evaluate(expression);
            var key = value.TryGetString(out var text) ? text! : value.ToString();

            // A key that is missing must not become "any event": that would let a stranger's payment release this order.
            if (key.Length is 0 or > Limits.CorrelationKeyLength || value.Kind == JsonataKind.Null)
            {
                throw new StepException(new StepError(
                    StepErrorCodes.ParameterInvalid,
                    $"'correlation' must yield a key of 1 to {Limits.CorrelationKeyLength} characters; it yields {(key.Length == 0 ? "nothing" : $"{key.Length} characters or null")}."));
            }

            return key;
        }
    }
}
