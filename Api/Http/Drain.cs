using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Workflows.Api.Http;

/// <summary>
/// Leaves without a failed request. Asked to stop, the API answers 503 on <c>/health</c> at once and goes on serving for <c>Api:DrainSeconds</c>, in which
/// whoever spreads the load learns of it; every answer meanwhile closes its connection, so that kept ones move to another instance. Only then does it
/// stop listening; what is still being answered gets <see cref="Limits.StopSeconds"/>, and a wait for an execution's end is answered 202.
/// Without a readiness probe, or with a drain shorter than its period, new connections may be refused.
/// </summary>
internal sealed class Drain(IHostApplicationLifetime lifetime, TimeProvider clock, Drain.Length length) : IHostedLifecycleService, IHealthCheck
{
    public const string Setting = "Api:DrainSeconds";

    private volatile bool _over;

    /// <summary>True once the drain is over: nobody may be kept waiting any longer.</summary>
    public bool IsOver => _over;

    private bool IsStopping => lifetime.ApplicationStopping.IsCancellationRequested;

    public static void Add(IServiceCollection services, IConfiguration configuration)
    {
        var seconds = configuration.GetValue(Setting, Limits.DrainSeconds);
        if (seconds is < 0 or > Limits.MaxDrainSeconds)
        {
            throw new InvalidOperationException($"{Setting} is {seconds}; it can be 0 to {Limits.MaxDrainSeconds}.");
        }

        services.AddSingleton(new Length(TimeSpan.FromSeconds(seconds)));
        services.AddSingleton<Drain>();
        services.AddHostedService(provider => provider.GetRequiredService<Drain>());
        services.AddHealthChecks().AddCheck<Drain>("accepting");
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(seconds + Limits.StopSeconds));
    }

    /// <summary>Closes the connection with each answer of an instance that is leaving. HTTP/2 has a frame for that, which the server sends itself.</summary>
    public Task CloseConnectionAsync(HttpContext context, RequestDelegate next)
    {
        // At the time of the answer, not of the request: a long one may have begun before.
        context.Response.OnStarting(() =>
        {
            if (IsStopping && HttpProtocol.IsHttp11(context.Request.Protocol))
            {
                context.Response.Headers.Connection = "close";
            }

            return Task.CompletedTask;
        });
        return next(context);
    }

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(
        IsStopping ? HealthCheckResult.Unhealthy("It is about to stop and serves only until others have taken over.") : HealthCheckResult.Healthy());

    /// <summary>Before anything stops, the server's listening included.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        lifetime.StopApplication(); // a no-op after a signal; not every host is stopped by one
        try
        {
            await Task.Delay(length.Value, clock, cancellationToken);
        }
        finally
        {
            _over = true;
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>How long requests are still taken after the order to stop.</summary>
    internal sealed record Length(TimeSpan Value);
}
