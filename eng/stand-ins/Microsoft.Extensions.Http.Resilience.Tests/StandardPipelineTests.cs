using System.Globalization;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Polly.CircuitBreaker;
using Polly.RateLimiting;
using Polly.Timeout;

namespace Microsoft.Extensions.Http.Resilience.Tests;

public sealed class StandardPipelineTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(599)]
    [InlineData(408)]
    [InlineData(429)]
    public async Task A_transient_status_is_tried_four_times_with_pauses_of_2_4_and_8_seconds(int status)
    {
        await using var server = await LoopbackServer.StartAsync(_ => status);
        await using var host = ClientHost.Standard();
        using var client = host.Client("orders");

        var sending = client.GetAsync(server.Address, Cancel);
        foreach (var seconds in new[] { 2, 4, 8 })
        {
            await server.NextRequestAsync();
            host.Time.Advance(await host.Time.NextTimerAsync(TimeSpan.FromSeconds(seconds)));
        }

        Assert.Equal(status, (int)(await sending).StatusCode);
        Assert.Equal(4, server.Requests);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(302)]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(409)]
    public async Task Any_other_status_is_final(int status)
    {
        await using var server = await LoopbackServer.StartAsync(_ => status);
        await using var host = ClientHost.Standard();
        using var client = host.Client("orders");

        Assert.Equal(status, (int)(await client.GetAsync(server.Address, Cancel)).StatusCode);
        Assert.Equal(1, server.Requests);
    }

    [Fact]
    public async Task A_refused_connection_is_retried()
    {
        var server = await LoopbackServer.StartAsync(_ => 200);
        var address = server.Address;
        await server.DisposeAsync();
        await using var host = ClientHost.Standard(options => options.Retry.MaxRetryAttempts = 1);
        using var client = host.Client("orders");

        var sending = client.GetAsync(address, Cancel);
        host.Time.Advance(await host.Time.NextTimerAsync(TimeSpan.FromSeconds(2)));

        await Assert.ThrowsAsync<HttpRequestException>(() => sending);
    }

    [Fact]
    public async Task The_servers_Retry_After_replaces_the_delay()
    {
        await using var server = await LoopbackServer.StartAsync((number, context) =>
        {
            context.Response.StatusCode = number == 1 ? 429 : 200;
            context.Response.Headers.RetryAfter = number == 1 ? 7.ToString(CultureInfo.InvariantCulture) : default;
            return Task.CompletedTask;
        });
        await using var host = ClientHost.Standard();
        using var client = host.Client("orders");

        var sending = client.GetAsync(server.Address, Cancel);
        host.Time.Advance(await host.Time.NextTimerAsync(TimeSpan.FromSeconds(7)));

        Assert.Equal(HttpStatusCode.OK, (await sending).StatusCode);
        Assert.Equal(2, server.Requests);
    }

    [Fact]
    public async Task Without_ShouldRetryAfterHeader_the_header_is_ignored()
    {
        await using var server = await LoopbackServer.StartAsync((number, context) =>
        {
            context.Response.StatusCode = number == 1 ? 429 : 200;
            context.Response.Headers.RetryAfter = "7";
            return Task.CompletedTask;
        });
        await using var host = ClientHost.Standard(options => options.Retry.ShouldRetryAfterHeader = false);
        using var client = host.Client("orders");

        var sending = client.GetAsync(server.Address, Cancel);
        host.Time.Advance(await host.Time.NextTimerAsync(TimeSpan.FromSeconds(2)));

        Assert.Equal(HttpStatusCode.OK, (await sending).StatusCode);
    }

    [Theory]
    [InlineData("POST", 1)]
    [InlineData("PUT", 1)]
    [InlineData("PATCH", 1)]
    [InlineData("DELETE", 1)]
    [InlineData("GET", 2)]
    public async Task Unsafe_methods_are_sent_once_when_their_retry_is_disabled(string method, int expectedRequests)
    {
        await using var server = await LoopbackServer.StartAsync(number => number == 1 ? 503 : 200);
        await using var host = ClientHost.Standard(options => options.Retry.DisableForUnsafeHttpMethods());
        using var client = host.Client("orders");
        using var request = new HttpRequestMessage(new HttpMethod(method), server.Address);

        var sending = client.SendAsync(request, Cancel);
        if (expectedRequests == 2)
        {
            host.Time.Advance(await host.Time.NextTimerAsync(TimeSpan.FromSeconds(2)));
        }

        await sending;
        Assert.Equal(expectedRequests, server.Requests);
    }

    [Fact]
    public async Task A_retried_POST_carries_its_body_again()
    {
        var bodies = new List<string>();
        await using var server = await LoopbackServer.StartAsync(async (number, context) =>
        {
            using var reader = new StreamReader(context.Request.Body);
            bodies.Add(await reader.ReadToEndAsync(context.RequestAborted));
            context.Response.StatusCode = number == 1 ? 503 : 200;
        });
        await using var host = ClientHost.Standard();
        using var client = host.Client("orders");
        using var content = new StringContent("order 1");

        var sending = client.PostAsync(server.Address, content, Cancel);
        host.Time.Advance(await host.Time.NextTimerAsync(TimeSpan.FromSeconds(2)));

        Assert.Equal(HttpStatusCode.OK, (await sending).StatusCode);
        Assert.Equal(["order 1", "order 1"], bodies);
    }

    [Fact]
    public async Task An_attempt_is_cut_after_10_seconds_and_retried()
    {
        await using var server = await LoopbackServer.StartAsync(async (number, context) =>
        {
            if (number == 1)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
            }
        });
        await using var host = ClientHost.Standard();
        using var client = host.Client("orders");

        var sending = client.GetAsync(server.Address, Cancel);
        await server.NextRequestAsync();
        host.Time.Advance(await host.Time.NextTimerAsync(TimeSpan.FromSeconds(10)));
        host.Time.Advance(await host.Time.NextTimerAsync(TimeSpan.FromSeconds(2)));

        Assert.Equal(HttpStatusCode.OK, (await sending).StatusCode);
        Assert.Equal(2, server.Requests);
    }

    [Fact]
    public async Task All_attempts_together_are_cut_after_30_seconds()
    {
        await using var server = await LoopbackServer.StartAsync(
            (_, context) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted));
        await using var host = ClientHost.Standard(options => options.Retry.Delay = TimeSpan.FromSeconds(15));
        using var client = host.Client("orders");

        var sending = client.GetAsync(server.Address, Cancel);
        await server.NextRequestAsync();
        host.Time.Advance(await host.Time.NextTimerAsync(TimeSpan.FromSeconds(10)));
        host.Time.Advance(await host.Time.NextTimerAsync(TimeSpan.FromSeconds(15)));
        await server.NextRequestAsync();
        host.Time.Advance(TimeSpan.FromSeconds(5));

        var error = await Assert.ThrowsAsync<TimeoutRejectedException>(() => sending);
        Assert.Equal(TimeSpan.FromSeconds(30), error.Timeout);
        Assert.Equal(2, server.Requests);
    }

    [Fact]
    public async Task The_circuit_opens_after_enough_failures_and_closes_after_the_break()
    {
        var healthy = false;
        await using var server = await LoopbackServer.StartAsync(_ => Volatile.Read(ref healthy) ? 200 : 500);
        await using var host = ClientHost.Standard(options =>
        {
            options.CircuitBreaker.MinimumThroughput = 5;
            options.Retry.DisableFor(HttpMethod.Get);
        });
        using var client = host.Client("orders");

        for (var request = 0; request < 5; request++)
        {
            Assert.Equal(HttpStatusCode.InternalServerError, (await client.GetAsync(server.Address, Cancel)).StatusCode);
        }

        await Assert.ThrowsAsync<BrokenCircuitException>(() => client.GetAsync(server.Address, Cancel));
        Assert.Equal(5, server.Requests);

        Volatile.Write(ref healthy, true);
        host.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(server.Address, Cancel)).StatusCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_pipeline_per_authority_keeps_one_servers_open_circuit_from_the_others(bool byAuthority)
    {
        await using var broken = await LoopbackServer.StartAsync(_ => 500);
        await using var sound = await LoopbackServer.StartAsync(_ => 200);
        await using var host = new ClientHost(services =>
        {
            var pipeline = services.AddHttpClient("orders").AddStandardResilienceHandler(options =>
            {
                options.CircuitBreaker.MinimumThroughput = 2;
                options.Retry.DisableFor(HttpMethod.Get);
            });
            if (byAuthority)
            {
                pipeline.SelectPipelineByAuthority();
            }
        });
        using var client = host.Client("orders");
        await client.GetAsync(broken.Address, Cancel);
        await client.GetAsync(broken.Address, Cancel);

        var other = client.GetAsync(sound.Address, Cancel);

        if (byAuthority)
        {
            Assert.Equal(HttpStatusCode.OK, (await other).StatusCode);
        }
        else
        {
            await Assert.ThrowsAsync<BrokenCircuitException>(() => other);
        }
    }

    [Fact]
    public async Task One_request_more_than_the_limiter_permits_is_rejected_and_never_sent()
    {
        var release = new TaskCompletionSource();
        await using var server = await LoopbackServer.StartAsync((_, _) => release.Task);
        await using var host = ClientHost.Standard(options => options.RateLimiter.DefaultRateLimiterOptions.PermitLimit = 2);
        using var client = host.Client("orders");

        var first = client.GetAsync(server.Address, Cancel);
        var second = client.GetAsync(server.Address, Cancel);
        await server.NextRequestAsync();
        await server.NextRequestAsync();
        await Assert.ThrowsAsync<RateLimiterRejectedException>(() => client.GetAsync(server.Address, Cancel));

        Assert.Equal(2, server.Requests);
        release.SetResult();
        await Task.WhenAll(first, second);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(server.Address, Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_callers_cancellation_is_neither_retried_nor_turned_into_a_time_out()
    {
        await using var server = await LoopbackServer.StartAsync(
            (_, context) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted));
        await using var host = ClientHost.Standard();
        using var client = host.Client("orders");
        using var caller = CancellationTokenSource.CreateLinkedTokenSource(Cancel);

        var sending = client.GetAsync(server.Address, caller.Token);
        await server.NextRequestAsync();
        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        Assert.Equal(1, server.Requests);
    }
}
