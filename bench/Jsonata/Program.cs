using System.Text.Json;
using Workflows.Bench.Micro;
using Workflows.Jsonata.Bench;

// Compares this implementation with the reference one from npm: same expressions, same data, same machine, same run.
// The results are compared too. `npm install` in this folder first. Arguments are BenchmarkDotNet's.
var folder = Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", "bench", "Jsonata");
var reference = Reference.Measure(folder, Path.Combine(folder, "expressions.json"), BenchData.Create());
var figures = MicroBenchmark.Run(args, typeof(JsonataBenchmarks));
var ratios = new List<(string Kind, double Ratio)>();
var differing = 0;
foreach (var figure in figures)
{
    MicroBenchmark.Print("jsonata", figure);
    if (!reference.TryGetValue(figure.Name, out var other))
    {
        continue;
    }

    var expression = BenchExpression.All.Single(expression => expression.Name == figure.Name);
    var result = expression.Compile()();
    var isSame = JsonElement.DeepEquals(other.Result, result.IsUndefined ? default : result.ToElement());
    differing += isSame ? 0 : 1;
    var ratio = other.Nanoseconds / figure.Nanoseconds;
    MicroBenchmark.Print("jsonata", $"{figure.Name}-reference", other.Nanoseconds, "ns");
    MicroBenchmark.Print("jsonata", $"{figure.Name}-ratio", ratio, isSame ? "times" : "times, BUT THE RESULTS DIFFER");
    ratios.Add((expression.Kind, ratio));
}

foreach (var kind in ratios.GroupBy(ratio => ratio.Kind, ratio => ratio.Ratio, StringComparer.Ordinal))
{
    MicroBenchmark.Print("jsonata", $"{kind.Key}-least-ratio", kind.Min(), "times");
    MicroBenchmark.Print("jsonata", $"{kind.Key}-mean-ratio", Math.Exp(kind.Average(Math.Log)), "times (geometric)");
}

return differing > 0 ? 1 : 0;
