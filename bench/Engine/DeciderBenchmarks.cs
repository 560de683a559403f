using System.Text;
using BenchmarkDotNet.Attributes;

namespace Workflows.Bench.Engine;

/// <summary>Executions from start to end in memory: deciding, evaluating, deciding again.</summary>
public class DeciderBenchmarks
{
    private const string ResumedName = "resume-after-5-of-ten-effects";

    private Action _run = () => throw new InvalidOperationException("Nothing was set up.");

    public static IEnumerable<string> Names => [.. Workloads.All.Select(workload => workload.Name), ResumedName];

    [ParamsSource(nameof(Names))]
    public string Name { get; set; } = "";

    [GlobalSetup]
    public void Compile()
    {
        if (Name == ResumedName)
        {
            _run = new ExecutionRunner(Workloads.Compile(Workloads.TenEffects), "{}"u8.ToArray()).ResumeHalfway;
            return;
        }

        var (_, json, input) = Workloads.All.Single(workload => workload.Name == Name);
        _run = new ExecutionRunner(Workloads.Compile(json), Encoding.UTF8.GetBytes(input)).Run;
    }

    [Benchmark]
    public void Execute() => _run();
}
