using System.Net;
using System.Text.Json;
using Workflows.Api.Http;
using Workflows.Api.Tests.Host;
using Workflows.Testing;

namespace Workflows.Api.Tests.Http;

/// <summary>An instance that is asked to stop says so, serves on for its drain, and answers whoever waits.</summary>
public sealed class DrainTests(PostgresServer postgres, RedisServer redis)
{
    private const int DrainSeconds = 2;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stopping_instance_is_not_ready_serves_on_and_answers_who_waits()
    {
        await using var host = await ApiHost.StartAsync(postgres, redis, new() { [Drain.Setting] = $"{DrainSeconds}" });
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = host.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new("Bearer", host.First.ApiKey);
        var workflow = await PublishAsync(http);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("/health", UriKind.Relative), Token)).StatusCode);

        // Nobody advances it: no worker runs here.
        var waiting = ExecuteAsync(http, workflow, "wait=60");
        await Eventually.TrueAsync(async () => await host.ScalarAsync<long>("select count(*) from executions") == 1, cancellationToken: Token);
        var began = TimeProvider.System.GetTimestamp();
        var stopping = host.StopAsync();
        using (var health = await http.GetAsync(new Uri("/health", UriKind.Relative), Token))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
            Assert.True(health.Headers.ConnectionClose);
            Assert.Contains("\"accepting\"", await health.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("/alive", UriKind.Relative), Token)).StatusCode);
        using (var started = await ExecuteAsync(http, workflow, null))
        {
            Assert.Equal(HttpStatusCode.Accepted, started.StatusCode);
            Assert.True(started.Headers.ConnectionClose);
        }

        Assert.False(waiting.IsCompleted);
        using (var answer = await waiting)
        {
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
            Assert.True(answer.Headers.ConnectionClose);
        }

        await stopping;
        var took = TimeProvider.System.GetElapsedTime(began);
        Assert.InRange(took.TotalSeconds, DrainSeconds - 0.1, DrainSeconds + Limits.StopSeconds);
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(new Uri("/health", UriKind.Relative), Token));
        Assert.Equal(2, await host.ScalarAsync<long>("select count(*) from executions"));
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("301")]
    public void A_drain_outside_its_limits_is_refused_at_the_start(string seconds)
    {
        var refusal = Assert.Throws<InvalidOperationException>(
            () => ApiHost.Build("Host=none", "none", new() { [Drain.Setting] = seconds }));
        Assert.Contains(Drain.Setting, refusal.Message, StringComparison.Ordinal);
    }

    private static async Task<string> PublishAsync(HttpClient http)
    {
        using var content = Json("""{"name": "waits", "definition": {"schema": 1, "nodes": [{"id": "n", "type": "noop"}], "edges": []}}""");
        using var created = await http.PostAsync(new Uri("/api/v1/workflows", UriKind.Relative), content, Token);
        using var body = JsonDocument.Parse(await created.Content.ReadAsStringAsync(Token));
        var id = body.RootElement.GetProperty("data").GetProperty("id").GetString()!;
        using var publish = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/workflows/{id}/publish") { Content = Json("{}") };
        publish.Headers.TryAddWithoutValidation("If-Match", "*");
        using var published = await http.SendAsync(publish, Token);
        Assert.True(published.IsSuccessStatusCode);
        return id;
    }

    private static async Task<HttpResponseMessage> ExecuteAsync(HttpClient http, string workflow, string? prefer)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/workflows/{workflow}/execute") { Content = Json("{}") };
        if (prefer is not null)
        {
            request.Headers.TryAddWithoutValidation("Prefer", prefer);
        }

        return await http.SendAsync(request, Token);
    }

    private static StringContent Json(string text) => new(text, System.Text.Encoding.UTF8, "application/json");
}
