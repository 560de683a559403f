using System.Text;
using Workflows.Data.Executions;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>Calls of one-time addresses: before, while and after the wait is open.</summary>
public sealed class CallbackTests(PostgresServer server) : IAsyncLifetime
{
    private DataStack _stack = null!;
    private TestTenant _tenant = null!;
    private Guid _worker;
    private CallbackStore _callbacks = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        _tenant = await _stack.AddTenantAsync();
        _worker = await _stack.AddWorkerAsync();
        _callbacks = new CallbackStore(_stack.Api, _stack.Dispatch, _stack.Signals);
    }

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task The_first_call_answers_the_wait_and_wakes_the_execution_the_others_come_too_late()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        await OpenAsync(owned);

        var outcomes = await Task.WhenAll(Enumerable.Range(1, 20).Select(n => Task.Run(() => CallAsync(owned, n), Token)));

        Assert.Single(outcomes, CallbackOutcome.Accepted);
        Assert.Equal(("queued", 1), (await _stack.StatusOfAsync(owned.Key), await _stack.ScalarAsync<int>("select wakes from executions")));
        Assert.Equal(["answered"], await _stack.ListAsync("select outcome from waits"));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from callback_calls"));
    }

    [Fact]
    public async Task A_call_that_comes_early_is_kept_and_the_execution_does_not_sleep_over_it()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);

        Assert.Equal(CallbackOutcome.Accepted, await CallAsync(owned, 1));
        Assert.Equal(CallbackOutcome.Gone, await CallAsync(owned, 2));
        var result = await OpenAsync(owned);

        Assert.Single(result.Requeued);
        Assert.Equal(["{\"n\": 1}"], await _stack.ListAsync("select payload::text from waits where status = 'resolved'"));
        Assert.Equal(CallbackOutcome.Gone, await CallAsync(owned, 3));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from callback_calls"));
    }

    [Fact]
    public async Task A_call_at_the_moment_in_which_the_wait_opens_is_never_lost()
    {
        for (var round = 0; round < 40; round++)
        {
            var owned = await _stack.ClaimNewAsync(_tenant, _worker);
            var call = Task.Run(() => CallAsync(owned, round), Token);
            await Task.WhenAll(call, Task.Run(() => OpenAsync(owned), Token));

            Assert.Equal(CallbackOutcome.Accepted, await call);
            Assert.Equal("queued", await _stack.StatusOfAsync(owned.Key));
            Assert.Equal(round, await _stack.ScalarAsync<int>("select (payload ->> 'n')::int from waits where execution_id = $1", owned.Key.Id));
        }
    }

    [Fact]
    public async Task After_the_step_or_the_execution_is_over_a_call_is_too_late()
    {
        var recorded = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Steps.Add(recorded.Step("back")));
        var finished = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.WriteAsync(_worker, checkpoint => checkpoint.Finished.Add(finished.Finished()));

        Assert.Equal(CallbackOutcome.Gone, await CallAsync(recorded, 1));
        Assert.Equal(CallbackOutcome.Gone, await CallAsync(finished, 1));
        Assert.Equal(
            CallbackOutcome.Gone,
            await _callbacks.CallAsync((await _stack.AddTenantAsync()).Id, recorded.Key.Id, "other", "", "{}"u8.ToArray(), Token));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from callback_calls"));
    }

    [Fact]
    public async Task What_nobody_waits_for_any_more_is_deleted_when_its_time_is_over()
    {
        await CallAsync(await _stack.ClaimNewAsync(_tenant, _worker), 1);
        await _stack.ExecuteAsync("update callback_calls set expires_at = now() - interval '1 second'");

        Assert.Equal(1, await _stack.Maintenance.DeleteOldPeopleRowsAsync(100, Token));
    }

    private Task<CallbackOutcome> CallAsync(ClaimedExecution owned, int n) =>
        _callbacks.CallAsync(owned.Key.TenantId, owned.Key.Id, "back", "", Encoding.UTF8.GetBytes($$"""{"n": {{n}}}"""), Token);

    private Task<CheckpointResult> OpenAsync(ClaimedExecution owned) => _stack.WriteAsync(_worker, checkpoint =>
    {
        checkpoint.Opened.Add(new WaitRow
        {
            Key = owned.Key, NodeId = "back", Attempt = 1, Kind = "webhook", CreatedAt = TimeProvider.System.GetUtcNow(),
        });
        checkpoint.Parked.Add(owned.Parked());
    });
}
