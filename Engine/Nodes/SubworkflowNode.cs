using System.Text.Json;
using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

public enum SubworkflowMode
{
    /// <summary>The node ends when the execution it started has ended.</summary>
    Wait,

    /// <summary>The node ends as soon as the execution is started.</summary>
    Fire,
}

/// <summary>Parameters of <c>subworkflow</c>.</summary>
public sealed record SubworkflowParameters
{
    [Parameter(
        "The workflow: its id, or its name. A name is looked for in the job of this workflow first, then in the whole tenant, where it must be the only one.",
        Required = true,
        Kind = ParameterKind.Text,
        Example = "\"Check address\"")]
    public JsonTemplate? Workflow { get; init; }

    [Parameter("The number of the version. Left out: the one that is published when the node runs.", Min = 1, Max = int.MaxValue)]
    public int? Version { get; init; }

    [Parameter("The input of the started execution. Left out: an empty object.", Example = """{"orderId": "{{ input.orderId }}"}""")]
    public JsonTemplate? Input { get; init; }

    [Parameter("Whether to wait for its end.")]
    public SubworkflowMode Mode { get; init; } = SubworkflowMode.Wait;

    [Parameter(
        "How long to wait. Then the started execution is cancelled and the node leaves by `timeout`; with nothing wired there it fails. Left out: for ever.",
        Kind = ParameterKind.Number,
        Min = 0.001,
        Max = Limits.WaitSeconds)]
    public JsonTemplate? TimeoutSeconds { get; init; }
}

/// <summary>
/// Opens a wait; the checkpoint that writes it inserts the execution beside it, so that both exist or neither. Also in mode fire: only there it is known whether
/// the workflow can be started, and the wait is resolved at once.
/// </summary>
internal sealed class SubworkflowNode() : NodeType<SubworkflowParameters>(
    "subworkflow",
    "control",
    NodeEffect.Wait,
    "Starts another workflow as an execution of its own, and waits for its end or goes on. When this execution ends first, one it waits for is cancelled.",
    NodePort.MainPort,
    new NodePort(NodePort.Timeout, "The started execution did not end in time."),
    NodePort.ErrorPort)
{
    public override string OutputSummary =>
        "The output of the started execution; in mode fire `{\"executionId\": \"...\"}`. One that does not complete is "
            + "the error `CHILD_FAILED`, of the kind of its own error and with that as `cause` (`code`, `message`); "
            + "`retry` may try it again unless it is permanent; so may it `CONCURRENCY_SKIPPED`, where the limit of "
            + "the workflow is reached and its overlap policy is `skip`.";

    private protected override NodeAction Compile(SubworkflowParameters parameters, NodeCompilation node) => new Action(parameters);

    private sealed class Action(SubworkflowParameters parameters) : WaitAction
    {
        public override IReadOnlyList<(string Port, string Reason)> UnusedPorts =>
            parameters.Mode == SubworkflowMode.Fire ? [(NodePort.Timeout, "in mode 'fire' it does not wait")]
            : parameters.TimeoutSeconds is null ? [(NodePort.Timeout, "without 'timeoutSeconds' it waits for ever")]
            : [];

        public override WaitSpec? Open(in NodeContext context, out StepOutcome outcome)
        {
            outcome = default;
            var depth = context.State.Facts.Depth + 1;
            if (depth > Limits.SubworkflowDepth)
            {
                outcome = StepOutcome.Failed(
                    StepErrorCodes.SubworkflowTooDeep, $"This would be sub-workflow {depth} in a row; at most {Limits.SubworkflowDepth} start each other.");
                return null;
            }

            var workflow = context.RequiredText(parameters.Workflow, "workflow", Limits.NameLength, isName: true);
            var input = parameters.Input is { } template ? context.Render(template) : "{}"u8.ToArray();
            if (input.Length > Limits.InputBytes)
            {
                outcome = StepOutcome.Failed(StepErrorCodes.ParametersTooLarge, $"The input has {input.Length} bytes; at most {Limits.InputBytes} are allowed.");
                return null;
            }

            return new WaitSpec(
                context.Node.Ordinal,
                context.Node.Id,
                context.Frame.Iteration,
                context.Attempt,
                WaitKind.Child,
                parameters.Mode == SubworkflowMode.Wait ? DueAt(context) : null,
                Request: Request(workflow, input, depth, context.State.Facts.EventHops));
        }

        public override StepOutcome Resolve(in NodeContext context, WaitOutcome outcome, ReadOnlyMemory<byte> payload)
        {
            if (outcome == WaitOutcome.Timeout)
            {
                return context.Node.IsWired(NodePort.Timeout)
                    ? StepOutcome.By(NodePort.Timeout, StepOutputs.Null)
                    : StepOutcome.Failed(StepErrorCodes.WaitTimedOut, "The sub-workflow did not end in time.");
            }

            using var document = JsonText.Parse(payload);
            var answer = document.RootElement;
            return answer.GetProperty("status").GetString() switch
            {
                "started" => StepOutcome.Main(Started(answer.GetProperty("executionId").GetString()!)),
                ExecutionStatuses.Completed => StepOutcome.Main(JsonText.BytesOf(answer.GetProperty("output"))),
                "refused" when Text(answer, "code") == StepErrorCodes.ConcurrencySkipped => new StepOutcome("", default, new StepError(
                    StepErrorCodes.ConcurrencySkipped, Text(answer, "message"), StepErrorKind.Transient)),
                "refused" => StepOutcome.Failed(Text(answer, "code"), Text(answer, "message")),
                var status => new StepOutcome("", default, new StepError(
                    StepErrorCodes.ChildFailed,
                    $"Execution {answer.GetProperty("executionId").GetString()} is {status}: {Text(answer, "code")}: {Text(answer, "message")}",
                    KindOf(answer))
                {
                    Cause = new ErrorCause(Text(answer, "code"), Text(answer, "message")),
                }),
            };
        }

        // As the error that ended it: what no retry cures there none cures here. One that was cancelled may be started
        // again.
        private static StepErrorKind KindOf(JsonElement answer) =>
            StepErrorKinds.TryParse(Text(answer, "kind"), out var kind) && kind != StepErrorKind.Cancelled ? kind
                : StepErrorKind.Transient;

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

        private byte[] Request(string workflow, ReadOnlyMemory<byte> input, int depth, int hops)
        {
            var buffer = JsonBuffer.Rent();
            var writer = buffer.Writer;
            writer.WriteStartObject();
            writer.WriteString("workflow"u8, workflow);
            if (parameters.Version is { } version)
            {
                writer.WriteNumber("version"u8, version);
            }

            writer.WriteString("mode"u8, parameters.Mode == SubworkflowMode.Wait ? "wait" : "fire");
            writer.WriteNumber("depth"u8, depth);
            if (hops > 0)
            {
                writer.WriteNumber("hops"u8, hops);
            }

            writer.WritePropertyName("input"u8);
            writer.WriteRawValue(input.Span, skipInputValidation: true);
            writer.WriteEndObject();
            return buffer.ToJson();
        }

        private static byte[] Started(string executionId)
        {
            var buffer = JsonBuffer.Rent();
            buffer.Writer.WriteStartObject();
            buffer.Writer.WriteString("executionId"u8, executionId);
            buffer.Writer.WriteEndObject();
            return buffer.ToJson();
        }

        private static string Text(JsonElement answer, string member) =>
            answer.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object && error.TryGetProperty(member, out var text)
                ? text.ToString()
                : "unknown";
    }
}
