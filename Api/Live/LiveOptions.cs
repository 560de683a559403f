using System.Diagnostics.Metrics;

namespace Workflows.Api.Live;

/// <summary>Configuration section <c>Live</c>.</summary>
internal sealed record LiveOptions
{
    /// <summary>Connections of one user or API key to one instance.</summary>
    public int ConnectionsPerCaller { get; init; } = 50;

    /// <summary>Connections to one instance; <c>Api:MaxConnections</c> bounds them, too.</summary>
    public int MaxConnections { get; init; } = 20_000;

    /// <summary>Origins of further pages that may connect, as <c>https://console.example.com</c>.</summary>
    public IReadOnlyList<string> Origins { get; init; } = [];
}

/// <summary>Figures of who looks on.</summary>
internal sealed class LiveMetrics : IDisposable
{
    private readonly Meter _meter = new("Workflows.Live");

    public void Observe(Func<int> connections) =>
        _meter.CreateObservableGauge(
            "workflows.live.connections", connections, "{connection}", "Clients that look on through this instance.");

    public void Dispose() => _meter.Dispose();
}
