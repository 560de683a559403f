using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Workflows.AppHost.Services;

namespace Workflows.AppHost.Local;

/// <summary>One process or container of the platform: a replica of a service, or a server.</summary>
/// <param name="id">The orchestrator's name for it, by which commands are given.</param>
/// <param name="resource">What it is a replica of.</param>
/// <param name="replica">Counted from 1, in the order of their first start.</param>
internal sealed class Instance(string id, IResource resource, int replica)
{
    private CustomResourceSnapshot? _latest;

    public string Id => id;

    public IResource Resource => resource;

    public int Replica => replica;

    /// <summary>What people call it: <c>api</c>, <c>worker-2</c>.</summary>
    public string Name => resource.GetReplicaCount() > 1
        ? string.Create(CultureInfo.InvariantCulture, $"{resource.Name}-{replica}")
        : resource.Name;

    public string? State => _latest?.State?.Text;

    public HealthStatus? Health => _latest?.HealthStatus;

    public int? ExitCode => _latest?.ExitCode;

    public bool IsRunning => State == KnownResourceStates.Running;

    public bool IsStopped => State is not ("Running" or "Stopping" or "Starting");

    public bool IsReady => IsRunning && Health is null or HealthStatus.Healthy or HealthStatus.Degraded;

    /// <summary>Whether it has done what it was started for: only the migration ends by itself.</summary>
    public bool IsDone => resource.Name == Migration.Name && IsStopped && ExitCode == 0;

    /// <summary>The number of its process; null for a container and for what does not run.</summary>
    public int? Pid =>
        IsRunning && _latest!.Properties.FirstOrDefault(each => each.Name == "executable.pid")?.Value is { } pid
            ? Convert.ToInt32(pid, CultureInfo.InvariantCulture)
            : null;

    /// <summary>Its own address where it has one, not that of the proxy that replicas share.</summary>
    public string? Url =>
        _latest?.EnvironmentVariables.FirstOrDefault(variable => variable.Name == "ASPNETCORE_URLS")?.Value
            ?? _latest?.Urls.FirstOrDefault(url => !url.IsInternal)?.Url;

    public void Update(CustomResourceSnapshot snapshot) => _latest = snapshot;
}
