using Workflows.Data.Executions;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>What people do to executions, and the figures that ends leave.</summary>
public sealed class ControlTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly Actor Somebody = new("system", null, "test");

    private DataStack _stack = null!;
    private TestTenant _tenant = null!;
    private Guid _worker;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        _tenant = await _stack.AddTenantAsync();
        _worker = await _stack.AddWorkerAsync();
    }

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task A_paused_execution_is_claimed_by_nobody_and_keeps_what_resolves_meanwhile()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.WriteAsync(_worker, checkpoint =>
        {
            checkpoint.Opened.Add(owned.TimerWait("w", TimeProvider.System.GetUtcNow()));
            checkpoint.Timers.Add(owned.Timer("w", TimeProvider.System.GetUtcNow()));
            checkpoint.Parked.Add(owned.Parked());
        });
        Assert.Equal(new ControlOutcome.Accepted("paused"), await ApplyAsync(ControlAction.Pause, owned.Key));

        await Eventually.TrueAsync(async () => (await _stack.Timers.FireDueAsync(10, Token)).Count == 1, cancellationToken: Token);
        Assert.Empty(await _stack.Sweeps.SweepAsync(_worker, TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(1), 10, Token));
        Assert.Empty(await _stack.Claims.ClaimAsync(_worker, [owned.Key], Token));
        Assert.Equal("paused", await _stack.StatusOfAsync(owned.Key));

        await ApplyAsync(ControlAction.Resume, owned.Key);
        await _stack.ClaimAsync(owned.Key, _worker);
        Assert.Equal("due", Assert.Single((await _stack.History.LoadAsync([owned.Key], Token)).Waits[owned.Key]).Outcome);
    }

    [Fact]
    public async Task A_paused_execution_whose_time_is_over_is_ended_all_the_same()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.WriteAsync(_worker, checkpoint =>
        {
            checkpoint.Timers.Add(new TimerRow(owned.Key, "", "", 0, "execution_timeout", TimeProvider.System.GetUtcNow()));
            checkpoint.Parked.Add(owned.Parked());
        });
        await ApplyAsync(ControlAction.Pause, owned.Key);

        await Eventually.TrueAsync(async () => (await _stack.Timers.FireDueAsync(10, Token)).Count == 1, cancellationToken: Token);

        Assert.Equal("timeout", (await _stack.ClaimAsync(owned.Key, _worker)).StopRequest);
    }

    [Fact]
    public async Task People_and_a_worker_racing_for_an_execution_leave_it_in_one_state()
    {
        for (var round = 0; round < 20; round++)
        {
            var owned = await _stack.ClaimNewAsync(_tenant, _worker);
            var ending = _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(owned.Finished()));
            var asked = await Task.WhenAll(ApplyAsync(ControlAction.Pause, owned.Key), ApplyAsync(ControlAction.Cancel, owned.Key), ApplyAsync(ControlAction.Retry, owned.Key));
            await ending;

            Assert.Equal("completed", await _stack.StatusOfAsync(owned.Key));
            Assert.Equal(new ControlOutcome.NotAllowed("completed"), await ApplyAsync(ControlAction.Cancel, owned.Key));
            Assert.Equal(
                asked.Count(outcome => outcome is ControlOutcome.Accepted),
                await _stack.ScalarAsync<long>("select count(*) from user_activity where object_id = $1", owned.Key.Id));
        }
    }

    [Fact]
    public async Task Many_are_changed_in_one_call_and_those_that_cannot_be_are_told()
    {
        var queued = new List<Guid>();
        for (var count = 0; count < 5; count++)
        {
            queued.Add((await _stack.StartAsync(_tenant)).Id);
        }

        var done = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(done.Finished()));
        var foreign = await _stack.StartAsync(await _stack.AddTenantAsync());

        var result = await _stack.Control.ApplyAsync(
            ControlAction.Pause, _tenant.Id, [.. queued, done.Key.Id, foreign.Id, queued[0]], "why", Somebody, Token);

        Assert.Equal(queued.ToHashSet(), result.Changed.ToHashSet());
        Assert.Equal(6, result.States.Count);
        Assert.Equal("completed", result.States[done.Key.Id]);
        Assert.Equal("queued", await _stack.StatusOfAsync(foreign));
        await Assert.ThrowsAsync<ArgumentException>(() => _stack.Control.ApplyAsync(
            ControlAction.Pause, _tenant.Id, [.. Enumerable.Range(0, Limits.BulkControl + 1).Select(_ => Guid.CreateVersion7())], "", Somebody, Token));
    }

    [Fact]
    public async Task An_end_counts_once_however_often_its_checkpoint_is_sent_and_whoever_adds_up()
    {
        var hour = TimeSpan.FromMinutes(90);
        for (var count = 0; count < 40; count++)
        {
            var owned = await _stack.ClaimNewAsync(_tenant, _worker);
            var finished = owned.Finished(count % 4 == 0 ? "failed" : "completed") with { FinishedAt = owned.StartedAt + (count < 20 ? TimeSpan.FromSeconds(1) : hour) };
            await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(finished));
            await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(finished));
        }

        var folded = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _stack.Performance.FoldAsync(7, Token)));
        while (await _stack.Performance.FoldAsync(7, Token) > 0)
        {
        }

        Assert.All(folded, rows => Assert.InRange(rows, 0, 7));
        Assert.Equal(
            ["completed 30", "failed 10"],
            await _stack.ListAsync("select status || ' ' || sum(executions) from workflow_performance group by status order by 1"));
        Assert.Equal((20 * 1_000) + (20 * 5_400_000), await _stack.ScalarAsync<long>("select sum(total_ms)::bigint from workflow_performance"));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from performance_deltas"));
        Assert.True(await _stack.ScalarAsync<bool>("select bool_and(abs(power(2, (bucket + 0.5) / 4) / (total_ms / executions) - 1) < 0.1) from workflow_performance"));
        await _stack.ExecuteAsync("update workflow_performance set hour = hour - interval '2 years' where status = 'failed'");
        Assert.True(await _stack.Performance.ExpireAsync(TimeSpan.FromDays(365), 100, Token) > 0);
        Assert.Equal(["completed"], await _stack.ListAsync("select distinct status from workflow_performance"));
    }

    [Fact]
    public async Task The_sweep_weighs_priorities_and_starves_none()
    {
        for (var count = 0; count < 40; count++)
        {
            foreach (var priority in new[] { ExecutionPriority.Low, ExecutionPriority.Normal, ExecutionPriority.High })
            {
                await _stack.Starter.StartAsync(_tenant.NewExecution() with { Priority = priority }, Token);
            }
        }

        await _stack.ExecuteAsync("update executions set queued_at = now() - interval '1 hour' where priority = -1");
        var (depth, oldest) = await _stack.Performance.MeasureQueueAsync(Limits.CountedQueue, Token);
        var claimed = await _stack.Sweeps.SweepAsync(_worker, TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(1), 42, Token);

        Assert.Equal(120, depth);
        Assert.InRange(oldest, TimeSpan.FromMinutes(59), TimeSpan.FromMinutes(61));

        Assert.Equal(42, claimed.Count);
        Assert.Equal((32, 8, 2), (Of(ExecutionPriority.High), Of(ExecutionPriority.Normal), Of(ExecutionPriority.Low)));

        int Of(ExecutionPriority priority) => claimed.Count(execution => execution.Priority == priority);
    }

    [Fact]
    public async Task Workers_claiming_at_once_for_a_limited_tenant_never_exceed_its_limit()
    {
        await _stack.ExecuteAsync("""update tenants set settings = '{"limits": {"maxRunning": 7}}' where tenant_id = $1""", _tenant.Id);
        var limits = await new Workflows.Data.Identity.TenantSettingsStore(_stack.Worker).RunningLimitsAsync(Token);
        for (var count = 0; count < 30; count++)
        {
            await _stack.StartAsync(_tenant);
        }

        var workers = new List<Guid>();
        for (var count = 0; count < 6; count++)
        {
            workers.Add(await _stack.AddWorkerAsync());
        }

        var claimed = await Task.WhenAll(workers.Select(worker => _stack.Sweeps.SweepLimitedAsync(worker, [.. limits], 5, Token)));

        Assert.Equal(7, Assert.Single(limits).Value);
        Assert.Equal(7, claimed.Sum(rows => rows.Count));
        Assert.Empty(await _stack.Sweeps.SweepAsync(_worker, TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(1), 10, Token, [.. limits.Keys]));
        var owner = workers[Array.FindIndex(claimed, rows => rows.Count > 0)];
        var ended = claimed.First(rows => rows.Count > 0)[0];
        await _stack.WriteAsync(owner, checkpoint => checkpoint.Finished.Add(ended.Finished()));
        Assert.Single(await _stack.Sweeps.SweepLimitedAsync(_worker, [.. limits], 5, Token));
    }

    private Task<ControlOutcome> ApplyAsync(ControlAction action, ExecutionKey key) =>
        _stack.Control.ApplyAsync(action, key.TenantId, key.Id, "because", Somebody, Token);
}
