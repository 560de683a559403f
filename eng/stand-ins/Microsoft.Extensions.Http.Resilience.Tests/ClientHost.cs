using Microsoft.Extensions.DependencyInjection;
using Polly;

namespace Microsoft.Extensions.Http.Resilience.Tests;

/// <summary>A container with HTTP clients whose pipelines run on a manual clock.</summary>
internal sealed class ClientHost : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    public ClientHost(Action<IServiceCollection> configure)
    {
        var services = new ServiceCollection();
        services.AddTransient(_ => new ResiliencePipelineBuilder { TimeProvider = Time });
        configure(services);
        _services = services.BuildServiceProvider();
    }

    public ManualTime Time { get; } = new();

    public IServiceProvider Services => _services;

    public HttpClient Client(string name) => _services.GetRequiredService<IHttpClientFactory>().CreateClient(name);

    /// <summary>One client named "orders" with the standard handler.</summary>
    public static ClientHost Standard(Action<HttpStandardResilienceOptions>? configure = null) =>
        new(services => services.AddHttpClient("orders").AddStandardResilienceHandler(options =>
        {
            options.Retry.UseJitter = false; // so that delays are exact
            configure?.Invoke(options);
        }));

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
