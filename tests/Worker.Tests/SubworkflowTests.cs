using Microsoft.AspNetCore.Http;
using Workflows.Testing;

namespace Workflows.Worker.Tests;

/// <summary>Parents and children over two workers, also while one of them dies.</summary>
public sealed class SubworkflowTests(PostgresServer postgres, RedisServer redis) : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

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

    [Fact]
    public async Task A_parent_goes_on_with_the_output_of_its_child()
    {
        await _bed.StartWorkerAsync();
        var child = await _bed.PublishAsync("""{"id": "double", "type": "set", "parameters": {"value": "{{ input.n * 2 }}"}}""", "", """, "output": {"n": "{{ steps.double.output }}"}""");
        var parent = await _bed.StartAsync(
            await _bed.PublishAsync(
                $$$"""{"id": "call", "type": "subworkflow", "parameters": {"workflow": "{{{child}}}", "input": {"n": "{{ input.n }}"} } }, {"id": "after", "type": "set", "parameters": {"value": "{{ steps.call.output.n + 1 }}"} }""",
                "call>after", """, "output": "{{ steps.after.output }}" """), """{"n": 20}""");

        Assert.Equal(("completed", "41"), await _bed.EndOfAsync(parent, Soon));
        Assert.Equal(["call/1 completed main", "after/1 completed main"], await _bed.StepsOfAsync(parent));
        Assert.Equal(
            [$"{parent} call 1 sub_workflow 1"],
            await _bed.ListAsync("select concat_ws(' ', parent_execution_id, parent_node_id, parent_attempt, trigger_type, trigger ->> 'depth') from executions where workflow_id = $1", child));
        await _bed.AssertNothingWaitsAsync();
    }

    [Fact]
    public async Task A_workflow_that_awaits_itself_below_its_own_limit_fails_at_once()
    {
        var workflow = await _bed.PublishAsync(
            """{"id": "again", "type": "subworkflow", "retry": {"maxAttempts": 5, "initialDelaySeconds": 60}, "parameters": {"workflow": "self"} }""", "",
            """, "settings": {"concurrency": {"limit": 1}}""");
        await _bed.ExecuteAsync("update workflows w set name = 'self', start_settings = v.definition -> 'settings' from workflow_versions v where v.workflow_id = w.id and w.id = $1", workflow);

        var execution = await _bed.StartAsync(workflow);
        await _bed.ExecuteAsync("update executions set concurrency_key = '', concurrency_limit = 1 where id = $1", execution);
        await _bed.StartWorkerAsync();

        Assert.Equal(("failed", "CONCURRENCY_DEADLOCK"), await _bed.EndOfAsync(execution, Soon));
        Assert.Equal(["again/1 failed"], await _bed.StepsOfAsync(execution));
        Assert.Equal(1, await _bed.ScalarAsync<long>("select count(*) from executions"));
        await _bed.AssertNothingWaitsAsync();
    }

    [Fact]
    public async Task A_child_is_found_by_its_name_and_by_a_version()
    {
        await _bed.StartWorkerAsync();
        var child = await _bed.PublishAsync("""{"id": "a", "type": "noop"}""", "", """, "output": {"version": "{{ execution.version }}"}""");
        await _bed.ExecuteAsync("update workflows set name = 'Check address' where id = $1", child);
        await _bed.ExecuteAsync("insert into workflow_versions (tenant_id, workflow_id, number, definition, change_type, created_at) select tenant_id, workflow_id, 2, definition, 'update', now() from workflow_versions where workflow_id = $1", child);

        var published = await RunAsync("""{"workflow": "check ADDRESS"}""");
        var named = await RunAsync("""{"workflow": "{{ 'Check' & ' address' }}", "version": 2}""");

        Assert.Equal(("completed", "{\"version\": 1}"), await _bed.EndOfAsync(published, Soon));
        Assert.Equal(("completed", "{\"version\": 2}"), await _bed.EndOfAsync(named, Soon));
    }

    [Theory]
    [InlineData("select 1", "nowhere", 0, "WORKFLOW_NOT_FOUND")]
    [InlineData("update workflows set enabled = false where id = $1", null, 0, "WORKFLOW_DISABLED")]
    [InlineData("update workflows set published_version = null where id = $1", null, 0, "WORKFLOW_NOT_PUBLISHED")]
    [InlineData("update workflows set deleted_at = now() where id = $1", null, 0, "WORKFLOW_NOT_FOUND")]
    [InlineData("select $1::uuid", null, 7, "WORKFLOW_VERSION_NOT_FOUND")]
    public async Task A_child_that_cannot_be_started_is_an_error_of_the_node(string statement, string? workflow, int version, string code)
    {
        await _bed.StartWorkerAsync();
        var child = await _bed.PublishAsync("""{"id": "a", "type": "noop"}""");
        await _bed.ExecuteAsync(statement, statement.Contains('$', StringComparison.Ordinal) ? [child] : []);
        foreach (var mode in new[] { "wait", "fire" })
        {
            var parent = await RunAsync($$"""{"workflow": "{{workflow ?? child.ToString()}}", "mode": "{{mode}}" {{(version == 0 ? "" : $", \"version\": {version}")}} }""");

            Assert.Equal(("failed", code), await _bed.EndOfAsync(parent, Soon));
        }

        Assert.Equal(0, await _bed.ScalarAsync<long>("select count(*) from executions where trigger_type = 'sub_workflow'"));
        await _bed.AssertNothingWaitsAsync();
    }

    [Fact]
    public async Task A_failed_child_is_an_error_that_can_be_handled_and_tried_again()
    {
        await _bed.StartWorkerAsync();
        var url = _target.On("/busy", (context, _) =>
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.CompletedTask;
        });
        var child = await _bed.PublishAsync($$$"""{"id": "f", "type": "http", "parameters": {"url": "{{{url}}}"} }""");
        var parent = await _bed.StartAsync(await _bed.PublishAsync(
            $$$"""{"id": "call", "type": "subworkflow", "parameters": {"workflow": "{{{child}}}"}, "retry": {"maxAttempts": 2, "initialDelaySeconds": 0.01} }, {"id": "sorry", "type": "set", "parameters": {"value": "{{ steps.call.output.message }}"} }""",
            "call.error>sorry", """, "output": "{{ steps.sorry.output }}" """));

        var (status, output) = await _bed.EndOfAsync(parent, Soon);

        Assert.Equal("completed", status);
        Assert.Contains("is failed: HTTP_503:", output, StringComparison.Ordinal);
        Assert.Equal(["1", "2"], await _bed.ListAsync("select parent_attempt::text from executions where workflow_id = $1 order by 1", child));
        Assert.Equal(["call/1 failed", "call/2 failed error", "sorry/1 completed main"], await _bed.StepsOfAsync(parent));
    }

    [Fact]
    public async Task Fire_goes_on_at_once_and_the_child_outlives_its_parent()
    {
        await _bed.StartWorkerAsync();
        var child = await _bed.PublishAsync("""{"id": "d", "type": "delay", "parameters": {"seconds": 600}}""");
        var parent = await RunAsync($$"""{"workflow": "{{child}}", "mode": "fire"}""");

        Assert.Equal("completed", (await _bed.EndOfAsync(parent, Soon)).Status);
        var started = Guid.Parse(await _bed.ScalarAsync<string>("select output ->> 'executionId' from executions where id = $1", parent));
        await _bed.UntilAsync(started, "waiting", Soon);
        Assert.Equal(1, await _bed.ScalarAsync<long>("select count(*) from executions where workflow_id = $1", child));
    }

    [Fact]
    public async Task Cancelling_the_parent_cancels_its_children_and_theirs()
    {
        await _bed.StartWorkerAsync();
        var grandchild = await _bed.PublishAsync("""{"id": "d", "type": "delay", "parameters": {"seconds": 600}}""");
        var child = await _bed.PublishAsync($$$"""{"id": "c", "type": "subworkflow", "parameters": {"workflow": "{{{grandchild}}}"}}""");
        var parent = await RunAsync($$"""{"workflow": "{{child}}"}""");
        await Eventually.TrueAsync(() => _bed.ScalarAsync<bool>("select count(*) = 3 from executions where status = 'waiting'"), Soon, Token);

        await _bed.CancelAsync(parent);

        await Eventually.TrueAsync(() => _bed.ScalarAsync<bool>("select count(*) = 3 from executions where status = 'cancelled'"), Soon, Token);
        await _bed.AssertNothingWaitsAsync();
    }

    [Fact]
    public async Task A_child_that_takes_too_long_is_cancelled_and_the_parent_leaves_by_its_port()
    {
        await _bed.StartWorkerAsync();
        var child = await _bed.PublishAsync("""{"id": "d", "type": "delay", "parameters": {"seconds": 600}}""");
        var parent = await _bed.StartAsync(await _bed.PublishAsync(
            $$$"""{"id": "call", "type": "subworkflow", "parameters": {"workflow": "{{{child}}}", "timeoutSeconds": 0.5} }, {"id": "late", "type": "noop"}""", "call.timeout>late"));

        Assert.Equal("completed", (await _bed.EndOfAsync(parent, Soon)).Status);
        await Eventually.TrueAsync(() => _bed.ScalarAsync<bool>("select status = 'cancelled' from executions where workflow_id = $1", child), Soon, Token);
    }

    [Fact]
    public async Task A_workflow_that_starts_itself_is_stopped()
    {
        await _bed.StartWorkerAsync();
        var name = $"{Guid.CreateVersion7():N}";
        var workflow = await _bed.PublishAsync($$$"""{"id": "again", "type": "subworkflow", "parameters": {"workflow": "{{{name}}}"}}""");
        await _bed.ExecuteAsync("update workflows set name = $2 where id = $1", workflow, name);

        Assert.Equal(("failed", "CHILD_FAILED"), await _bed.EndOfAsync(await _bed.StartAsync(workflow), Soon));
        Assert.Equal(Engine.Limits.SubworkflowDepth + 1, await _bed.ScalarAsync<long>("select count(*) from executions where workflow_id = $1", workflow));
        Assert.Equal(["SUBWORKFLOW_TOO_DEEP"], await _bed.ListAsync("select error ->> 'code' from executions where workflow_id = $1 and error ->> 'code' <> 'CHILD_FAILED'", workflow));
    }

    [Fact]
    public async Task A_child_that_ends_while_its_parent_is_paused_is_heard_of_when_the_parent_goes_on()
    {
        await _bed.StartWorkerAsync();
        var (arrived, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        var url = _target.On("/slow", async (context, _) =>
        {
            arrived.TrySetResult();
            await goOn.Task;
            await context.Response.WriteAsync("ok");
        });
        var child = await _bed.PublishAsync($$$"""{"id": "c", "type": "http", "parameters": {"url": "{{{url}}}"}}""");
        var parent = await RunAsync($$"""{"workflow": "{{child}}"}""");
        await arrived.Task.WaitAsync(Soon, Token);
        await _bed.UntilAsync(parent, "waiting", Soon);
        await _bed.ExecuteAsync("update executions set status = 'paused' where id = $1", parent);

        goOn.SetResult();
        await Eventually.TrueAsync(() => _bed.ScalarAsync<bool>("select status = 'resolved' from waits where execution_id = $1", parent), Soon, Token);
        Assert.Equal("paused", await _bed.StatusOfAsync(parent));
        await _bed.ExecuteAsync("update executions set status = 'queued', queued_at = now() where id = $1", parent);

        Assert.Equal("completed", (await _bed.EndOfAsync(parent, Soon)).Status);
    }

    // Counted outside; a skipped child is tried again by the node's retry policy until there is room.
    [Theory]
    [InlineData("queue")]
    [InlineData("skip")]
    public async Task Children_run_within_the_limit_of_their_workflow(string policy)
    {
        const int Parents = 10, Limit = 2;
        var (now, most) = (0, 0);
        var url = _target.On("/limited", async (context, _) =>
        {
            var running = Interlocked.Increment(ref now);
            lock (_target)
            {
                most = Math.Max(most, running);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, context.RequestAborted);
            Interlocked.Decrement(ref now);
            await context.Response.WriteAsync("ok", context.RequestAborted);
        });
        var child = await _bed.PublishAsync($$$"""{"id": "c", "type": "http", "parameters": {"url": "{{{url}}}"}}""");
        await _bed.ExecuteAsync(
            "update workflows set start_settings = jsonb_build_object('overlapPolicy', $2::text, 'concurrency', jsonb_build_object('limit', $3::int)) where id = $1", child, policy, Limit);
        var parent = await _bed.PublishAsync(
            $$$"""{"id": "call", "type": "subworkflow", "parameters": {"workflow": "{{{child}}}"}, "retry": {"maxAttempts": 100, "initialDelaySeconds": 0.05, "maxDelaySeconds": 0.2} }""");
        await _bed.StartWorkerAsync();
        await _bed.StartWorkerAsync();

        await _bed.StartManyAsync(parent, Parents);

        await Eventually.TrueAsync(async () => await EndedAsync(parent) == Parents, Soon, Token);
        Assert.Equal(Parents, await _bed.ScalarAsync<long>("select count(*) from executions where workflow_id = $1 and status = 'completed'", parent));
        Assert.Equal(Parents, await _bed.ScalarAsync<long>("select count(*) from executions where workflow_id = $1 and concurrency_limit = 2", child));
        Assert.Equal(Limit, most);
        Assert.Equal(policy == "skip", await _bed.ScalarAsync<bool>("select exists (select from step_executions where error ->> 'code' = 'CONCURRENCY_SKIPPED')"));
        await _bed.AssertNothingWaitsAsync();
    }

    // Each kill hits another moment: before the wait and the child are durable, between the child's end and the parent's next step, while both run.
    [Fact]
    public async Task Killed_workers_neither_lose_a_child_nor_start_one_twice()
    {
        const int Parents = 150;
        var url = _target.On("/effect", async (context, _) =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, context.RequestAborted);
            await context.Response.WriteAsJsonAsync(new { ok = true }, context.RequestAborted);
        });
        var child = await _bed.PublishAsync($$$"""{"id": "c", "type": "http", "parameters": {"url": "{{{url}}}", "method": "post"}}""", "", """, "output": {"n": "{{ input.n }}"}""");
        var parent = await _bed.PublishAsync(
            $$$"""
            {"id": "one", "type": "subworkflow", "parameters": {"workflow": "{{{child}}}", "input": {"n": "{{ input.n }}"} } },
            {"id": "two", "type": "subworkflow", "parameters": {"workflow": "{{{child}}}", "input": {"n": "{{ steps.one.output.n + 1000 }}"} } }
            """, "one>two", """, "output": {"n": "{{ steps.two.output.n }}"}""");
        await _bed.StartWorkerAsync(40);
        var victim = await _bed.StartWorkerAsync(40);
        await _bed.StartManyAsync(parent, Parents);
        for (var round = 0; round < 4; round++)
        {
            var ended = await EndedAsync(child);
            await Eventually.TrueAsync(async () => await EndedAsync(child) is var now && (now > ended + 15 || now == 2 * Parents), Soon, Token);
            await victim.KillAsync();
            victim = await _bed.StartWorkerAsync(40);
        }

        await Eventually.TrueAsync(async () => await EndedAsync(parent) == Parents, TimeSpan.FromSeconds(90), Token);
        Assert.Equal(Parents, await _bed.ScalarAsync<long>(
            "select count(*) from executions where workflow_id = $1 and status = 'completed' and (output ->> 'n')::int = (input ->> 'n')::int + 1000", parent));
        Assert.Equal(2 * Parents, await _bed.ScalarAsync<long>("select count(*) from executions where workflow_id = $1 and status = 'completed'", child));
        Assert.Equal(2 * Parents, await _bed.ScalarAsync<long>("select count(distinct (parent_execution_id, parent_node_id)) from executions where workflow_id = $1", child));
        Assert.Equal(2 * Parents, _target.Calls.Select(call => call.IdempotencyKey).Distinct().Count());
        await _bed.AssertNothingWaitsAsync();
    }

    private Task<long> EndedAsync(Guid workflow) => _bed.ScalarAsync<long>("select count(*) from executions where workflow_id = $1 and finished_at is not null", workflow);

    private async Task<Guid> RunAsync(string parameters) =>
        await _bed.StartAsync(await _bed.PublishAsync($$"""{"id": "call", "type": "subworkflow", "parameters": {{parameters}} }"""));
}
