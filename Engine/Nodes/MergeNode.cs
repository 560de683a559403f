using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;

namespace Workflows.Engine.Nodes;

/// <summary>What a merge makes of the outputs of the branches that arrived.</summary>
public enum MergeMode
{
    /// <summary>An object: node id to output.</summary>
    Object,

    /// <summary>The outputs as a list.</summary>
    Array,

    /// <summary>The output of the first branch alone.</summary>
    First,
}

/// <summary>Parameters of <c>merge</c>.</summary>
public sealed record MergeParameters
{
    [Parameter("What to make of the outputs of the nodes before it, in the order of their edges. object: by node id; array: a list; first: the first alone.")]
    public MergeMode Mode { get; init; } = MergeMode.Object;
}

internal sealed class MergeNode() : NodeType<MergeParameters>(
    "merge",
    "control",
    NodeEffect.Pure,
    "Waits for every branch that is not dead and combines the outputs of the nodes that lead to it.",
    NodePort.MainPort,
    NodePort.ErrorPort)
{
    public override string OutputSummary => "The outputs, as `mode` says.";

    private protected override NodeAction Compile(MergeParameters parameters, NodeCompilation node) => new Action(parameters.Mode);

    private sealed class Action(MergeMode mode) : PureAction
    {
        public override StepOutcome Evaluate(in NodeContext context)
        {
            var arrived = new List<CompiledNode>(context.Node.Incoming.Length);
            foreach (var edge in context.Node.Incoming)
            {
                if (context.Frame.IsTaken(edge) && !arrived.Exists(node => node.Ordinal == edge.Node))
                {
                    arrived.Add(context.State.Workflow.Nodes[edge.Node]);
                }
            }

            if (mode == MergeMode.First)
            {
                return StepOutcome.Main(arrived.Count == 0 ? StepOutputs.Null : context.Frame.Slot(arrived[0].Ordinal).Output);
            }

            var buffer = JsonBuffer.Rent();
            var writer = buffer.Writer;
            if (mode == MergeMode.Object)
            {
                writer.WriteStartObject();
            }
            else
            {
                writer.WriteStartArray();
            }

            foreach (var node in arrived)
            {
                if (mode == MergeMode.Object)
                {
                    writer.WritePropertyName(node.Id);
                }

                writer.WriteRawValue(context.Frame.Slot(node.Ordinal).Output.Span, skipInputValidation: true);
            }

            if (mode == MergeMode.Object)
            {
                writer.WriteEndObject();
            }
            else
            {
                writer.WriteEndArray();
            }

            return StepOutcome.Main(buffer.ToJson());
        }
    }
}
