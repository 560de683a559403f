using System.Collections.Concurrent;
using System.Text.Json;
using StackExchange.Redis;
using Workflows.Data.Live;
using Workflows.Testing;

namespace Workflows.Worker.Tests;

/// <summary>What workers tell of executions that somebody looks on at, and of no others.</summary>
public sealed class LiveTests(PostgresServer postgres, RedisServer redis) : IAsyncLifetime
{
    private const string Slow = """
        {"id": "pause", "type": "delay", "parameters": {"seconds": 2}},
        {"id": "end", "type": "set", "parameters": {"value": 1}}
        """;

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private readonly ConcurrentQueue<JsonElement> _told = new();
    private WorkerBed _bed = null!;
    private ConnectionMultiplexer _redis = null!;

    public async ValueTask InitializeAsync()
    {
        _bed = await WorkerBed.CreateAsync(postgres, redis);
        _redis = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString);
        await new LiveFeed(_redis).ListenAsync(
            new LiveChannel(_bed.TenantId, OfExecutions: true),
            entry => _told.Enqueue(JsonElement.Parse(entry.Json.Span)));
        await _bed.StartWorkerAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _redis.DisposeAsync();
        await _bed.DisposeAsync();
    }

    [Fact]
    public async Task Who_looks_on_at_an_execution_hears_of_its_steps_and_its_end_once_they_are_durable()
    {
        var workflow = await _bed.PublishAsync(Slow, "pause>end");
        var (watched, other) = (await _bed.StartAsync(workflow), await _bed.StartAsync(workflow));
        new LiveWatches(_redis, TimeProvider.System).Say(_bed.TenantId, watched, isNew: true);

        await _bed.EndOfAsync(watched, Soon);
        await _bed.EndOfAsync(other, Soon);
        await Eventually.TrueAsync(
            () => Types().Contains("execution.completed"), Soon, TestContext.Current.CancellationToken);

        Assert.All(_told, message => Assert.Equal($"execution:{watched}", message.GetProperty("topic").GetString()));
        Assert.Equal(
            ["execution.running", "step.completed", "step.completed", "execution.completed"],
            Types().Where(type => type is not ("wait.opened" or "execution.waiting")).TakeLast(4));
        var last = _told.Last(message => Type(message) == "step.completed").GetProperty("data");
        Assert.Equal("end", last.GetProperty("nodeId").GetString());
        Assert.Equal(1, last.GetProperty("outputBytes").GetInt32());
    }

    [Fact]
    public async Task Who_looks_on_at_all_hears_how_each_stands()
    {
        new LiveWatches(_redis, TimeProvider.System).Say(_bed.TenantId, Guid.Empty, isNew: true);
        var execution = await _bed.StartAsync(await _bed.PublishAsync(Slow, "pause>end"));

        await _bed.EndOfAsync(execution, Soon);
        await Eventually.TrueAsync(
            () => Statuses(execution).Contains("completed"), Soon, TestContext.Current.CancellationToken);

        Assert.Equal("completed", Statuses(execution)[^1]);
        Assert.Contains("waiting", Statuses(execution));
        Assert.All(_told, message => Assert.Equal("executions", message.GetProperty("topic").GetString()));
    }

    private List<string> Types() => [.. _told.Select(Type)];

    private static string Type(JsonElement message) => message.GetProperty("type").GetString()!;

    private List<string> Statuses(Guid execution) =>
        [
            .. _told.SelectMany(message => message.GetProperty("data").GetProperty("executions").EnumerateArray())
                .Where(changed => changed.GetProperty("id").GetGuid() == execution)
                .Select(changed => changed.GetProperty("status").GetString()!),
        ];
}
