using Workflows.Testing;

namespace Workflows.Worker.Tests.Faults;

/// <summary>
/// Executions that cannot begin, or end whoever takes them up: they are set aside, and all others go on.
/// </summary>
public sealed class PoisonTests(PostgresServer postgres, RedisServer redis) : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private WorkerBed _bed = null!;
    private TargetServer _target = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _target = await TargetServer.StartAsync();
        _bed = await WorkerBed.CreateAsync(postgres, redis);
    }

    public async ValueTask DisposeAsync()
    {
        await _bed.DisposeAsync();
        await _target.DisposeAsync();
    }

    [Theory]
    [InlineData("trigger = (repeat('[', 300) || repeat(']', 300))::jsonb")]
    [InlineData("trigger = '{\"depth\": \"deep\"}'")]
    [InlineData("input = (repeat('[', 300) || repeat(']', 300))::jsonb, trigger_type = 'sql'")]
    public async Task An_execution_that_cannot_begin_is_failed_and_those_claimed_with_it_begin(string broken)
    {
        var poison =
            await _bed.PublishAsync("""{"id": "a", "type": "noop"}""", rest: """, "parameters": {"type": "object"}""");
        var other = await _bed.AddTenantAsync();
        var good = await _bed.PublishAsync("""{"id": "a", "type": "noop"}""", tenant: other);
        var (bad, well) = (new List<Guid>(), new List<Guid>());
        for (var started = 0; started < 20; started++)
        {
            bad.Add(await _bed.StartAsync(poison));
            well.Add(await _bed.StartAsync(good, tenant: other));
        }

        await _bed.ExecuteAsync($"update executions set {broken} where tenant_id = $1", _bed.TenantId);
        await _bed.StartWorkerAsync();

        foreach (var execution in well)
        {
            Assert.Equal("completed", (await _bed.EndOfAsync(execution, Soon)).Status);
        }

        foreach (var execution in bad)
        {
            var (status, code) = await _bed.EndOfAsync(execution, Soon);
            Assert.Equal("failed", status);
            Assert.Contains(code, new[] { "START_FAILED", "INTERNAL_ERROR", "INPUT_INVALID" });
        }

        Assert.Equal(
            bad.Count,
            await _bed.ScalarAsync<long>("select count(*) from dead_letters where tenant_id = $1", _bed.TenantId));
        Assert.True(
            await _bed.ScalarAsync<bool>("select max(fence) <= 2 from executions where tenant_id = $1", _bed.TenantId));
    }

    [Fact]
    public async Task What_ends_each_worker_that_takes_it_up_is_given_up()
    {
        var url = _target.On("/never", async (context, _) =>
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted));
        var workflow = await _bed.PublishAsync(
            $$$"""{"id": "a", "type": "http", "parameters": {"url": "{{{url}}}"} }""");
        var execution = await _bed.StartAsync(workflow);
        for (var lost = 1; lost <= 3; lost++)
        {
            var worker = await _bed.StartWorkerAsync();
            await Eventually.TrueAsync(
                () => _bed.ScalarAsync<bool>(
                "select coalesce(lease_owner = $2, false) from executions where id = $1", execution, worker.WorkerId),
                Soon, Token);
            await worker.KillAsync();
        }

        await _bed.StartWorkerAsync();

        Assert.Equal(("failed", "WORKER_LOST"), await _bed.EndOfAsync(execution, Soon));
        Assert.Equal(
            1, await _bed.ScalarAsync<long>("select count(*) from dead_letters where execution_id = $1", execution));

        // A person may have it tried again, which counts anew.
        await _bed.RetryAsync(execution);
        Assert.Equal(0, await _bed.ScalarAsync<int>("select rescues from executions where id = $1", execution));
    }

    [Theory]
    [InlineData("", "failed", "CHILD_FAILED")]
    [InlineData("s.error>t", "completed", "\"INPUT_INVALID permanent\"")]
    public async Task A_child_refused_at_its_start_ends_the_wait_of_its_parent(
        string edges, string status, string result)
    {
        await _bed.StartWorkerAsync();
        var child = await _bed.PublishAsync(
            """{"id": "a", "type": "noop"}""",
            rest: """
            , "parameters": {"type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}}}
            """);
        var nodes =
            $$$"""
            {"id": "s", "type": "subworkflow", "retry": {"maxAttempts": 3, "initialDelaySeconds": 60},
             "parameters": {"workflow": "{{{child}}}", "input": {"x": "1"} } }
            """;
        var parent = await _bed.StartAsync(await _bed.PublishAsync(
            edges.Length == 0 ? nodes : nodes
            + """
              , {"id": "t", "type": "set",
                 "parameters": {"value": "{{ steps.s.output.cause.code & ' ' & steps.s.output.kind }}"}}
              """,
            edges, edges.Length == 0 ? "" : """, "output": "{{ steps.t.output }}" """));

        Assert.Equal((status, result), await _bed.EndOfAsync(parent, Soon));
        Assert.Equal(1, await _bed.ScalarAsync<long>("select count(*) from executions where workflow_id = $1", child));
    }

    [Fact]
    public async Task Children_refused_in_a_loop_are_collected_as_its_errors()
    {
        await _bed.StartWorkerAsync();
        var child =
            await _bed.PublishAsync(
            """{"id": "a", "type": "noop"}""", rest: """, "parameters": {"type": "object", "required": ["x"]}""");
        var parent = await _bed.StartAsync(await _bed.PublishAsync(
            $$$"""
            {"id": "each", "type": "forEach", "parameters": {"items": "{{ [1..3] }}", "onItemError": "collect"},
             "body": {"nodes": [{"id": "s", "type": "subworkflow", "parameters": {"workflow": "{{{child}}}"} }],
               "edges": []} }
            """, rest: """, "output": "{{ steps.each.output.failed }}" """));

        Assert.Equal(("completed", "3"), await _bed.EndOfAsync(parent, Soon));
    }
}
