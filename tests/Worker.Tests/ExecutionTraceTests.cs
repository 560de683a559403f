using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Workflows.Data.Executions;
using Workflows.Testing;

namespace Workflows.Worker.Tests;

/// <summary>The spans of a worker in this process, as whoever exports them sees them.</summary>
public sealed class ExecutionTraceTests(PostgresServer server) : IAsyncLifetime
{
    private const string Secret = "a value of the tenant's";

    private readonly ConcurrentQueue<Activity> _ended = [];
    private readonly ActivityListener _listener = new();
    private WorkerBed _bed = null!;
    private TargetServer _target = null!;
    private WorkerHost _worker = null!;

    public async ValueTask InitializeAsync()
    {
        _listener.ShouldListenTo = source => source.Name is "Workflows.Worker" or "System.Net.Http";
        _listener.Sample =
            (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded;
        _listener.ActivityStopped = _ended.Enqueue;
        ActivitySource.AddActivityListener(_listener);
        _bed = await WorkerBed.CreateAsync(server, redis: null);
        _target = await TargetServer.StartAsync();
        _target.On("/ok", (context, _) => context.Response.WriteAsync("ok"));
        _target.On("/refuses", (context, _) =>
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return context.Response.WriteAsync(Secret);
        });
        _worker = await WorkerHost.StartAsync(_bed, TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        await _worker.DisposeAsync();
        await _target.DisposeAsync();
        await _bed.DisposeAsync();
        _listener.Dispose();
    }

    [Fact]
    public async Task Each_stay_and_each_call_lies_in_the_trace_that_bears_the_executions_id()
    {
        var order = $"{Guid.CreateVersion7():N}";
        var workflow = await _bed.PublishAsync(
            $$"""
            {"id": "call", "type": "http", "parameters": {"url": "{{_target.Url("/ok")}}"} },
            {"id": "w", "type": "waitForEvent", "parameters": {"eventType": "paid", "correlation": "input.order"} }
            """, "call>w");
        var execution = await _bed.StartAsync(workflow, $$"""{"order": "{{order}}"}""");
        await _bed.UntilAsync(execution, "waiting");
        await _bed.SendAsync("paid", order);
        Assert.Equal("completed", (await _bed.EndOfAsync(execution)).Status);

        var stays = await SpansAsync(execution, "execution", 2);
        var call = Assert.Single(await SpansAsync(execution, "http", 1));

        Assert.Equal(["waiting", "completed"], stays.Select(stay => stay.GetTagItem("workflows.execution.status")));
        Assert.All(stays, stay => Assert.Equal(ExecutionTraces.ContextOf(execution).SpanId, stay.ParentSpanId));
        Assert.Equal(stays[0].SpanId, call.ParentSpanId);
        Assert.Equal("call", call.GetTagItem("workflows.node.id"));
        Assert.Equal(ActivityStatusCode.Unset, call.Status);
        Assert.Contains(_ended, span => span.Source.Name == "System.Net.Http" && span.TraceId == call.TraceId);
    }

    [Fact]
    public async Task A_failure_is_told_by_its_code_and_nothing_of_the_tenants_data()
    {
        var execution = await _bed.StartAsync(await _bed.PublishAsync(
            $$"""{"id": "call", "type": "http", "parameters": {"url": "{{_target.Url("/refuses")}}"} }"""));
        Assert.Equal("failed", (await _bed.EndOfAsync(execution)).Status);

        var stay = Assert.Single(await SpansAsync(execution, "execution", 1));
        var call = Assert.Single(await SpansAsync(execution, "http", 1));

        Assert.Equal(ActivityStatusCode.Error, call.Status);
        Assert.Equal(ActivityStatusCode.Error, stay.Status);
        Assert.NotNull(call.GetTagItem("error.type"));
        Assert.All((Activity[])[stay, call], span =>
        {
            Assert.Null(span.StatusDescription);
            Assert.DoesNotContain(span.TagObjects, tag => $"{tag.Value}".Contains(Secret, StringComparison.Ordinal));
        });
    }

    [Fact]
    public async Task Whoever_starts_an_execution_can_go_on_to_its_trace()
    {
        using var request = new Activity("request").Start();
        request.IsAllDataRequested = true;

        var execution = await _bed.StartAsync(await _bed.PublishAsync("""{"id": "a", "type": "noop"}"""));

        Assert.Equal(ExecutionTraces.ContextOf(execution).TraceId, Assert.Single(request.Links).Context.TraceId);
        Assert.Equal($"{execution:N}", Assert.Single(request.Links).Context.TraceId.ToHexString());
    }

    // The end is in the database before the span ends.
    private async Task<List<Activity>> SpansAsync(Guid execution, string kind, int count)
    {
        List<Activity> Found() =>
        [
            .. _ended.Where(span => span.TraceId.ToHexString() == $"{execution:N}"
                && span.OperationName.StartsWith(kind, StringComparison.Ordinal)
                && span.Source.Name == "Workflows.Worker"),
        ];
        await Eventually.TrueAsync(() => Task.FromResult(Found().Count >= count), TimeSpan.FromSeconds(10));
        return Found();
    }
}
