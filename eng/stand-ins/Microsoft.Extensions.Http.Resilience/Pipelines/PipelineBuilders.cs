using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Extensions.Http.Resilience;

public interface IHttpResiliencePipelineBuilder
{
    string PipelineName { get; }

    IServiceCollection Services { get; }
}

public interface IHttpStandardResiliencePipelineBuilder
{
    string PipelineName { get; }

    IServiceCollection Services { get; }
}

internal sealed record HttpResiliencePipelineBuilder(string PipelineName, IServiceCollection Services)
    : IHttpResiliencePipelineBuilder, IHttpStandardResiliencePipelineBuilder;

public static class HttpStandardResiliencePipelineBuilderExtensions
{
    public static IHttpStandardResiliencePipelineBuilder Configure(
        this IHttpStandardResiliencePipelineBuilder builder, IConfigurationSection section)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(section);
        if (!section.GetChildren().Any())
        {
            throw new ArgumentException("Configuration section cannot be empty.", nameof(section));
        }

        builder.Services.Configure<HttpStandardResilienceOptions>(
            builder.PipelineName, section, binder => binder.ErrorOnUnknownConfiguration = true);
        return builder;
    }

    public static IHttpStandardResiliencePipelineBuilder Configure(
        this IHttpStandardResiliencePipelineBuilder builder, Action<HttpStandardResilienceOptions> configure) =>
        builder.Configure((options, _) => configure(options));

    public static IHttpStandardResiliencePipelineBuilder Configure(
        this IHttpStandardResiliencePipelineBuilder builder, Action<HttpStandardResilienceOptions, IServiceProvider> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<HttpStandardResilienceOptions>(builder.PipelineName).Configure(configure);
        return builder;
    }

    /// <summary>Gives each scheme, host and port a pipeline, and so a circuit breaker, of its own.</summary>
    public static IHttpStandardResiliencePipelineBuilder SelectPipelineByAuthority(this IHttpStandardResiliencePipelineBuilder builder) =>
        builder.SelectPipelineBy(_ => PipelineRegistry.Authority);

    public static IHttpStandardResiliencePipelineBuilder SelectPipelineBy(
        this IHttpStandardResiliencePipelineBuilder builder, Func<IServiceProvider, Func<HttpRequestMessage, string>> selectorFactory)
    {
        ArgumentNullException.ThrowIfNull(builder);
        PipelineRegistry.SelectPipelineBy(builder.Services, builder.PipelineName, selectorFactory);
        return builder;
    }
}

public static class HttpResiliencePipelineBuilderExtensions
{
    /// <summary>Gives each scheme, host and port a pipeline, and so a circuit breaker, of its own.</summary>
    public static IHttpResiliencePipelineBuilder SelectPipelineByAuthority(this IHttpResiliencePipelineBuilder builder) =>
        builder.SelectPipelineBy(_ => PipelineRegistry.Authority);

    public static IHttpResiliencePipelineBuilder SelectPipelineBy(
        this IHttpResiliencePipelineBuilder builder, Func<IServiceProvider, Func<HttpRequestMessage, string>> selectorFactory)
    {
        ArgumentNullException.ThrowIfNull(builder);
        PipelineRegistry.SelectPipelineBy(builder.Services, builder.PipelineName, selectorFactory);
        return builder;
    }
}
