using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Http;
using Workflows.Testing;

namespace Workflows.System.Tests;

/// <summary>
/// A steady load of executions that do all that can go wrong: durable steps, calls to a ledger outside (some of which it refuses at first), a timer, a wait for an
/// event that is sent once, an emitted event. Runs until it is told to stop, then counts what is there and what the ledger saw.
/// </summary>
internal sealed class LedgerLoad : IAsyncDisposable
{
    private const int StepsEach = 6;
    private const int RefusedOneIn = 10;

    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly PlatformClient _client;
    private readonly TargetServer _ledger;
    private readonly string _workflow;
    private readonly string _name;
    private readonly ConcurrentDictionary<string, bool> _refused;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _orders = [];
    private Task _feeding = Task.CompletedTask;
    private int _accepted;

    private LedgerLoad(PlatformClient client, TargetServer ledger, string workflow, string name, ConcurrentDictionary<string, bool> refused)
    {
        _refused = refused;
        _client = client;
        _ledger = ledger;
        _workflow = workflow;
        _name = name;
    }

    /// <summary>Executions accepted so far.</summary>
    public int Accepted => Volatile.Read(ref _accepted);

    /// <param name="name">Of the workflow, and in the type of its events; a test's own.</param>
    /// <param name="answerDelay">How long the ledger takes to answer a call; the number counts the calls of its path.</param>
    public static async Task<LedgerLoad> StartAsync(PlatformClient client, string name, Func<int, TimeSpan>? answerDelay = null)
    {
        var ledger = await TargetServer.StartAsync();
        var refused = new ConcurrentDictionary<string, bool>(); // once each
        var url = ledger.On("/entries", async (context, count) =>
        {
            if (answerDelay is not null)
            {
                await Task.Delay(answerDelay(count), TimeProvider.System, context.RequestAborted);
            }

            var key = context.Request.Headers["Idempotency-Key"].ToString();
            context.Response.StatusCode = count % RefusedOneIn == 0 && refused.TryAdd(key, true) ? 503 : 200;
            await context.Response.WriteAsJsonAsync(new { ok = true }, context.RequestAborted);
        });
        var load = new LedgerLoad(client, ledger, await client.PublishAsync(name, Definition(name, url)), name, refused);
        load._feeding = load.FeedAsync();
        return load;
    }

    private static string Definition(string name, string url)
    {
        var call = $$$$"""
            "type": "http", "parameters": {"url": "{{{{url}}}}", "method": "post", "body": {"order": "{{ input.order }}"}}, "timeoutSeconds": 5,
            "retry": {"maxAttempts": 50, "initialDelaySeconds": 1.5, "maxDelaySeconds": 3}
            """;
        return $$$$"""
            {"schema": 1,
             "nodes": [
               {"id": "begin", "type": "set", "effect": true, "parameters": {"value": {"order": "{{ input.order }}"}}},
               {"id": "reserve", {{{{call}}}}},
               {"id": "pause", "type": "delay", "parameters": {"seconds": 1.2}},
               {"id": "payment", "type": "waitForEvent", "parameters": {"eventType": "{{{{name}}}}.paid", "correlation": "input.order", "timeoutSeconds": 600}},
               {"id": "book", {{{{call}}}}},
               {"id": "tell", "type": "emitEvent", "parameters": {"type": "{{{{name}}}}.booked", "subject": "{{ input.order }}", "data": {"order": "{{ input.order }}"}}}],
             "edges": [
               {"from": "begin", "to": "reserve"}, {"from": "reserve", "to": "pause"}, {"from": "pause", "to": "payment"},
               {"from": "payment", "to": "book"}, {"from": "book", "to": "tell"}]}
            """;
    }

