using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>Parameters of <c>search</c>.</summary>
public sealed record SearchParameters
{
    [Parameter("What to search for: words, or a sentence.", Required = true, Kind = ParameterKind.Text, Example = "\"{{ input.question }}\"")]
    public JsonTemplate? Query { get; init; }

    [Parameter("Results at most.", Min = 1, Max = 50)]
    public int Limit { get; init; } = 10;

    [Parameter("The kind of content: `workflow` or `execution`. Left out: all.", Kind = ParameterKind.Text)]
    public JsonTemplate? ContentType { get; init; }

    [Parameter("The least similarity of a result, from 0 to 1.", Kind = ParameterKind.Number, Min = 0, Max = 1)]
    public JsonTemplate? Threshold { get; init; }
}

internal sealed class SearchNode() : NodeType<SearchParameters>(
    "search",
    "ai",
    NodeEffect.Effect,
    "Searches what the tenant's search knows, by words and by meaning.",
    NodePort.MainPort,
    NodePort.ErrorPort)
{
    public override string OutputSummary => "What `GET /search` answers.";

    private protected override NodeAction Compile(SearchParameters parameters, NodeCompilation node) => new Action(parameters);

    private sealed class Action(SearchParameters parameters) : EffectAction
    {
        public override double? TimeoutSeconds => 30;

        public override ReadOnlyMemory<byte> Render(in NodeContext context)
        {
            (string Name, JsonTemplate? Template)[] templates =
                [("query", parameters.Query), ("type", parameters.ContentType), ("threshold", parameters.Threshold)];
            return RenderedParameters.Write(
                context, null, templates, ["query"], [("limit", FormattableString.Invariant($"{parameters.Limit}"))]);
        }
    }
}
