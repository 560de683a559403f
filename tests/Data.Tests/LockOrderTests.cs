using System.Text;
using Npgsql;
using Workflows.Data.Executions;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>
/// The order of locks: concurrency keys first, then timers, waits and executions. Each test brings two sessions to the
/// lock of one key and lets the first of them have it: if the second holds rows by then that the first wants, they
/// lock each other out.
/// </summary>
public sealed class LockOrderTests(PostgresServer server) : IAsyncLifetime
{
    private DataStack _stack = null!;
    private TestTenant _tenant = null!;
    private Guid _first;
    private Guid _second;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        _tenant = await _stack.AddTenantAsync();
        (_first, _second) = (await _stack.AddWorkerAsync(), await _stack.AddWorkerAsync());
        await _stack.ExecuteAsync("""update workflows set start_settings = '{"concurrency": {"limit": 9}}'""");
    }

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task The_end_of_a_parent_and_that_of_its_child_do_not_lock_each_other_out()
    {
        var parent = await ClaimLimitedAsync(_first);
        var child = await StartChildAsync(parent, _first, _second);

        await RaceForTheKeyAsync(
            () => _stack.WriteAsync(_first, checkpoint => checkpoint.Finished.Add(parent.Finished())),
            () => _stack.WriteAsync(
                _second, checkpoint => checkpoint.Finished.Add(child.Finished() with { IsChild = true })));

        Assert.Equal(2, await _stack.ScalarAsync<long>("select count(*) from executions where status = 'completed'"));
    }

    // The request ends at once, since nobody can decide it: the checkpoint that opens it changes its execution's row.
    [Fact]
    public async Task A_wait_that_resolves_at_once_and_the_end_of_a_child_do_not_lock_each_other_out()
    {
        var parent = await ClaimLimitedAsync(_first);
        var child = await StartChildAsync(parent, _first, _second);
        var (ending, starting) = (await ClaimLimitedAsync(_first), await ClaimLimitedAsync(_second));

        await RaceForTheKeyAsync(
            () => _stack.WriteAsync(_second, checkpoint =>
            {
                AddChild(checkpoint, starting);
                checkpoint.Finished.Add(child.Finished() with { IsChild = true });
            }),
            () => _stack.WriteAsync(_first, checkpoint =>
            {
                ApprovalBed.Fill(checkpoint, parent, ApprovalBed.Request());
                checkpoint.Finished.Add(ending.Finished());
            }));

        Assert.Equal(2, await _stack.ScalarAsync<int>("select wakes from executions where id = $1", parent.Key.Id));
    }

    [Fact]
    public async Task A_start_by_an_event_and_a_wait_that_is_closed_do_not_lock_each_other_out()
    {
        await _stack.AddEventTriggerAsync(_tenant, "on", "paid");
        var owned = await ClaimLimitedAsync(_first);
        await _stack.WriteAsync(_first, checkpoint => checkpoint.Opened.Add(owned.EventWait("w", "paid", "k")));

        await RaceForTheKeyAsync(
            () => _stack.WriteAsync(_first, checkpoint =>
            {
                AddChild(checkpoint, owned);
                checkpoint.Closed.Add(owned.WaitKey("w"));
            }),
            () => _stack.IngestAsync(_tenant, TestTenant.NewEvent("paid", "k")));

        Assert.Equal(1, await _stack.ScalarAsync<long>("select count(*) from executions where trigger_type = 'event'"));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from waits where node_id = 'w'"));
    }

    // The lanes of a starter commit starts of several tenants together, and there are 256 locks for all keys.
    [Fact]
    public async Task Starts_of_several_tenants_under_limits_do_not_lock_each_other_out()
    {
        var tenants = new[] { _tenant, await _stack.AddTenantAsync(), await _stack.AddTenantAsync() };

        await using var other = new ExecutionStarter(_stack.Api, _stack.Dispatch, TimeProvider.System);
        ExecutionStarter[] starters = [_stack.Starter, other];

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 900).Select(index => starters[index % 2].StartAsync(
            tenants[index % 3].NewExecution() with { Concurrency = new ConcurrencyClaim($"k{index}", 9, "queue") },
            Token)));

        Assert.All(outcomes, outcome => Assert.IsType<StartOutcome.Started>(outcome));
    }

    /// <summary>Has both wait for the key, the first of them first in line, and then lets them go.</summary>
    private async Task RaceForTheKeyAsync(Func<Task> first, Func<Task> second)
    {
        await using var connection = await _stack.Owner.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using var hold = new NpgsqlCommand("select hold_slots(array[$1], array[$2], array[''])", connection)
        {
            Parameters = { new() { Value = _tenant.Id }, new() { Value = _tenant.WorkflowId } },
        };
        await hold.ExecuteNonQueryAsync(Token);
        var one = first();
        await WaitingAsync(1);
        var other = second();
        await WaitingAsync(2);

        await transaction.CommitAsync(Token);
        await Task.WhenAll(one, other);
    }

    private Task WaitingAsync(int sessions) => Eventually.TrueAsync(
        async () => await _stack.ScalarAsync<long>(
            "select count(*) from pg_locks where locktype = 'advisory' and classid = 1466524786 and not granted")
            == sessions,
        cancellationToken: Token);

    private async Task<ClaimedExecution> ClaimLimitedAsync(Guid worker)
    {
        var start = _tenant.NewExecution() with { Concurrency = new ConcurrencyClaim("", 9, "queue") };
        var started = Assert.IsType<StartOutcome.Started>(await _stack.Starter.StartAsync(start, Token));
        return await _stack.ClaimAsync(new ExecutionKey(_tenant.Id, started.Id), worker);
    }

    private async Task<ClaimedExecution> StartChildAsync(ClaimedExecution parent, Guid owner, Guid worker)
    {
        var id = Guid.Empty;
        await _stack.WriteAsync(owner, checkpoint => id = AddChild(checkpoint, parent));
        return await _stack.ClaimAsync(new ExecutionKey(_tenant.Id, id), worker);
    }

    private Guid AddChild(Checkpoint checkpoint, ClaimedExecution parent)
    {
        var trigger = Encoding.UTF8.GetBytes("""{"type": "sub_workflow", "id": "n", "mode": "wait", "depth": 1}""");
        var child = new ChildStart(
            parent.WaitKey("n"), Guid.CreateVersion7(), _tenant.WorkflowId, "", null, "{}"u8.ToArray(), trigger, true);
        checkpoint.Opened.Add(new WaitRow
        {
            Key = parent.Key,
            NodeId = "n",
            Attempt = 1,
            Kind = "child",
            CreatedAt = TimeProvider.System.GetUtcNow(),
        });
        checkpoint.Children.Add(child);
        return child.Id;
    }
}
