using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;

namespace Workflows.Bench.Micro;

/// <summary>
/// Runs benchmarks of BenchmarkDotNet as all of them are run here, and prints a line for each figure.
/// </summary>
/// <remarks>
/// They run in this process: the program that was built is the program that is measured, and no compiler is needed.
/// A job is short unless <c>--job</c> says otherwise; every other option of BenchmarkDotNet can be given too.
/// </remarks>
public static class MicroBenchmark
{
    private static readonly string[] ShortJob = ["--job", "short"];

    /// <summary>Runs every benchmark of these classes that the arguments do not filter out.</summary>
    /// <param name="args">Options of BenchmarkDotNet.</param>
    /// <param name="benchmarks">Classes with benchmarks, public and not sealed, as BenchmarkDotNet wants them.</param>
    /// <returns>A figure for each case, in the order of the run; none when they were only listed.</returns>
    /// <exception cref="InvalidOperationException">A benchmark failed, or is not optimised.</exception>
    public static IReadOnlyList<MicroFigure> Run(string[] args, params Type[] benchmarks)
    {
        var config = ManualConfig.Create(DefaultConfig.Instance)
            .AddDiagnoser(MemoryDiagnoser.Default, new ProcessorTimeDiagnoser())
            .HideColumns(Column.Job, Column.Toolchain, Column.IterationCount, Column.LaunchCount, Column.WarmupCount)
            .WithArtifactsPath(Path.Combine(AppContext.BaseDirectory, "results"));
        string[] options = [.. args.Contains("--job") || args.Contains("-j") ? [] : ShortJob, "--inProcess", .. args];
        var summaries = BenchmarkRunner.Run(benchmarks, config, options);
        return summaries.Any(summary => summary.HasCriticalValidationErrors)
            ? throw new InvalidOperationException("The benchmarks cannot run; BenchmarkDotNet says above why.")
            : [.. summaries.SelectMany(summary => summary.Reports).Select(MicroFigure.Of)];
    }

    /// <summary>
    /// Prints <c>ours SUITE METRIC VALUE UNIT</c> for the time, the processor time and the memory of one
    /// operation.
    /// </summary>
    public static void Print(string suite, MicroFigure figure)
    {
        Print(suite, figure.Name, figure.Nanoseconds, "ns");
        Print(suite, $"{figure.Name}-cpu", figure.ProcessorNanoseconds, "cpu-ns");
        Print(suite, $"{figure.Name}-allocated", figure.AllocatedBytes, "bytes");
    }

    /// <summary>Prints one figure, <c>ours SUITE METRIC VALUE UNIT</c>.</summary>
    public static void Print(string suite, string metric, double value, string unit) => ConsoleLogger.Default.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"ours {suite} {metric} {value:0.##} {unit}"));
}
