using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>Parameters of <c>split</c>.</summary>
public sealed record SplitParameters
{
    [Parameter("The list; a single value counts as a list of one, null and nothing as none.", Required = true, Example = "\"{{ input.orders }}\"")]
    public JsonTemplate? Items { get; init; }

    [Parameter("How many items a batch has; the last one may have fewer.", Required = true, Min = 1, Max = Limits.LoopItems, Example = "50")]
    public int Size { get; init; } = 1;
}

internal sealed class SplitNode() : NodeType<SplitParameters>(
    "split", "data", NodeEffect.Pure, "Divides a list into batches, e.g. for a forEach.", NodePort.MainPort, NodePort.ErrorPort)
{
    public override string OutputSummary => "A list of lists.";

    private protected override NodeAction Compile(SplitParameters parameters, NodeCompilation node) => new Action(parameters);

    private sealed class Action(SplitParameters parameters) : PureAction
    {
        public override StepOutcome Evaluate(in NodeContext context)
        {
            var list = context.Evaluate(parameters.Items!);
            var items = list.Kind == JsonataKind.Null ? [] : list.ToList();
            var buffer = JsonBuffer.Rent();
            var writer = buffer.Writer;
            writer.WriteStartArray();
            for (var index = 0; index < items.Count; index++)
            {
                if (index % parameters.Size == 0)
                {
                    writer.WriteStartArray();
                }

                writer.WriteRawValue(items[index].ToUtf8Json(), skipInputValidation: true);
                if (index % parameters.Size == parameters.Size - 1 || index == items.Count - 1)
                {
                    writer.WriteEndArray();
                }
            }

            writer.WriteEndArray();
            return StepOutcome.Main(buffer.ToJson());
        }
    }
}
