using System.Text.Json;
using Workflows.Engine.Nodes;
using Workflows.Testing;

namespace Workflows.Worker.Tests;

/// <summary>Custom nodes that run a workflow, and versions that keep the custom nodes they were saved with.</summary>
public sealed class CustomNodeWorkflowTests(PostgresServer postgres, RedisServer redis) : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private const string Schema = """{"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}""";
    private const string Double = """{"id": "double", "type": "set", "parameters": {"value": "{{ input.n * 2 }}"}}""";

    private WorkerBed _bed = null!;
    private TargetServer _target = null!;
    private WorkerProcess _worker = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _target = await TargetServer.StartAsync();
        _bed = await WorkerBed.CreateAsync(postgres, redis);
        _worker = await _bed.StartWorkerAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _bed.DisposeAsync();
        await _target.DisposeAsync();
    }

    [Fact]
    public async Task Its_output_is_that_of_the_workflow_which_is_its_child()
    {
        var child = await _bed.PublishAsync(Double, "", """, "output": {"n": "{{ steps.double.output }}"}""");
        var parent = await _bed.StartAsync(
            await PublishUserAsync(Running(child), """, {"id": "after", "type": "set", "parameters": {"value": "{{ steps.call.output.n + 1 }}"} }""", "call>after", """, "output": "{{ steps.after.output }}" """),
            """{"n": 20}""");

        Assert.Equal(("completed", "41"), await _bed.EndOfAsync(parent, Soon));
        Assert.Equal(["call/1 completed main", "after/1 completed main"], await _bed.StepsOfAsync(parent));
        Assert.Equal("custom:double", await _bed.ScalarAsync<string>("select node_type from step_executions where execution_id = $1 and node_id = 'call'", parent));
        Assert.Equal(
            [$"{parent} call 1 sub_workflow 1 20"],
            await _bed.ListAsync("select concat_ws(' ', parent_execution_id, parent_node_id, parent_attempt, trigger_type, trigger ->> 'depth', input ->> 'n') from executions where workflow_id = $1", child));
        await _bed.AssertNothingWaitsAsync();
    }

    [Fact]
    public async Task It_fails_with_its_workflow_and_is_tried_again()
    {
        var busy = _target.On("/busy", (context, _) =>
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        });
        var child = await _bed.PublishAsync($$$"""{"id": "f", "type": "http", "parameters": {"url": "{{{busy}}}"} }""");
        var user = await PublishUserAsync(
            Running(child), more: """, "retry": {"maxAttempts": 2, "initialDelaySeconds": 0.01}""");
        var parent = await _bed.StartAsync(user, """{"n": 1}""");

        Assert.Equal(("failed", "CHILD_FAILED"), await _bed.EndOfAsync(parent, Soon));
        Assert.Contains(
            "is failed: HTTP_503: ",
            await _bed.ScalarAsync<string>("select error ->> 'message' from executions where id = $1", parent),
            StringComparison.Ordinal);
        Assert.Equal(["1", "2"], await _bed.ListAsync("select parent_attempt::text from executions where workflow_id = $1 order by 1", child));
    }

    [Theory]
    [InlineData("update workflows set enabled = false where id = $1", "WORKFLOW_DISABLED")]
    [InlineData("update workflows set published_version = null where id = $1", "WORKFLOW_NOT_PUBLISHED")]
    [InlineData("update workflows set deleted_at = now() where id = $1", "WORKFLOW_NOT_FOUND")]
    [InlineData("select $1::uuid", "PARAMETER_INVALID")]
    public async Task What_cannot_be_started_is_an_error_of_the_node(string statement, string code)
    {
        var child = await _bed.PublishAsync(Double);
        await _bed.ExecuteAsync(statement, child);

        var parent = await _bed.StartAsync(await PublishUserAsync(Running(child)), code == "PARAMETER_INVALID" ? """{"n": "x"}""" : """{"n": 1}""");

        Assert.Equal(("failed", code), await _bed.EndOfAsync(parent, Soon));
        await _bed.AssertNothingWaitsAsync();
    }

    [Fact]
    public async Task A_workflow_of_another_tenant_is_none()
    {
        var (other, theirs) = (await _bed.AddTenantAsync(), Guid.CreateVersion7());
        await _bed.ExecuteAsync(
            """
            with w as (
              insert into workflows (tenant_id, id, job_id, name, published_version, created_at, updated_at) values ($1, $2, $1, 'theirs', 1, now(), now())
            )
            insert into workflow_versions (tenant_id, workflow_id, number, definition, change_type, created_at) values ($1, $2, 1, $3::jsonb, 'publish', now())
            """, other, theirs, $$"""{"schema": 1, "nodes": [{{Double}}]}""");

        Assert.Equal(("failed", "WORKFLOW_NOT_FOUND"), await _bed.EndOfAsync(await _bed.StartAsync(await PublishUserAsync(Running(theirs)), """{"n": 1}"""), Soon));
    }

    [Fact]
    public async Task Cancelling_the_parent_cancels_the_workflow_it_runs()
    {
        var child = await _bed.PublishAsync("""{"id": "d", "type": "delay", "parameters": {"seconds": 600}}""");
        var parent = await _bed.StartAsync(await PublishUserAsync(Running(child)), """{"n": 1}""");
        await Eventually.TrueAsync(() => _bed.ScalarAsync<bool>("select count(*) = 2 from executions where status = 'waiting'"), Soon, Token);

        await _bed.CancelAsync(parent);

        await Eventually.TrueAsync(() => _bed.ScalarAsync<bool>("select count(*) = 2 from executions where status = 'cancelled'"), Soon, Token);
        await _bed.AssertNothingWaitsAsync();
    }

    [Fact]
    public async Task A_workflow_that_takes_too_long_is_cancelled()
    {
        var child = await _bed.PublishAsync("""{"id": "d", "type": "delay", "parameters": {"seconds": 600}}""");
        var parent = await _bed.StartAsync(await PublishUserAsync($$"""{"type": "workflow", "workflow": "{{child}}", "timeoutSeconds": 0.5}"""), """{"n": 1}""");

        Assert.Equal(("failed", "WAIT_TIMED_OUT"), await _bed.EndOfAsync(parent, Soon));
        await Eventually.TrueAsync(() => _bed.ScalarAsync<bool>("select status = 'cancelled' from executions where workflow_id = $1", child), Soon, Token);
    }

    [Fact]
    public async Task One_that_runs_the_workflow_it_stands_in_is_stopped()
    {
        var workflow = await _bed.PublishAsync("""{"id": "call", "type": "custom:double", "parameters": {"n": 1}}""");
        await KeepAsync(workflow, Running(workflow));

        Assert.Equal(("failed", "CHILD_FAILED"), await _bed.EndOfAsync(await _bed.StartAsync(workflow), Soon));
        Assert.Equal(Engine.Limits.SubworkflowDepth + 1, await _bed.ScalarAsync<long>("select count(*) from executions where workflow_id = $1", workflow));
        Assert.Equal(["SUBWORKFLOW_TOO_DEEP"], await _bed.ListAsync("select error ->> 'code' from executions where workflow_id = $1 and error ->> 'code' <> 'CHILD_FAILED'", workflow));
    }

    // The parent is parked before the custom node changes and goes on in a worker that never had it: what counts is what its version keeps.
    [Fact]
    public async Task A_changed_custom_node_changes_no_execution_under_way()
    {
        var (old, @new) = (_target.Url("/old"), _target.Url("/new"));
        await DefineAsync(Calling(old));
        var user = await PublishUserAsync(
            Calling(old), """, {"id": "wait", "type": "waitForEvent", "parameters": {"eventType": "go"} }""", "wait>call");
        var running = await _bed.StartAsync(user, """{"n": 1}""");
        await _bed.UntilAsync(running, "waiting", Soon);

        await _bed.ExecuteAsync("update node_definitions set implementation = $1::jsonb, version = 2", Calling(@new));
        _bed.Changes.Publish(Data.Identity.Invalidated.NodeDefinition, _bed.TenantId, Guid.Empty);
        await _worker.StopAsync();
        await _bed.StartWorkerAsync();
        await _bed.SendAsync("go");

        Assert.Equal("completed", (await _bed.EndOfAsync(running, Soon)).Status);
        Assert.Equal(["/old"], _target.Calls.Select(call => call.Path));
    }

    [Fact]
    public async Task A_version_without_them_looks_calls_up_and_cannot_run_a_workflow()
    {
        await DefineAsync(Calling(_target.Url("/present")));
        var unkept = await _bed.PublishAsync("""{"id": "call", "type": "custom:double", "parameters": {"n": 1}}""");
        Assert.Equal("completed", (await _bed.EndOfAsync(await _bed.StartAsync(unkept), Soon)).Status);
        Assert.Equal(["/present"], _target.Calls.Select(call => call.Path));

        await _bed.ExecuteAsync("update node_definitions set implementation = $1::jsonb, version = 2", Running(unkept));
        _bed.Changes.Publish(Data.Identity.Invalidated.NodeDefinition, _bed.TenantId, Guid.Empty);
        await Eventually.TrueAsync(async () => (await _bed.EndOfAsync(await _bed.StartAsync(unkept), Soon)).Result == "NODE_DEFINITION_NOT_KEPT", Soon, Token);
    }

    // Each kill hits another moment of 100 parents: none starts its workflow twice, none is forgotten.
    [Fact]
    public async Task Killed_workers_neither_lose_nor_repeat_it()
    {
        const int Parents = 100;
        var url = _target.Url("/effect");
        var child = await _bed.PublishAsync($$$"""{"id": "c", "type": "http", "parameters": {"url": "{{{url}}}", "method": "post"}}""", "", """, "output": {"n": "{{ input.n }}"}""");
        var user = await PublishUserAsync(Running(child), rest: """, "output": {"n": "{{ steps.call.output.n }}"}""");
        var victim = await _bed.StartWorkerAsync(20);
        await _bed.StartManyAsync(user, Parents);
        for (var round = 0; round < 3; round++)
        {
            var ended = await EndedAsync(child);
            await Eventually.TrueAsync(async () => await EndedAsync(child) is var now && (now > ended + 10 || now == Parents), Soon, Token);
            await victim.KillAsync();
            victim = await _bed.StartWorkerAsync(20);
        }

        await Eventually.TrueAsync(async () => await EndedAsync(user) == Parents, TimeSpan.FromSeconds(90), Token);
        Assert.Equal(Parents, await _bed.ScalarAsync<long>("select count(*) from executions where workflow_id = $1 and status = 'completed' and output = input", user));
        Assert.Equal(Parents, await _bed.ScalarAsync<long>("select count(*) from executions where workflow_id = $1", child));
        Assert.Equal(Parents, _target.Calls.Select(call => call.IdempotencyKey).Distinct().Count());
        await _bed.AssertNothingWaitsAsync();
    }

    private Task<long> EndedAsync(Guid workflow) => _bed.ScalarAsync<long>("select count(*) from executions where workflow_id = $1 and finished_at is not null", workflow);

    private static string Running(Guid workflow) => $$"""{"type": "workflow", "workflow": "{{workflow}}"}""";

    private static string Calling(string url) => $$"""{"type": "http", "url": "{{url}}"}""";

    private async Task<Guid> PublishUserAsync(string implementation, string nodes = "", string edges = "", string rest = "", string more = "")
    {
        var workflow = await _bed.PublishAsync($$$"""{"id": "call", "type": "custom:double", "parameters": {"n": "{{ input.n }}"}{{{more}}} }{{{nodes}}}""", edges, rest);
        await KeepAsync(workflow, implementation);
        return workflow;
    }

    private Task<int> KeepAsync(Guid workflow, string implementation) => _bed.ExecuteAsync(
        "update workflow_versions set custom_nodes = convert_from($2, 'UTF8')::jsonb where workflow_id = $1",
        workflow,
        CustomNodeSet.Of([new CustomNodeDefinition("double", 1, JsonElement.Parse(Schema), JsonElement.Parse(implementation))]).ToJson());

    private Task<int> DefineAsync(string implementation) => _bed.ExecuteAsync(
        """
        insert into node_definitions (tenant_id, id, name, schema, implementation, created_at, updated_at)
        values ($1, gen_random_uuid(), 'double', $2::jsonb, $3::jsonb, now(), now())
        """,
        _bed.TenantId, Schema, implementation);
}
