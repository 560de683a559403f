using System.Diagnostics;
using Npgsql;
using Workflows.Testing;

namespace Workflows.Data.Tests;

public sealed class RescueTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(2);

    private DataStack _stack = null!;
    private TestTenant _tenant = null!;
    private Guid _worker;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        _tenant = await _stack.AddTenantAsync();
        _worker = await _stack.AddWorkerAsync();
    }

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task A_live_worker_keeps_its_executions()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);

        Assert.Empty(await RescueAsync());
        Assert.Equal("running", await _stack.StatusOfAsync(owned.Key));
        Assert.True(await _stack.Registry.HeartbeatAsync(_worker, 1, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_stale_workers_executions_are_queued_with_a_higher_fence_and_it_is_told()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        var ended = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(ended.Finished()));
        await GoStaleAsync(_worker);

        var rescued = Assert.Single(await RescueAsync());

        Assert.Equal((owned.Key, "queued", null), (rescued.Key, rescued.Status, rescued.Owner));
        Assert.False(await _stack.Registry.HeartbeatAsync(_worker, 1, TestContext.Current.CancellationToken));
        var late = await Assert.ThrowsAsync<PostgresException>(() => _stack.WriteAsync(_worker, checkpoint => checkpoint.Steps.Add(owned.Step("late"))));
        Assert.True(PostgresErrors.IsWorkerFenced(late));
        Assert.True((await _stack.ClaimAsync(owned.Key, await _stack.AddWorkerAsync())).Fence > owned.Fence + 1);
        Assert.Empty(await RescueAsync());
    }

    [Fact]
    public async Task Lost_workers_are_counted_until_a_step_is_recorded()
    {
        var key = (await _stack.ClaimNewAsync(_tenant, _worker)).Key;
        var worker = _worker;
        for (var lost = 1; lost <= 2; lost++)
        {
            await GoStaleAsync(worker);
            await RescueAsync();
            worker = await _stack.AddWorkerAsync();
            Assert.Equal(lost, (await _stack.ClaimAsync(key, worker)).Rescues);
        }

        await _stack.ExecuteAsync(
            """
            insert into step_executions
              (tenant_id, execution_id, node_id, iteration, attempt, run, sequence, node_type, status, started_at,
               finished_at)
            values ($1, $2, 'n', '', 1, 1, 1, 'noop', 'completed', now(), now() + interval '1 millisecond')
            """, key.TenantId, key.Id);
        await GoStaleAsync(worker);
        await RescueAsync();

        Assert.Equal(1, (await _stack.ClaimAsync(key, await _stack.AddWorkerAsync())).Rescues);
    }

    [Fact]
    public async Task A_worker_that_stops_in_order_counts_against_nothing()
    {
        var key = (await _stack.ClaimNewAsync(_tenant, _worker)).Key;

        await _stack.Registry.StopAsync(_worker, TestContext.Current.CancellationToken);

        Assert.Equal(0, (await _stack.ClaimAsync(key, await _stack.AddWorkerAsync())).Rescues);
    }

    [Fact]
    public async Task A_worker_that_beats_while_its_rescuer_waits_is_spared()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        await GoStaleAsync(_worker);
        await using var rescuer = await HoldLeaseAsync(_stack.Worker.HotPath, "pg_advisory_xact_lock");

        var rescue = RescueAsync();
        await SomebodyWaitsAsync();
        Assert.True(await _stack.Registry.HeartbeatAsync(_worker, 1, TestContext.Current.CancellationToken));
        await rescuer.Transaction.CommitAsync(TestContext.Current.CancellationToken);

        Assert.Empty(await rescue);
        Assert.Equal("running", await _stack.StatusOfAsync(owned.Key));
    }

    // A worker froze while it was sending a checkpoint: its session sits in an open transaction and holds the lease.
    [Fact]
    public async Task A_frozen_checkpoint_does_not_hold_up_the_rescue()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        await GoStaleAsync(_worker);
        await using var frozen = await HoldLeaseAsync(_stack.Worker.HotPath, "pg_advisory_xact_lock_shared");
        await using (var step = new NpgsqlCommand("update executions set output = '{}'", frozen.Connection))
        {
            await step.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        var watch = Stopwatch.StartNew();
        Assert.Equal(owned.Key, Assert.Single(await RescueAsync()).Key);

        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 1);
        Assert.True(await _stack.ScalarAsync<bool>("select output is null from executions"));
    }

    // Every worker rescues. The one that has begun must not be ended by the next, or a large rescue would never get through.
    [Fact]
    public async Task A_rescuer_waits_for_another_one_instead_of_ending_it()
    {
        await _stack.ClaimNewAsync(_tenant, _worker);
        await GoStaleAsync(_worker);
        await using var other = await HoldLeaseAsync(_stack.Worker.HotPath, "pg_advisory_xact_lock");

        var rescue = RescueAsync();
        await SomebodyWaitsAsync();

        await using (var alive = new NpgsqlCommand("select 1", other.Connection))
        {
            Assert.Equal(1, await alive.ExecuteScalarAsync(TestContext.Current.CancellationToken));
        }

        await other.Transaction.CommitAsync(TestContext.Current.CancellationToken);
        Assert.Single(await rescue);
    }

    [Fact]
    public async Task Many_rescuers_at_once_rescue_each_execution_once()
    {
        for (var count = 0; count < 20; count++)
        {
            await _stack.ClaimNewAsync(_tenant, _worker);
        }

        await GoStaleAsync(_worker);
        var rescued = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => RescueAsync()));

        Assert.Equal(20, rescued.Sum(some => some.Count));
        Assert.Equal(20, await _stack.ScalarAsync<long>("select count(*) from executions where status = 'queued' and fence = 2"));
    }

    [Fact]
    public async Task What_a_stopped_worker_still_owned_is_found()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.ExecuteAsync("update workers set status = 'stopped'"); // its hand-over was cut off

        Assert.Equal(owned.Key, Assert.Single(await RescueAsync()).Key);
    }

    [Fact]
    public async Task A_stopping_worker_hands_back_what_it_owns_and_nothing_else()
    {
        var other = await _stack.AddWorkerAsync();
        var mine = await _stack.ClaimNewAsync(_tenant, _worker);
        var others = await _stack.ClaimNewAsync(_tenant, other);

        Assert.Equal(mine.Key, Assert.Single(await _stack.Registry.StopAsync(_worker, TestContext.Current.CancellationToken)).Key);
        Assert.Equal("running", await _stack.StatusOfAsync(others.Key));
    }

    [Fact]
    public async Task Workers_that_ended_long_ago_are_forgotten_unless_something_is_left_of_them()
    {
        var owner = await _stack.AddWorkerAsync();
        await _stack.ClaimNewAsync(_tenant, owner);
        await _stack.ExecuteAsync("update workers set status = 'stopped', heartbeat_at = now() - interval '2 days'");
        await _stack.AddWorkerAsync();

        Assert.Equal(1, await _stack.Registry.ForgetEndedAsync(TestContext.Current.CancellationToken));
        Assert.Equal(2, await _stack.ScalarAsync<long>("select count(*) from workers"));
    }

    private Task<IReadOnlyList<Executions.WokenExecution>> RescueAsync() => _stack.Registry.RescueAsync(Lease, TestContext.Current.CancellationToken);

    private Task<int> GoStaleAsync(Guid worker) =>
        _stack.ExecuteAsync("update workers set heartbeat_at = now() - interval '10 seconds' where id = $1", worker);

    private Task SomebodyWaitsAsync() =>
        Eventually.TrueAsync(
            async () => await _stack.ScalarAsync<long>("select count(*) from pg_locks where locktype = 'advisory' and not granted") > 0,
            cancellationToken: TestContext.Current.CancellationToken);

    private async Task<HeldLease> HoldLeaseAsync(NpgsqlDataSource source, string function)
    {
        var connection = await source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand($"select {function}(hashtextextended($1::text, 0))", connection);
        command.Parameters.Add(new() { Value = _worker.ToString() });
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        return new HeldLease(connection, transaction);
    }

    private sealed record HeldLease(NpgsqlConnection Connection, NpgsqlTransaction Transaction) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Transaction.DisposeAsync();
            await Connection.DisposeAsync();
        }
    }
}
