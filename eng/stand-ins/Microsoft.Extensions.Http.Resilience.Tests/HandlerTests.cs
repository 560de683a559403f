using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Polly;
using Polly.Retry;

namespace Microsoft.Extensions.Http.Resilience.Tests;

public sealed class HandlerTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_pipeline_of_ones_own_runs_and_knows_its_names()
    {
        (string Builder, string Instance) names = default;
        await using var server = await LoopbackServer.StartAsync(number => number < 3 ? 500 : 200);
        await using var host = new ClientHost(services => services.AddHttpClient("orders").AddResilienceHandler("own", (pipeline, context) =>
        {
            names = (context.BuilderName, context.InstanceName);
            pipeline.AddRetry(new HttpRetryStrategyOptions { MaxRetryAttempts = 2, Delay = TimeSpan.Zero });
        }));
        using var client = host.Client("orders");

        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(server.Address, Cancel)).StatusCode);
        Assert.Equal(3, server.Requests);
        Assert.Equal(("orders-own", ""), names);
    }

    [Fact]
    public async Task A_second_handler_stacks_on_that_of_the_defaults()
    {
        await using var server = await LoopbackServer.StartAsync(_ => 500);
        await using var host = new ClientHost(services =>
        {
            services.ConfigureHttpClientDefaults(http => http.AddResilienceHandler("outer", RetryOnce));
            services.AddHttpClient("orders").AddResilienceHandler("inner", RetryOnce);
        });
        using var client = host.Client("orders");

        await client.GetAsync(server.Address, Cancel);

        Assert.Equal(4, server.Requests);
    }

    [Fact]
    public async Task Removing_all_handlers_drops_those_of_the_defaults_and_keeps_later_ones()
    {
        await using var server = await LoopbackServer.StartAsync(_ => 500);
        await using var host = new ClientHost(services =>
        {
            services.ConfigureHttpClientDefaults(http => http.AddResilienceHandler("outer", RetryOnce));
            services.AddHttpClient("plain").RemoveAllResilienceHandlers();
            services.AddHttpClient("own").RemoveAllResilienceHandlers().AddResilienceHandler("inner", RetryOnce);
        });
        using var plain = host.Client("plain");
        using var own = host.Client("own");

        await plain.GetAsync(server.Address, Cancel);
        Assert.Equal(1, server.Requests);
        await own.GetAsync(server.Address, Cancel);
        Assert.Equal(3, server.Requests);
    }

    [Fact]
    public async Task A_change_of_the_configuration_rebuilds_the_pipeline()
    {
        var settings = new ConfigurationBuilder()
            .AddInMemoryCollection([new("Client:Retry:MaxRetryAttempts", "1"), new("Client:Retry:Delay", "00:00:00")]).Build();
        await using var server = await LoopbackServer.StartAsync(_ => 500);
        await using var host = new ClientHost(services =>
            services.AddHttpClient("orders").AddStandardResilienceHandler(settings.GetSection("Client")));
        using var client = host.Client("orders");
        await client.GetAsync(server.Address, Cancel);
        Assert.Equal(2, server.Requests);

        settings["Client:Retry:MaxRetryAttempts"] = "3";
        settings.Reload();
        await client.GetAsync(server.Address, Cancel);

        Assert.Equal(6, server.Requests);
    }

    [Fact]
    public async Task A_synchronous_send_passes_the_pipeline_too()
    {
        await using var server = await LoopbackServer.StartAsync(number => number == 1 ? 500 : 200);
        await using var host = new ClientHost(services => services.AddHttpClient("orders").AddResilienceHandler("own", RetryOnce));
        using var client = host.Client("orders");
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Address);

        using var response = await Task.Run(() => client.Send(request, Cancel), Cancel);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, server.Requests);
    }

    [Fact]
    public async Task A_connect_time_out_is_transient_and_a_callers_cancellation_is_not()
    {
        var timedOut = Outcome.FromException<HttpResponseMessage>(new TaskCanceledException("", new TimeoutException()));
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        Assert.True(HttpClientResiliencePredicates.IsTransient(timedOut, CancellationToken.None));
        Assert.False(HttpClientResiliencePredicates.IsTransient(timedOut, cancelled.Token));
        Assert.False(HttpClientResiliencePredicates.IsTransient(
            Outcome.FromException<HttpResponseMessage>(new OperationCanceledException()), CancellationToken.None));
    }

    private static void RetryOnce(ResiliencePipelineBuilder<HttpResponseMessage> pipeline) =>
        pipeline.AddRetry(new RetryStrategyOptions<HttpResponseMessage>
        {
            MaxRetryAttempts = 1,
            Delay = TimeSpan.Zero,
            ShouldHandle = arguments => ValueTask.FromResult(HttpClientResiliencePredicates.IsTransient(arguments.Outcome)),
        });
}
