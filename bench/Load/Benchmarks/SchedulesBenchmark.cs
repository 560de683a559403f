using System.Diagnostics;
using Workflows.Testing;

namespace Workflows.Load.Benchmarks;

/// <summary>Many schedules that are due at the same time.</summary>
internal sealed class SchedulesBenchmark : IBenchmark
{
    private const int Schedules = 10_000;
    private const int WarmUp = 1_000;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    // Copies of what the API wrote, under ids of their own.
    private const string CopySql = """
        with copied as (
          insert into schedules (tenant_id, id, name, workflow_id, at, anchor_at, next_tick, next_fire_at, input,
            created_at, updated_at)
          select tenant_id, gen_random_uuid(), name || ' ' || $2 || '/' || n, workflow_id, at, anchor_at, next_tick,
            next_fire_at, input, created_at, updated_at
          from schedules, generate_series(1, $1) as c (n) where name = 'due' returning 1)
        select count(*) from copied
        """;

    private const string MakeDueSql = """
        with due as (
          update schedules set at = now(), next_tick = now(), next_fire_at = now() where name like 'due ' || $1 || '/%'
          returning 1)
        select count(*) from due
        """;

    private const string StartedSql = """
        select count(*) from executions where trigger_type = 'schedule' and status = 'completed'
        """;

    private const string TwiceSql = """
        select count(*) from (
          select from executions where trigger_type = 'schedule' group by trigger ->> 'id' having count(*) > 1) twice
        """;

    public string Name => "schedules";

    public string Description =>
        "10,000 one-shot schedules (one made by the API, the others copies of its row) fall due at the same instant, "
        + "each starts an execution of one node; until all have completed. Each fired once, which is verified. "
        + CpuShares.Meaning;

    public async Task RunAsync(Platform platform, PlatformClient client, Action<string, double, string> report)
    {
        var workflow = await client.PublishAsync("schedules", Workloads.OneNode);
        using var tenant = new Tenant(platform.Api, platform.ApiKey);
        await tenant.PostAsync(
            "/api/v1/schedules",
            $$$"""{"name": "due", "workflowId": "{{{workflow}}}", "timing": {"at": "2199-01-01T00:00:00Z"}}""");
        await FireAsync(client, "warm", WarmUp, 0);

        var cpu = new CpuMeter(platform);
        var seconds = await FireAsync(client, "run", Schedules, WarmUp);
        var shares = cpu.ReadShares(seconds);
        if (await client.ScalarAsync<long>(TwiceSql) is > 0 and var twice)
        {
            throw new InvalidOperationException($"{twice} schedules fired more than once.");
        }

        report("throughput", Schedules / seconds, "schedules/s");
        shares.Report(Schedules, "schedules/s", report);
    }

    private static async Task<double> FireAsync(PlatformClient client, string round, int count, long before)
    {
        await client.ScalarAsync<long>(CopySql, count, round);
        var began = Stopwatch.GetTimestamp();
        await client.ScalarAsync<long>(MakeDueSql, round);
        while (await client.ScalarAsync<long>(StartedSql) < before + count)
        {
            if (Stopwatch.GetElapsedTime(began) > Patience)
            {
                throw new InvalidOperationException($"Not all of {count} schedules had fired after {Patience}.");
            }

            await Task.Delay(Poll, CancellationToken.None);
        }

        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }
}
