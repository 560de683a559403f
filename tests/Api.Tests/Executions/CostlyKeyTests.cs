using System.Diagnostics;
using System.Net;
using Workflows.Api.Tests.Host;
using Workflows.Data.Executions;
using Workflows.Testing;

namespace Workflows.Api.Tests.Executions;

/// <summary>Expressions of a tenant in the path of requests: they cost their tenant, and nobody else.</summary>
public sealed class CostlyKeyTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string Costly = """$count([1..190000].{"a":$,"b":[$,$]}) & "k" """;

    [Theory]
    [InlineData("concurrency")]
    [InlineData("rateLimit")]
    public async Task A_key_that_calculates_is_refused_at_once_whoever_calls(string limit)
    {
        using var owner = api.Host.Owner();
        var path = $"costly/{limit}/{Guid.CreateVersion7():N}";
        var workflow = await owner.CreatePublishedAsync(Definition(limit, Costly, path));
        using var nobody = api.Host.Client();

        var begun = Stopwatch.GetTimestamp();
        (await owner.PostAsync($"workflows/{workflow}/execute"))
            .Fails(HttpStatusCode.UnprocessableEntity, "INPUT_INVALID");
        (await nobody.PostAsync($"webhooks/default/{path}", "{}"))
            .Fails(HttpStatusCode.UnprocessableEntity, "INPUT_INVALID");
        var bulk = (await owner.PostAsync($"workflows/{workflow}/execute/bulk",
            new { executions = Enumerable.Range(0, 50).Select(_ => new { }) })).Ok(HttpStatusCode.Accepted);
        Assert.Equal(50, bulk.Data.GetProperty("refused").GetInt32());
        Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(10), $"{Stopwatch.GetElapsedTime(begun)}");
    }

    [Fact]
    public async Task Anonymous_calls_with_costly_keys_keep_no_other_tenant_waiting()
    {
        using var owner = api.Host.Owner();
        var path = $"flood/{Guid.CreateVersion7():N}";
        await owner.CreatePublishedAsync(Definition("concurrency", """$count([1..1800].{"a":$}) & "k" """, path));
        var other = await api.Host.CreateTenantAsync($"t{Guid.CreateVersion7():N}"[..20]);
        using var bystander = api.Host.Client(other.ApiKey);
        using var nobody = api.Host.Client();
        (await bystander.GetAsync("auth/me")).Ok();

        using var over = new CancellationTokenSource();
        var flood = Enumerable.Range(0, 16).Select(_ => FloodAsync(nobody, $"webhooks/default/{path}", over.Token))
            .ToArray();
        var slowest = TimeSpan.Zero;
        for (var call = 0; call < 30; call++)
        {
            var begun = Stopwatch.GetTimestamp();
            (await bystander.GetAsync("workspaces")).Ok();
            slowest = TimeSpan.FromTicks(Math.Max(slowest.Ticks, Stopwatch.GetElapsedTime(begun).Ticks));
        }

        await over.CancelAsync();
        var statuses = (await Task.WhenAll(flood)).SelectMany(list => list).ToList();
        Assert.All(statuses, status => Assert.True((int)status < 500 && status != HttpStatusCode.OK, $"{status}"));
        Assert.True(slowest < TimeSpan.FromSeconds(2), $"{slowest}");
    }

    [Fact]
    public async Task An_open_webhook_has_a_limit_of_its_own()
    {
        // A Redis of its own, and buckets so small that they empty.
        await using var redis = await RedisServer.StartAsync();
        await using var host = await ApiHost.StartAsync(
            api.Postgres, redis, new()
            {
                ["RateLimits:OpenWebhooksPerSecond"] = "0.01",
                ["RateLimits:OpenWebhookBurst"] = "5"
            });
        using var owner = host.Owner();
        await owner.CreatePublishedAsync(Definition("concurrency", "\"k\"", "one"));
        await owner.CreatePublishedAsync(Definition("concurrency", "\"k\"", "two"));
        using var nobody = host.Client();

        var first = new List<HttpStatusCode>();
        for (var call = 0; call < 8; call++)
        {
            first.Add((await nobody.PostAsync("webhooks/default/one", "{}")).Status);
        }

        Assert.Equal(3, first.Count(status => status == HttpStatusCode.TooManyRequests));
        (await nobody.PostAsync("webhooks/default/two", "{}")).Ok(HttpStatusCode.Accepted);
        (await owner.GetAsync("workspaces")).Ok();
    }

    [Fact]
    public async Task A_definition_of_costly_constants_is_validated_in_bounded_time()
    {
        using var owner = api.Host.Owner();
        using var viewer = api.Host.Client(await owner.LogInNewUserAsync("viewer"));
        var nodes = Enumerable.Range(0, 1_500)
            .Select(index => new
            {
                id = $"n{index}", type = "set",
                parameters = new { value = "{{ $pad(\"\",1000000,\"x\") & \"1\" }}" }
            });
        var begun = Stopwatch.GetTimestamp();

        var answer = await viewer.PostAsync("workflows/validate",
            new { definition = new { schema = 1, nodes, edges = Array.Empty<object>() } });

        Assert.True((int)answer.Status is 200 or 422, answer.Text);
        Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(5), $"{Stopwatch.GetElapsedTime(begun)}");
    }

    [Fact]
    public async Task Turns_are_bounded_per_tenant_and_a_tenant_that_waits_holds_up_no_other()
    {
        var turns = new EvaluationTurns(processors: 4);
        var (a, b) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var held = new[] { await turns.EnterAsync(a, TestContext.Current.CancellationToken),
            await turns.EnterAsync(a, TestContext.Current.CancellationToken) };
        var waiting = Enumerable.Range(0, Data.Limits.WaitingEvaluations - 2)
            .Select(_ => turns.EnterAsync(a, TestContext.Current.CancellationToken).AsTask()).ToArray();

        Assert.All(waiting, turn => Assert.False(turn.IsCompleted));
        await Assert.ThrowsAsync<EvaluationBusyException>(() =>
            turns.EnterAsync(a, TestContext.Current.CancellationToken).AsTask());
        using (await turns.EnterAsync(b, TestContext.Current.CancellationToken))
        {
            Assert.All(waiting, turn => Assert.False(turn.IsCompleted));
        }

        Array.ForEach(held, turn => turn.Dispose());
        foreach (var turn in waiting)
        {
            (await turn).Dispose();
        }

        using var again = await turns.EnterAsync(a, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Who_gives_up_waiting_for_a_turn_leaves_the_line()
    {
        var turns = new EvaluationTurns(processors: 2);
        var tenant = Guid.CreateVersion7();
        using var gaveUp = new CancellationTokenSource();
        var turn = await turns.EnterAsync(tenant, TestContext.Current.CancellationToken);
        var waiting = turns.EnterAsync(tenant, gaveUp.Token).AsTask();

        await gaveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        turn.Dispose();

        using var next = await turns.EnterAsync(tenant, TestContext.Current.CancellationToken);
    }

    private static async Task<List<HttpStatusCode>> FloodAsync(ApiClient client, string path, CancellationToken over)
    {
        var statuses = new List<HttpStatusCode>();
        while (!over.IsCancellationRequested)
        {
            statuses.Add((await client.PostAsync(path, "{}")).Status);
        }

        return statuses;
    }

    private static object Definition(string limit, string key, string path) => new
    {
        schema = 1,
        triggers = new[] { new { id = "hook", type = "webhook", path, auth = "none" } },
        settings = new Dictionary<string, object>
        {
            [limit] = limit == "rateLimit" ? new { limit = 5, perSeconds = 60, key } : new { limit = 5, key },
        },
        nodes = new[] { new { id = "only", type = "noop" } },
        edges = Array.Empty<object>(),
    };
}
