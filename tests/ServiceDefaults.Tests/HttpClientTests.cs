using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using Polly;

namespace Workflows.ServiceDefaults.Tests;

public sealed class HttpClientTests
{
    [Theory]
    [InlineData("GET", HttpStatusCode.OK)]
    [InlineData("POST", HttpStatusCode.ServiceUnavailable)]
    public async Task Every_client_finds_services_by_name_and_repeats_only_safe_requests(string method, HttpStatusCode expected)
    {
        var requests = 0;
        await using var target = await LoopbackHost.StartAsync(map: app => app.MapMethods(
            "/flaky", [method], () => Interlocked.Increment(ref requests) == 1 ? Results.StatusCode(503) : Results.Ok()));
        await using var host = await LoopbackHost.StartAsync(
            settings: new() { ["services:orders:http:0"] = target.Client.BaseAddress!.AbsoluteUri },
            configure: builder => builder.Services.PostConfigureAll<HttpStandardResilienceOptions>(options =>
            {
                options.Retry.Delay = TimeSpan.Zero;
                options.Retry.BackoffType = DelayBackoffType.Constant;
            }));
        using var client = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient();
        using var request = new HttpRequestMessage(new HttpMethod(method), "https+http://orders/flaky");

        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(expected, response.StatusCode);
    }
}
