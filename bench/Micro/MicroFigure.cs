using BenchmarkDotNet.Reports;

namespace Workflows.Bench.Micro;

/// <summary>What one operation costs.</summary>
/// <param name="Method">The name of the benchmark's method.</param>
/// <param name="Name">The values of its parameters, or the method's name when it has none.</param>
/// <param name="Nanoseconds">The mean time on the clock.</param>
/// <param name="ProcessorNanoseconds">Time of all processors in this process, collections included.</param>
/// <param name="AllocatedBytes">Memory allocated on all threads.</param>
public sealed record MicroFigure(
    string Method, string Name, double Nanoseconds, double ProcessorNanoseconds, double AllocatedBytes)
{
    /// <exception cref="InvalidOperationException">The benchmark failed.</exception>
    internal static MicroFigure Of(BenchmarkReport report)
    {
        var method = report.BenchmarkCase.Descriptor.WorkloadMethod.Name;
        var parameters = report.BenchmarkCase.Parameters.Items.Select(item => item.Value?.ToString()).ToArray();
        var statistics = report.Success && report.ResultStatistics is { } result
            ? result
            : throw new InvalidOperationException($"{report.BenchmarkCase.DisplayInfo} failed.");
        return new(
            method,
            parameters.Length == 0 ? method : string.Join('-', parameters),
            statistics.Mean,
            report.Metrics[ProcessorTimeDiagnoser.MetricId].Value,
            report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? 0);
    }
}
