using Workflows.Data.Executions;
using Workflows.Testing;

namespace Workflows.Data.Tests;

public sealed class ConcurrencyTests(PostgresServer server) : IAsyncLifetime
{
    private const string ActiveSql =
        "select count(*) from executions where concurrency_key is not null and status in ('queued', 'running', 'waiting', 'paused')";

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
    public async Task Starters_racing_for_a_key_never_admit_more_than_its_limit()
    {
        await using var other = new ExecutionStarter(_stack.Api, _stack.Dispatch, TimeProvider.System);
        await using var third = new ExecutionStarter(_stack.Api, _stack.Dispatch, TimeProvider.System);
        ExecutionStarter[] starters = [_stack.Starter, other, third];

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 300).Select(index => starters[index % 3].StartAsync(Limited($"k{index % 2}", 3), Token)));

        Assert.All(outcomes, outcome => Assert.IsType<StartOutcome.Started>(outcome));
        Assert.Equal(6, outcomes.Count(outcome => outcome is StartOutcome.Started { IsHeld: false }));
        Assert.Equal(6, await _stack.ScalarAsync<long>(ActiveSql));
        Assert.Equal(294, await _stack.ScalarAsync<long>("select count(*) from executions where status = 'held'"));
    }

    [Fact]
    public async Task Starts_and_ends_racing_keep_the_limit_and_leave_nothing_held()
    {
        const int Total = 120, Limit = 4;
        var starting = Task.Run(async () =>
        {
            foreach (var chunk in Enumerable.Range(0, Total).Chunk(10))
            {
                await Task.WhenAll(chunk.Select(_ => _stack.Starter.StartAsync(Limited("k", Limit), Token)));
            }
        }, Token);
        var workers = new[] { _worker, await _stack.AddWorkerAsync() };
        var running = workers.Select(worker => Task.Run(async () =>
        {
            while (!starting.IsCompleted || await _stack.ScalarAsync<long>("select count(*) from executions where finished_at is null") > 0)
            {
                Assert.InRange(await _stack.ScalarAsync<long>(ActiveSql), 0, Limit);
                foreach (var owned in await _stack.Sweeps.SweepAsync(worker, TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(1), 2, Token))
                {
                    await _stack.WriteAsync(worker, checkpoint => checkpoint.Finished.Add(owned.Finished()));
                }

                await _stack.Slots.SettleAsync(null, 100, Token);
            }
        }, Token)).ToList();

        await Task.WhenAll([starting, .. running]);

        Assert.Equal(Total, await _stack.ScalarAsync<long>("select count(*) from executions where status = 'completed'"));
    }

    [Fact]
    public async Task The_end_of_one_queues_the_oldest_that_is_held_in_the_same_transaction()
    {
        var first = await StartAsync(Limited("k", 1));
        var second = await StartAsync(Limited("k", 1));
        var third = await StartAsync(Limited("k", 1));
        Assert.Equal(("queued", "held", "held"), (await _stack.StatusOfAsync(first), await _stack.StatusOfAsync(second), await _stack.StatusOfAsync(third)));

        var owned = await _stack.ClaimAsync(first, _worker);
        var result = await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(owned.Finished("failed")));

        Assert.Equal([second], result.Requeued.Select(execution => execution.Key));
        Assert.Equal(("queued", "held"), (await _stack.StatusOfAsync(second), await _stack.StatusOfAsync(third)));

        // The same checkpoint again, as after a connection that broke: nobody else is let in.
        Assert.Empty((await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(owned.Finished("failed")))).Requeued);
        Assert.Equal("held", await _stack.StatusOfAsync(third));
    }

    [Fact]
    public async Task A_parked_and_a_paused_execution_keep_their_place()
    {
        var first = await _stack.ClaimAsync(await StartAsync(Limited("k", 1)), _worker);
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Parked.Add(first.Parked()));
        Assert.Equal("held", await _stack.StatusOfAsync(await StartAsync(Limited("k", 1))));

        await ControlAsync(ControlAction.Pause, first.Key);
        await _stack.Slots.SettleAsync(null, 100, Token);

        Assert.Equal("paused", await _stack.StatusOfAsync(first.Key));
        Assert.Equal(1, await _stack.ScalarAsync<long>("select count(*) from executions where status = 'held'"));
    }

    [Fact]
    public async Task With_the_policy_skip_a_start_beyond_the_limit_leaves_nothing_and_may_be_sent_again()
    {
        var first = await StartAsync(Limited("k", 1, "skip"));
        var claim = new IdempotencyClaim("scope", "key", [1]);

        Assert.IsType<StartOutcome.Skipped>(await _stack.Starter.StartAsync(Limited("k", 1, "skip"), Token));
        Assert.IsType<StartOutcome.Skipped>(await _stack.Starter.StartAsync(Limited("k", 1, "skip", claim), Token));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from idempotency_keys"));
        var owned = await _stack.ClaimAsync(first, _worker);
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(owned.Finished()));

        var again = Assert.IsType<StartOutcome.Started>(await _stack.Starter.StartAsync(Limited("k", 1, "skip", claim), Token));
        Assert.Equal(again.Id, Assert.IsType<StartOutcome.AlreadyStarted>(await _stack.Starter.StartAsync(Limited("k", 1, "skip", claim), Token)).Id);
    }

    [Fact]
    public async Task With_cancelOldest_the_youngest_takes_the_place_when_the_oldest_has_ended()
    {
        var first = await _stack.ClaimAsync(await StartAsync(Limited("k", 1, "cancelOldest")), _worker);
        var second = await StartAsync(Limited("k", 1, "cancelOldest"));
        Assert.Equal("cancel", await StopRequestAsync(first.Key));
        Assert.Equal("held", await _stack.StatusOfAsync(second));

        var third = await StartAsync(Limited("k", 1, "cancelOldest"));
        Assert.Equal(("queued", "cancel"), (await _stack.StatusOfAsync(second), await StopRequestAsync(second)));
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(first.Finished("cancelled")));
        Assert.Equal("held", await _stack.StatusOfAsync(third));
        var ended = await _stack.ClaimAsync(second, _worker);
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(ended.Finished("cancelled")));

        Assert.Equal("queued", await _stack.StatusOfAsync(third));
        Assert.Equal("", await StopRequestAsync(third));
    }

    [Fact]
    public async Task What_is_held_although_there_is_room_is_found()
    {
        await StartAsync(Limited("k", 1));
        var second = await StartAsync(Limited("k", 1));
        await StartAsync(Limited("other", 1));
        await StartAsync(Limited("other", 1));
        Assert.Empty((await _stack.Slots.SettleAsync(null, 100, Token)).Queued);

        // Ended by hand, without a word to those behind it.
        await _stack.ExecuteAsync("update executions set status = 'completed', finished_at = now() where status = 'queued' and concurrency_key = 'k'");
        var (none, next) = await _stack.Slots.SettleAsync(new HeldKey(_tenant.Id, _tenant.WorkflowId, "k"), 1, Token);
        var (queued, end) = await _stack.Slots.SettleAsync(null, 100, Token);

        Assert.Equal((0, "other"), (none.Count, next?.Key));
        Assert.Null(end);
        Assert.Equal([second], queued.Select(execution => execution.Key));
        Assert.Equal("queued", await _stack.StatusOfAsync(second));
    }

    [Fact]
    public async Task A_worker_that_dies_keeps_no_place()
    {
        var first = await _stack.ClaimAsync(await StartAsync(Limited("k", 1)), _worker);
        var second = await StartAsync(Limited("k", 1));
        await _stack.ExecuteAsync("update workers set heartbeat_at = now() - interval '1 hour'");
        var heir = await _stack.AddWorkerAsync();

        await _stack.Registry.RescueAsync(TimeSpan.FromSeconds(2), Token);
        Assert.Single(await _stack.ListAsync("select message from execution_logs where execution_id = $1 and message like 'Its worker was lost%'", first.Key.Id));
        var taken = await _stack.ClaimAsync(first.Key, heir);
        await Assert.ThrowsAsync<Npgsql.PostgresException>(() => _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(first.Finished())));
        Assert.Equal("held", await _stack.StatusOfAsync(second));
        await _stack.WriteAsync(heir, checkpoint => checkpoint.Finished.Add(taken.Finished()));

        Assert.Equal("queued", await _stack.StatusOfAsync(second));
    }

    [Fact]
    public async Task A_retried_execution_lines_up_again()
    {
        var first = await _stack.ClaimAsync(await StartAsync(Limited("k", 1)), _worker);
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(first.Finished("failed")));
        var second = await StartAsync(Limited("k", 1));

        Assert.Equal(new ControlOutcome.Accepted("held"), await ControlAsync(ControlAction.Retry, first.Key));
        var owned = await _stack.ClaimAsync(second, _worker);
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(owned.Finished("failed")));
        Assert.Equal("queued", await _stack.StatusOfAsync(first.Key));

        var alone = await _stack.ClaimAsync(first.Key, _worker);
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(alone.Finished("failed")));
        Assert.Equal(new ControlOutcome.Accepted("queued"), await ControlAsync(ControlAction.Retry, first.Key));
    }

    [Fact]
    public async Task A_held_execution_that_is_cancelled_is_ended_by_a_worker_and_takes_no_place_for_long()
    {
        var first = await StartAsync(Limited("k", 1));
        var second = await StartAsync(Limited("k", 1));
        var third = await StartAsync(Limited("k", 1));

        Assert.Equal(new ControlOutcome.Accepted("queued"), await ControlAsync(ControlAction.Cancel, second));
        var ended = await _stack.ClaimAsync(second, _worker);
        Assert.Equal("cancel", ended.StopRequest);
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(ended.Finished("cancelled")));

        Assert.Equal(("queued", "held"), (await _stack.StatusOfAsync(first), await _stack.StatusOfAsync(third)));
    }

    [Fact]
    public async Task Events_start_executions_within_the_limit_of_the_published_settings()
    {
        await _stack.AddEventTriggerAsync(_tenant, "on", "order.placed");
        await _stack.ExecuteAsync(
            """update workflows set start_settings = '{"priority": "high", "concurrency": {"limit": 1, "key": "{{ input.customer }}"}, "overlapPolicy": "skip"}'""");

        await _stack.IngestAsync(_tenant, TestTenant.NewEvent("order.placed", data: """{"customer": "a"}"""));
        await _stack.IngestAsync(_tenant, TestTenant.NewEvent("order.placed", data: """{"customer": "a"}"""));
        await _stack.IngestAsync(_tenant, TestTenant.NewEvent("order.placed", data: """{"customer": "b"}"""));
        await _stack.ExecuteAsync("""update workflows set start_settings = '{"concurrency": {"limit": 1}}'""");
        await _stack.IngestAsync(_tenant, TestTenant.NewEvent("order.placed"));
        await _stack.IngestAsync(_tenant, TestTenant.NewEvent("order.placed"));
        await _stack.ExecuteAsync("""update workflows set start_settings = '{"concurrency": {"limit": 1, "key": "$error(\"no\")"}}'""");
        await _stack.IngestAsync(_tenant, TestTenant.NewEvent("order.placed"));

        Assert.Equal(
            [" held 0", " queued 0", "a queued 1", "b queued 1"],
            await _stack.ListAsync("select concat_ws(' ', concurrency_key, status, priority) from executions order by 1"));
        Assert.Equal(2, await _stack.ScalarAsync<long>("select count(*) from event_matches where not matched and execution_id is null"));
        Assert.Equal(
            ["skipped: as many run, or have been started, as its limits allow"], await _stack.ListAsync("select reason from event_matches where reason like 'skipped%'"));
        Assert.Single(await _stack.ListAsync("select reason from event_matches where reason like 'The concurrency key failed%'"));
    }

    [Fact]
    public async Task An_execution_without_a_limit_takes_no_lock_of_any_key()
    {
        await _stack.StartAsync(_tenant);
        await using var connection = await _stack.Owner.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using var locks = new Npgsql.NpgsqlCommand("select count(pg_advisory_xact_lock(1466524786, n)) from generate_series(0, 255) n", connection);
        await locks.ExecuteScalarAsync(Token);

        // All keys are locked by another: whoever touches one would wait.
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(owned.Finished()));

        Assert.Equal("completed", await _stack.StatusOfAsync(owned.Key));
    }

    private async Task<ExecutionKey> StartAsync(NewExecution execution) =>
        new(_tenant.Id, Assert.IsType<StartOutcome.Started>(await _stack.Starter.StartAsync(execution, Token)).Id);

    private NewExecution Limited(string key, int limit, string policy = "queue", IdempotencyClaim? idempotency = null) =>
        _tenant.NewExecution(idempotency: idempotency) with { Concurrency = new ConcurrencyClaim(key, limit, policy) };

    private Task<ControlOutcome> ControlAsync(ControlAction action, ExecutionKey key) =>
        _stack.Control.ApplyAsync(action, key.TenantId, key.Id, "because", new Actor("system", null, "test"), Token);

    private Task<string> StopRequestAsync(ExecutionKey key) => _stack.ScalarAsync<string>("select coalesce(stop_request, '') from executions where id = $1", key.Id);
}
