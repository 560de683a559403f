using Workflows.Testing;

namespace Workflows.Worker.Tests.Faults;

/// <summary>What an operator or a managed server does to statements costs time, and no execution.</summary>
public sealed class DatabaseTroubleTests(PostgresServer postgres, RedisServer redis) : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(120);

    private WorkerBed _bed = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _bed = await WorkerBed.CreateAsync(postgres, redis);

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Fact]
    public async Task Statements_that_are_cancelled_are_sent_again()
    {
        await _bed.StartWorkerAsync();
        var started = await StartAsync();

        for (var round = 0; round < 60; round++)
        {
            await _bed.ExecuteAsync(
                "select pg_cancel_backend(pid) from pg_stat_activity where usename = 'workflows_worker' and state = "
                + "'active' and datname = current_database()");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Token);
        }

        await CompletedAsync(started);
    }

    [Fact]
    public async Task Statements_that_take_longer_than_the_server_allows_are_sent_again()
    {
        // Of this database alone: others use the server, too.
        const string Timeout =
            "do $$begin execute format('alter role workflows_worker in database %I {0}', current_database()); end$$";
        const string Reconnect =
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'workflows_worker' and datname = "
            + "current_database()";
        await _bed.StartWorkerAsync();
        await _bed.ExecuteAsync(Timeout.Replace("{0}", "set statement_timeout = ''2ms''", StringComparison.Ordinal));
        await _bed.ExecuteAsync(Reconnect);
        var started = await StartAsync();
        await Task.Delay(TimeSpan.FromSeconds(4), TimeProvider.System, Token);
        await _bed.ExecuteAsync(Timeout.Replace("{0}", "reset statement_timeout", StringComparison.Ordinal));
        await _bed.ExecuteAsync(Reconnect);
        await CompletedAsync(started);
    }

    // Nothing is claimed under an id that the database does not know yet: the claim would be that of a fenced worker.
    [Fact]
    public async Task A_fenced_worker_takes_one_new_id_however_long_it_takes_to_register()
    {
        await _bed.StartWorkerAsync();
        await Eventually.TrueAsync(
            () => _bed.ScalarAsync<bool>("select exists (select from workers where status = 'active')"), Soon, Token);
        await _bed.ExecuteAsync(
            "create function slowly() returns trigger language plpgsql as "
            + "$$begin perform pg_sleep(1); return new; end$$");
        await _bed.ExecuteAsync(
            "create trigger workers_slowly before insert on workers for each row execute function slowly()");
        await _bed.ExecuteAsync("update workers set status = 'fenced'");
        var started = await StartAsync();

        await CompletedAsync(started);
        Assert.Equal(["active", "fenced"], await _bed.ListAsync("select status from workers order by 1"));
    }

    private async Task<List<Guid>> StartAsync() => await _bed.StartManyAsync(
        await _bed.PublishAsync(
            """
            {"id": "a", "type": "set", "parameters": {"value": 1}},
            {"id": "d", "type": "delay", "parameters": {"seconds": 1}},
            {"id": "b", "type": "set", "parameters": {"value": 2}}
            """,
            "a>d, d>b"),
        300);

    private async Task CompletedAsync(List<Guid> started)
    {
        await Eventually.TrueAsync(
            () => _bed.ScalarAsync<bool>(
            "select count(*) = $1 from executions where finished_at is not null", (long)started.Count), Soon, Token);
        Assert.Equal(
            ["completed"],
            await _bed.ListAsync(
            "select distinct concat_ws(' ', status, error ->> 'code', error ->> 'message') from executions"));
    }
}
