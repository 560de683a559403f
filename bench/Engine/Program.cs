using Workflows.Bench.Engine;
using Workflows.Bench.Micro;

// What the pure part of an execution costs, without a database and without a worker. Arguments are BenchmarkDotNet's.
var figures = MicroBenchmark.Run(args, typeof(DeciderBenchmarks), typeof(ValidationBenchmarks));
foreach (var figure in figures)
{
    MicroBenchmark.Print("decider", figure);
}

return figures.Count == 0 ? 1 : 0;
