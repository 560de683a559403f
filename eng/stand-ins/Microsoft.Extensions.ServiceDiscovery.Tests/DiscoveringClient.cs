using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Extensions.ServiceDiscovery.Tests;

/// <summary>A discovering client that answers with the address it would have connected to.</summary>
internal sealed class DiscoveringClient : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly HttpClient _client;

    public DiscoveringClient(
        IEnumerable<(string Key, string Value)> settings, Action<IServiceCollection>? addDiscovery = null)
    {
        Configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)))
            .Build();
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(Configuration);
        (addDiscovery ?? (added => added.AddServiceDiscovery()))(services);
        services.AddHttpClient("any").AddServiceDiscovery().ConfigurePrimaryHttpMessageHandler(() => new AddressEcho());
        _services = services.BuildServiceProvider();
        _client = _services.GetRequiredService<IHttpClientFactory>().CreateClient("any");
    }

    public IConfigurationRoot Configuration { get; }

    public static async Task<string> ResolveAsync(string address, params (string Key, string Value)[] settings)
    {
        await using var client = new DiscoveringClient(settings);
        return await client.ResolveAsync(address);
    }

    public Task<string> ResolveAsync(string address) => _client.GetStringAsync(new Uri(address), TestContext.Current.CancellationToken);

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request) => _client.SendAsync(request, TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return _services.DisposeAsync();
    }

    private sealed class AddressEcho : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage { Content = new StringContent(request.RequestUri!.AbsoluteUri) });
    }
}
