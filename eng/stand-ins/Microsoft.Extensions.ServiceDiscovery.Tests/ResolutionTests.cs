using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microsoft.Extensions.ServiceDiscovery.Tests;

public sealed class ResolutionTests
{
    [Theory]
    [InlineData("http://api/v1/things?page=2", "http://10.0.0.1:8080/v1/things?page=2")]
    [InlineData("http://API/v1", "http://10.0.0.1:8080/v1")] // names are case-insensitive
    [InlineData("https+http://api/", "http://10.0.0.1:8080/")] // https first, and there is none
    [InlineData("http+https://api/", "http://10.0.0.1:8080/")]
    public async Task A_configured_name_becomes_its_endpoint(string address, string expected) =>
        Assert.Equal(expected, await DiscoveringClient.ResolveAsync(address, ("services:api:http:0", "http://10.0.0.1:8080")));

    [Fact]
    public async Task The_first_scheme_that_has_an_endpoint_wins()
    {
        (string, string)[] settings = [("Services:api:http:0", "http://10.0.0.1:8080"), ("Services:api:https:0", "https://10.0.0.1:8443")];

        Assert.Equal("https://10.0.0.1:8443/", await DiscoveringClient.ResolveAsync("https+http://api/", settings));
        Assert.Equal("http://10.0.0.1:8080/", await DiscoveringClient.ResolveAsync("http+https://api/", settings));
        Assert.Equal("http://10.0.0.1:8080/", await DiscoveringClient.ResolveAsync("http://api/", settings));
    }

    [Fact]
    public async Task Default_comes_before_any_scheme_and_offers_only_the_best_scheme()
    {
        (string, string)[] settings =
        [
            ("Services:api:default:0", "http://10.0.0.1:1"),
            ("Services:api:default:1", "https://10.0.0.1:2"),
            ("Services:api:https:0", "https://10.0.0.1:3"),
        ];

        Assert.Equal("https://10.0.0.1:2/", await DiscoveringClient.ResolveAsync("https+http://api/", settings));
    }

    [Fact]
    public async Task A_value_may_be_a_scalar_and_may_lack_the_scheme()
    {
        Assert.Equal("https://10.0.0.1:8443/", await DiscoveringClient.ResolveAsync("https://api/", ("Services:api:https", "https://10.0.0.1:8443")));
        Assert.Equal("https://inner:8443/", await DiscoveringClient.ResolveAsync("https+http://api/", ("Services:api:https:0", "inner:8443")));
    }

    [Fact]
    public async Task A_path_of_the_endpoint_comes_before_that_of_the_request() =>
        Assert.Equal(
            "http://gateway:80/api/v1/things".Replace(":80", "", StringComparison.Ordinal),
            await DiscoveringClient.ResolveAsync("http://api/v1/things", ("Services:api:http:0", "http://gateway/api/")));

    [Fact]
    public async Task A_named_endpoint_is_asked_for_with_an_underscore()
    {
        (string, string)[] settings = [("Services:api:http:0", "http://10.0.0.1:1"), ("Services:api:admin:0", "http://10.0.0.1:9")];

        Assert.Equal("http://10.0.0.1:9/", await DiscoveringClient.ResolveAsync("http://_admin.api/", settings));
        Assert.Equal("http://10.0.0.1:9/", await DiscoveringClient.ResolveAsync("https+http://_admin.api/", settings));
    }

    [Theory]
    [InlineData("http://elsewhere/x", "http://elsewhere/x")]
    [InlineData("http://elsewhere:5000/x", "http://elsewhere:5000/x")]
    [InlineData("https+http://elsewhere/x", "https://elsewhere/x")]
    [InlineData("https+http://elsewhere:5000/x", "https://elsewhere:5000/x")]
    [InlineData("http://_admin.elsewhere/x", "http://elsewhere/x")]
    [InlineData("http://127.0.0.1:5000/x", "http://127.0.0.1:5000/x")]
    [InlineData("https://example.com/x?y=z", "https://example.com/x?y=z")]
    public async Task A_name_that_is_not_configured_passes_through(string address, string expected) =>
        Assert.Equal(expected, await DiscoveringClient.ResolveAsync(address, ("Services:api:http:0", "http://10.0.0.1:1")));

