using System.Globalization;
using System.Text;
using Workflows.Bench.Engine;
using Workflows.Engine.Definitions;

// ours decider METRIC VALUE UNIT: what the pure part of an execution costs, without a database and without a worker. CPU time of the
// whole process, collections included, so that a busy machine changes little; the best of five batches.
foreach (var (name, json, input) in Workloads.All)
{
    var workflow = Workloads.Compile(json);
    var runner = new ExecutionRunner(workflow, Encoding.UTF8.GetBytes(input));
    Measure(name, rounds: 20_000, runner.Run);
}

var resumed = new ExecutionRunner(Workloads.Compile(Workloads.TenEffects), "{}"u8.ToArray());
Measure("resume-after-5-of-ten-effects", rounds: 20_000, resumed.ResumeHalfway);

var fanOut = new ExecutionRunner(Workloads.Compile(Workloads.FanOut), "{}"u8.ToArray());
Measure("fan-out-1000", rounds: 40, fanOut.Run);

var small = Encoding.UTF8.GetBytes(Workloads.TenMixed);
Measure("validate-ten-mixed", rounds: 2_000, () => CompiledWorkflow.TryCompile(small, out _, out _));

var large = Encoding.UTF8.GetBytes(Workloads.Large(10_000));
Measure("validate-10000-nodes", rounds: 4, () => CompiledWorkflow.TryCompile(large, out _, out _));
return 0;

static void Measure(string name, int rounds, Action run)
{
    for (var round = 0; round < Math.Max(2, rounds / 4); round++)
    {
        run(); // until the hot code is compiled with its profile
    }

    var best = double.MaxValue;
    var allocated = 0L;
    for (var batch = 0; batch < 5; batch++)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var cpu = Environment.CpuUsage.TotalTime;
        for (var round = 0; round < rounds; round++)
        {
            run();
        }

        best = Math.Min(best, (Environment.CpuUsage.TotalTime - cpu).TotalNanoseconds / rounds);
        allocated = (GC.GetAllocatedBytesForCurrentThread() - before) / rounds;
    }

    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ours decider {name} {best:F0} cpu-ns"));
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ours decider {name}-allocated {allocated} bytes"));
}
