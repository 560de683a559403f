using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>Parameters of <c>repeat</c>.</summary>
public sealed record RepeatParameters
{
    [Parameter(
        "Asked after each round, with its result as `item` and its number as `index`: while it holds there is another round. Left out: exactly `max` rounds.",
        PerItem = true,
        Example = "\"item.status != 'done'\"")]
    public JsonataExpression? While { get; init; }

    [Parameter(
        "The most rounds. While the condition still holds after the last one, the node leaves by `exhausted`; with nothing wired there it fails.",
        Min = 1,
        Max = Limits.LoopRounds)]
    public int Max { get; init; } = 100;
}

internal sealed class RepeatNode() : NodeType<RepeatParameters>(
    "repeat",
    "control",
    NodeEffect.Pure,
    "Runs its body once, and again while a condition holds. In the body `item` is the result of the round before (null in the first) and `index` the round's number, from 0.",
    NodePort.MainPort,
    new NodePort(NodePort.Exhausted, "The condition still holds after the last round."),
    NodePort.ErrorPort)
{
    public override bool HasBody => true;

    public override string OutputSummary => "`{\"result\": ..., \"rounds\": 3}`: the result of the last round, and how many there were.";

    private protected override NodeAction Compile(RepeatParameters parameters, NodeCompilation node) => new Action(parameters);

    private sealed class Action(RepeatParameters parameters) : LoopAction
    {
        public override IReadOnlyList<(string Port, string Reason)> UnusedPorts =>
            parameters.While is null ? [(NodePort.Exhausted, "without 'while' it ends after 'max' rounds")] : [];

        public override LoopRun Begin(in NodeContext context, bool isReplay) =>
            new Run(context.Frame, context.Node, parameters) { IsReplay = isReplay };
    }

    private sealed class Run(Frame parent, CompiledNode node, RepeatParameters parameters) : LoopRun(parent, node)
    {
        private ReadOnlyMemory<byte> _result = StepOutputs.Null;
        private int _rounds;
        private bool _goesOn = true;
        private bool _isExhausted;

        public override bool TryNext(out int index, out JsonataValue item)
        {
            index = _rounds;
            item = default;
            if (!_goesOn || Frames.Count > 0)
            {
                return false;
            }

            item = JsonataValue.FromJson(_result);
            return true;
        }

        public override StepError? Take(in NodeContext context, Frame frame, ReadOnlyMemory<byte> result)
        {
            _result = result;
            _rounds++;
            _goesOn = parameters.While is null
                || context.Evaluate(parameters.While, new ItemScope(context.Frame) { Item = JsonataValue.FromJson(result), Index = frame.Index }).ToBoolean();
            if (_rounds == parameters.Max)
            {
                _isExhausted = _goesOn && parameters.While is not null;
                _goesOn = false;
            }

            // Of a round that has nothing on record there is nothing to undo, nor of any after it.
            _goesOn &= !IsReplay || frame.HasRecords;
            return null;
        }

        public override StepError? TakeFailure(Frame frame, FrameFailure failure) => FailureOf(frame, failure);

        public override StepOutcome Complete(in NodeContext context)
        {
            if (_isExhausted && !context.Node.IsWired(NodePort.Exhausted))
            {
                return StepOutcome.Failed(StepErrorCodes.LoopExhausted, $"The condition still holds after {_rounds} rounds.");
            }

            var buffer = JsonBuffer.Rent();
            buffer.Writer.WriteStartObject();
            buffer.Writer.WritePropertyName("result"u8);
            buffer.Writer.WriteRawValue(_result.Span, skipInputValidation: true);
            buffer.Writer.WriteNumber("rounds"u8, _rounds);
            buffer.Writer.WriteEndObject();
            return StepOutcome.By(_isExhausted ? NodePort.Exhausted : NodePort.Main, buffer.ToJson());
        }
    }
}
