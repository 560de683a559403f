using Microsoft.AspNetCore.Http;
using Workflows.Data.Executions;
using Workflows.Testing;

namespace Workflows.Worker.Tests;

/// <summary>Definitions carried out by a worker process on real servers. Without Redis the same must happen by sweeping.</summary>
public abstract class EndToEndTests(EndToEndTests.Bed bed)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private WorkerBed Platform => bed.Platform;

    private TargetServer Target => bed.Target;

    [Theory]
    [InlineData(500, "large", "if/1 completed true|l/1 completed main|end/1 completed main")]
    [InlineData(5, "small", "if/1 completed false|s/1 completed main|end/1 completed main")]
    public async Task An_if_takes_one_branch_and_the_join_goes_on_with_it(int amount, string size, string steps)
    {
        var workflow = await Platform.PublishAsync(
            """
            {"id": "if", "type": "if", "parameters": {"condition": "input.amount > 100"}},
            {"id": "l", "type": "set", "parameters": {"value": "large"}}, {"id": "s", "type": "set", "parameters": {"value": "small"}},
            {"id": "end", "type": "join"}
            """,
            "if.true>l, if.false>s, l>end, s>end", """, "output": {"size": "{{ $exists(steps.l.output) ? steps.l.output : steps.s.output }}"}""");

        var execution = await Platform.StartAsync(workflow, $$"""{"amount": {{amount}}}""");

        Assert.Equal(("completed", $$"""{"size": "{{size}}"}"""), await Platform.EndOfAsync(execution, Soon));
        Assert.Equal(steps.Split('|'), await Platform.StepsOfAsync(execution));
    }

    [Theory]
    [InlineData("gold", "gold")]
    [InlineData("tin", "default")]
    public async Task A_switch_leaves_by_the_first_case_that_holds(string kind, string port)
    {
        var workflow = await Platform.PublishAsync(
            """
            {"id": "s", "type": "switch", "parameters": {"cases": [{"port": "gold", "when": "input.kind = 'gold'"}, {"port": "silver", "when": "input.kind = 'silver'"}]}},
            {"id": "a", "type": "noop"}, {"id": "b", "type": "noop"}, {"id": "c", "type": "noop"}
            """, "s.gold>a, s.silver>b, s.default>c");

        var execution = await Platform.StartAsync(workflow, $$"""{"kind": "{{kind}}"}""");

        await Platform.EndOfAsync(execution, Soon);
        Assert.Equal($"s/1 completed {port}", (await Platform.StepsOfAsync(execution))[0]);
        Assert.Equal(2, (await Platform.StepsOfAsync(execution)).Count);
    }

    [Fact]
    public async Task An_error_port_carries_on_and_an_unwired_failure_ends_the_execution_with_a_dead_letter()
    {
        var wired = await Platform.StartAsync(await Platform.PublishAsync(
            """{"id": "a", "type": "set", "parameters": {"value": "{{ $error('no') }}"}}, {"id": "b", "type": "noop"}, {"id": "c", "type": "set", "parameters": {"value": "saved"}}""",
            "a>b, a.error>c"));
        var unwired = await Platform.StartAsync(await Platform.PublishAsync("""{"id": "a", "type": "fail", "parameters": {"code": "NO_STOCK"}}"""));

        Assert.Equal("completed", (await Platform.EndOfAsync(wired, Soon)).Status);
        Assert.Equal(["a/1 failed error", "c/1 completed main"], await Platform.StepsOfAsync(wired));
        Assert.Equal(("failed", "NO_STOCK"), await Platform.EndOfAsync(unwired, Soon));
        Assert.Equal(["a NO_STOCK"], await Platform.ListAsync("select node_id || ' ' || (error ->> 'code') from dead_letters where execution_id = $1", unwired));
        var (groups, _) = await new FailureQueries(Platform.ApiDatabase).GroupsAsync(
            Platform.TenantId, Guid.Empty, Guid.AllBitsSet, null, withResolved: false, 100,
            TestContext.Current.CancellationToken);
        var group = Assert.Single(groups, group => group.NewestId == unwired);
        Assert.Equal(("a", "NO_STOCK", 1), (group.NodeId, group.Code, group.Count));
    }

    [Fact]
    public async Task A_failed_call_is_tried_again_by_a_durable_timer_under_the_same_key()
    {
        var path = $"/{Guid.CreateVersion7():N}";
        var url = Target.On(path, async (context, count) =>
        {
            context.Response.StatusCode = count < 3 ? 503 : 200;
            context.Response.Headers.RetryAfter = count == 1 ? "2" : "0";
            await context.Response.WriteAsJsonAsync(new { count }, context.RequestAborted);
        });
        var execution = await Platform.StartAsync(await Platform.PublishAsync(
            $$$"""{"id": "call", "type": "http", "parameters": {"url": "{{{url}}}", "method": "post"}, "retry": {"maxAttempts": 3, "initialDelaySeconds": 0.1}}"""));

        await Platform.UntilAsync(execution, "waiting", Soon);
        Assert.Equal("completed", (await Platform.EndOfAsync(execution, Soon)).Status);

        Assert.Equal(["call/1 failed", "call/2 failed", "call/3 completed main"], await Platform.StepsOfAsync(execution));
        Assert.Equal([$"{execution:N}.call"], Target.Calls.Where(call => call.Path == path).Select(call => call.IdempotencyKey).Distinct());
        await NothingIsLeftOfAsync(execution);
    }

    [Fact]
    public async Task A_delay_parks_the_execution_and_its_timer_wakes_it_in_time()
    {
        var execution = await Platform.StartAsync(await Platform.PublishAsync("""{"id": "d", "type": "delay", "parameters": {"seconds": 1.5}}"""));

        await Platform.UntilAsync(execution, "waiting", Soon);
        Assert.Equal("completed", (await Platform.EndOfAsync(execution, Soon)).Status);

        var lag = await Platform.ScalarAsync<double>(
            "select extract(epoch from e.finished_at - (s.output ->> 'dueAt')::timestamptz)::float8 from executions e join step_executions s on s.execution_id = e.id where e.id = $1", execution);
        Assert.InRange(lag, 0, 5);
        TestContext.Current.TestOutputHelper?.WriteLine($"timer lag {lag * 1000:0} ms");
        await NothingIsLeftOfAsync(execution);
    }

    [Fact]
    public async Task An_event_ends_a_wait_and_its_timeout_leaves_by_its_own_port()
    {
        var workflow = await Platform.PublishAsync(
            """
            {"id": "w", "type": "waitForEvent", "parameters": {"eventType": "payment.received", "correlation": "input.order", "timeoutSeconds": "{{ input.timeout }}"}},
            {"id": "paid", "type": "set", "parameters": {"value": "{{ steps.w.output.data.by }}"}}, {"id": "late", "type": "set", "parameters": {"value": "late"}}
            """, "w>paid, w.timeout>late");
        var (first, second) = ($"{Guid.CreateVersion7():N}", $"{Guid.CreateVersion7():N}");
        var paid = await Platform.StartAsync(workflow, $$"""{"order": "{{first}}", "timeout": 600}""");
        var late = await Platform.StartAsync(workflow, $$"""{"order": "{{second}}", "timeout": 0.5}""");

        await Platform.UntilAsync(paid, "waiting", Soon);
        await Platform.SendAsync("payment.received", first, """{"by": "card"}""");

        Assert.Equal("completed", (await Platform.EndOfAsync(paid, Soon)).Status);
        Assert.Equal("completed", (await Platform.EndOfAsync(late, Soon)).Status);
        Assert.Equal(["w/1 completed main", "paid/1 completed main"], await Platform.StepsOfAsync(paid));
        Assert.Equal(["w/1 completed timeout", "late/1 completed main"], await Platform.StepsOfAsync(late));
        Assert.Equal(["\"card\""], await Platform.ListAsync("select output::text from step_executions where execution_id = $1 and node_id = 'paid'", paid));
        await NothingIsLeftOfAsync(paid);
        await NothingIsLeftOfAsync(late);
    }

    [Fact]
    public async Task An_event_that_came_before_its_wait_is_not_missed()
    {
        var (path, arrived, goOn) = ($"/{Guid.CreateVersion7():N}", new TaskCompletionSource(), new TaskCompletionSource());
        var url = Target.On(path, async (context, _) =>
        {
            arrived.SetResult();
            await goOn.Task;
            await context.Response.WriteAsync("ok");
        });
        var order = $"{Guid.CreateVersion7():N}";
        var execution = await Platform.StartAsync(await Platform.PublishAsync(
            $$$"""
            {"id": "call", "type": "http", "parameters": {"url": "{{{url}}}"}},
            {"id": "w", "type": "waitForEvent", "parameters": {"eventType": "payment.received", "correlation": "input.order"}}
            """, "call>w"), $$"""{"order": "{{order}}"}""");
        await arrived.Task.WaitAsync(Soon, TestContext.Current.CancellationToken);
        await Platform.SendAsync("payment.received", order);
        goOn.SetResult();

        Assert.Equal("completed", (await Platform.EndOfAsync(execution, Soon)).Status);
        await NothingIsLeftOfAsync(execution);
    }

    [Fact]
    public async Task An_emitted_event_starts_what_is_triggered_by_it()
    {
        var type = $"done.{Guid.CreateVersion7():N}";
        var listener = await Platform.PublishAsync(
            """{"id": "n", "type": "noop"}""", "", $$""", "triggers": [{"id": "t", "type": "event", "eventType": "{{type}}", "condition": "event.data.total > 10"}]""");
        var emitter = await Platform.PublishAsync(
            $$$$"""{"id": "e", "type": "emitEvent", "parameters": {"type": "{{{{type}}}}", "subject": "{{ input.order }}", "data": {"total": "{{ input.total }}"}}}""");

        await Platform.EndOfAsync(await Platform.StartAsync(emitter, """{"order": "small", "total": 1}"""), Soon);
        await Platform.EndOfAsync(await Platform.StartAsync(emitter, """{"order": "large", "total": 100}"""), Soon);

        await Eventually.TrueAsync(
            () => Platform.ScalarAsync<bool>("select exists (select from executions where workflow_id = $1 and status = 'completed')", listener),
            Soon, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(
            () => Platform.ScalarAsync<bool>("select not exists (select from events_to_route)"), Soon, TestContext.Current.CancellationToken);
        Assert.Equal(["large 100"], await Platform.ListAsync("select correlation_id || ' ' || (input ->> 'total') from executions where workflow_id = $1", listener));
    }

    [Fact]
    public async Task An_execution_past_its_time_is_ended_while_it_waits_and_while_it_calls()
    {
        var url = Target.On($"/{Guid.CreateVersion7():N}", async (context, _) => await Task.Delay(Timeout.Infinite, context.RequestAborted));
        var waiting = await Platform.StartAsync(await Platform.PublishAsync(
            """{"id": "d", "type": "delay", "parameters": {"seconds": 600}}""", "", """, "settings": {"timeoutSeconds": 1}"""));
        var calling = await Platform.StartAsync(await Platform.PublishAsync(
            $$$"""{"id": "c", "type": "http", "parameters": {"url": "{{{url}}}"}}""", "", """, "settings": {"timeoutSeconds": 1}"""));

        Assert.Equal(("timed_out", "EXECUTION_TIMED_OUT"), await Platform.EndOfAsync(waiting, Soon));
        Assert.Equal(("timed_out", "EXECUTION_TIMED_OUT"), await Platform.EndOfAsync(calling, Soon));
        await NothingIsLeftOfAsync(waiting);
        await NothingIsLeftOfAsync(calling);
    }

    [Fact]
    public async Task A_call_past_its_own_time_fails_as_timed_out()
    {
        var url = Target.On($"/{Guid.CreateVersion7():N}", async (context, _) => await Task.Delay(Timeout.Infinite, context.RequestAborted));
        var execution = await Platform.StartAsync(await Platform.PublishAsync(
            $$$"""{"id": "c", "type": "http", "parameters": {"url": "{{{url}}}", "timeoutSeconds": 0.2}}"""));

        Assert.Equal(("failed", "TIMEOUT"), await Platform.EndOfAsync(execution, Soon));
    }

    [Fact]
    public async Task Cancelling_ends_a_waiting_execution()
    {
        var execution = await Platform.StartAsync(await Platform.PublishAsync("""{"id": "d", "type": "delay", "parameters": {"seconds": 600}}"""));
        await Platform.UntilAsync(execution, "waiting", Soon);

        await Platform.CancelAsync(execution);

        Assert.Equal(("cancelled", "CANCELLED"), await Platform.EndOfAsync(execution, Soon));
        await NothingIsLeftOfAsync(execution);
    }

    [Fact]
    public async Task Cancelling_aborts_a_call_that_is_under_way()
    {
        var (arrived, left) = (new TaskCompletionSource(), new TaskCompletionSource());
        var url = Target.On($"/{Guid.CreateVersion7():N}", async (context, _) =>
        {
            context.RequestAborted.Register(left.SetResult);
            arrived.SetResult();
            await left.Task;
        });
        var execution = await Platform.StartAsync(await Platform.PublishAsync($$$"""{"id": "c", "type": "http", "parameters": {"url": "{{{url}}}"}}"""));
        await arrived.Task.WaitAsync(Soon, TestContext.Current.CancellationToken);

        await Platform.CancelAsync(execution);

        Assert.Equal(("cancelled", "CANCELLED"), await Platform.EndOfAsync(execution, Soon));
        await left.Task.WaitAsync(Soon, TestContext.Current.CancellationToken);
    }

    // The abort of a run that waits for its next attempt ends it at once, in the midst of the decisions that abort it.
    [Fact]
    public async Task Cancelling_between_two_attempts_is_a_cancellation_and_no_internal_error()
    {
        var path = $"/{Guid.CreateVersion7():N}";
        var url = Target.On(path, (context, _) =>
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        });
        var workflow = await Platform.PublishAsync(
            $$$"""{"id": "c", "type": "http", "parameters": {"url": "{{{url}}}"}, "retry": {"maxAttempts": 50, "initialDelaySeconds": 0.9, "multiplier": 1}}""");
        for (var round = 0; round < 3; round++)
        {
            var execution = await Platform.StartAsync(workflow);
            await Eventually.TrueAsync(
                async () => (await Platform.StepsOfAsync(execution)).Count > round, Soon, TestContext.Current.CancellationToken);

            await Platform.CancelAsync(execution);

            Assert.Equal(("cancelled", "CANCELLED"), await Platform.EndOfAsync(execution, Soon));
        }
    }

    [Fact]
    public async Task A_failed_execution_is_retried_from_the_step_that_failed()
    {
        var path = $"/{Guid.CreateVersion7():N}";
        var url = Target.On(path, (context, count) =>
        {
            context.Response.StatusCode = count == 1 ? 400 : 200;
            return Task.CompletedTask;
        });
        var execution = await Platform.StartAsync(await Platform.PublishAsync(
            $$$"""{"id": "a", "type": "set", "parameters": {"value": "{{ $random() }}"}}, {"id": "b", "type": "http", "parameters": {"url": "{{{url}}}"}}""", "a>b"));
        Assert.Equal(("failed", "HTTP_400"), await Platform.EndOfAsync(execution, Soon));

        await Platform.RetryAsync(execution);
        await Platform.UntilAsync(execution, "completed", Soon);

        Assert.Equal(["a/1 completed main", "b/1 failed", "b/2 completed main"], await Platform.StepsOfAsync(execution));
        Assert.Equal(["redriven"], await Platform.ListAsync("select status from dead_letters where execution_id = $1", execution));
        Assert.Single(Target.Calls.Where(call => call.Path == path).Select(call => call.IdempotencyKey).Distinct());
    }

    [Fact]
    public async Task A_version_that_is_missing_fails_the_execution_visibly()
    {
        var workflow = await Platform.PublishAsync("""{"id": "n", "type": "noop"}""");
        await Platform.ExecuteAsync("delete from workflow_versions where workflow_id = $1", workflow);

        Assert.Equal(("failed", "VERSION_UNUSABLE"), await Platform.EndOfAsync(await Platform.StartAsync(workflow), Soon));
    }

    [Fact]
    public async Task A_thousand_executions_at_once_all_end_with_their_own_result()
    {
        var workflow = await Platform.PublishAsync(
            """{"id": "a", "type": "set", "effect": true, "parameters": {"value": "{{ input.n * 2 }}"}}, {"id": "b", "type": "set", "parameters": {"value": "{{ steps.a.output + 1 }}"}}""",
            "a>b", """, "output": {"n": "{{ steps.b.output }}"}""");

        await Platform.StartManyAsync(workflow, 1_000);

        await Eventually.TrueAsync(
            async () => await Platform.ScalarAsync<long>("select count(*) from executions where workflow_id = $1 and status = 'completed'", workflow) == 1_000,
            TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Equal(1_000, await Platform.ScalarAsync<long>(
            "select count(*) from executions where workflow_id = $1 and (output ->> 'n')::int = 2 * (input ->> 'n')::int + 1", workflow));
    }

    private async Task NothingIsLeftOfAsync(Guid execution)
    {
        Assert.Equal(0, await Platform.ScalarAsync<long>("select count(*) from waits where execution_id = $1", execution));
        Assert.Equal(0, await Platform.ScalarAsync<long>("select count(*) from timers where execution_id = $1", execution));
    }

    /// <summary>One worker for all tests of a class.</summary>
    public abstract class Bed(PostgresServer postgres, RedisServer? redis) : IAsyncLifetime
    {
        internal WorkerBed Platform { get; private set; } = null!;

        internal TargetServer Target { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Target = await TargetServer.StartAsync();
            Platform = await WorkerBed.CreateAsync(postgres, redis);
            await Platform.StartWorkerAsync();
        }

        public async ValueTask DisposeAsync()
        {
            GC.SuppressFinalize(this);
            await Platform.DisposeAsync();
            await Target.DisposeAsync();
        }
    }
}

public sealed class EndToEndWithRedisTests(EndToEndWithRedisTests.RedisBed bed) : EndToEndTests(bed), IClassFixture<EndToEndWithRedisTests.RedisBed>
{
    public sealed class RedisBed(PostgresServer postgres, RedisServer redis) : Bed(postgres, redis);
}

public sealed class EndToEndWithoutRedisTests(EndToEndWithoutRedisTests.SweepingBed bed)
    : EndToEndTests(bed), IClassFixture<EndToEndWithoutRedisTests.SweepingBed>
{
    public sealed class SweepingBed(PostgresServer postgres) : Bed(postgres, null);
}
