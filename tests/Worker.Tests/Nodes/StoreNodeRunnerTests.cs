using System.Text.Json.Nodes;
using Workflows.Testing;
using Workflows.Worker.Calls;

namespace Workflows.Worker.Tests.Nodes;

/// <summary>The store node: who shares an entry, and that a change is made once.</summary>
public sealed class StoreNodeRunnerTests(PostgresServer server) : IAsyncLifetime
{
    private ConnectorBed _bed = null!;
    private Guid _workflow;

    public async ValueTask InitializeAsync()
    {
        _bed = await ConnectorBed.CreateAsync(server);
        _workflow = await _bed.Bed.PublishAsync("""{"id": "n", "type": "noop"}""");
    }

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Theory]
    [InlineData("tenant")]
    [InlineData("workspace")]
    [InlineData("workflow")]
    [InlineData("execution")]
    public async Task An_entry_is_written_read_and_deleted_in_each_scope(string scope)
    {
        var execution = Guid.CreateVersion7();
        Assert.Equal((null, 0), await EntryAsync("read", scope, execution));

        Assert.Equal("""{"a":1}""", (await RunAsync("write", scope, execution, "w", value: new { a = 1 }))["value"]!.ToJsonString());
        var (value, version) = await EntryAsync("read", scope, execution);
        Assert.Equal(("""{"a":1}""", 1), (value?.Replace(" ", "", StringComparison.Ordinal), version));

        await RunAsync("delete", scope, execution, "d");
        Assert.Equal((null, 0), await EntryAsync("read", scope, execution));
    }

    [Fact]
    public async Task Scopes_do_not_share_an_entry()
    {
        foreach (var scope in new[] { "tenant", "workflow" })
        {
            await RunAsync("write", scope, Guid.CreateVersion7(), "w", value: scope);
        }

        Assert.Equal("\"tenant\"", (await EntryAsync("read", "tenant", Guid.CreateVersion7())).Value);
        Assert.Equal("\"workflow\"", (await EntryAsync("read", "workflow", Guid.CreateVersion7())).Value);
        Assert.Null((await EntryAsync("read", "execution", Guid.CreateVersion7())).Value);
    }

    [Fact]
    public async Task A_change_repeated_after_a_crash_is_made_once_and_answers_the_same()
    {
        var execution = Guid.CreateVersion7();
        var first = await RunAsync("increment", "tenant", execution, "count");
        await RunAsync("increment", "tenant", Guid.CreateVersion7(), "count"); // somebody else's, in between
        var again = await RunAsync("increment", "tenant", execution, "count");

        Assert.Equal(first.ToJsonString(), again.ToJsonString());
        Assert.Equal("2", (await EntryAsync("read", "tenant", execution)).Value);
    }

    [Fact]
    public async Task Increments_of_many_executions_at_once_are_all_counted_and_each_once()
    {
        var executions = Enumerable.Range(0, 20).Select(_ => Guid.CreateVersion7()).ToList();

        await Task.WhenAll(executions.Concat(executions).Select(execution => RunAsync("increment", "tenant", execution, "count", by: 2)));

        Assert.Equal("40", (await EntryAsync("read", "tenant", Guid.CreateVersion7())).Value);
    }

    [Fact]
    public async Task Of_several_who_expect_the_same_version_one_succeeds()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 10).Select(number =>
            _bed.RunAsync("store", Call("compareAndSet", "tenant", "conflict", value: number, expectedVersion: 0), Guid.CreateVersion7(), "cas", _workflow)));

        Assert.Equal(1, results.Count(result => result is NodeResult.Success { Port: "main" }));
        Assert.Equal(9, results.Count(result => result is NodeResult.Success { Port: "conflict" }));
    }

    [Fact]
    public async Task A_conflict_is_an_error_where_its_port_leads_nowhere()
    {
        await RunAsync("write", "tenant", Guid.CreateVersion7(), "w", value: "text");

        foreach (var call in new[] { Call("increment", "tenant"), Call("compareAndSet", "tenant", value: 1, expectedVersion: 7) })
        {
            Assert.Equal("CONTEXT_CONFLICT", Assert.IsType<NodeResult.Failure>(await _bed.RunAsync("store", call, workflow: _workflow)).Error.Code);
        }
    }

    [Fact]
    public async Task A_change_that_met_a_conflict_can_be_made_later_under_the_same_name()
    {
        var execution = Guid.CreateVersion7();
        Assert.IsType<NodeResult.Failure>(await _bed.RunAsync("store", Call("delete", "tenant"), execution, "d", _workflow));
        await RunAsync("write", "tenant", Guid.CreateVersion7(), "w", value: 1);

        Assert.IsType<NodeResult.Success>(await _bed.RunAsync("store", Call("delete", "tenant"), execution, "d", _workflow));
    }

    [Fact]
    public async Task An_expired_entry_counts_as_absent()
    {
        await RunAsync("write", "tenant", Guid.CreateVersion7(), "w", value: 5, expires: 100);
        await _bed.Bed.ExecuteAsync("update context_entries set expires_at = now() - interval '1 second'");

        Assert.Equal((null, 0), await EntryAsync("read", "tenant", Guid.CreateVersion7()));
        Assert.Equal("1", (await RunAsync("increment", "tenant", Guid.CreateVersion7(), "i"))["value"]!.ToJsonString());
    }

    private Task<JsonNode> RunAsync(
        string operation, string scope, Guid execution, string node = "n", object? value = null, int? by = null, int? expires = null) =>
        _bed.SucceedAsync("store", Call(operation, scope, value: value, by: by, expires: expires), execution, node, _workflow);

    private async Task<(string? Value, int Version)> EntryAsync(string operation, string scope, Guid execution)
    {
        var output = await RunAsync(operation, scope, execution);
        return (output["value"]?.ToJsonString(), output["version"]!.GetValue<int>());
    }

    private static Dictionary<string, object> Call(
        string operation, string scope, string wired = "", object? value = null, int? expectedVersion = null, int? by = null, int? expires = null)
    {
        var call = new Dictionary<string, object> { ["operation"] = operation, ["scope"] = scope, ["key"] = "k", ["wired"] = wired };
        foreach (var (name, given) in new (string, object?)[] { ("value", value), ("expectedVersion", expectedVersion), ("by", by), ("expiresInSeconds", expires) })
        {
            if (given is not null)
            {
                call[name] = given;
            }
        }

        return call;
    }
}
