using System.Net;
using Workflows.Api.Tests.Host;
using Workflows.Testing;

namespace Workflows.Api.Tests.Http;

/// <summary>What the API does when PostgreSQL or Redis is away; servers of its own, so that nobody else suffers.</summary>
public sealed class FailureTests
{
    [Fact]
    public async Task Without_the_database_requests_are_told_to_come_back_and_afterwards_all_is_well()
    {
        await using var postgres = await PostgresServer.StartAsync(durable: true);
        await using var redis = await RedisServer.StartAsync();
        await using var host = await ApiHost.StartAsync(postgres, redis);
        using var owner = host.Owner();
        var workflowId = await owner.CreatePublishedAsync();

        await postgres.StopImmediateAsync();
        var read = (await owner.GetAsync("workspaces")).Fails(HttpStatusCode.ServiceUnavailable, "UNAVAILABLE");
        Assert.NotNull(read.Headers.RetryAfter);
        (await owner.PostAsync($"workflows/{workflowId}/execute")).Fails(HttpStatusCode.ServiceUnavailable, "UNAVAILABLE");
        await postgres.RestartAsync();

        var last = "";
        try
        {
            await Eventually.TrueAsync(
                async () =>
                {
                    var answer = await owner.PostAsync($"workflows/{workflowId}/execute");
                    last = answer.Text;
                    return answer.Status == HttpStatusCode.Accepted;
                },
                cancellationToken: TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            Assert.Fail(last);
        }

        (await owner.GetAsync("workflows")).Ok();
    }

    [Fact]
    public async Task Without_redis_everything_goes_on()
    {
        await using var postgres = await PostgresServer.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        await using var host = await ApiHost.StartAsync(postgres, redis);
        using var owner = host.Owner();
        var workflowId = await owner.CreatePublishedAsync();

        await redis.KillAsync();

        (await owner.PostAsync($"workflows/{workflowId}/execute")).Ok(HttpStatusCode.Accepted);
        (await owner.PostAsync($"workflows/{workflowId}/execute", null, ("Prefer", "wait=1"))).Ok(HttpStatusCode.Accepted);
        var (id, key) = await owner.CreateKeyAsync("workflows.read");
        using var caller = host.Client(key);
        (await caller.GetAsync("workflows")).Ok();
        (await owner.DeleteAsync($"api-keys/{id}")).Ok();
        (await caller.GetAsync("workflows")).Fails(HttpStatusCode.Unauthorized, "UNAUTHENTICATED");
        Assert.Equal(HttpStatusCode.OK, (await owner.GetAsync("/health")).Status);
    }
}

public sealed class RateLimitTests(RateLimitTests.Tight api) : IClassFixture<RateLimitTests.Tight>
{
    private const int Burst = 20;

    /// <summary>A bucket small enough to empty, that refills slowly enough to see it.</summary>
    public sealed class Tight(PostgresServer postgres, RedisServer redis) : ApiFixture(postgres, redis)
    {
        protected override Dictionary<string, string?> Settings => new()
        {
            ["RateLimits:PermitsPerSecond"] = "0.05",
            ["RateLimits:Burst"] = $"{Burst}",
        };
    }

    [Fact]
    public async Task A_caller_gets_as_many_requests_as_the_bucket_holds_over_all_instances()
    {
        var twin = await api.Host.StartTwinAsync(api.Redis, new()
        {
            ["RateLimits:PermitsPerSecond"] = "0.05",
            ["RateLimits:Burst"] = $"{Burst}",
        });
        using var owner = api.Host.Owner();
        var (_, key) = await owner.CreateKeyAsync("workflows.read");
        using var here = api.Host.Client(key);
        using var there = twin.Client(key);

        var answers = new List<Answer>();
        for (var index = 0; index < Burst; index++)
        {
            answers.Add(await here.GetAsync("workflows"));
            answers.Add(await there.GetAsync("workflows"));
        }

        Assert.Equal(Burst, answers.Count(answer => answer.Status == HttpStatusCode.OK));
        var refused = answers.Last();
        refused.Fails(HttpStatusCode.TooManyRequests, "RATE_LIMITED");
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 20);
        Assert.Equal($"{Burst}", refused.Headers.GetValues("RateLimit-Limit").Single());
        Assert.Equal("0", refused.Headers.GetValues("RateLimit-Remaining").Single());
        (await owner.GetAsync("workflows")).Ok(); // another caller's bucket
    }

    [Fact]
    public async Task Logins_from_one_address_are_limited()
    {
        // A Redis of its own: the bucket belongs to the address, which all tests share.
        await using var redis = await RedisServer.StartAsync();
        await using var host = await ApiHost.StartAsync(
            api.Postgres, redis, new() { ["RateLimits:LoginsPerSecond"] = "0.05", ["RateLimits:LoginBurst"] = "3" });
        using var anybody = host.Client();
        for (var attempt = 0; attempt < 3; attempt++)
        {
            (await anybody.PostAsync("auth/login", new { email = "x@example.com", password = "x" })).Fails(HttpStatusCode.Unauthorized, "INVALID_CREDENTIALS");
        }

        (await anybody.PostAsync("auth/login", new { email = "x@example.com", password = "x" })).Fails(HttpStatusCode.TooManyRequests, "RATE_LIMITED");
    }
}
