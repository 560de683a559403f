using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>What a <c>forEach</c> does about an item whose round failed.</summary>
public enum OnItemError
{
    /// <summary>The other rounds are stopped and the loop fails.</summary>
    FailFast,

    /// <summary>The others go on; the failure is counted and listed in the output.</summary>
    Collect,
}

/// <summary>Parameters of <c>forEach</c>.</summary>
public sealed record ForEachParameters
{
    [Parameter(
        "The list; a single value counts as a list of one, null and nothing as none. Evaluated again by a worker that takes the execution over.",
        Required = true,
        Example = "\"{{ input.orders }}\"")]
    public JsonTemplate? Items { get; init; }

    [Parameter("How many rounds are under way at the same time.", Min = 1, Max = Limits.LoopParallel)]
    public int MaxParallel { get; init; } = 100;

    [Parameter("What a failed round does. failFast: it stops the others and fails the loop; collect: the others go on and it is listed in `errors`.")]
    public OnItemError OnItemError { get; init; } = OnItemError.FailFast;

    [Parameter("Whether the output has the results of the rounds.")]
    public bool CollectResults { get; init; } = true;
}

internal sealed class ForEachNode() : NodeType<ForEachParameters>(
    "forEach",
    "control",
    NodeEffect.Pure,
    "Runs its body for each item of a list, several at a time; in the body `item` and `index` are in scope.",
    NodePort.MainPort,
    NodePort.ErrorPort)
{
    public override bool HasBody => true;

    public override string OutputSummary =>
        "`{\"results\": [...], \"count\": 2, \"failed\": 0, \"errors\": []}`: the results in the order of the items (null for a failed one; left out without "
        + "`collectResults`), and the first failures as {index, code, message, node}.";

    private protected override NodeAction Compile(ForEachParameters parameters, NodeCompilation node) => new Action(parameters);

    private sealed class Action(ForEachParameters parameters) : LoopAction
    {
        public override LoopRun Begin(in NodeContext context, bool isReplay)
        {
            var list = context.Evaluate(parameters.Items!);
            var items = list.Kind == JsonataKind.Null ? [] : list.ToList();
            return items.Count <= Limits.LoopItems
                ? new Run(context.Frame, context.Node, parameters, items) { IsReplay = isReplay }
                : throw new StepException(new StepError(
                    StepErrorCodes.TooManyItems, $"The list has {items.Count} items; at most {Limits.LoopItems} are allowed."));
        }
    }

    private sealed class Run(Frame parent, CompiledNode node, ForEachParameters parameters, IReadOnlyList<JsonataValue> items) : LoopRun(parent, node)
    {
        private readonly ReadOnlyMemory<byte>[] _results = parameters.CollectResults ? new ReadOnlyMemory<byte>[items.Count] : [];
        private readonly List<(int Index, string Code, string Message, string NodeId)> _errors = [];
        private int _next;
        private int _failed;
        private long _bytes;

        public override bool NeedsResults => !IsReplay;

        public override bool TryNext(out int index, out JsonataValue item)
        {
            index = _next;
            item = default;
            if (_next == items.Count || Frames.Count >= parameters.MaxParallel)
            {
                return false;
            }

            item = items[_next++];
            return true;
        }

        public override StepError? Take(in NodeContext context, Frame frame, ReadOnlyMemory<byte> result)
        {
            if (!parameters.CollectResults)
            {
                return null;
            }

            // Results that will not fit in the output are not gathered first: 100,000 of a megabyte each would be 100 GB.
            _results[frame.Index] = result;
            _bytes += result.Length + 1;
            return _bytes <= Limits.StepOutputBytes
                ? null
                : new StepError(
                    StepErrorCodes.OutputTooLarge,
                    $"The results have more than {Limits.StepOutputBytes} bytes. Return less of each round, or set collectResults to false.");
        }

        public override StepError? TakeFailure(Frame frame, FrameFailure failure)
        {
            if (parameters.OnItemError == OnItemError.FailFast)
            {
                return FailureOf(frame, failure);
            }

            _failed++;
            if (_errors.Count < Limits.LoopErrors)
            {
                _errors.Add((frame.Index, failure.Error.Code, failure.Error.Message, failure.NodeId));
            }

            return null;
        }

        public override StepOutcome Complete(in NodeContext context)
        {
            _errors.Sort((left, right) => left.Index.CompareTo(right.Index));
            var buffer = JsonBuffer.Rent();
            var writer = buffer.Writer;
            writer.WriteStartObject();
            if (parameters.CollectResults)
            {
                writer.WriteStartArray("results"u8);
                foreach (var result in _results)
                {
                    writer.WriteRawValue(result.IsEmpty ? "null"u8 : result.Span, skipInputValidation: true);
                }

                writer.WriteEndArray();
            }

            writer.WriteNumber("count"u8, items.Count);
            writer.WriteNumber("failed"u8, _failed);
            writer.WriteStartArray("errors"u8);
            foreach (var (index, code, message, nodeId) in _errors)
            {
                writer.WriteStartObject();
                writer.WriteNumber("index"u8, index);
                writer.WriteString("code"u8, code);
                writer.WriteString("message"u8, message);
                writer.WriteString("node"u8, nodeId);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
            return StepOutcome.Main(buffer.ToJson());
        }
    }
}
