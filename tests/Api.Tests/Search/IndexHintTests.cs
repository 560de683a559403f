using System.Net;
using System.Threading.Channels;
using StackExchange.Redis;
using Workflows.Api.Tests.Host;
using Workflows.Data.Dispatch;
using Workflows.Testing;

namespace Workflows.Api.Tests.Search;

/// <summary>The search service hears of what was written at once, and not of what was not.</summary>
public sealed class IndexHintTests(PostgresServer postgres)
{
    [Fact]
    public async Task Who_writes_a_workflow_nudges_the_search_service_once_it_is_written()
    {
        // A server of its own: a hint says nothing of its sender, and other tests write meanwhile.
        await using var server = await RedisServer.StartAsync();
        await using var host = await ApiHost.StartAsync(postgres, server);
        await using var redis = await ConnectionMultiplexer.ConnectAsync(server.ConnectionString);
        var nudges = Channel.CreateUnbounded<bool>();
        Assert.True(await new IndexHint(redis).ListenAsync(() => nudges.Writer.TryWrite(true)));
        using var owner = host.Owner();

        (await owner.PostAsync("workflows", new { name = "" })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.CreateWorkflowAsync()).Ok(HttpStatusCode.Created);

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30), TimeProvider.System);
        Assert.True(await nudges.Reader.ReadAsync(patience.Token));
        Assert.False(nudges.Reader.TryRead(out _)); // the one that was refused told nothing
    }
}
