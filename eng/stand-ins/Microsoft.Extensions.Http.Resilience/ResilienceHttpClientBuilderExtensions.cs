using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;
using Polly;

namespace Microsoft.Extensions.DependencyInjection;

public static class ResilienceHttpClientBuilderExtensions
{
    private const string StandardPipeline = "standard";

    /// <summary>
    /// Adds the standard pipeline: rate limiter, total time-out, retry, circuit breaker, attempt time-out, outermost first.
    /// Its options are named <c>[client]-standard</c>, checked at start; the time-out of the HttpClient itself is switched off.
    /// </summary>
    public static IHttpStandardResiliencePipelineBuilder AddStandardResilienceHandler(this IHttpClientBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var optionsName = PipelineName(builder, StandardPipeline);
        builder.Services.AddOptionsWithValidateOnStart<HttpStandardResilienceOptions, HttpStandardResilienceOptionsValidator>(optionsName);
        builder.ConfigureHttpClient(client => client.Timeout = Timeout.InfiniteTimeSpan);
        builder.AddResilienceHandler(StandardPipeline, (pipeline, context) =>
        {
            context.EnableReloads<HttpStandardResilienceOptions>(optionsName);
            var options = context.ServiceProvider.GetRequiredService<IOptionsMonitor<HttpStandardResilienceOptions>>().Get(optionsName);
            pipeline
                .AddRateLimiter(options.RateLimiter)
                .AddTimeout(options.TotalRequestTimeout)
                .AddRetry(options.Retry)
                .AddCircuitBreaker(options.CircuitBreaker)
                .AddTimeout(options.AttemptTimeout);
        });
        return new HttpResiliencePipelineBuilder(optionsName, builder.Services);
    }

    public static IHttpStandardResiliencePipelineBuilder AddStandardResilienceHandler(
        this IHttpClientBuilder builder, Action<HttpStandardResilienceOptions> configure) =>
        builder.AddStandardResilienceHandler().Configure(configure);

    public static IHttpStandardResiliencePipelineBuilder AddStandardResilienceHandler(
        this IHttpClientBuilder builder, IConfigurationSection section) =>
        builder.AddStandardResilienceHandler().Configure(section);

    /// <summary>Adds a pipeline of one's own; its full name is <c>[client]-[pipelineName]</c>.</summary>
    public static IHttpResiliencePipelineBuilder AddResilienceHandler(
        this IHttpClientBuilder builder, string pipelineName, Action<ResiliencePipelineBuilder<HttpResponseMessage>> configure) =>
        builder.AddResilienceHandler(pipelineName, (pipeline, _) => configure(pipeline));

    public static IHttpResiliencePipelineBuilder AddResilienceHandler(
        this IHttpClientBuilder builder,
        string pipelineName,
        Action<ResiliencePipelineBuilder<HttpResponseMessage>, ResilienceHandlerContext> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(pipelineName);
        ArgumentNullException.ThrowIfNull(configure);
        var fullName = PipelineName(builder, pipelineName);
        PipelineRegistry.AddPipeline(builder.Services, fullName, configure);
        builder.AddHttpMessageHandler(services => new ResilienceHandler(PipelineRegistry.Selector(services, fullName)));
        return new HttpResiliencePipelineBuilder(fullName, builder.Services);
    }

    /// <summary>Drops the handlers added so far, those of the client defaults too; handlers added later stay.</summary>
    [Experimental("EXTEXP0001")]
    public static IHttpClientBuilder RemoveAllResilienceHandlers(this IHttpClientBuilder builder) =>
        builder.ConfigureAdditionalHttpMessageHandlers((handlers, _) =>
        {
            for (var index = handlers.Count - 1; index >= 0; index--)
            {
                if (handlers[index] is ResilienceHandler)
                {
                    handlers.RemoveAt(index);
                }
            }
        });

    // The builder of ConfigureHttpClientDefaults has no name: its pipeline is one for all clients.
    private static string PipelineName(IHttpClientBuilder builder, string pipelineName) =>
        string.IsNullOrEmpty(builder.Name) ? pipelineName : $"{builder.Name}-{pipelineName}";
}
