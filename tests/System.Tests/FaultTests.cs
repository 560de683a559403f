using System.Diagnostics;
using StackExchange.Redis;
using Workflows.Testing;

namespace Workflows.System.Tests;

/// <summary>
/// Each fault again and again while the platform works (<see cref="LedgerLoad"/>). After it: nothing that was accepted is lost, no step is recorded twice, no timer is
/// lost or fires twice, and every effect reached the ledger outside under one key. How long the platform took to go on is printed.
/// </summary>
[Collection(PlatformFixture.OneAtATime)]
public sealed class FaultTests(PlatformFixture fixture)
{
    private const int Rounds = 10;
    private const int Kill = 9;
    private const int Continue = 18;
    private const int Stop = 19;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Calm = TimeSpan.FromMilliseconds(500);

    private long _fenced;

    private PlatformClient Client => fixture.Client;

    private Platform Platform => fixture.Platform;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public Task A_killed_worker_loses_nothing() => RepeatAsync("killed-worker", async round =>
    {
        var victim = Worker(round);
        Platform.Signal(victim, Kill);
        await FencedAsync();
        return () => Platform.OrderAsync($"restart worker-{victim.Replica}", Token);
    });

    [Fact]
    public Task A_frozen_worker_that_comes_back_changes_nothing() => RepeatAsync("frozen-worker", async round =>
    {
        var victim = Worker(round);
        Platform.Signal(victim, Stop);
        await FencedAsync();
        return () =>
        {
            Platform.Signal(victim, Continue);
            return Task.CompletedTask;
        };
    });

    [Fact]
    public Task A_killed_api_loses_no_accepted_execution() => RepeatAsync("killed-api", async _ =>
    {
        Platform.Signal(Platform.Processes().Single(process => process is { Resource: "api", Replica: 1 }), Kill);
        await Platform.OrderAsync("restart api-1", Token);
        return Nothing;
    });

    [Fact]
    public Task A_restart_of_postgres_is_survived() => RepeatAsync("restarted-postgres", async _ =>
    {
        await Platform.OrderAsync("restart postgres", Token);
        return Nothing;
    });

    [Fact]
    public Task Ended_sessions_of_postgres_are_survived() => RepeatAsync("ended-sessions", async _ =>
    {
        await Client.ScalarAsync<long>(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and usename like 'workflows_%'");
        return Nothing;
    });

    [Fact]
    public Task A_killed_and_emptied_redis_is_survived() => RepeatAsync("emptied-redis", async _ =>
    {
        await using (var redis = await ConnectionMultiplexer.ConnectAsync($"{Platform.Redis},allowAdmin=true"))
        {
            await redis.GetDatabase().ExecuteAsync("FLUSHALL");
        }

        Platform.Signal(Platform.Processes().Single(process => process.Resource == "redis"), Kill);
        return () => Platform.OrderAsync("restart redis", Token);
    });

    [Fact]
    public async Task A_full_outbox_holds_nothing_up()
    {
        await Platform.OrderAsync("stop aisearch", Token);
        await RepeatAsync("full-outbox", async round =>
        {
            await Client.ScalarAsync<long>(
                """
                with filled as (
                  insert into outbox (tenant_id, id, topic, subject_id, not_before)
                  select t.tenant_id, gen_random_uuid(), 'index_execution', gen_random_uuid(), now() from tenants t, generate_series(1, 20000) where t.slug = 'default' returning 1)
                select count(*) from filled
                """);
            return Nothing;
        });
        await Platform.OrderAsync("restart aisearch", Token);
        await Eventually.TrueAsync(async () => await Client.ScalarAsync<long>("select count(*) from outbox") == 0, TimeSpan.FromMinutes(3), Token);
    }

    // Every seventh call hangs for longer than the node may take: it times out, and the next attempt bears the same key.
    [Fact]
    public Task A_slow_target_is_survived() => RepeatAsync(
        "slow-target", _ => Task.FromResult(Nothing), count => count % 7 == 0 ? TimeSpan.FromSeconds(20) : TimeSpan.Zero);

    [Fact]
    public Task Poison_messages_harm_nobody_else() => RepeatAsync("poison", async round =>
    {
        await using (var redis = await ConnectionMultiplexer.ConnectAsync(Platform.Redis))
        {
            await redis.GetDatabase().ExecuteAsync("XADD", "wf:{dispatch}:normal", "*", "e", "not a key");
            await redis.GetDatabase().ExecuteAsync("XADD", "wf:{dispatch}:high", "*", "unknown", "field");
        }

        // An execution of a version that is not there, and events whose trigger's condition cannot be evaluated.
        await Client.ScalarAsync<Guid>(
            """
            insert into executions (tenant_id, id, workflow_id, version, trigger_type, input, queued_at)
            select tenant_id, $1, $1, 99, 'manual', '{}', now() from tenants where slug = 'default' returning id
            """, Guid.CreateVersion7());
        if (round == 0)
        {
            await Client.PublishAsync(
                "poisoned",
                """{"schema": 1, "triggers": [{"id": "t", "type": "event", "eventType": "poison.sent", "condition": "event.data.n + 1 > 2"}], "nodes": [{"id": "n", "type": "noop"}], "edges": []}""");
        }

        await Client.SendPatientlyAsync($$$"""{"specversion": "1.0", "id": "{{{Guid.CreateVersion7()}}}", "source": "/poison", "type": "poison.sent", "data": {"n": "text"}}""", Token);
        return Nothing;
    });

    // What a rolling release does to the workers: each in turn is asked to stop and started again. Nothing is repeated outside either.
    [Fact]
    public async Task Workers_restarted_in_turn_repeat_nothing()
    {
        await using var load = await LedgerLoad.StartAsync(Client, "rolling-workers");
        for (var round = 0; round < Rounds; round++)
        {
            await Task.Delay(Calm, Token);
            await Platform.OrderAsync($"restart worker-{1 + (round % 2)}", Token);
        }

        await load.VerifyAsync(mayRepeatCalls: false);
    }

    private static Func<Task> Nothing { get; } = () => Task.CompletedTask;

    // The transaction that fences a dead worker queues what it owned.
    private async Task FencedAsync()
    {
        var before = _fenced;
        await Eventually.TrueAsync(
            async () => (_fenced = await Client.ScalarAsync<long>("select count(*) from workers where status = 'fenced'")) > before, Patience, Token);
    }

    private PlatformProcess Worker(int round) =>
        Platform.Processes().Where(process => process.Resource == "worker").OrderBy(process => process.Replica).ElementAt(round % 2);

    /// <param name="fault">Does the harm; what it returns puts right what does not come back by itself, once the platform has recovered.</param>
    private async Task RepeatAsync(string name, Func<int, Task<Func<Task>>> fault, Func<int, TimeSpan>? answerDelay = null)
    {
        _fenced = await Client.ScalarAsync<long>("select count(*) from workers where status = 'fenced'");
        await using var load = await LedgerLoad.StartAsync(Client, name, answerDelay);
        var recoveries = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            await Task.Delay(Calm, Token);
            var began = Stopwatch.GetTimestamp();
            var repair = await fault(round);
            await load.RecoverAsync();
            recoveries.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
            await repair();
        }

        LedgerLoad.Report($"{name}: went on after {string.Join(", ", recoveries.Select(seconds => $"{seconds:0.0}"))} s");
        await load.VerifyAsync();
    }
}
