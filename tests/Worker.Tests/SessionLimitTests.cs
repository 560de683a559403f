using System.Text.Json;
using StackExchange.Redis;
using Workflows.Data.Sessions;
using Workflows.Testing;

namespace Workflows.Worker.Tests;

/// <summary>What sessions of one tenant may take of Redis, whose memory all share.</summary>
public sealed class SessionLimitTests(PostgresServer server, RedisServer redis) : IAsyncLifetime
{
    private readonly Guid _tenant = Guid.CreateVersion7();
    private ConnectionMultiplexer _connection = null!;

    public async ValueTask InitializeAsync() =>
        _connection = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString);

    public async ValueTask DisposeAsync() => await _connection.DisposeAsync();

    [Fact]
    public async Task A_session_grows_to_its_limit_and_what_was_in_it_stays()
    {
        var store = new SessionStore(_connection, new SessionLimits(Bytes: 200));
        await store.WriteAsync(_tenant, "s", "workflow", null, Data("a", 100));

        var refused = await Assert.ThrowsAsync<SessionLimitException>(
            () => store.WriteAsync(_tenant, "s", "workflow", null, Data("b", 100)));
        Assert.Contains("at most 200 bytes", refused.Message, StringComparison.Ordinal);
        Assert.Equal(["a"], await MembersAsync(store, "s"));

        await store.WriteAsync(_tenant, "s", "workflow", null, JsonElement.Parse("""{"a": null}"""));
        await store.WriteAsync(_tenant, "s", "workflow", null, Data("b", 100));
        Assert.Equal(["b"], await MembersAsync(store, "s"));
    }

    [Fact]
    public async Task A_tenant_has_so_many_at_once_and_others_have_theirs()
    {
        var store = new SessionStore(_connection, new SessionLimits(Count: 2));
        await store.WriteAsync(_tenant, "1", "ussd", "+254", default);
        await store.WriteAsync(_tenant, "2", "ussd", "+254", default);

        await Assert.ThrowsAsync<SessionLimitException>(() => store.WriteAsync(_tenant, "3", "ussd", "+254", default));
        Assert.Null(await store.ReadAsync(_tenant, "3"));
        await store.WriteAsync(_tenant, "2", "ussd", "+254", Data("a", 10));
        await store.WriteAsync(Guid.CreateVersion7(), "3", "ussd", "+254", default);

        Assert.True(await store.EndAsync(_tenant, "1"));
        Assert.False(await store.EndAsync(_tenant, "1"));
        await store.WriteAsync(_tenant, "3", "ussd", "+254", default);
    }

    [Fact]
    public async Task All_of_a_tenant_have_a_limit_together_that_ended_ones_do_not_count_for()
    {
        var store = new SessionStore(_connection, new SessionLimits(TotalBytes: 300));
        await store.WriteAsync(_tenant, "1", "t", null, Data("a", 200));

        await Assert.ThrowsAsync<SessionLimitException>(
            () => store.WriteAsync(_tenant, "2", "t", null, Data("a", 200)));
        await store.EndAsync(_tenant, "1");
        await store.WriteAsync(_tenant, "2", "t", null, Data("a", 200));

        // One whose hour is over has left Redis by itself; the books follow at the next write.
        var database = _connection.GetDatabase();
        await database.KeyDeleteAsync($"wf:{{{_tenant:N}}}:session:2");
        await database.SortedSetAddAsync($"wf:{{{_tenant:N}}}:sessions:ends", "2", 1);
        await store.WriteAsync(_tenant, "3", "t", null, Data("a", 200));
        Assert.InRange((long)await database.StringGetAsync($"wf:{{{_tenant:N}}}:sessions:bytes"), 200, 300);
    }

    // From outside: a workflow that writes more and more ends with the error, and not with the memory of Redis.
    [Fact]
    public async Task A_workflow_that_writes_too_much_fails_with_the_limit()
    {
        await using var bed = await WorkerBed.CreateAsync(server, redis);
        await bed.StartWorkerAsync();
        const string Write = """
            {"id": "w%", "type": "sessionWrite", "parameters": {
              "session": "'s'", "data": {"m%": "{{ $pad('', 30000, 'x') }}"}}}
            """;
        var nodes = string.Join(
            ",", Enumerable.Range(1, 3).Select(number => Write.Replace("%", $"{number}", StringComparison.Ordinal)));
        var execution = await bed.StartAsync(await bed.PublishAsync(nodes, "w1>w2, w2>w3"));

        Assert.Equal(("failed", "SESSION_LIMIT"), await bed.EndOfAsync(execution, TimeSpan.FromSeconds(30)));
    }

    private static JsonElement Data(string member, int length) =>
        JsonSerializer.SerializeToElement(new Dictionary<string, string> { [member] = new('x', length) });

    private async Task<IEnumerable<string>> MembersAsync(SessionStore store, string id) =>
        JsonElement.Parse((await store.ReadAsync(_tenant, id))!.Data).EnumerateObject().Select(member => member.Name);
}
