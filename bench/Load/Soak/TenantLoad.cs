using System.Collections.Concurrent;
using System.Globalization;

namespace Workflows.Load.Soak;

/// <summary>What one tenant has accepted of a workflow.</summary>
/// <param name="Name">Of the workflow.</param>
/// <param name="Id">Its id.</param>
/// <param name="StepsEach">Steps that each execution completes.</param>
internal sealed record Accepted(string Name, Guid Id, int StepsEach)
{
    /// <summary>Ids of the executions that the API accepted.</summary>
    public ConcurrentBag<Guid> Executions { get; } = [];
}

/// <summary>
/// A tenant's share of the load: executions of one node, of ten, orders that call a ledger and wait for a timer and an
/// event, sub-workflows, events that rules answer, a schedule. Each call is repeated until it is answered.
/// </summary>
internal sealed class TenantLoad : IDisposable
{
    /// <summary>Seconds between two firings of the schedule.</summary>
    public const int ScheduleSeconds = 5;

    private const int MostPending = 2_000;

    private const string Child = """
        {"schema": 1, "nodes": [
          {"id": "first", "type": "set", "effect": true, "parameters": {"value": {"n": "{{ input.n }}"}}},
          {"id": "second", "type": "set", "parameters": {"value": 2}}],
         "edges": [{"from": "first", "to": "second"}]}
        """;

    private readonly Tenant _tenant;
    private readonly Throughput _throughput;
    private readonly ConcurrentDictionary<Task, bool> _pending = new();
    private Accepted _one = null!, _ten = null!, _order = null!, _parent = null!;
    private int _events;

    private TenantLoad(string name, Guid id, Tenant tenant, Throughput throughput) =>
        (Name, Id, _tenant, _throughput) = (name, id, tenant, throughput);

    public string Name { get; }

    public Guid Id { get; }

    public Tenant Tenant => _tenant;

    /// <summary>What was started by calls.</summary>
    public IReadOnlyList<Accepted> Started => [_one, _ten, _order, _parent];

    public Guid Order => _order.Id;

    /// <summary>The workflow that each <see cref="Parent"/> starts once.</summary>
    public Guid ChildId { get; private set; }

    /// <summary>Executions that start a child each.</summary>
    public Accepted Parent => _parent;

    /// <summary>The workflow that a rule starts for each event.</summary>
    public Guid Answer { get; private set; }

    /// <summary>Events that were accepted for the rule.</summary>
    public int Events => Volatile.Read(ref _events);

    /// <summary>The workflow that the schedule starts.</summary>
    public Guid Tick { get; private set; }

    public Guid Schedule { get; private set; }

    public static async Task<TenantLoad> CreateAsync(
        string name, Guid id, Tenant tenant, Ledger ledger, Throughput throughput)
    {
        var load = new TenantLoad(name, id, tenant, throughput);
        load._one = await load.PublishAsync("one", Workloads.OneNode, 1);
        load._ten = await load.PublishAsync("ten", Workloads.TenSteps(), Workloads.Steps);
        load._order = await load.PublishAsync("order", OrderDefinition(name, ledger.Url), 6);
        load.ChildId = (await load.PublishAsync("child", Child, 2)).Id;
        load._parent = await load.PublishAsync("parent", ParentDefinition(load.ChildId), 2);
        load.Answer = (await load.PublishAsync("answer", Workloads.OneNode, 1)).Id;
        load.Tick = (await load.PublishAsync("tick", Workloads.OneNode, 1)).Id;
        await tenant.PostAsync("/api/v1/rules", $$$"""
            {"name": "asked", "eventType": "{{{name}}}.asked", "condition": "event.data.n >= 0",
             "actions": [{"type": "startWorkflow", "workflow": "{{{load.Answer}}}", "input": {}}]}
            """);
        var schedule = await tenant.PostAsync("/api/v1/schedules", string.Create(CultureInfo.InvariantCulture, $$$"""
            {"name": "tick", "workflowId": "{{{load.Tick}}}", "timing": {"intervalSeconds": {{{ScheduleSeconds}}}} }
            """));
        load.Schedule = schedule.TryGetProperty("schedule", out var item)
            ? item.GetProperty("id").GetGuid()
            : schedule.GetProperty("id").GetGuid();
        return load;
    }

