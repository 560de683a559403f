using Npgsql;
using Workflows.Data.Executions;
using Workflows.Testing;

namespace Workflows.Data.Tests;

public sealed class CheckpointTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly DateTimeOffset Later = TimeProvider.System.GetUtcNow().AddHours(1);

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

    [Theory]
    [InlineData(true)]
    [InlineData(false)] // what the first sending wrote is noticed also by a worker that does not expect it
    public async Task A_checkpoint_sent_twice_is_recorded_once(bool again)
    {
        var going = await _stack.ClaimNewAsync(_tenant, _worker);
        var ending = await _stack.ClaimNewAsync(_tenant, _worker);
        var failing = await _stack.ClaimNewAsync(_tenant, _worker);
        var checkpoint = new Checkpoint();
        checkpoint.Steps.AddRange([going.Step("a"), ending.Step("a"), ending.Step("b", sequence: 2)]);
        checkpoint.Opened.Add(going.TimerWait("c", Later));
        checkpoint.Timers.Add(going.Timer("c", Later));
        checkpoint.Emitted.Add(Emitted(ending));
        checkpoint.Finished.Add(ending.Finished());
        checkpoint.Finished.Add(failing.Finished("failed") with { Output = null, Error = """{"code": "X"}"""u8.ToArray() });
        checkpoint.DeadLetters.Add(new DeadLetter(Guid.CreateVersion7(), failing.Key, failing.WorkflowId, null, "{}"u8.ToArray(), null));

        await _stack.Checkpoints.WriteAsync(_worker, checkpoint, TestContext.Current.CancellationToken);
        await _stack.Checkpoints.WriteAsync(_worker, checkpoint, TestContext.Current.CancellationToken, again);

        Assert.Equal(["completed", "failed", "running"], await _stack.ListAsync("select status from executions order by status"));
        foreach (var (table, rows) in new[] { ("step_executions", 3L), ("waits", 1L), ("timers", 1L), ("events", 1L), ("events_to_route", 1L), ("dead_letters", 1L) })
        {
            Assert.True(rows == await _stack.ScalarAsync<long>($"select count(*) from {table}"), table);
        }
    }

    [Fact]
    public async Task A_fenced_workers_checkpoint_changes_nothing()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.Registry.StopAsync(_worker, TestContext.Current.CancellationToken);

        var error = await Assert.ThrowsAsync<PostgresException>(() => _stack.WriteAsync(_worker, checkpoint =>
        {
            checkpoint.Steps.Add(owned.Step("a"));
            checkpoint.Opened.Add(owned.TimerWait("b", Later));
            checkpoint.Finished.Add(owned.Finished());
        }));

        Assert.True(PostgresErrors.IsWorkerFenced(error));
        Assert.Equal("queued", await _stack.StatusOfAsync(owned.Key));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select (select count(*) from step_executions) + (select count(*) from waits)"));
    }

    [Fact]
    public async Task An_older_fence_neither_ends_nor_parks_an_execution()
    {
        var first = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Parked.Add(first.Parked()));
        await _stack.ExecuteAsync("update executions set status = 'queued'");
        var second = await _stack.ClaimAsync(first.Key, _worker);
        Assert.True(second.Fence > first.Fence);

        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(first.Finished()));
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Parked.Add(first.Parked()));
        Assert.Equal("running", await _stack.StatusOfAsync(first.Key));

        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(second.Finished()));
        Assert.Equal("completed", await _stack.StatusOfAsync(first.Key));
    }

    // The first sending was committed and only its answer was lost; until the second one the execution woke up elsewhere and ended.
    [Fact]
    public async Task A_checkpoint_sent_again_after_its_execution_went_on_opens_no_wait_anew()
    {
        var parking = await _stack.ClaimNewAsync(_tenant, _worker);
        void Park(Checkpoint checkpoint)
        {
            checkpoint.Opened.Add(parking.TimerWait("delay", Later));
            checkpoint.Timers.Add(parking.Timer("delay", Later));
            checkpoint.Parked.Add(parking.Parked());
        }

        await _stack.WriteAsync(_worker, Park);
        await _stack.ExecuteAsync("update executions set status = 'queued'");
        var elsewhere = await _stack.AddWorkerAsync();
        var next = await _stack.ClaimAsync(parking.Key, elsewhere);
        await _stack.WriteAsync(elsewhere, checkpoint =>
        {
            checkpoint.Steps.Add(next.Step("delay"));
            checkpoint.Cleared.Add(next.Key);
            checkpoint.Finished.Add(next.Finished());
        });

        await _stack.WriteAsync(_worker, Park);

        Assert.Equal("completed", await _stack.StatusOfAsync(parking.Key));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from waits"));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from timers"));
    }

    // Firing locks the timer and then its wait; whoever closes the wait must come in the same order, or the two lock each other out.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Closing_a_wait_and_firing_its_timer_lock_in_the_same_order(bool endOfExecution)
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.WriteAsync(_worker, checkpoint =>
        {
            checkpoint.Opened.Add(owned.EventWait("w", "t", "k"));
            checkpoint.Timers.Add(owned.Timer("w", Later));
        });
        await using var firing = await _stack.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var transaction = await firing.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using (var lockTimer = new NpgsqlCommand("select from timers for update", firing))
        {
            await lockTimer.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        var closing = _stack.WriteAsync(_worker, checkpoint =>
        {
            if (endOfExecution)
            {
                checkpoint.Cleared.Add(owned.Key);
            }
            else
            {
                checkpoint.Closed.Add(owned.WaitKey("w"));
            }
        });
        await Eventually.TrueAsync(
            async () => await _stack.ScalarAsync<long>("select count(*) from pg_locks where not granted") > 0,
            cancellationToken: TestContext.Current.CancellationToken);
        await using (var lockWait = new NpgsqlCommand("select from waits for update nowait", firing))
        {
            await lockWait.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        await transaction.CommitAsync(TestContext.Current.CancellationToken);
        await closing;
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from waits"));
    }

    [Fact]
    public async Task A_checkpoint_that_the_database_refuses_leaves_nothing_behind()
    {
        var good = await _stack.ClaimNewAsync(_tenant, _worker);
        var bad = await _stack.ClaimNewAsync(_tenant, _worker);

        var error = await Assert.ThrowsAsync<PostgresException>(() => _stack.WriteAsync(_worker, checkpoint =>
        {
            checkpoint.Steps.Add(good.Step("a"));
            checkpoint.Steps.Add(bad.Step("a", """{"text": "\u0000"}"""));
        }));

        Assert.True(PostgresErrors.IsUnstorableText(error));
        Assert.False(PostgresErrors.IsTransient(error));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from step_executions"));
    }

    [Fact]
    public async Task A_wait_that_is_opened_and_closed_in_one_checkpoint_does_not_stay()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.WriteAsync(_worker, checkpoint =>
        {
            checkpoint.Opened.Add(owned.TimerWait("w", Later));
            checkpoint.Timers.Add(owned.Timer("w", Later));
            checkpoint.Closed.Add(owned.WaitKey("w"));
        });

        Assert.Equal(0, await _stack.ScalarAsync<long>("select (select count(*) from waits) + (select count(*) from timers)"));
    }

    [Fact]
    public async Task Text_that_is_no_unicode_is_a_refusal_and_not_an_unknown_failure()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);

        var error = await Record.ExceptionAsync(() => _stack.WriteAsync(
            _worker, checkpoint => checkpoint.Opened.Add(owned.EventWait("w", "type", "\ud800"))));

        Assert.NotNull(PostgresErrors.Rejection(error!));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from waits"));
    }

    [Fact]
    public async Task A_step_keeps_its_first_result()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Steps.Add(owned.Step("a", """{"n": 1}""")));
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Steps.Add(owned.Step("a", """{"n": 2}""")));

        Assert.Equal(["1"], await _stack.ListAsync("select output ->> 'n' from step_executions"));
    }

    [Fact]
    public async Task What_was_recorded_is_loaded_in_the_order_of_recording()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        var other = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.WriteAsync(_worker, checkpoint =>
        {
            checkpoint.Steps.AddRange([owned.Step("z", sequence: 1), owned.Step("a", sequence: 2), other.Step("x")]);
            checkpoint.Opened.Add(owned.EventWait("w", "type", "key"));
        });

        var (steps, waits) = await _stack.History.LoadAsync([owned.Key], TestContext.Current.CancellationToken);

        Assert.Equal(["z", "a"], steps[owned.Key].Select(step => step.NodeId));
        Assert.Empty(steps[other.Key]);
        var wait = Assert.Single(waits[owned.Key]);
        Assert.Equal(("w", "event", "type", "key", null), (wait.NodeId, wait.Kind, wait.EventType, wait.CorrelationKey, wait.Outcome));
    }

    private static EmittedEvent Emitted(ClaimedExecution owned) => new()
    {
        TenantId = owned.Key.TenantId,
        Id = Guid.CreateVersion7(),
        EventId = $"{owned.Key.Id:N}.emit",
        Source = "/workflows/x",
        Type = "done",
        Time = TimeProvider.System.GetUtcNow(),
        Extensions = "{}"u8.ToArray(),
    };
}
