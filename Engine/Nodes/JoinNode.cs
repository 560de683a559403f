using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;

namespace Workflows.Engine.Nodes;

/// <summary>How many branches a join waits for.</summary>
public enum JoinMode
{
    /// <summary>Every branch that is not dead.</summary>
    All,

    /// <summary>The first to arrive.</summary>
    Any,

    /// <summary>The first <see cref="JoinParameters.Count"/> to arrive.</summary>
    Count,
}

/// <summary>Parameters of <c>join</c>.</summary>
public sealed record JoinParameters
{
    [Parameter("How many to wait for. all: every branch that is not dead; any: the first to arrive; count: the first `count` to arrive. Later ones change nothing.")]
    public JoinMode Mode { get; init; } = JoinMode.All;

    [Parameter("How many branches have to arrive; only with the mode count.", Min = 1, Max = Limits.Edges)]
    public int? Count { get; init; }
}

internal sealed class JoinNode() : NodeType<JoinParameters>(
    "join", "control", NodeEffect.Pure, "Waits for several branches.", NodePort.MainPort, NodePort.ErrorPort)
{
    public override string OutputSummary => "`{\"arrived\": [...]}`: the ids of the nodes whose branches had arrived.";

    private protected override NodeAction? Compile(JoinParameters parameters, NodeCompilation node)
    {
        var needsCount = parameters.Mode == JoinMode.Count;
        if (needsCount != parameters.Count.HasValue)
        {
            return node.Reject(
                "count",
                needsCount ? DefinitionProblemCodes.ParameterMissing : DefinitionProblemCodes.ParameterConflict,
                needsCount ? "The mode 'count' needs 'count'." : "'count' has a meaning only with the mode 'count'.",
                needsCount ? "Say how many branches have to arrive." : "Remove it, or set mode to count.");
        }

        return new Action(parameters.Mode switch
        {
            JoinMode.All => 0,
            JoinMode.Any => 1,
            JoinMode.Count => parameters.Count!.Value,
        });
    }

    private sealed class Action(int quorum) : PureAction
    {
        public override int Quorum => quorum;

        public override IReadOnlyList<(string Port, string Reason)> UnusedPorts =>
            quorum > 1 ? [] : [(NodePort.Error, "a join for all or any never fails")];

        public override StepOutcome Evaluate(in NodeContext context)
        {
            var arrived = 0;
            var buffer = JsonBuffer.Rent();
            var writer = buffer.Writer;
            writer.WriteStartObject();
            writer.WriteStartArray("arrived"u8);
            foreach (var edge in context.Node.Incoming)
            {
                if (context.Frame.IsTaken(edge))
                {
                    arrived++;
                    writer.WriteStringValue(context.State.Workflow.Nodes[edge.Node].Id);
                }
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
            return arrived >= quorum
                ? StepOutcome.Main(buffer.ToJson())
                : StepOutcome.Failed(
                    StepErrorCodes.JoinIncomplete, $"{arrived} of {quorum} branches arrived; the others are dead.");
        }
    }
}