    /// <summary>Goes on until it is told to stop; then everything begun is finished.</summary>
    /// <param name="between">Between two starts, each of an execution of one node and of something else.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task FeedAsync(TimeSpan between, CancellationToken cancellationToken)
    {
        for (var number = 0; !cancellationToken.IsCancellationRequested; number++)
        {
            if (_pending.Count < MostPending)
            {
                Begin(StartAsync(_one, number, isWaitedFor: true));
                Begin((number % 4) switch
                {
                    0 => StartAsync(_ten, number, isWaitedFor: true),
                    1 => OrderAsync(),
                    2 => StartAsync(_parent, number, isWaitedFor: false),
                    _ => AskAsync(number),
                });
            }

            await Task.Delay(between, CancellationToken.None);
        }

        await Task.WhenAll(_pending.Keys);
    }

    public void Dispose() => _tenant.Dispose();

    private void Begin(Task task)
    {
        _pending.TryAdd(task, true);
        // One that failed stays, so that its failure comes to light at the end.
        _ = task.ContinueWith(
            done => _pending.TryRemove(done, out _), CancellationToken.None,
            TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
    }

    private async Task<Accepted> PublishAsync(string name, string definition, int stepsEach) =>
        new($"{Name}/{name}", await _tenant.PublishAsync(name, definition), stepsEach);

    private async Task StartAsync(Accepted workflow, int number, bool isWaitedFor)
    {
        var execution = await _tenant.PostAsync(
            $"/api/v1/workflows/{workflow.Id}/execute",
            string.Create(
                CultureInfo.InvariantCulture, $$$"""{"input": {"order": "{{{number}}}", "n": {{{number}}}}}"""),
            prefer: isWaitedFor ? "wait=20" : null);
        workflow.Executions.Add(execution.GetProperty("id").GetGuid());
        if (isWaitedFor && execution.GetProperty("status").GetString() == "completed")
        {
            _throughput.Count();
        }
    }

    private async Task OrderAsync()
    {
        var order = Guid.CreateVersion7();
        var execution = await _tenant.PostAsync(
            $"/api/v1/workflows/{_order.Id}/execute", $$$"""{"input": {"order": "{{{order}}}"}}""");
        _order.Executions.Add(execution.GetProperty("id").GetGuid());
        await SendAsync($"{Name}.paid", order, $"\"correlationid\": \"{order}\",");
    }

    private async Task AskAsync(int number)
    {
        await SendAsync($"{Name}.asked", Guid.CreateVersion7(), "", number);
        Interlocked.Increment(ref _events);
    }

    private async Task SendAsync(string type, Guid id, string more, int number = 0) => await _tenant.PostAsync(
        "/api/v1/events",
        string.Create(CultureInfo.InvariantCulture, $$$"""
            {"specversion": "1.0", "id": "{{{id}}}", "source": "/soak", "type": "{{{type}}}", {{{more}}}
             "data": {"n": {{{number}}}} }
            """),
        "application/cloudevents+json");

    private static string ParentDefinition(Guid child) => $$$"""
        {"schema": 1, "nodes": [
          {"id": "call", "type": "subworkflow",
           "parameters": {"workflow": "{{{child}}}", "input": {"n": "{{ input.n }}"} }},
          {"id": "last", "type": "set", "parameters": {"value": 1}}],
         "edges": [{"from": "call", "to": "last"}]}
        """;

    private static string OrderDefinition(string name, string url)
    {
        var call = $$$$"""
            "type": "http", "parameters": {"url": "{{{{url}}}}", "method": "post",
              "body": {"order": "{{ input.order }}"}}, "timeoutSeconds": 5,
            "retry": {"maxAttempts": 50, "initialDelaySeconds": 1, "maxDelaySeconds": 3}
            """;
        return $$$$"""
            {"schema": 1,
             "nodes": [
               {"id": "begin", "type": "set", "effect": true, "parameters": {"value": {"order": "{{ input.order }}"}}},
               {"id": "reserve", {{{{call}}}}},
               {"id": "pause", "type": "delay", "parameters": {"seconds": 1.2}},
               {"id": "payment", "type": "waitForEvent", "parameters":
                 {"eventType": "{{{{name}}}}.paid", "correlation": "input.order", "timeoutSeconds": 900}},
               {"id": "book", {{{{call}}}}},
               {"id": "tell", "type": "emitEvent", "parameters":
                 {"type": "{{{{name}}}}.booked", "subject": "{{ input.order }}", "data": {}}}],
             "edges": [
               {"from": "begin", "to": "reserve"}, {"from": "reserve", "to": "pause"},
               {"from": "pause", "to": "payment"}, {"from": "payment", "to": "book"}, {"from": "book", "to": "tell"}]}
            """;
    }
}
