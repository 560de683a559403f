using System.Text;
using Microsoft.AspNetCore.Http;
using Workflows.Engine.Testing;
using Workflows.Testing;

namespace Workflows.Worker.Tests;

/// <summary>Tests of workflows, run by real workers: what they do, and what they leave alone.</summary>
public sealed class TestRunTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private WorkerBed _bed = null!;
    private TargetServer _target = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bed = await WorkerBed.CreateAsync(server, redis: null);
        _target = await TargetServer.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _bed.DisposeAsync();
        await _target.DisposeAsync();
    }

    [Fact]
    public async Task Without_effects_nothing_outside_happens_and_every_step_says_where_it_came_from()
    {
        await _bed.StartWorkerAsync(settings: ("Worker__AllowPlatformDatabase", "true"));
        await AddDatabaseAsync();
        var other = await _bed.PublishAsync("""{"id": "n", "type": "noop"}""");
        var test = await TestAsync(
            $$$"""
            {"id": "call", "type": "http", "parameters": {"url": "{{{_target.Url("/x")}}}?q={{ input.q }}"} },
            {"id": "write", "type": "sql", "parameters": {"connector": "db", "mode": "execute",
              "statement": "insert into written values (@n) returning n", "parameters": {"n": 5} } },
            {"id": "read", "type": "sql", "parameters": {"connector": "db",
                "statement": "select count(*)::int as n from written"}},
            {"id": "tell", "type": "emitEvent", "parameters": {"type": "order.done"}},
            {"id": "sub", "type": "subworkflow", "parameters": {"workflow": "{{{other}}}"} },
            {"id": "wait", "type": "delay", "parameters": {"seconds": 3600}},
            {"id": "pin", "type": "set", "parameters": {"value": "{{ $error() }}"}},
            {"id": "end", "type": "set",
                "parameters": {"value":
                  "{{ steps.write.output.rows[0].n & '/' & steps.read.output.rows[0].n & '/' & steps.pin.output }}"}}
            """,
            "call>write, write>read, read>tell, tell>sub, sub>wait, wait>pin, pin>end",
            new TestPlan { Pins = Pins(("pin", "\"pinned\"")) }, """{"q": "a b"}""");

        var (status, output) = await _bed.EndOfAsync(test, Soon);

        Assert.Equal(("completed", "\"5/0/pinned\""), (status, output));
        Assert.Equal(
            ["call mocked", "write rolledBack", "read rolledBack", "tell", "sub mocked", "wait mocked", "pin pinned",
                "end"],
            await _bed.ListAsync(
                """
                select concat_ws(' ', node_id, input ->> 'origin') from step_executions
                where execution_id = $1 order by sequence
                """, test));
        Assert.Equal(
            _target.Url("/x") + "?q=a b",
            await _bed.ScalarAsync<string>(
                """
                select input -> 'parameters' ->> 'url' from step_executions
                where execution_id = $1 and node_id = 'call'
                """, test));
        Assert.Empty(_target.Calls);
        Assert.Equal(0, await _bed.ScalarAsync<long>("select count(*) from written"));
        Assert.Equal(0, await _bed.ScalarAsync<long>("select count(*) from executions where workflow_id = $1", other));
        await AssertLeavesNothingAsync();
    }

    [Fact]
    public async Task A_test_that_fails_is_nobodys_failure()
    {
        await _bed.StartWorkerAsync();
        var workflow = await WorkflowAsync();
        await _bed.ExecuteAsync(
            "insert into told_workflows (tenant_id, workflow_id, on_failure, on_success) values ($1, $2, true, true)",
            _bed.TenantId, workflow);

        var failed = await TestAsync("""{"id": "f", "type": "fail", "parameters": {"code": "NO"}}""", "",
            new TestPlan(), workflow: workflow);
        var lost = Guid.CreateVersion7();
        await QueueAsync(lost, workflow, "{}");

        Assert.Equal(("failed", "NO"), await _bed.EndOfAsync(failed, Soon));
        Assert.Equal(("failed", "VERSION_UNUSABLE"), await _bed.EndOfAsync(lost, Soon));
        await AssertLeavesNothingAsync();
    }

    [Fact]
    public async Task An_ordinary_execution_beside_it_is_counted_and_told_as_ever()
    {
        await _bed.StartWorkerAsync();
        var workflow = await _bed.PublishAsync("""{"id": "f", "type": "fail", "parameters": {"code": "NO"}}""");
        await _bed.ExecuteAsync(
            "insert into told_workflows (tenant_id, workflow_id, on_failure, on_success) values ($1, $2, true, true)",
            _bed.TenantId, workflow);

        var test = await TestAsync("""{"id": "n", "type": "noop"}""", "", new TestPlan(), workflow: workflow);
        var run = await _bed.StartAsync(workflow);

        Assert.Equal("failed", (await _bed.EndOfAsync(run, Soon)).Status);
        Assert.Equal("completed", (await _bed.EndOfAsync(test, Soon)).Status);
        Assert.Equal(1, await _bed.ScalarAsync<long>(
            "select (select count(*) from dead_letters where execution_id = $1)", run));
        Assert.Equal(0, await _bed.ScalarAsync<long>("select count(*) from dead_letters where execution_id = $1",
            test));
        Assert.True(await _bed.ScalarAsync<bool>("select input is null from step_executions where execution_id = $1",
            run));
        Assert.Equal(1, await CountedAsync(workflow));
    }

    [Fact]
    public async Task A_worker_that_is_killed_in_the_midst_of_it_leaves_it_to_another_which_does_the_same()
    {
        var victim = await _bed.StartWorkerAsync();
        var arrived = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        var url = _target.On("/slow", async (context, count) =>
        {
            arrived.TrySetResult();
            if (count == 1)
            {
                await goOn.Task.WaitAsync(context.RequestAborted);
            }

            await context.Response.WriteAsJsonAsync(new { ok = true }, context.RequestAborted);
        });
        var test = await TestAsync(
            $$$"""
            {"id": "pin", "type": "http", "parameters": {"url": "{{{_target.Url("/never")}}}"} },
            {"id": "slow", "type": "http", "parameters": {"url": "{{{url}}}"} },
            {"id": "sub", "type": "subworkflow", "parameters": {"workflow": "none"}},
            {"id": "behind", "type": "noop"}
            """,
            "pin>slow, slow>sub, sub>behind", new TestPlan { Effects = true, UpTo = "sub", Pins = Pins(("pin", "1")) });
        await arrived.Task.WaitAsync(Soon, Token);

        await victim.KillAsync();
        await _bed.StartWorkerAsync();

        Assert.Equal("completed", (await _bed.EndOfAsync(test, Soon)).Status);
        Assert.Equal(
            ["pin/1 completed main", "slow/1 completed main", "sub/1 completed main"], await _bed.StepsOfAsync(test));
        Assert.Equal(
            ["pinned", "", "mocked"],
            await _bed.ListAsync(
                """
                select coalesce(input ->> 'origin', '') from step_executions where execution_id = $1 order by sequence
                """, test));
        Assert.True(await _bed.ScalarAsync<bool>("select fence > 1 from executions where id = $1", test));
        Assert.Equal(["/slow", "/slow"], _target.Calls.Select(call => call.Path));
        await AssertLeavesNothingAsync();
    }

    [Fact]
    public async Task With_effects_a_wait_is_waited_and_many_tests_of_one_workflow_run_each_what_it_is()
    {
        await _bed.StartWorkerAsync();
        var workflow = await WorkflowAsync();
        var tests = new List<Guid>();
        for (var number = 0; number < 8; number++)
        {
            tests.Add(await TestAsync(
                $$$"""
                {"id": "w", "type": "delay", "parameters": {"seconds": 0.2} },
                {"id": "v", "type": "set", "parameters": {"value": {{{number}}} } }
                """,
                "w>v", new TestPlan { Effects = true }, workflow: workflow));
        }

        for (var number = 0; number < tests.Count; number++)
        {
            Assert.Equal(("completed", $"{number}"), await _bed.EndOfAsync(tests[number], Soon));
        }

        await _bed.AssertNothingWaitsAsync();
        await AssertLeavesNothingAsync();
    }

    [Fact]
    public async Task Old_tests_go_with_all_that_is_theirs_and_those_that_run_stay()
    {
        await _bed.StartWorkerAsync();
        var over = await TestAsync("""{"id": "n", "type": "noop"}""", "", new TestPlan());
        Assert.Equal("completed", (await _bed.EndOfAsync(over, Soon)).Status);
        var running = Guid.CreateVersion7();
        await StoreAsync(running, await WorkflowAsync(), """{"id": "n", "type": "noop"}""", "", new TestPlan());
        await _bed.ExecuteAsync(
            """
            insert into executions (tenant_id, id, workflow_id, version, status, trigger_type, input, queued_at)
            values ($1, $2, $2, 0, 'paused', 'test', '{}', now())
            """, _bed.TenantId, running);
        await _bed.ExecuteAsync("update test_runs set created_at = now() - interval '8 days'");

        var gone = await new Data.Workers.Maintenance(_bed.WorkerDatabase).ExpireTestsAsync(100, TimeSpan.FromDays(7),
            Token);

        Assert.Equal(1, gone);
        Assert.Equal([running.ToString()], await _bed.ListAsync("select execution_id::text from test_runs"));
        Assert.Equal(0, await _bed.ScalarAsync<long>("select count(*) from step_executions where execution_id = $1",
            over));
        Assert.Equal(0, await _bed.ScalarAsync<long>("select count(*) from executions where id = $1", over));
    }

    private static Dictionary<string, ReadOnlyMemory<byte>> Pins(params (string Node, string Output)[] pins) =>
        pins.ToDictionary(pin => pin.Node, pin => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(pin.Output));

    private Task<Guid> WorkflowAsync() => _bed.PublishAsync("""{"id": "n", "type": "noop"}""");

    private async Task<Guid> TestAsync(
        string nodes, string edges, TestPlan plan, string input = "{}", Guid? workflow = null)
    {
        var id = Guid.CreateVersion7();
        var tested = workflow ?? await WorkflowAsync();
        await StoreAsync(id, tested, nodes, edges, plan);
        await QueueAsync(id, tested, input);
        return id;
    }

    // By way of a version that is taken away again, so that it is checked as one.
    private async Task StoreAsync(Guid id, Guid workflow, string nodes, string edges, TestPlan plan)
    {
        var source = await _bed.PublishAsync(nodes, edges);
        await _bed.ExecuteAsync(
            """
            insert into test_runs (tenant_id, execution_id, workflow_id, source, definition, plan, created_at)
            select tenant_id, $2, $3, 'inline', definition, $4::jsonb, now() from workflow_versions
            where tenant_id = $1 and workflow_id = $5
            """, _bed.TenantId, id, workflow, Encoding.UTF8.GetString(plan.ToJson()), source);
    }

    private Task<int> QueueAsync(Guid id, Guid workflow, string input) => _bed.ExecuteAsync(
        """
        insert into executions (tenant_id, id, workflow_id, version, trigger_type, input, queued_at)
        values ($1, $2, $3, 0, 'test', $4::jsonb, now())
        """, _bed.TenantId, id, workflow, input);

    private async Task AddDatabaseAsync()
    {
        await _bed.ExecuteAsync("create table written (n int)");
        var target = new Npgsql.NpgsqlConnectionStringBuilder(_bed.ConnectionString);
        await _bed.AddConnectorAsync(
            "db", "postgres", ("host", target.Host!), ("port", $"{target.Port}"), ("database", target.Database!),
            ("username", target.Username!), ("password", target.Password ?? ""), ("tls", "disable"));
    }

    private async Task AssertLeavesNothingAsync()
    {
        foreach (var table in new[] { "dead_letters", "notification_outbox", "performance_deltas",
            "workflow_performance", "outbox", "events" })
        {
            Assert.True(await _bed.ScalarAsync<bool>($"select not exists (select from {table})"), table);
        }
    }

    private Task<long> CountedAsync(Guid workflow) => _bed.ScalarAsync<long>(
        """
        select coalesce((select sum(executions) from performance_deltas where workflow_id = $1), 0)::bigint
          + coalesce((select sum(executions) from workflow_performance where workflow_id = $1), 0)::bigint
        """, workflow);
}