    private async Task FeedAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            _orders.Add(OrderAsync(Guid.CreateVersion7()));
            await Task.Delay(Between, CancellationToken.None);
        }
    }

    // What was begun is finished also after the load was told to stop: an order without its payment would wait for ever.
    private async Task OrderAsync(Guid order)
    {
        await _client.StartPatientlyAsync(_workflow, Encoding.UTF8.GetBytes($$$"""{"input": {"order": "{{{order}}}"}}"""), CancellationToken.None);
        Interlocked.Increment(ref _accepted);
        await _client.SendPatientlyAsync(
            $$$"""{"specversion": "1.0", "id": "{{{order}}}", "source": "/payments", "type": "{{{_name}}}.paid", "correlationid": "{{{order}}}", "data": {"paid": true}}""");
    }

    /// <summary>Waits until the platform again carries what it accepts from now on to the ledger.</summary>
    public Task RecoverAsync()
    {
        var now = Guid.CreateVersion7();
        return Eventually.TrueAsync(
            () => _client.ScalarAsync<bool>(
                "select exists (select from step_executions s join executions e on e.tenant_id = s.tenant_id and e.id = s.execution_id "
                + "where e.workflow_id = $1 and e.id > $2 and s.execution_id > $2 and s.node_id = 'reserve' and s.status = 'completed')", Guid.Parse(_workflow), now),
            Patience, TestContext.Current.CancellationToken);
    }

    /// <summary>Ends the load and checks that all that was accepted is done, once.</summary>
    public async Task VerifyAsync(bool mayRepeatCalls = true)
    {
        await _stop.CancelAsync();
        await _feeding;
        await Task.WhenAll(_orders).WaitAsync(Patience, TestContext.Current.CancellationToken);
        await _client.WaitForCompletedAsync(_workflow, Accepted, Patience);

        var id = Guid.Parse(_workflow);
        Assert.Equal(new Dictionary<string, long> { ["completed"] = Accepted }, await _client.CountByStatusAsync(_workflow));
        await AssertCountAsync(Accepted * StepsEach, "select count(*) from step_executions s join executions e on e.id = s.execution_id where e.workflow_id = $1 and s.status = 'completed'", id);
        await AssertCountAsync(0, "select count(*) from (select from step_executions s join executions e on e.id = s.execution_id where e.workflow_id = $1 and s.status = 'completed' group by s.execution_id, s.node_id having count(*) > 1) twice", id);
        await AssertCountAsync(0, "select count(*) from (select from step_executions s join executions e on e.id = s.execution_id where e.workflow_id = $1 group by s.execution_id having max(s.sequence) <> count(*)) gaps", id);
        await AssertCountAsync(0, "select count(*) from waits w join executions e on e.id = w.execution_id where e.workflow_id = $1", id);
        await AssertCountAsync(0, "select count(*) from timers t join executions e on e.id = t.execution_id where e.workflow_id = $1", id);
        await AssertCountAsync(Accepted, "select count(*) from events where type = $1", $"{_name}.booked");
        await AssertCountAsync(Accepted, "select count(distinct subject) from events where type = $1", $"{_name}.booked");

        // At least once outside, and however often: under the same key.
        var keys = await _client.ScalarAsync<string[]>(
            "select array(select replace(id::text, '-', '') || '.' || n from executions cross join unnest(array['reserve', 'book']) n where workflow_id = $1)", id);
        Assert.Equal(keys.ToHashSet(), _ledger.Calls.Select(call => call.IdempotencyKey).ToHashSet());
        Assert.True(mayRepeatCalls || _ledger.Calls.Count == keys.Length + _refused.Count, $"{_ledger.Calls.Count} calls for {keys.Length} steps, {_refused.Count} of them refused once.");
        var lag = await _client.ScalarAsync<double>(
            "select coalesce(percentile_cont(0.99) within group (order by extract(epoch from s.finished_at - s.started_at) - 1.2), 0)::float8 from step_executions s "
            + "join executions e on e.id = s.execution_id where e.workflow_id = $1 and s.node_id = 'pause' and s.status = 'completed'", id);
        Report($"{_name}: {Accepted} executions, {_ledger.Calls.Count - keys.Length - _refused.Count} of {keys.Length} calls repeated, timers late by {lag:0.00} s at p99");
    }

    private async Task AssertCountAsync(long expected, string sql, object parameter)
    {
        var count = await _client.ScalarAsync<long>(sql, parameter);
        Assert.True(expected == count, $"Expected {expected}, found {count}: {sql}");
    }

    public static void Report(string text) => TestContext.Current.TestOutputHelper?.WriteLine(text);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _feeding;
        await _ledger.DisposeAsync();
        _stop.Dispose();
    }
}
