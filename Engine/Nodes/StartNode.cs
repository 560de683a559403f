using Workflows.Engine.Executions;

namespace Workflows.Engine.Nodes;

/// <summary>The parameters of node types that have none.</summary>
public sealed record NoParameters;

internal sealed class StartNode() : NodeType<NoParameters>(
    "start",
    "control",
    NodeEffect.Pure,
    "Marks where an execution begins. Optional: without one, every node that no edge leads to is a start.",
    NodePort.MainPort)
{
    public override string OutputSummary => "Null; the input is in scope as `input`.";

    private protected override NodeAction Compile(NoParameters parameters, NodeCompilation node) => PassAction.Instance;
}

internal sealed class NoopNode() : NodeType<NoParameters>(
    "noop", "control", NodeEffect.Pure, "Does nothing; a place to bring branches together or to name a point.", NodePort.MainPort)
{
    public override string OutputSummary => "Null.";

    private protected override NodeAction Compile(NoParameters parameters, NodeCompilation node) => PassAction.Instance;
}

/// <summary>On to the next node.</summary>
internal sealed class PassAction : PureAction
{
    public static PassAction Instance { get; } = new();

    public override StepOutcome Evaluate(in NodeContext context) => StepOutcome.Main(StepOutputs.Null);
}
