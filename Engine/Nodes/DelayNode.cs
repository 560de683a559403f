using System.Globalization;
using System.Xml;
using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>Parameters of <c>delay</c>: exactly one of them.</summary>
public sealed record DelayParameters
{
    [Parameter("How long, in seconds.", Kind = ParameterKind.Number, Min = 0, Max = Limits.WaitSeconds, Example = "30")]
    public JsonTemplate? Seconds { get; init; }

    [Parameter(
        "How long, as an ISO 8601 duration of days, hours, minutes and seconds.",
        Kind = ParameterKind.Text,
        Example = "\"P1DT12H\"")]
    public JsonTemplate? Duration { get; init; }

    [Parameter(
        "Until when, as an RFC 3339 timestamp; a time that is over does not wait.",
        Kind = ParameterKind.Text,
        Example = "\"{{ input.dueAt }}\"")]
    public JsonTemplate? Until { get; init; }
}

internal sealed class DelayNode() : NodeType<DelayParameters>(
    "delay",
    "wait",
    NodeEffect.Wait,
    "Waits for a time. Costs a row, no worker, however long it lasts.",
    NodePort.MainPort,
    NodePort.ErrorPort)
{
    public override string OutputSummary => "`{\"dueAt\": \"...\"}`: the time it waited for.";

    private protected override NodeAction? Compile(DelayParameters parameters, NodeCompilation node) =>
        node.RequireOne(
            atLeastOne: true,
            ("seconds", parameters.Seconds is not null),
            ("duration", parameters.Duration is not null),
            ("until", parameters.Until is not null))
            ? new Action(parameters)
            : null;

    private sealed class Action(DelayParameters parameters) : WaitAction
    {
        public override WaitSpec? Open(in NodeContext context, out StepOutcome outcome)
        {
            return WaitFor(context, DueAt(context), out outcome);
        }

        public override StepOutcome Resolve(in NodeContext context, WaitOutcome outcome, ReadOnlyMemory<byte> payload) =>
            Resolved(context);

        private DateTimeOffset DueAt(in NodeContext context)
        {
            if (parameters.Until is { } until)
            {
                var text = context.RequiredText(until, "until");
                return Rfc3339.TryParse(text, out var time)
                    ? time.ToUniversalTime()
                    : throw Invalid($"'{text}' is no timestamp like 2026-01-31T12:00:00Z.");
            }

            var seconds = parameters.Seconds is { } template
                ? Seconds(context.Evaluate(template))
                : Duration(context.RequiredText(parameters.Duration, "duration"));
            return seconds is >= 0 and <= Limits.WaitSeconds
                ? context.Now.AddSeconds(seconds)
                : throw Invalid(
                    FormattableString.Invariant($"A delay of {seconds} seconds is not between 0 and {Limits.WaitSeconds}."));
        }

        private static double Seconds(JsonataValue value) => value.TryGetNumber(out var seconds)
            ? seconds
            : throw Invalid($"'seconds' must be a number; its expression yields {(value.IsUndefined ? "nothing" : value)}.");

        private static double Duration(string text)
        {
            try
            {
                return XmlConvert.ToTimeSpan(text).TotalSeconds;
            }
            catch (Exception exception) when (exception is FormatException or OverflowException)
            {
                throw Invalid($"'{text}' is no ISO 8601 duration like PT30S or P1DT12H.");
            }
        }

        private static StepException Invalid(string message) => new(new StepError(StepErrorCodes.ParameterInvalid, message));
    }

    /// <summary>The wait for an instant; null when it is over, and then the outcome.</summary>
    internal static WaitSpec? WaitFor(in NodeContext context, DateTimeOffset dueAt, out StepOutcome outcome)
    {
        if ((dueAt - context.Now).TotalSeconds > Limits.WaitSeconds)
        {
            throw new StepException(new StepError(
                StepErrorCodes.ParameterInvalid, $"A wait lasts at most {Limits.WaitSeconds / 86_400} days."));
        }

        if (dueAt <= context.Now)
        {
            outcome = StepOutcome.Main(Output(dueAt));
            return null;
        }

        outcome = default;
        return new WaitSpec(
            context.Node.Ordinal, context.Node.Id, context.Frame.Iteration, context.Attempt, WaitKind.Timer, dueAt);
    }

    internal static StepOutcome Resolved(in NodeContext context) =>
        StepOutcome.Main(Output(context.Frame.Slot(context.Node.Ordinal).DueAt ?? context.Now));

    private static byte[] Output(DateTimeOffset dueAt)
    {
        var buffer = JsonBuffer.Rent();
        buffer.Writer.WriteStartObject();
        buffer.Writer.WriteString(
            "dueAt"u8, dueAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        buffer.Writer.WriteEndObject();
        return buffer.ToJson();
    }
}
