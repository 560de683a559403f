using System.Text;
using BenchmarkDotNet.Attributes;
using Workflows.Engine.Definitions;

namespace Workflows.Bench.Engine;

/// <summary>A definition from its text to a workflow that can run.</summary>
public class ValidationBenchmarks
{
    private const string Small = "validate-ten-mixed";
    private const string Large = "validate-10000-nodes";

    private byte[] _definition = [];

    [Params(Small, Large)]
    public string Name { get; set; } = "";

    [GlobalSetup]
    public void Encode() =>
        _definition = Encoding.UTF8.GetBytes(Name == Small ? Workloads.TenMixed : Workloads.Large(10_000));

    [Benchmark]
    public bool Validate() => CompiledWorkflow.TryCompile(_definition, out _, out _);
}
