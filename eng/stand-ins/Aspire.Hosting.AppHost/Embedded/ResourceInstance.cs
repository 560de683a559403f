using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Embedded;

/// <summary>How a container resource runs without a container: the package of the server knows.</summary>
internal sealed record EmbeddedServerAnnotation(Func<EmbeddedServerContext, CancellationToken, Task<ProcessCommand>> Prepare)
    : IResourceAnnotation;

/// <param name="Local">Where data and programs lie.</param>
/// <param name="Port">The loopback port to listen on.</param>
/// <param name="RunAsync">Runs a tool such as initdb to its end and gives its output.</param>
internal sealed record EmbeddedServerContext(
    LocalFolder Local, int Port, Func<ProcessCommand, CancellationToken, Task<string>> RunAsync);

/// <summary>One process of a resource: <c>api</c>, or <c>worker-1</c> and <c>worker-2</c> where there are replicas.</summary>
internal sealed class ResourceInstance(IResource resource, int replica, int replicas)
{
    public IResource Resource { get; } = resource;

    /// <summary>Counted from 1.</summary>
    public int Replica { get; } = replica;

    public string Name { get; } = replicas > 1 ? $"{resource.Name}-{replica}" : resource.Name;

    /// <summary>Port by endpoint name.</summary>
    public Dictionary<string, int> Ports { get; } = new(StringComparer.OrdinalIgnoreCase);

    public ChildProcess? Process { get; set; }

    public string State { get; set; } = KnownResourceStates.NotStarted;

    public int? ExitCode { get; set; }

    public DateTimeOffset? StartedAt { get; set; }

    /// <summary>True while the host itself ends the process, so that its end is no news.</summary>
    public bool Stopping { get; set; }

    /// <summary>Completes after the end of the process was reported.</summary>
    public Task Watch { get; set; } = Task.CompletedTask;

    public string? UrlOf(string endpointName) => Resource.Annotations.OfType<EndpointAnnotation>()
        .Where(endpoint => endpoint.Name == endpointName && Ports.ContainsKey(endpointName))
        .Select(endpoint => $"{endpoint.UriScheme}://{endpoint.AllocatedEndpoint?.Address ?? "localhost"}:{Ports[endpointName]}")
        .FirstOrDefault();

    public string? Url => Resource.Annotations.OfType<EndpointAnnotation>()
        .Select(endpoint => UrlOf(endpoint.Name)).FirstOrDefault(url => url is not null);
}
