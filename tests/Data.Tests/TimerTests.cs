using Workflows.Data.Executions;
using Workflows.Testing;

namespace Workflows.Data.Tests;

public sealed class TimerTests(PostgresServer server) : IAsyncLifetime
{
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

    // All of them fell due during an outage, and every worker fires at once when it is over.
    [Fact]
    public async Task Overdue_timers_fire_once_with_many_firing_at_once()
    {
        const int Count = 400;
        var owned = await ParkManyAsync(Count, TimeProvider.System.GetUtcNow().AddHours(-1));

        var fired = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => FireAllAsync()));

        var woken = fired.SelectMany(keys => keys).ToList();
        Assert.Equal(Count, woken.Count);
        Assert.Equal(owned.Select(execution => execution.Key.Id).Order(), woken.Select(execution => execution.Key.Id).Order());
        Assert.Equal(Count, await _stack.ScalarAsync<long>("select count(*) from executions where status = 'queued' and wakes = 1"));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from timers"));
        Assert.Equal(Count, await _stack.ScalarAsync<long>("select count(*) from waits where status = 'resolved' and outcome = 'due'"));
    }

    [Fact]
    public async Task A_timer_that_is_not_due_stays()
    {
        await ParkManyAsync(3, TimeProvider.System.GetUtcNow().AddHours(1));

        Assert.Empty(await FireAllAsync());
        Assert.Equal(3, await _stack.ScalarAsync<long>("select count(*) from timers"));
        Assert.InRange((await _stack.Timers.UntilNextAsync(TestContext.Current.CancellationToken))!.Value.TotalMinutes, 58, 60);
    }

    [Fact]
    public async Task Without_a_timer_there_is_no_next_one() =>
        Assert.Null(await _stack.Timers.UntilNextAsync(TestContext.Current.CancellationToken));

    [Fact]
    public async Task A_timer_whose_wait_an_event_resolved_first_wakes_nobody()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.WriteAsync(_worker, checkpoint =>
        {
            checkpoint.Opened.Add(owned.EventWait("w", "paid", "k") with { DueAt = TimeProvider.System.GetUtcNow().AddHours(-1) });
            checkpoint.Timers.Add(owned.Timer("w", TimeProvider.System.GetUtcNow().AddHours(-1)));
            checkpoint.Parked.Add(owned.Parked());
        });
        await _stack.IngestAsync(_tenant, TestTenant.NewEvent("paid", "k"));

        Assert.Empty(await FireAllAsync());
        Assert.Equal(["event"], await _stack.ListAsync("select outcome from waits"));
        Assert.Equal(1, await _stack.ScalarAsync<int>("select wakes from executions"));
    }

    [Fact]
    public async Task The_time_of_an_event_wait_ends_it_as_a_timeout()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.WriteAsync(_worker, checkpoint =>
        {
            checkpoint.Opened.Add(owned.EventWait("w", "paid", "k"));
            checkpoint.Timers.Add(owned.Timer("w", TimeProvider.System.GetUtcNow().AddHours(-1)));
            checkpoint.Parked.Add(owned.Parked());
        });

        Assert.Single(await FireAllAsync());
        Assert.Equal(["timeout"], await _stack.ListAsync("select outcome from waits"));
    }

    [Fact]
    public async Task An_executions_own_time_marks_it_and_leaves_an_earlier_cancel_in_place()
    {
        var late = await _stack.ClaimNewAsync(_tenant, _worker);
        var cancelled = await _stack.ClaimNewAsync(_tenant, _worker);
        var past = TimeProvider.System.GetUtcNow().AddHours(-1);
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Timers.AddRange(
            [new TimerRow(late.Key, "", "", 0, "execution_timeout", past), new TimerRow(cancelled.Key, "", "", 0, "execution_timeout", past)]));
        await _stack.Control.CancelAsync(_tenant.Id, cancelled.Key.Id, "x", new Actor("system", null, "test"), TestContext.Current.CancellationToken);

        var woken = await FireAllAsync();

        Assert.All(woken, execution => Assert.Equal(("running", _worker), (execution.Status, execution.Owner)));
        var changes = (await _stack.Claims.LookAsync(_worker, [late.Key, cancelled.Key], TestContext.Current.CancellationToken)).ToDictionary(change => change.Key, change => change.StopRequest);
        Assert.Equal("timeout", changes[late.Key]);
        Assert.Equal("cancel", changes[cancelled.Key]);
    }

    private async Task<List<WokenExecution>> FireAllAsync()
    {
        var fired = new List<WokenExecution>();
        while (await _stack.Timers.FireDueAsync(30, TestContext.Current.CancellationToken) is { Count: > 0 } some)
        {
            fired.AddRange(some);
        }

        return fired;
    }

    private async Task<List<ClaimedExecution>> ParkManyAsync(int count, DateTimeOffset due)
    {
        var started = await _stack.Starter.StartManyAsync(
            [.. Enumerable.Range(0, count).Select(_ => _tenant.NewExecution())], TestContext.Current.CancellationToken);
        var owned = await _stack.Claims.ClaimAsync(
            _worker, [.. started.Select(outcome => new ExecutionKey(_tenant.Id, ((StartOutcome.Started)outcome).Id))], TestContext.Current.CancellationToken);
        await _stack.WriteAsync(_worker, checkpoint =>
        {
            checkpoint.Opened.AddRange(owned.Select(execution => execution.TimerWait("w", due)));
            checkpoint.Timers.AddRange(owned.Select(execution => execution.Timer("w", due)));
            checkpoint.Parked.AddRange(owned.Select(execution => execution.Parked()));
        });
        return owned;
    }
}
