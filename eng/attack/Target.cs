using System.Collections.Concurrent;

namespace Workflows.Attack;

/// <summary>A request that arrived at a <see cref="Target"/>.</summary>
internal sealed record Arrival(string Path, string? Role, string? Authorization);

/// <summary>A service outside of the platform, on loopback, that both tenants call.</summary>
internal sealed class Target : IAsyncDisposable
{
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(300);

    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Arrival> _arrivals = new();

    private Target(WebApplication app) => _app = app;

    public string Address => _app.Urls.First();

    /// <summary>As the operator allows it.</summary>
    public string HostAndPort => new Uri(Address).Authority;

    public IReadOnlyCollection<Arrival> Arrivals => _arrivals;

    public static async Task<Target> StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var target = new Target(app);
        app.MapFallback(target.AnswerAsync);
        await app.StartAsync(cancellationToken);
        return target;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task<IResult> AnswerAsync(HttpRequest request)
    {
        _arrivals.Enqueue(new Arrival(request.Path, request.Headers["X-Role"], request.Headers.Authorization));
        if (request.Path.StartsWithSegments("/smuggled"))
        {
            // Still to come when the connection goes back to where the next call takes it from.
            await Task.Delay(Slow, TimeProvider.System, request.HttpContext.RequestAborted);
        }

        return Results.Json(new { answer = request.Path.Value });
    }
}
