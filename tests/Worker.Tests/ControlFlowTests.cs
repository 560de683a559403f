using Workflows.Testing;

namespace Workflows.Worker.Tests;

/// <summary>Loops, compensation and pauses, carried out by a worker process on real servers.</summary>
public sealed class ControlFlowTests(ControlFlowTests.Bed bed) : IClassFixture<ControlFlowTests.Bed>
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private WorkerBed Platform => bed.Platform;

    private TargetServer Target => bed.Target;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_thousand_effects_in_parallel_are_each_recorded_and_gathered_in_order()
    {
        var workflow = await Platform.PublishAsync(
            """
            {"id": "l", "type": "forEach", "parameters": {"items": "{{ [1..1000] }}", "maxParallel": 1000},
             "body": {"nodes": [{"id": "e", "type": "set", "effect": true, "parameters": {"value": "{{ item * 2 }}"}}], "edges": []}}
            """, "", """, "output": {"first": "{{ steps.l.output.results[0] }}", "sum": "{{ $sum(steps.l.output.results) }}", "last": "{{ steps.l.output.results[-1] }}"}""");

        var execution = await Platform.StartAsync(workflow);

        Assert.Equal(("completed", """{"sum": 1001000, "last": 2000, "first": 2}"""), await Platform.EndOfAsync(execution, Soon));
        Assert.Equal(1_000, await Platform.ScalarAsync<long>("select count(distinct iteration) from step_executions where execution_id = $1 and node_id = 'e'", execution));
        TestContext.Current.TestOutputHelper?.WriteLine($"{await Platform.ScalarAsync<double>("select extract(epoch from finished_at - started_at)::float8 * 1000 from executions where id = $1", execution):0} ms");
    }

    [Fact]
    public async Task A_long_loop_of_pure_nodes_goes_through_several_checkpoints()
    {
        var execution = await Platform.StartAsync(await Platform.PublishAsync(
            """
            {"id": "l", "type": "forEach", "parameters": {"items": "{{ [1..10000] }}", "collectResults": false},
             "body": {"nodes": [{"id": "n", "type": "noop"}], "edges": []}}
            """));

        Assert.Equal(("completed", """{"count": 10000, "errors": [], "failed": 0}"""), await Platform.EndOfAsync(execution, Soon));
        Assert.Equal(10_001, await Platform.ScalarAsync<long>("select max(sequence)::int8 from step_executions where execution_id = $1", execution));
    }

    [Fact]
    public async Task Waits_in_many_rounds_wake_the_execution_and_nothing_of_them_is_left()
    {
        var execution = await Platform.StartAsync(await Platform.PublishAsync(
            """
            {"id": "l", "type": "forEach", "parameters": {"items": "{{ [1..50] }}"},
             "body": {"nodes": [{"id": "d", "type": "delay", "parameters": {"seconds": "{{ 0.3 + item / 25 }}"}}, {"id": "s", "type": "set", "parameters": {"value": "{{ item }}"}}],
                      "edges": [{"from": "d", "to": "s"}], "output": "{{ steps.s.output }}"}}
            """, "", """, "output": "{{ $sum(steps.l.output.results) }}" """));

        Assert.Equal(("completed", "1275"), await Platform.EndOfAsync(execution, Soon));
        await Platform.AssertNothingWaitsAsync();
    }

    [Fact]
    public async Task A_saga_is_undone_in_reverse_order_and_the_error_says_so()
    {
        var path = $"/{Guid.CreateVersion7():N}";
        string Call(string name) => Target.On($"{path}/{name}", (context, _) =>
        {
            context.Response.StatusCode = name == "refund" ? 400 : 200;
            return Task.CompletedTask;
        });
        string Http(string id, string? compensate = null) => $$$"""{"id": "{{{id}}}", "type": "http", "parameters": {"method": "post", "url": "{{{Call(id)}}}"}"""
            + (compensate is null ? "}" : $$""", "compensate": "{{compensate}}"}""");
        var nodes = string.Join(", ", Http("book", "unbook"), Http("charge", "refund"), Http("ship", "recall"), Http("unbook"), Http("refund"), Http("recall"));
        var execution = await Platform.StartAsync(await Platform.PublishAsync(
            nodes + """, {"id": "fail", "type": "fail", "parameters": {"code": "NO_STOCK"}}""", "book>charge, charge>ship, ship>fail"));

        Assert.Equal(("failed", "NO_STOCK"), await Platform.EndOfAsync(execution, Soon));
        Assert.Equal(
            ["book/1 completed main", "charge/1 completed main", "ship/1 completed main", "fail/1 failed", "recall/1 completed main", "refund/1 failed", "unbook/1 completed main"],
            await Platform.StepsOfAsync(execution));
        Assert.Equal("""{"failed": 1, "completed": 2}""", await Platform.ScalarAsync<string>("select (error -> 'compensation')::text from executions where id = $1", execution));

        // What was undone is done again, under other keys.
        await Platform.RetryAsync(execution);
        await Eventually.TrueAsync(() => Platform.ScalarAsync<bool>("select finished_at is not null and attempt = 2 from executions where id = $1", execution), Soon, Token);
        Assert.Equal([$"{execution:N}.book", $"{execution:N}.book~1"], Target.Calls.Where(call => call.Path == $"{path}/book").Select(call => call.IdempotencyKey));
    }

    [Fact]
    public async Task A_paused_execution_finishes_what_runs_and_starts_nothing_until_it_is_resumed()
    {
        var (arrived, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        var url = Target.On($"/{Guid.CreateVersion7():N}", async (_, _) =>
        {
            arrived.SetResult();
            await go.Task;
        });
        var execution = await Platform.StartAsync(await Platform.PublishAsync(
            $$$"""{"id": "a", "type": "http", "parameters": {"url": "{{{url}}}"}}, {"id": "b", "type": "set", "parameters": {"value": 7}}, {"id": "d", "type": "delay", "parameters": {"seconds": 1}}""",
            "a>b"));
        await arrived.Task.WaitAsync(Soon, Token);

        await Platform.ExecuteAsync("update executions set stop_request = 'pause' where id = $1", execution);
        await Task.Delay(TimeSpan.FromSeconds(1.5), Token); // the worker looks at least once a second
        go.SetResult();
        await Platform.UntilAsync(execution, "paused", Soon);
        Assert.Equal(["a/1 completed main"], (await Platform.StepsOfAsync(execution)).Where(step => step[0] != 'd'));
        await Eventually.TrueAsync(
            () => Platform.ScalarAsync<bool>("select not exists (select from timers where execution_id = $1)", execution), Soon, Token);
        Assert.Equal("paused", await Platform.StatusOfAsync(execution));

        await Platform.ExecuteAsync("update executions set status = 'queued', queued_at = now() where id = $1 and status = 'paused'", execution);

        Assert.Equal("completed", (await Platform.EndOfAsync(execution, Soon)).Status);
        Assert.Equal(["a/1 completed main", "b/1 completed main", "d/1 completed main"], (await Platform.StepsOfAsync(execution)).Order());
        await Platform.AssertNothingWaitsAsync();
    }

    [Fact]
    public async Task A_suspended_tenant_has_what_runs_put_back_and_goes_on_from_there_when_it_is_active_again()
    {
        var tenant = await Platform.AddTenantAsync();
        var (arrived, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        var url = Target.On($"/{Guid.CreateVersion7():N}", async (_, _) =>
        {
            arrived.TrySetResult();
            await go.Task;
        });
        var workflow = await Platform.PublishAsync(
            $$$"""
            {"id": "a", "type": "http", "parameters": {"url": "{{{url}}}"}},
            {"id": "b", "type": "set", "parameters": {"value": 7}}
            """, "a>b", tenant: tenant);
        var execution = await Platform.StartAsync(workflow, tenant: tenant);
        await arrived.Task.WaitAsync(Soon, Token);

        await Platform.ExecuteAsync("update tenants set status = 'suspended' where tenant_id = $1", tenant);
        await Task.Delay(TimeSpan.FromSeconds(1.5), Token); // the worker looks at least once a second
        go.SetResult();

        await Eventually.TrueAsync(
            () => Platform.ScalarAsync<bool>(
                "select status = 'queued' and lease_owner is null from executions where id = $1", execution), Soon, Token);
        var late = await Platform.StartAsync(workflow, tenant: tenant);
        await Task.Delay(TimeSpan.FromSeconds(2), Token); // two looks at the queue
        Assert.Equal(["a/1 completed main"], await Platform.StepsOfAsync(execution));
        Assert.Equal("queued", await Platform.StatusOfAsync(late));

        await Platform.ExecuteAsync("update tenants set status = 'active' where tenant_id = $1", tenant);

        Assert.Equal("completed", (await Platform.EndOfAsync(execution, Soon)).Status);
        Assert.Equal("completed", (await Platform.EndOfAsync(late, Soon)).Status);
        Assert.Equal(["a/1 completed main", "b/1 completed main"], await Platform.StepsOfAsync(execution));
        Assert.Equal(2, Target.Calls.Count(call => url.EndsWith(call.Path, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_pause_asked_for_while_nobody_has_the_execution_holds_from_the_start()
    {
        await using var platform = await bed.WithoutWorkerAsync();
        var execution = await platform.StartAsync(await platform.PublishAsync("""{"id": "a", "type": "noop"}"""));
        await platform.ExecuteAsync("update executions set stop_request = 'pause' where id = $1", execution);

        await platform.StartWorkerAsync();

        await platform.UntilAsync(execution, "paused", Soon);
        Assert.Empty(await platform.StepsOfAsync(execution));
    }

    /// <summary>One worker for all tests of the class.</summary>
    public sealed class Bed(PostgresServer postgres, RedisServer redis) : IAsyncLifetime
    {
        internal WorkerBed Platform { get; private set; } = null!;

        internal TargetServer Target { get; private set; } = null!;

        internal Task<WorkerBed> WithoutWorkerAsync() => WorkerBed.CreateAsync(postgres, redis);

        public async ValueTask InitializeAsync()
        {
            Target = await TargetServer.StartAsync();
            Platform = await WorkerBed.CreateAsync(postgres, redis);
            await Platform.StartWorkerAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await Platform.DisposeAsync();
            await Target.DisposeAsync();
        }
    }
}
