using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Polly.Registry;

namespace Microsoft.Extensions.Http.Resilience;

/// <summary>What a callback that builds a pipeline can ask for.</summary>
public sealed class ResilienceHandlerContext
{
    private readonly ConfigureBuilderContext<HttpKey> _context;

    internal ResilienceHandlerContext(ConfigureBuilderContext<HttpKey> context, IServiceProvider serviceProvider)
    {
        _context = context;
        ServiceProvider = serviceProvider;
    }

    public IServiceProvider ServiceProvider { get; }

    public string BuilderName => _context.PipelineKey.Name;

    public string InstanceName => _context.PipelineKey.InstanceName;

    /// <summary>Builds the pipeline anew whenever the named options change.</summary>
    public void EnableReloads<TOptions>(string? name = null)
    {
        var source = new CancellationTokenSource();
        var registration = ServiceProvider.GetRequiredService<IOptionsMonitor<TOptions>>().OnChange((_, changed) =>
        {
            if ((changed ?? Options.Options.DefaultName) == (name ?? Options.Options.DefaultName))
            {
                source.Cancel();
            }
        });
        _context.AddReloadToken(source.Token);
        _context.OnPipelineDisposed(() =>
        {
            registration?.Dispose();
            source.Dispose();
        });
    }
}

/// <summary>One pipeline of a client; several instances of it when it is selected per request.</summary>
internal readonly record struct HttpKey(string Name, string InstanceName);
