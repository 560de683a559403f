using System.Diagnostics;
using System.Globalization;
using System.Text;
using Workflows.Testing;

namespace Workflows.Load.Benchmarks;

/// <summary>One execution that does many things at once.</summary>
internal sealed class FanOutBenchmark : IBenchmark
{
    private const int Items = 1_000;
    private const int ManyItems = 100_000;
    private const int WarmUp = 5;
    private const int Runs = 20;

    public string Name => "fan-out";

    public string Description =>
        "One execution with a forEach over 1,000 items in parallel, the result of each durable before the execution ends, from the call to its answer (`Prefer: wait`); the "
        + "median of 20. Then one over 100,000 items, 1,000 at a time. Aim 0.2 s; beyond: 100,000 items in 10 s with bounded memory.";

    public async Task RunAsync(Platform platform, PlatformClient client, Action<string, double, string> report)
    {
        var workflow = await client.PublishAsync("fan-out", Definition);
        for (var run = 0; run < WarmUp; run++)
        {
            await RunAsync(client, workflow, Items);
        }

        var seconds = new List<double>();
        for (var run = 0; run < Runs; run++)
        {
            seconds.Add(await RunAsync(client, workflow, Items));
        }

        report("thousand-items-p50", Workloads.Percentile(seconds, 0.5), "s");
        report("thousand-items-max", seconds.Max(), "s");

        var before = WorkerMemory(platform);
        var began = Stopwatch.GetTimestamp();
        await client.StartAsync(workflow, Body(ManyItems));
        var peak = before;
        while ((await client.CountByStatusAsync(workflow)).GetValueOrDefault("completed") < WarmUp + Runs + 1)
        {
            peak = Math.Max(peak, WorkerMemory(platform));
            if (Stopwatch.GetElapsedTime(began) > TimeSpan.FromMinutes(3))
            {
                throw new InvalidOperationException("100,000 items were not done after three minutes.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), CancellationToken.None);
        }

        report("hundred-thousand-items", Stopwatch.GetElapsedTime(began).TotalSeconds, "s");
        report("worker-memory-before", before, "MB");
        report("worker-memory-peak", peak, "MB");
        var recorded = await client.ScalarAsync<long>(
            "select count(distinct (s.execution_id, s.iteration)) from step_executions s join executions e on e.tenant_id = s.tenant_id and e.id = s.execution_id "
            + "where e.workflow_id = $1 and s.node_id = 'work' and s.status = 'completed'", Guid.Parse(workflow));
        const long Expected = ((WarmUp + Runs) * Items) + ManyItems;
        if (recorded != Expected)
        {
            throw new InvalidOperationException($"{recorded} results of items are recorded, {Expected} were expected.");
        }
    }

    private const string Definition = """
        {"schema": 1,
         "nodes": [
           {"id": "each", "type": "forEach", "parameters": {"items": "{{ [1..input.count] }}", "maxParallel": 1000, "collectResults": false},
            "body": {"nodes": [{"id": "work", "type": "set", "effect": true, "parameters": {"value": {"item": "{{ item }}", "square": "{{ item * item }}"}}}], "edges": []}}],
         "edges": []}
        """;

    private static byte[] Body(int items) => Encoding.UTF8.GetBytes($$$"""{"input":{"count":{{{items.ToString(CultureInfo.InvariantCulture)}}}}}""");

    private static async Task<double> RunAsync(PlatformClient client, string workflow, int items)
    {
        var began = Stopwatch.GetTimestamp();
        var status = await client.RunAsync(workflow, Body(items));
        return status == "completed" ? Stopwatch.GetElapsedTime(began).TotalSeconds : throw new InvalidOperationException($"An execution ended as {status}.");
    }

    /// <summary>Resident memory of the larger of the workers, in MB.</summary>
    internal static double WorkerMemory(Platform platform) => platform.Processes()
        .Where(process => process.Resource == "worker").Max(process => Process.GetProcessById(process.Id).WorkingSet64 / 1_048_576.0);
}
