using Workflows.Bench.Engine;
using Workflows.Bench.Micro;

// What the pure part of an execution costs, without a database and without a worker. Arguments are BenchmarkDotNet's.
foreach (var figure in MicroBenchmark.Run(args, typeof(DeciderBenchmarks), typeof(ValidationBenchmarks)))
{
    MicroBenchmark.Print("decider", figure);
}
