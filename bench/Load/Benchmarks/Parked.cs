using System.Globalization;
using Workflows.Testing;

namespace Workflows.Load.Benchmarks;

/// <summary>A million executions that wait, beside some that run.</summary>
internal sealed class ParkedBenchmark : IBenchmark
{
    private const int Executions = 2_000;
    private const int Connections = 100;
    private const int WarmUp = 8;
    private const int Rounds = 5;
    private const int Genuine = 1_000;
    private const int Copies = 499;
    private const int DueTimers = 5_000;
    private const int DueWithinSeconds = 10;

    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(2);

    public string Name => "parked";

    public string Description =>
        "1,000,000 executions wait, half of them for a point in time and half for an event, while `ten-step` runs; 2,000 are parked by the platform itself, the rest are "
        + "copies of their rows. Then 5,000 timers fall due within 10 s beside `ten-step`. Medians of five rounds. Aim: less than 10 % loss of throughput, timers late by at most "
        + "1 s at p99, a worker's memory below 500 MB.";

    public async Task RunAsync(Platform platform, PlatformClient client, Action<string, double, string> report)
    {
        var running = await client.PublishAsync("ten-step", Workloads.TenSteps());
        // Long enough for the code to be compiled: what is compared later would else win by having come later.
        long there = WarmUp * Executions;
        await Workloads.RunAsync(client, running, WarmUp * Executions, Connections);
        var alone = await MedianAsync(client, running);
        there += Rounds * Executions;

        await ParkAsync(client);
        var beside = await MedianAsync(client, running);
        there += Rounds * Executions;
        report("alone", alone, "exec/s");
        report("beside-a-million", beside, "exec/s");
        report("ratio", beside / alone, "of the throughput alone");

        var due = await client.ScalarAsync<long>(MakeDueSql, DueTimers, DueWithinSeconds);
        var load = Workloads.RunAsync(client, running, 6 * Executions, Connections);
        await WaitForFiredAsync(client, due);
        await load;
        report("timers-late-p50", await client.ScalarAsync<double>(LatenessSql, 0.5), "s");
        report("timers-late-p99", await client.ScalarAsync<double>(LatenessSql, 0.99), "s");
        report("worker-memory", FanOutBenchmark.WorkerMemory(platform), "MB");
        await client.VerifyStepsAsync(running, there + (6 * Executions), Workloads.Steps);
    }

    private static async Task<double> MedianAsync(PlatformClient client, string workflow)
    {
        var rates = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            rates.Add(Executions / await Workloads.RunAsync(client, workflow, Executions, Connections));
        }

        return Workloads.Percentile(rates, 0.5);
    }

    private const string Sleeper = """
        {"schema": 1, "nodes": [{"id": "pause", "type": "delay", "parameters": {"seconds": 86400}}], "edges": []}
        """;

    private const string Listener = """
        {"schema": 1, "nodes": [{"id": "answer", "type": "waitForEvent", "parameters": {"eventType": "answer.given", "correlation": "input.order"}}], "edges": []}
        """;

    // Copies of what the platform itself wrote, under new ids, spread over the day to come.
    private const string CopySql = """
        with source as (select e.*, c.n, gen_random_uuid() as other from executions e, generate_series(1, $2) as c (n) where e.workflow_id = $1 and e.status = 'waiting'),
        copied as (
          insert into executions (tenant_id, id, workflow_id, version, status, priority, trigger_type, trigger, input, fence, queued_at, started_at)
          select tenant_id, (left(id::text, 14) || '7' || substr(other::text, 16))::uuid, workflow_id, version, status, priority, trigger_type, trigger, input, fence,
            queued_at, started_at from source
        ),
        waiting as (
          insert into waits (tenant_id, execution_id, node_id, attempt, kind, event_type, correlation_key, due_at, created_at)
          select w.tenant_id, (left(s.id::text, 14) || '7' || substr(s.other::text, 16))::uuid, w.node_id, w.attempt, w.kind, w.event_type, w.correlation_key || '-' || s.n,
            w.due_at + s.n * interval '1 minute', w.created_at
          from source s join waits w on w.tenant_id = s.tenant_id and w.execution_id = s.id
        ),
        timed as (
          insert into timers (tenant_id, execution_id, node_id, attempt, kind, due_at)
          select t.tenant_id, (left(s.id::text, 14) || '7' || substr(s.other::text, 16))::uuid, t.node_id, t.attempt, t.kind, t.due_at + s.n * interval '1 minute'
          from source s join timers t on t.tenant_id = s.tenant_id and t.execution_id = s.id
        )
        select count(*) from source
        """;

    private const string ParkedSql = "select count(*) from executions where workflow_id = $1 and status = 'waiting'";

    private static async Task ParkAsync(PlatformClient client)
    {
        foreach (var (name, definition) in new[] { ("sleeper", Sleeper), ("listener", Listener) })
        {
            var workflow = await client.PublishAsync(name, definition);
            await client.StartBulkAsync(workflow, Workloads.BulkBody(Genuine));
            while (await client.ScalarAsync<long>(ParkedSql, Guid.Parse(workflow)) < Genuine)
            {
                await Task.Delay(Settle / 10, CancellationToken.None);
            }

            await client.ScalarAsync<long>(CopySql, Guid.Parse(workflow), Copies);
            var parked = await client.ScalarAsync<long>(ParkedSql, Guid.Parse(workflow));
            if (parked != Genuine * (Copies + 1L))
            {
                throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{parked} executions are parked."));
            }
        }

        // What autovacuum does a minute later anyway; the rounds should not depend on when it comes.
        foreach (var table in (string[])["executions", "waits", "timers"])
        {
            await using var vacuum = client.Database.CreateCommand($"vacuum (analyze) {table}");
            vacuum.CommandTimeout = 300;
            await vacuum.ExecuteNonQueryAsync();
        }

        await Task.Delay(Settle, CancellationToken.None);
    }

    private const string MakeDueSql = """
        with chosen as (
          select t.tenant_id, t.execution_id, now() + make_interval(secs => 1 + $2 * row_number() over () / $1::float8) as due
          from timers t limit $1
        ),
        noted as (update executions e set correlation_id = 'due:' || extract(epoch from c.due) from chosen c where e.tenant_id = c.tenant_id and e.id = c.execution_id),
        moved as (
          update timers t set due_at = c.due from chosen c where t.tenant_id = c.tenant_id and t.execution_id = c.execution_id returning 1)
        select count(*) from moved
        """;

    private const string LatenessSql = """
        select percentile_cont($1) within group (order by extract(epoch from s.finished_at)::float8 - substr(e.correlation_id, 5)::float8)
        from executions e join step_executions s on s.tenant_id = e.tenant_id and s.execution_id = e.id
        where e.correlation_id like 'due:%'
        """;

    private static async Task WaitForFiredAsync(PlatformClient client, long count)
    {
        const string FiredSql = "select count(*) from executions where correlation_id like 'due:%' and status = 'completed'";
        while (await client.ScalarAsync<long>(FiredSql) < count)
        {
            await Task.Delay(Settle, CancellationToken.None);
        }
    }
}
