using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>Parameters of <c>switch</c>.</summary>
public sealed record SwitchParameters
{
    [Parameter(
        "The cases, tried in order; the first whose condition holds names the port.",
        Required = true,
        MaxLength = Limits.SwitchCases)]
    public IReadOnlyList<SwitchCase> Cases { get; init; } = [];
}

/// <summary>One case of <c>switch</c>.</summary>
public sealed record SwitchCase
{
    [Parameter(
        "The port to leave by; a name like a node id, each one once.",
        Required = true,
        MaxLength = Limits.NodeIdLength,
        Example = "\"large\"")]
    public string? Port { get; init; }

    [Parameter(
        "True or false; anything else counts as JSONata's $boolean() has it.",
        Required = true,
        Example = "\"input.amount > 100\"")]
    public JsonataExpression? When { get; init; }
}

internal sealed class SwitchNode() : NodeType<SwitchParameters>(
    "switch",
    "control",
    NodeEffect.Pure,
    "Goes the way of the first case that holds.",
    new NodePort(NodePort.Default, "No case holds. Not wired, that is an error."),
    NodePort.ErrorPort)
{
    public override string PortsOfParameters => "One port for each case, named by its `port`.";

    public override string OutputSummary => "The name of the port, as text.";

    private protected override NodeAction? Compile(SwitchParameters parameters, NodeCompilation node)
    {
        var ports = new HashSet<string>(StringComparer.Ordinal);
        for (var index = 0; index < parameters.Cases.Count; index++)
        {
            var port = parameters.Cases[index].Port!;
            var pointer = $"cases/{index}/port";
            if (!NodeIds.IsValid(port) || port is NodePort.Default or NodePort.Error)
            {
                return RejectPort(
                    node,
                    pointer,
                    $"'{port}' cannot be the name of a case's port.",
                    "Use letters, digits, '_' and '-', not 'default' or 'error'.");
            }

            if (!ports.Add(port))
            {
                return RejectPort(
                    node, pointer, $"Two cases have the port '{port}'.", "Join their conditions with 'or', or rename one.");
            }
        }

        return parameters.Cases.Count == 0
            ? node.Reject("cases", DefinitionProblemCodes.ParameterValue, "There are no cases.", "Give at least one.")
            : new Action(parameters.Cases);
    }

    private static NodeAction? RejectPort(NodeCompilation node, string pointer, string message, string hint)
    {
        node.Problems.Add($"{node.ParametersPointer}/{pointer}", DefinitionProblemCodes.ParameterValue, message, hint);
        return null;
    }

    private sealed class Action(IReadOnlyList<SwitchCase> cases) : PureAction
    {
        private readonly ReadOnlyMemory<byte>[] _outputs =
            cases.Select(each => new ReadOnlyMemory<byte>(
                [(byte)'"', .. System.Text.Encoding.ASCII.GetBytes(each.Port!), (byte)'"'])).ToArray();

        public override IReadOnlyList<string> FurtherPorts { get; } = cases.Select(each => each.Port!).ToArray();

        public override StepOutcome Evaluate(in NodeContext context)
        {
            for (var index = 0; index < cases.Count; index++)
            {
                if (context.Evaluate(cases[index].When!).ToBoolean())
                {
                    return StepOutcome.By(cases[index].Port!, _outputs[index]);
                }
            }

            return context.Node.IsWired(NodePort.Default)
                ? StepOutcome.By(NodePort.Default, DefaultJson)
                : StepOutcome.Failed(StepErrorCodes.NoCaseMatches, "No case holds, and the port 'default' is not wired.");
        }

        private static ReadOnlyMemory<byte> DefaultJson { get; } = "\"default\""u8.ToArray();
    }
}
