using BenchmarkDotNet.Attributes;

namespace Workflows.Jsonata.Bench;

/// <summary>One evaluation of each expression, parsed before.</summary>
public class JsonataBenchmarks
{
    private Func<JsonataValue> _evaluate = () => throw new InvalidOperationException("Nothing was set up.");

    public static IEnumerable<string> Names => BenchExpression.All.Select(expression => expression.Name);

    [ParamsSource(nameof(Names))]
    public string Name { get; set; } = "";

    [GlobalSetup]
    public void Parse() => _evaluate = BenchExpression.All.Single(expression => expression.Name == Name).Compile();

    [Benchmark]
    public JsonataValue Evaluate() => _evaluate();
}
