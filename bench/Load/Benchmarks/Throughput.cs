using System.Diagnostics;
using Workflows.Testing;

namespace Workflows.Load.Benchmarks;

/// <summary>One-node executions, started in bulk.</summary>
internal sealed class NoopBenchmark : IBenchmark
{
    private const int Executions = 20_000;
    private const int PerCall = 1_000;
    private const int Connections = 4;

    public string Name => "noop";

    public string Description =>
        "20,000 one-node executions with a 200-byte input, started 1,000 per call, full record kept. Aim 10,000/s, beyond 20,000/s. "
        + "Reference: a multi-row insert and update of as many rows of the same table, ratio at least 0.4. "
        + CpuShares.Meaning;

    public async Task RunAsync(Platform platform, PlatformClient client, Action<string, double, string> report)
    {
        var workflow = await client.PublishAsync("noop", Workloads.OneNode);
        var body = Workloads.BulkBody(PerCall);
        await client.StartBulkAsync(workflow, body);
        await client.WaitForCompletedAsync(workflow, PerCall, TimeSpan.FromMinutes(1));

        var cpu = new CpuMeter(platform);
        var began = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Executions / PerCall), new ParallelOptions { MaxDegreeOfParallelism = Connections },
            async (_, _) => await client.StartBulkAsync(workflow, body));
        await client.WaitForCompletedAsync(workflow, Executions + PerCall, TimeSpan.FromMinutes(2));
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var used = cpu.ReadShares(seconds);
        await client.VerifyStepsAsync(workflow, Executions + PerCall, 1);

        var reference = await ReferenceAsync(client);
        report("throughput", Executions / seconds, "exec/s");
        report("reference", reference, "rows/s");
        report("ratio", Executions / seconds / reference, "of reference");
        used.Report(Executions, "exec/s", report);
    }

    private static async Task<double> ReferenceAsync(PlatformClient client)
    {
        await client.ScalarAsync<int>("create table reference_noop (like executions including defaults including constraints including indexes); select 1");
        var began = Stopwatch.GetTimestamp();
        for (var round = 0; round < Executions / PerCall; round++)
        {
            await client.ScalarAsync<long>("""
                with source as (select * from executions where status = 'completed' order by id offset $1 limit $2),
                inserted as (insert into reference_noop select * from source returning 1)
                select count(*) from inserted
                """, round * PerCall, PerCall);
        }

        for (var round = 0; round < Executions / PerCall; round++)
        {
            await client.ScalarAsync<long>("""
                with changed as (
                  update reference_noop r set status = 'completed', output = r.input
                  from (select tenant_id, id from reference_noop order by id offset $1 limit $2) s
                  where r.tenant_id = s.tenant_id and r.id = s.id returning 1)
                select count(*) from changed
                """, round * PerCall, PerCall);
        }

        return Executions / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }
}

/// <summary>Ten sequential durable steps, started by single calls.</summary>
internal sealed class TenStepBenchmark : IBenchmark
{
    private const int Executions = 2_000;
    private const int Connections = 100;
    private const int WarmUp = 24; // After fewer, the compiler's second tier still takes a third of a worker's time.
    private const int Rounds = 5;

    public string Name => "ten-step";

    public string Description =>
        "2,000 executions of ten sequential effect-class steps of 1 KB, each durable before the next begins, started by single HTTP calls from 100 "
        + "connections; the median of five rounds after a warm-up of 24. Aim 1,000/s now, 2,000/s and 0.9 CPU s per 1,000 next, beyond 4,000/s. "
        + "Reference: COPY of the same step rows into the same table. " + CpuShares.Meaning;

