using System.Net;
using Workflows.Api.Live;
using Workflows.Api.Tests.Host;
using Workflows.Data.Live;
using Workflows.Testing;

namespace Workflows.Api.Tests.Live;

/// <summary>What looking on does when something is away, slow or too much.</summary>
public sealed class LiveFaultTests(PostgresServer postgres)
{
    [Fact]
    public async Task Without_Redis_clients_stay_and_know_and_read_anew_when_it_is_back()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var host = await ApiHost.StartAsync(postgres, redis);
        using var owner = host.Owner();
        var workflow = await owner.CreateWorkflowAsync();
        await using var client = await LiveClient.SubscribeAsync(
            host.BaseAddress, host.First.ApiKey, $"workflow:{workflow.Id}");
        await redis.KillAsync();
        Assert.False((await client.NextAsync("state")).GetProperty("live").GetBoolean());
        (await owner.PatchAsync($"workflows/{workflow.Id}", "*", new { description = "unheard" })).Ok();

        await redis.RestartAsync();

        Assert.True((await client.NextAsync("state")).GetProperty("live").GetBoolean());
        await client.NextAsync("reset");
        (await owner.PatchAsync($"workflows/{workflow.Id}", "*", new { description = "heard" })).Ok();
        await client.NextAsync("workflow.update");
    }

    [Fact]
    public async Task More_connections_than_a_caller_may_have_are_refused()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var host = await ApiHost.StartAsync(
            postgres, redis, new() { ["Live:ConnectionsPerCaller"] = "2" });
        var key = host.First.ApiKey;
        await using var first = await LiveClient.SubscribeAsync(host.BaseAddress, key, "activity");
        await using (await LiveClient.SubscribeAsync(host.BaseAddress, key, "activity"))
        {
            await using var third = await LiveClient.ConnectAsync(host.BaseAddress);
            await third.SendAsync(new { op = "auth", token = key });
            Assert.Null(await third.ReceiveAsync());
            Assert.StartsWith("TOO_MANY_CONNECTIONS", third.CloseReason, StringComparison.Ordinal);
        }

        await Eventually.TrueAsync(async () =>
        {
            await using var fourth = await LiveClient.ConnectAsync(host.BaseAddress);
            await fourth.SendAsync(new { op = "auth", token = key });
            return await fourth.ReceiveAsync() is not null;
        }, TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Event_streams_that_were_refused_give_their_places_back()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var host = await ApiHost.StartAsync(
            postgres, redis, new() { ["Live:ConnectionsPerCaller"] = "2" });
        using var owner = host.Owner();
        var key = host.First.ApiKey;
        await using var first = await LiveClient.SubscribeAsync(host.BaseAddress, key, "activity");
        await using (await LiveClient.SubscribeAsync(host.BaseAddress, key, "activity"))
        {
            for (var attempt = 0; attempt < 3; attempt++)
            {
                (await owner.GetAsync("stream?topics=activity")).Fails(HttpStatusCode.TooManyRequests, "RATE_LIMITED");
            }
        }

        await Eventually.TrueAsync(
            async () =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/stream?topics=activity");
                request.Headers.Authorization = new("Bearer", key);
                using var answer = await owner.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
                return answer.StatusCode == HttpStatusCode.OK;
            },
            TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task An_instance_that_stops_says_so()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var host = await ApiHost.StartAsync(postgres, redis);
        await using var client = await LiveClient.SubscribeAsync(host.BaseAddress, host.First.ApiKey, "activity");

        await host.StopAsync();

        Assert.Null(await client.ReceiveAsync());
        Assert.Equal(1012, client.CloseStatus);
    }

    [Fact]
    public void A_client_that_does_not_read_is_dropped_with_a_reason()
    {
        var connection = new LiveConnection();
        for (var message = 0; message <= Limits.LiveBacklog; message++)
        {
            connection.Send(LiveFrame.Control("heartbeat"));
        }

        Assert.Equal(LiveEnd.SlowConsumer, connection.End);
    }

    [Fact]
    public void What_comes_while_the_past_is_read_waits_and_comes_once()
    {
        var connection = new LiveConnection();
        var subscription = new LiveSubscription(connection, "activity");
        subscription.Deliver(new LiveId(3, 0), Frame("3-0"));
        subscription.Deliver(new LiveId(4, 0), Frame("4-0"));

        subscription.Begin(
            LiveFrame.Control("subscribed"),
            [(new LiveId(2, 0), Frame("2-0")), (new LiveId(3, 0), Frame("3-0"))]);
        subscription.Deliver(new LiveId(5, 0), Frame("5-0"));

        var ids = new List<string?>();
        while (connection.Outbox.TryRead(out var frame))
        {
            ids.Add(frame.Id);
        }

        Assert.Equal([null, "2-0", "3-0", "4-0", "5-0"], ids);
    }

    private static LiveFrame Frame(string id) => new(id, default);
}
