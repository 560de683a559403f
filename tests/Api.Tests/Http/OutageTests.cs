using System.Diagnostics;
using System.Net;
using Npgsql;
using StackExchange.Redis;
using Workflows.Api.Tests.Host;
using Workflows.Testing;

namespace Workflows.Api.Tests.Http;

/// <summary>Servers that are there and do not do their work: read-only, behind a cut network, frozen, full. Servers of
/// its own, so that nobody else suffers.</summary>
public sealed class OutageTests
{
    [Fact]
    public async Task A_database_that_cannot_be_written_shows_in_health_and_starts_are_told_to_come_back()
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        await using var host = await ApiHost.StartAsync(postgres, redis);
        using var owner = host.Owner();
        var workflow = await owner.CreatePublishedAsync();
        await HealthIsAsync(owner, HttpStatusCode.OK);

        await SetAsync(postgres, "alter system set default_transaction_read_only = on");
        await HealthIsAsync(owner, HttpStatusCode.ServiceUnavailable);
        var health = await owner.GetAsync("/health");
        (await owner.PostAsync($"workflows/{workflow}/execute"))
            .Fails(HttpStatusCode.ServiceUnavailable, "UNAVAILABLE");
        (await owner.PostAsync("workspaces", new { name = "x" }))
            .Fails(HttpStatusCode.ServiceUnavailable, "UNAVAILABLE");
        (await owner.GetAsync("workspaces")).Ok();
        Assert.Contains("25006", health.Text, StringComparison.Ordinal);

        await SetAsync(postgres, "alter system set default_transaction_read_only = off");
        await HealthIsAsync(owner, HttpStatusCode.OK);
        (await owner.PostAsync($"workflows/{workflow}/execute")).Ok(HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task A_loop_that_only_fails_degrades_health_until_it_works_again()
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        await using var host = await ApiHost.StartAsync(postgres, redis);
        using var owner = host.Owner();
        await LoopsAreAsync(owner, "healthy");

        await using var database = NpgsqlDataSource.Create(host.ConnectionString);
        await using var revoke = database.CreateCommand("revoke execute on function clock_timestamp() from public");
        await revoke.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        await LoopsAreAsync(owner, "degraded");
        var health = await owner.GetAsync("/health");
        Assert.Equal(HttpStatusCode.OK, health.Status);
        Assert.Contains("Asking for the time has failed for ", health.Text, StringComparison.Ordinal);

        await using var grant = database.CreateCommand("grant execute on function clock_timestamp() to public");
        await grant.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        await LoopsAreAsync(owner, "healthy");
    }

    [Fact]
    public async Task Behind_a_cut_network_calls_and_health_answer_503_within_seconds()
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        await using var network = new Partition(postgres.Port);
        await using var host = await ApiHost.StartAsync(postgres, redis, new(), network.Port);
        using var owner = host.Owner();
        (await owner.GetAsync("workspaces")).Ok();

        network.Cut();
        var cut = Stopwatch.GetTimestamp();
        var waiting = Enumerable.Range(0, 8).Select(_ => owner.GetAsync("workspaces")).ToArray();
        await HealthIsAsync(owner, HttpStatusCode.ServiceUnavailable);
        Assert.All(await Task.WhenAll(waiting), answer =>
            answer.Fails(HttpStatusCode.ServiceUnavailable, "UNAVAILABLE"));
        var first = Stopwatch.GetElapsedTime(cut);
        var asked = Stopwatch.GetTimestamp();
        (await owner.GetAsync("workspaces")).Fails(HttpStatusCode.ServiceUnavailable, "UNAVAILABLE");
        var later = Stopwatch.GetElapsedTime(asked);
        Assert.Equal(HttpStatusCode.OK, (await owner.GetAsync("/alive")).Status);

        network.Heal();
        await HealthIsAsync(owner, HttpStatusCode.OK);
        await Eventually.TrueAsync(
            async () => (await owner.GetAsync("workspaces")).Status == HttpStatusCode.OK, TimeSpan.FromSeconds(30),
            TestContext.Current.CancellationToken);
        Assert.True(first < TimeSpan.FromSeconds(20), $"{first} until those that waited were answered");
        Assert.True(later < TimeSpan.FromSeconds(3), $"{later} for who asked afterwards");
    }

    [Fact]
    public async Task A_frozen_redis_delays_nobody_for_long()
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        await using var host = await ApiHost.StartAsync(postgres, redis);
        using var owner = host.Owner();
        (await owner.GetAsync("workspaces")).Ok();

        redis.Pause();
        try
        {
            var begun = Stopwatch.GetTimestamp();
            for (var call = 0; call < 5; call++)
            {
                (await owner.GetAsync("workspaces")).Ok();
                await Task.Delay(1_100, TestContext.Current.CancellationToken); // past the portion of permits in memory
            }

            var spent = Stopwatch.GetElapsedTime(begun) - TimeSpan.FromSeconds(5.5);
            Assert.True(spent < TimeSpan.FromSeconds(3), $"{spent} for five calls");
        }
        finally
        {
            redis.Resume();
        }
    }

    [Fact]
    public async Task A_full_redis_degrades_and_limits_go_on()
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        await using var host = await ApiHost.StartAsync(postgres, redis,
            new() { ["RateLimits:LoginsPerSecond"] = "0.01", ["RateLimits:LoginBurst"] = "3" });
        using var owner = host.Owner();
        await using var admin = await ConnectionMultiplexer.ConnectAsync($"{redis.ConnectionString},allowAdmin=true");
        var server = admin.GetServer("127.0.0.1", redis.Port);
        await server.ConfigSetAsync("maxmemory-policy", "noeviction");
        await server.ConfigSetAsync("maxmemory", "1");

        var statuses = new List<HttpStatusCode>();
        for (var attempt = 0; attempt < 6; attempt++)
        {
            statuses.Add((await owner.PostAsync("auth/login", new { email = "x@example.com", password = "x" })).Status);
        }

        Assert.Equal(3, statuses.Count(status => status == HttpStatusCode.TooManyRequests));
        var health = (await owner.GetAsync("/health")).Ok();
        Assert.Contains("rate-limits", health.Text, StringComparison.Ordinal);
        Assert.Equal("degraded", health.Json.GetProperty("checks").GetProperty("rate-limits").GetProperty("status")
            .GetString());
    }

    private static Task HealthIsAsync(ApiClient client, HttpStatusCode status) => Eventually.TrueAsync(
        async () => (await client.GetAsync("/health")).Status == status, TimeSpan.FromSeconds(20),
        TestContext.Current.CancellationToken);

    private static Task LoopsAreAsync(ApiClient client, string status) => Eventually.TrueAsync(
        async () => (await client.GetAsync("/health")).Json.GetProperty("checks").GetProperty("loops")
            .GetProperty("status").GetString() == status,
        TimeSpan.FromSeconds(60),
        TestContext.Current.CancellationToken);

    private static async Task SetAsync(PostgresServer postgres, string statement)
    {
        await using var source = NpgsqlDataSource.Create(postgres.ConnectionString);
        foreach (var text in new[] { statement, "select pg_reload_conf()" })
        {
#pragma warning disable CA2100 // the test's own text
            await using var command = source.CreateCommand(text);
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
    }
}