    public async Task RunAsync(Platform platform, PlatformClient client, Action<string, double, string> report)
    {
        var workflow = await client.PublishAsync("ten-step", Workloads.TenSteps());
        // Long enough for the code to be compiled: a service runs for weeks.
        await Workloads.RunAsync(client, workflow, WarmUp * Executions, Connections);
        var (rates, seconds) = (new List<double>(), 0.0);
        var cpu = new CpuMeter(platform);
        for (var round = 1; round <= Rounds; round++)
        {
            var took = await Workloads.RunAsync(client, workflow, Executions, Connections);
            rates.Add(Executions / took);
            seconds += took;
        }

        var used = cpu.ReadShares(seconds);
        await client.VerifyStepsAsync(workflow, Executions * (WarmUp + (long)Rounds), Workloads.Steps);
        var median = Workloads.Percentile(rates, 0.5);
        var reference = await ReferenceAsync(client);
        report("throughput", median, "exec/s");
        report("steps", median * Workloads.Steps, "steps/s");
        report("reference", reference, "rows/s copied");
        report("ratio", median * Workloads.Steps / reference, "of reference");
        used.Report(Executions * Rounds, "exec/s", report);
    }

    private static async Task<double> ReferenceAsync(PlatformClient client)
    {
        await client.ScalarAsync<int>("create table reference_steps (like step_executions including defaults including constraints including indexes); select 1");
        await using var reading = await client.Database.OpenConnectionAsync();
        using var source = await reading.BeginRawBinaryCopyAsync("copy (select * from step_executions limit 20000) to stdout (format binary)");
        using var rows = new MemoryStream();
        await source.CopyToAsync(rows);
        rows.Position = 0;
        await using var writing = await client.Database.OpenConnectionAsync();
        var began = Stopwatch.GetTimestamp();
        await using (var target = await writing.BeginRawBinaryCopyAsync("copy reference_steps from stdin (format binary)"))
        {
            await rows.CopyToAsync(target);
        }

        return 20_000 / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }
}

/// <summary>One client, one execution at a time.</summary>
internal sealed class LatencyBenchmark : IBenchmark
{
    private const int WarmUp = 1_000;
    private const int Calls = 3_000;

    public string Name => "latency";

    public string Description =>
        "One client, one execution after the other, ten durable steps each, `Prefer: wait`; and the same with one node. "
        + "Aim p50 10 ms now, 7 ms and p99 15 ms next; one node p50 2.5 ms.";

    public async Task RunAsync(Platform platform, PlatformClient client, Action<string, double, string> report)
    {
        await MeasureAsync(client, "ten-step", Workloads.TenSteps(), report);
        await MeasureAsync(client, "one-node", Workloads.OneNode, report);
    }

    private static async Task MeasureAsync(PlatformClient client, string name, string definition, Action<string, double, string> report)
    {
        var workflow = await client.PublishAsync(name, definition);
        var milliseconds = new List<double>();
        for (var call = 0; call < WarmUp + Calls; call++)
        {
            var began = Stopwatch.GetTimestamp();
            var status = await client.RunAsync(workflow, Workloads.StartBody(call));
            if (status != "completed")
            {
                throw new InvalidOperationException($"An execution ended as {status}.");
            }

            if (call >= WarmUp)
            {
                milliseconds.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
        }

        report($"{name}-p50", Workloads.Percentile(milliseconds, 0.5), "ms");
        report($"{name}-p99", Workloads.Percentile(milliseconds, 0.99), "ms");
    }
}

/// <summary>How the platform does on PostgreSQL alone.</summary>
internal sealed class NoRedisBenchmark : IBenchmark
{
    private const int Executions = 2_000;
    private const int Connections = 100;
    private const int WarmUp = 24;

    public string Name => "no-redis";

    public string Description => "`ten-step` with Redis stopped, beside the same with Redis in the same run. Aim at least half the throughput, none lost.";

    public async Task RunAsync(Platform platform, PlatformClient client, Action<string, double, string> report)
    {
        var workflow = await client.PublishAsync("no-redis", Workloads.TenSteps());
        await Workloads.RunAsync(client, workflow, WarmUp * Executions, Connections);
        var with = Executions / await Workloads.RunAsync(client, workflow, Executions, Connections);
        await platform.OrderAsync("stop redis");
        var without = Executions / await Workloads.RunAsync(client, workflow, Executions, Connections);
        await client.VerifyStepsAsync(workflow, (WarmUp + 2) * Executions, Workloads.Steps);
        report("with-redis", with, "exec/s");
        report("without-redis", without, "exec/s");
        report("ratio", without / with, "of the throughput with Redis");
    }
}
