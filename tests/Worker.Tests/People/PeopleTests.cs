using System.Text.Json;
using Microsoft.AspNetCore.Http;
using StackExchange.Redis;
using Workflows.Data.Approvals;
using Workflows.Data.Executions;
using Workflows.Data.Notifications;
using Workflows.Testing;
using Workflows.Worker.Calls;
using Workflows.Worker.Nodes;

namespace Workflows.Worker.Tests.People;

/// <summary>Executions that wait for people and callers, carried by worker processes, with what may go wrong meanwhile.</summary>
public sealed class PeopleTests(PostgresServer postgres, PeopleTests.OwnRedis redis) : IClassFixture<PeopleTests.OwnRedis>, IAsyncLifetime
{
    private const string Ask =
        """{"id": "ask", "type": "approval", "parameters": {"title": "Pay {{ input.amount }}?", "users": "{{ input.who }}", "expirySeconds": "{{ input.expiry }}"}}""";

    private const string Branches = """{"id": "yes", "type": "noop"}, {"id": "no", "type": "noop"}, {"id": "late", "type": "noop"}, {"id": "bad", "type": "noop"}""";
    private const string Edges = "ask.approved>yes, ask.rejected>no, ask.expired>late, ask.error>bad";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private WorkerBed _bed = null!;
    private Guid _ann;
    private Guid _workflow;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _bed = await WorkerBed.CreateAsync(postgres, redis.Server);
        _ann = await _bed.AddUserAsync("ann");
        _workflow = await _bed.PublishAsync($"{Ask}, {Branches}", Edges, """, "output": "{{ steps.ask.output.decisions[0].comment }}" """);
    }

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Fact]
    public async Task A_request_outlives_its_worker_and_redis_and_its_decision_carries_the_execution_on()
    {
        var first = await _bed.StartWorkerAsync();
        var execution = await StartAsync();
        await _bed.UntilAsync(execution, "waiting", Soon);
        await first.KillAsync();
        await _bed.StartWorkerAsync();
        await redis.FlushAsync();

        var outcome = await _bed.DecideAsync(await _bed.RequestOfAsync(execution), _ann);

        Assert.Equal(new DecisionOutcome.Recorded("approved", false), outcome);
        Assert.Equal(("completed", "\"because\""), await _bed.EndOfAsync(execution, Soon));
        Assert.Equal(["ask/1 completed approved", "yes/1 completed main"], await _bed.StepsOfAsync(execution));
        await _bed.AssertNothingWaitsAsync();
    }

    [Fact]
    public async Task A_rejection_leaves_by_its_own_port_and_those_asked_were_told()
    {
        await _bed.StartWorkerAsync();
        var execution = await StartAsync();
        await _bed.UntilAsync(execution, "waiting", Soon);
        await Eventually.TrueAsync(
            () => _bed.ScalarAsync<bool>("select exists (select from notifications where user_id = $1 and title = 'To decide: Pay 7?')", _ann), Soon, Token);

        await _bed.DecideAsync(await _bed.RequestOfAsync(execution), _ann, approves: false);

        await _bed.EndOfAsync(execution, Soon);
        Assert.Equal(["ask/1 completed rejected", "no/1 completed main"], await _bed.StepsOfAsync(execution));
    }

    [Fact]
    public async Task A_request_expires_by_its_port_although_the_worker_that_opened_it_was_killed()
    {
        var first = await _bed.StartWorkerAsync();
        var execution = await StartAsync(expiry: 3);
        await _bed.UntilAsync(execution, "waiting", Soon);
        await first.KillAsync();
        await _bed.StartWorkerAsync();

        await _bed.EndOfAsync(execution, Soon);

        Assert.Equal(["ask/1 completed expired", "late/1 completed main"], await _bed.StepsOfAsync(execution));
        Assert.Equal(new DecisionOutcome.Closed("expired"), await _bed.DecideAsync(await _bed.RequestOfAsync(execution), _ann));
    }

    [Fact]
    public async Task A_cancelled_execution_leaves_no_open_request()
    {
        await _bed.StartWorkerAsync();
        var execution = await StartAsync();
        await _bed.UntilAsync(execution, "waiting", Soon);

        await _bed.CancelAsync(execution);

        Assert.Equal("cancelled", (await _bed.EndOfAsync(execution, Soon)).Status);
        Assert.Equal(new DecisionOutcome.Closed("cancelled"), await _bed.DecideAsync(await _bed.RequestOfAsync(execution), _ann));
        await _bed.AssertNothingWaitsAsync();
    }

    [Fact]
    public async Task A_request_to_nobody_leaves_by_the_error_port_at_once()
    {
        await _bed.StartWorkerAsync();
        var execution = await StartAsync(who: "nobody@x.org");

        await _bed.EndOfAsync(execution, Soon);

        Assert.Equal(["ask/1 failed error", "bad/1 completed main"], await _bed.StepsOfAsync(execution));
        Assert.Equal("APPROVAL_UNASSIGNED", await _bed.ScalarAsync<string>("select error ->> 'code' from step_executions where node_id = 'ask'"));
    }

    // The earlier node hands the address out; the target calls it at once, while the wait is not yet open, or after it.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_call_of_the_one_time_address_is_the_output_whether_it_comes_before_or_after_the_wait_opens(bool early)
    {
        await using var target = await TargetServer.StartAsync();
        var address = new TaskCompletionSource<string>();
        var url = target.On("/order", async (context, _) =>
        {
            var body = JsonElement.Parse(target.Calls.Single().Body);
            address.TrySetResult(body.GetProperty("answerTo").GetString()!);
            if (early)
            {
                await CallAsync(await address.Task);
            }

            await context.Response.WriteAsJsonAsync(new { ok = true }, context.RequestAborted);
        });
        var workflow = await _bed.PublishAsync(
            $$$"""
            {"id": "order", "type": "http", "parameters": {"url": "{{{url}}}", "method": "post", "body": {"answerTo": "{{ callbacks.back }}"} } },
            {"id": "back", "type": "waitForWebhook"}
            """, "order>back", """, "output": "{{ steps.back.output.body.paid }}" """);
        var first = await _bed.StartWorkerAsync();
        var execution = await _bed.StartAsync(workflow);
        if (!early)
        {
            await _bed.UntilAsync(execution, "waiting", Soon);
            await first.KillAsync();
            await _bed.StartWorkerAsync();
            Assert.Equal(CallbackOutcome.Accepted, await CallAsync(await address.Task));
        }

        Assert.Equal(("completed", "true"), await _bed.EndOfAsync(execution, Soon));
        Assert.StartsWith("https://flows.example/api/v1/callbacks/", await address.Task, StringComparison.Ordinal);
        Assert.Equal(CallbackOutcome.Gone, await CallAsync(await address.Task));
        Assert.Equal(0, await _bed.ScalarAsync<long>("select count(*) from callback_calls"));
        await _bed.AssertNothingWaitsAsync();
    }

    [Fact]
    public async Task A_notification_reaches_each_user_once_however_often_the_step_is_tried()
    {
        await _bed.AddUserAsync("bob");
        var runner = new NotifyNodeRunner(new NotificationStore(_bed.WorkerDatabase, TimeProvider.System));
        var run = WorkerBed.NodeRun(
            "notify", Guid.CreateVersion7(), "tell",
            """{"users": ["ann@x.org", "bob@x.org", "gone@x.org"], "groups": [], "roles": [], "title": "Late", "body": null, "link": "/x", "level": "warning"}"""u8.ToArray());

        for (var attempt = 0; attempt < 2; attempt++)
        {
            var success = Assert.IsType<NodeResult.Success>(await runner.RunAsync(new NodeCall(_bed.TenantId, run), Token));
            Assert.Equal("""{"recipients":2,"unknown":["user:gone@x.org"]}""", System.Text.Encoding.UTF8.GetString(success.Output));
        }

        Assert.Equal(["Late warning /x", "Late warning /x"], await _bed.ListAsync("select concat_ws(' ', title, level, link) from notifications"));
        var nobody = run with { Parameters = """{"users": ["gone@x.org"], "groups": [], "roles": [], "title": "Late", "body": null, "link": null, "level": "info"}"""u8.ToArray() };
        Assert.Equal("NOTIFY_NOBODY", Assert.IsType<NodeResult.Failure>(await runner.RunAsync(new NodeCall(_bed.TenantId, nobody), Token)).Error.Code);
    }

    private Task<Guid> StartAsync(string who = "ann@x.org", int expiry = 3_600) =>
        _bed.StartAsync(_workflow, $$"""{"amount": 7, "who": "{{who}}", "expiry": {{expiry}}}""");

    private Task<CallbackOutcome> CallAsync(string address)
    {
        var target = WorkerBed.TargetOf(address);
        return _bed.Callbacks.CallAsync(target.TenantId, target.ExecutionId, target.NodeId, target.Iteration, """{"body": {"paid": true}}"""u8.ToArray(), Token);
    }

    /// <summary>A Redis of its own: these tests empty it.</summary>
    public sealed class OwnRedis : IAsyncLifetime
    {
        public RedisServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Server = await RedisServer.StartAsync();

        public async Task FlushAsync()
        {
            var options = ConfigurationOptions.Parse(Server.ConnectionString);
            options.AllowAdmin = true;
            await using var connection = await ConnectionMultiplexer.ConnectAsync(options);
            await connection.GetDatabase().ExecuteAsync("FLUSHALL");
        }

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