    [Fact]
    public async Task Endpoints_are_taken_in_turn()
    {
        await using var client = new DiscoveringClient(
            [("Services:api:http:0", "http://a:1"), ("Services:api:http:1", "http://b:1"), ("Services:api:http:2", "http://c:1")]);

        var taken = new List<string>();
        for (var request = 0; request < 6; request++)
        {
            taken.Add(new Uri(await client.ResolveAsync("http://api/")).Host);
        }

        Assert.Equal(["a", "b", "c", "a", "b", "c"], taken);
    }

    [Fact]
    public async Task A_scheme_that_is_not_allowed_is_not_used()
    {
        await using var client = new DiscoveringClient(
            [("Services:api:https:0", "https://10.0.0.1:2"), ("Services:api:http:0", "http://10.0.0.1:1")],
            services => services.AddServiceDiscovery(options =>
            {
                options.AllowAllSchemes = false;
                options.AllowedSchemes = ["https"];
            }));

        Assert.Equal("https://10.0.0.1:2/", await client.ResolveAsync("http+https://api/"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => client.ResolveAsync("http+https://elsewhere/"));
    }

    [Fact]
    public async Task A_change_of_the_configuration_is_seen_by_the_next_request()
    {
        await using var client = new DiscoveringClient([("Services:api:http:0", "http://old:1")]);
        Assert.Equal("http://old:1/", await client.ResolveAsync("http://api/"));

        client.Configuration["Services:api:http:0"] = "http://new:1";
        client.Configuration.Reload();

        Assert.Equal("http://new:1/", await client.ResolveAsync("http://api/"));
    }

    [Fact]
    public async Task Another_section_can_hold_the_services()
    {
        await using var client = new DiscoveringClient(
            [("Endpoints:api:http:0", "http://10.0.0.1:1")],
            services => services.AddConfigurationServiceEndpointProvider(options => options.SectionName = "Endpoints"));

        Assert.Equal("http://10.0.0.1:1/", await client.ResolveAsync("http://api/"));
    }

    [Fact]
    public async Task Without_a_provider_that_knows_the_service_the_request_fails()
    {
        await using var none = new DiscoveringClient([], services => services.AddServiceDiscoveryCore());
        await using var unknown = new DiscoveringClient([], services => services.AddConfigurationServiceEndpointProvider());

        await Assert.ThrowsAsync<InvalidOperationException>(() => none.ResolveAsync("http://api/"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => unknown.ResolveAsync("http://api/"));
    }

    [Fact]
    public async Task An_endpoint_that_cannot_be_read_is_an_error_that_names_its_key()
    {
        var error = await Assert.ThrowsAsync<KeyNotFoundException>(
            () => DiscoveringClient.ResolveAsync("http://api/", ("Services:api:http:0", "http://")));

        Assert.Contains("Services:api:http", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_request_keeps_its_own_address_for_a_retry()
    {
        await using var client = new DiscoveringClient([("Services:api:http:0", "http://10.0.0.1:1")]);
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://api/x");

        await client.SendAsync(request);

        Assert.Equal("http://api/x", request.RequestUri?.AbsoluteUri);
    }

    [Fact]
    public async Task A_client_of_the_defaults_reaches_a_real_server_by_its_service_name()
    {
        var server = WebApplication.CreateSlimBuilder();
        server.WebHost.UseUrls("http://127.0.0.1:0");
        server.Logging.ClearProviders();
        await using var app = server.Build();
        app.Run(async context => await context.Response.Body.WriteAsync("here"u8.ToArray(), context.RequestAborted));
        await app.StartAsync(TestContext.Current.CancellationToken);
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection([new("services:api:http:0", app.Urls.Single())]).Build());
        services.AddServiceDiscovery();
        services.ConfigureHttpClientDefaults(http => http.AddServiceDiscovery());
        services.AddHttpClient("api", client => client.BaseAddress = new Uri("https+http://api"));
        await using var provider = services.BuildServiceProvider();
        using var client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("api");

        Assert.Equal("here", await client.GetStringAsync("/", TestContext.Current.CancellationToken));
    }
}
