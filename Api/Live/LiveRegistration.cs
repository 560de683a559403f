using Workflows.Api.Http;
using Workflows.Data.Live;

namespace Workflows.Api.Live;

internal static class LiveRegistration
{
    public static void AddLive(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(configuration.GetSection("Live").Get<LiveOptions>() ?? new LiveOptions());
        services.AddSingleton<LiveMetrics>();
        services.AddSingleton<ActivityNews>();
        services.AddSingleton<LiveFeed>();
        services.AddSingleton<LiveWatches>();
        services.AddSingleton<LivePublisher>();
        services.AddSingleton<LiveObjects>();
        services.AddSingleton<NotificationNews>();
        services.AddSingleton<LiveRights>();
        services.AddSingleton<LiveHub>();
        services.AddSingleton<WebSocketEndpoint>();
        services.AddHostedService<LiveService>();
    }

    public static void MapLive(this IEndpointRouteBuilder routes)
    {
        WebSocketEndpoint.Map(routes);
        routes.MapStream();
    }
}
