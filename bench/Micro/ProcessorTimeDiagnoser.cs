using BenchmarkDotNet.Analysers;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Engines;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Validators;

namespace Workflows.Bench.Micro;

/// <summary>
/// Processor time of this process for each operation. It changes little on a busy machine, and it shows what a
/// client burns on other threads while its caller waits. It holds for benchmarks in process only.
/// </summary>
internal sealed class ProcessorTimeDiagnoser : IDiagnoser
{
    public const string MetricId = "ProcessorTime";

    private TimeSpan _before;
    private TimeSpan _after;

    public IEnumerable<string> Ids => [MetricId];

    public IEnumerable<IExporter> Exporters => [];

    public IEnumerable<IAnalyser> Analysers => [];

    public RunMode GetRunMode(BenchmarkCase benchmarkCase) => RunMode.NoOverhead;

    public void Handle(HostSignal signal, DiagnoserActionParameters parameters)
    {
        if (signal == HostSignal.BeforeActualRun)
        {
            _before = Environment.CpuUsage.TotalTime;
        }
        else if (signal == HostSignal.AfterActualRun)
        {
            _after = Environment.CpuUsage.TotalTime;
        }
    }

    public IEnumerable<Metric> ProcessResults(DiagnoserResults results)
    {
        // The total of the results counts the rounds of warming up too.
        var operations = results.Measurements
            .Where(measurement => measurement.Is(IterationMode.Workload, IterationStage.Actual))
            .Sum(measurement => measurement.Operations);
        return [new(Descriptor.Instance, (_after - _before).TotalNanoseconds / operations)];
    }

    public void DisplayResults(ILogger logger)
    {
        // The figures stand in the table.
    }

    public IEnumerable<ValidationError> Validate(ValidationParameters validationParameters) => [];

    private sealed class Descriptor : IMetricDescriptor
    {
        public static readonly Descriptor Instance = new();

        public string Id => MetricId;

        public string DisplayName => "CPU";

        public string Legend => "Processor time of the process per operation, collections included";

        public string NumberFormat => "0.##";

        public UnitType UnitType => UnitType.Time;

        public string Unit => "ns";

        public bool TheGreaterTheBetter => false;

        public int PriorityInCategory => 0;

        public bool GetIsAvailable(Metric metric) => true;
    }
}
