using System.Globalization;
using Workflows.Testing;

namespace Workflows.Load.Soak;

/// <summary>One kind of harm.</summary>
/// <param name="Name">As it is printed.</param>
/// <param name="What">For the page of figures.</param>
/// <param name="HarmAsync">Does it, and returns once it is over: what lasts has been lifted then.</param>
internal sealed record Fault(string Name, string What, Func<SoakStage, Task> HarmAsync)
{
    /// <summary>Puts right what does not come back by itself, beside the load, after some seconds.</summary>
    public Func<SoakStage, Task>? RepairAsync { get; init; }
}

/// <summary>Every kind of fault that is known.</summary>
internal static class Faults
{
    private const string EndSessionsSql = """
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and usename like 'workflows_%'
        """;

    private const string CancelSql = """
        select pg_cancel_backend(pid) from pg_stat_activity
        where datname = current_database() and usename like 'workflows_%' and state = 'active'
        """;

    private const int Cancellations = 100;
    private const int HeavyExecutions = 4;

    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Cut = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(50);

    /// <summary>In the order in which they come.</summary>
    public static IReadOnlyList<Fault> All { get; } =
    [
        new("worker-killed", "SIGKILL; started again 5 s later",
            stage => Signal(stage.Process("worker", 2), SoakStage.Kill))
        {
            RepairAsync = stage => stage.RestartAsync("worker-2"),
        },
        new("postgres-restarted", "an immediate shutdown, as a crash, and a start", async stage =>
        {
            var postmaster = ProcessSamples.ChildrenOf(stage.Process("postgres").Id)[0];
            await Signal(new PlatformProcess("postmaster", 1, postmaster), SoakStage.Quit);
            await stage.RestartAsync("postgres");
        }),
        new("redis-flushed", "FLUSHALL", stage => stage.RedisAsync("FLUSHALL")),
        new("poison", "an execution whose script kills each worker that runs it; they are started again",
            Poison.HarmAsync),
        new("worker-frozen", "SIGSTOP, SIGCONT 10 s later", stage => FreezeAsync(stage.Process("worker"))),
        new("network-slow", "40 ms for each piece sent to and from PostgreSQL and Redis, for 10 s", SlowAsync),
        new("api-killed", "SIGKILL and a start", async stage =>
        {
            await Signal(stage.Process("api"), SoakStage.Kill);
            await stage.RestartAsync("api");
        }),
        new("disk-full", "no further page fits on the volume of the steps for 10 s", DiskFullAsync),
        new("sessions-ended", "pg_terminate_backend of all sessions", stage => stage.ExecuteAsync(EndSessionsSql)),
        new("redis-full", "maxmemory 1mb and noeviction for 10 s", RedisFullAsync),
        new("statements-cancelled", "pg_cancel_backend of all that runs, 100 times in 5 s", CancelAsync),
        new("heavy-nodes", "four executions of 100 costly nodes of one tenant, cancelled after 10 s", HeavyAsync),
        new("read-only", "default_transaction_read_only for 10 s", ReadOnlyAsync),
        new("redis-frozen", "SIGSTOP, SIGCONT 10 s later", stage => FreezeAsync(stage.Process("redis"))),
        new("network-cut", "all connections to PostgreSQL and Redis broken, and none possible, for 5 s", CutAsync),
        new("redis-killed", "SIGKILL and a start", async stage =>
        {
            await Signal(stage.Process("redis"), SoakStage.Kill);
            await stage.RestartAsync("redis");
        }),
        new("bad-hints", "entries in the streams that are none", async stage =>
        {
            await stage.RedisAsync("XADD", "wf:{dispatch}:normal", "*", "e", "not a key");
            await stage.RedisAsync("XADD", "wf:{dispatch}:high", "*", "unknown", "field");
        }),
        new("search-killed", "SIGKILL of AiSearch and a start", async stage =>
        {
            await Signal(stage.Process("aisearch"), SoakStage.Kill);
            await stage.RestartAsync("aisearch");
        }),
    ];

    private static Task Signal(PlatformProcess process, int signal)
    {
        Platform.Signal(process, signal);
        return Task.CompletedTask;
    }

    private static async Task FreezeAsync(PlatformProcess process)
    {
        Platform.Signal(process, SoakStage.Stop);
        await Task.Delay(Long, CancellationToken.None);
        Platform.Signal(process, SoakStage.Continue);
    }

    private static async Task SlowAsync(SoakStage stage)
    {
        foreach (var proxy in stage.Proxies)
        {
            proxy.Delay = Slow;
        }

        await Task.Delay(Long, CancellationToken.None);
        foreach (var proxy in stage.Proxies)
        {
            proxy.Delay = TimeSpan.Zero;
        }
    }

    private static async Task CutAsync(SoakStage stage)
    {
        foreach (var proxy in stage.Proxies)
        {
            proxy.Cut();
        }

        await Task.Delay(Cut, CancellationToken.None);
        foreach (var proxy in stage.Proxies)
        {
            proxy.Mend();
        }
    }

    private static async Task DiskFullAsync(SoakStage stage)
    {
        await stage.Volume!.FillAsync();
        await Task.Delay(Long, CancellationToken.None);
        await stage.Volume.EmptyAsync();
    }

    private static async Task RedisFullAsync(SoakStage stage)
    {
        await stage.RedisAsync("CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "1mb");
        await Task.Delay(Long, CancellationToken.None);
        await stage.RedisAsync("CONFIG", "SET", "maxmemory", "0");
    }

    private static async Task CancelAsync(SoakStage stage)
    {
        for (var round = 0; round < Cancellations; round++)
        {
            await stage.ExecuteAsync(CancelSql);
            await Task.Delay(Beat, CancellationToken.None);
        }
    }

    private static async Task ReadOnlyAsync(SoakStage stage)
    {
        await stage.ExecuteAsync("alter system set default_transaction_read_only = on");
        await stage.ExecuteAsync("select pg_reload_conf()");
        await Task.Delay(Long, CancellationToken.None);
        await stage.ExecuteAsync("alter system reset default_transaction_read_only");
        await stage.ExecuteAsync("select pg_reload_conf()");
    }

    private static async Task HeavyAsync(SoakStage stage)
    {
        const string Costly = "{{ $count([1..190000].{\\\"a\\\":$,\\\"b\\\":[$,$]}) + input.z }}";
        var nodes = string.Join(", ", Enumerable.Range(0, 100).Select(number =>
            $$"""{"id": "n{{number}}", "type": "set", "parameters": {"value": "{{Costly}}"} }"""));
        var edges = string.Join(", ", Enumerable.Range(0, 99).Select(number =>
            $$"""{"from": "n{{number}}", "to": "n{{number + 1}}"}"""));
        var tenant = stage.Heavy.Tenant;
        var workflow = await tenant.PublishAsync(
            $"heavy {Guid.CreateVersion7()}", $$"""{"schema": 1, "nodes": [{{nodes}}], "edges": [{{edges}}]}""");
        var started = new List<Guid>();
        for (var number = 0; number < HeavyExecutions; number++)
        {
            var execution = await tenant.PostAsync(
                $"/api/v1/workflows/{workflow}/execute",
                string.Create(CultureInfo.InvariantCulture, $$$"""{"input": {"z": {{{number}}}}}"""));
            started.Add(execution.GetProperty("id").GetGuid());
        }

        await Task.Delay(Long, CancellationToken.None);
        foreach (var execution in started)
        {
            try
            {
                await tenant.PostAsync($"/api/v1/executions/{execution}/cancel", "{}");
            }
            catch (InvalidOperationException)
            {
                // It has ended already.
            }
        }
    }
}
