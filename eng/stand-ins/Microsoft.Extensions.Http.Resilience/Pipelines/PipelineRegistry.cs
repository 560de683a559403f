using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Registry;

namespace Microsoft.Extensions.Http.Resilience;

/// <summary>The pipelines of all clients of one container, built when first used and kept as long as the container.</summary>
internal static class PipelineRegistry
{
    public static void AddPipeline(
        IServiceCollection services,
        string pipelineName,
        Action<ResiliencePipelineBuilder<HttpResponseMessage>, ResilienceHandlerContext> configure)
    {
        services.AddOptions();
        services.Configure<PipelineDefinitions>(definitions => definitions.Configure[pipelineName] = configure);
        // Resolved for each pipeline, as in the original, so that a test can register one with its own TimeProvider.
        services.TryAddTransient(_ => new ResiliencePipelineBuilder());
        services.TryAddSingleton(Create);
    }

    /// <summary>Returns what chooses the pipeline of a request: always the same one, or one per key.</summary>
    public static Func<HttpRequestMessage, ResiliencePipeline<HttpResponseMessage>> Selector(IServiceProvider services, string pipelineName)
    {
        var registry = services.GetRequiredService<ResiliencePipelineRegistry<HttpKey>>();
        if (services.GetRequiredService<IOptionsMonitor<PipelineKeyOptions>>().Get(pipelineName).SelectorFactory is not { } factory)
        {
            var pipeline = registry.GetPipeline<HttpResponseMessage>(new HttpKey(pipelineName, ""));
            return _ => pipeline;
        }

        var selector = factory(services);
        return request => registry.GetPipeline<HttpResponseMessage>(new HttpKey(pipelineName, selector(request)));
    }

    public static void SelectPipelineBy(
        IServiceCollection services, string pipelineName, Func<IServiceProvider, Func<HttpRequestMessage, string>> selectorFactory) =>
        services.Configure<PipelineKeyOptions>(pipelineName, options => options.SelectorFactory = selectorFactory);

    public static string Authority(HttpRequestMessage request) =>
        request.RequestUri?.GetLeftPart(UriPartial.Authority)
        ?? throw new InvalidOperationException("A pipeline can be selected by authority only for a request with an absolute URI.");

    private static ResiliencePipelineRegistry<HttpKey> Create(IServiceProvider services)
    {
        var registry = new ResiliencePipelineRegistry<HttpKey>(new ResiliencePipelineRegistryOptions<HttpKey>
        {
            BuilderFactory = services.GetRequiredService<ResiliencePipelineBuilder>,
            BuilderComparer = new ByName(),
            BuilderNameFormatter = key => key.Name,
            InstanceNameFormatter = key => key.InstanceName,
        });
        foreach (var (name, configure) in services.GetRequiredService<IOptions<PipelineDefinitions>>().Value.Configure)
        {
            registry.TryAddBuilder<HttpResponseMessage>(
                new HttpKey(name, ""), (builder, context) => configure(builder, new ResilienceHandlerContext(context, services)));
        }

        return registry;
    }

    private sealed class ByName : IEqualityComparer<HttpKey>
    {
        public bool Equals(HttpKey x, HttpKey y) => x.Name == y.Name;

        public int GetHashCode([DisallowNull] HttpKey obj) => obj.Name.GetHashCode(StringComparison.Ordinal);
    }

    /// <summary>The last definition of a name wins.</summary>
    private sealed class PipelineDefinitions
    {
        public Dictionary<string, Action<ResiliencePipelineBuilder<HttpResponseMessage>, ResilienceHandlerContext>> Configure { get; } =
            new(StringComparer.Ordinal);
    }

    private sealed class PipelineKeyOptions
    {
        public Func<IServiceProvider, Func<HttpRequestMessage, string>>? SelectorFactory { get; set; }
    }
}
