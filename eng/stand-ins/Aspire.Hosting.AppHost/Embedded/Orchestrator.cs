using System.Collections.Concurrent;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Embedded;

/// <param name="WaitDefault">What a wait without a behaviour of its own does when the dependency fails.</param>
internal sealed record OrchestratorOptions(WaitBehavior WaitDefault);

/// <summary>
/// Runs the model as plain processes. It guarantees: a resource starts after what it waits for; everything stops in the
/// reverse order; one host per <c>.local</c> folder; no process outlives the host, however that ends. It does not restart
/// what crashed: the end is reported, shown in the table, and left to whoever asks for a restart.
/// </summary>
internal sealed partial class Orchestrator(
    IResourceCollection resources,
    IServiceProvider services,
    LocalFolder local,
    PortAllocator ports,
    EnvironmentBuilder environment,
    StatusFiles status,
    ConsoleOutput output,
    ResourceNotificationService notifications,
    IDistributedApplicationEventing eventing,
    HealthCheckService healthChecks,
    TimeProvider time,
    OrchestratorOptions options) : IHostedService, IDisposable
{
    private static readonly TimeSpan RestartTimeout = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<string, (CancellationTokenSource Cancel, Task Task)> _healthMonitors = new();
    private readonly List<ResourceInstance> _instances = [];
    private readonly List<Task> _background = [];

    private FileStream? _hostLock;
    private Reaper? _reaper;
    private long _startedAt;
    private bool _started, _stopped;

    public IEnumerable<ResourceInstance> InstancesOf(string resourceName) =>
        _instances.Where(instance => string.Equals(instance.Resource.Name, resourceName, StringComparison.OrdinalIgnoreCase));

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _startedAt = time.GetTimestamp();
        WaitGraph.ThrowOnCycle(resources);
        _hostLock = TakeHostLock();
        await Reaper.CleanUpAsync(local);
        _reaper = Reaper.Start(local);
        status.Begin();
        foreach (var resource in resources)
        {
            AddInstances(resource);
        }

        ports.Save();
        await eventing.PublishAsync(new BeforeStartEvent(services), cancellationToken);
        _started = true;
        var runnable = resources.Where(resource => IsProcess(resource) || resource is IResourceWithParent).ToArray();
        foreach (var resource in runnable)
        {
            notifications.Publish(resource.Name, new ResourceStatus(KnownResourceStates.Waiting));
        }

        _background.AddRange(runnable.Select(resource => RunAsync(resource, _stopping.Token)));
        _background.Add(AnnounceAsync(runnable, _stopping.Token));
    }

    /// <summary>Stops dependents before what they depend on: projects, then Redis and PostgreSQL.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_stopped) // by the host, and again when it is disposed
        {
            return;
        }

        _stopped = true;
        await _stopping.CancelAsync();
        if (_started)
        {
            await StopAllAsync();
            status.End();
        }

        Dispose();
    }

    /// <summary>Stops and starts a resource, or one replica of it by its own name, and waits for its health.</summary>
    public async Task<string> RestartAsync(string name, CancellationToken cancellationToken)
    {
        var chosen = Find(name);
        if (chosen.Count == 0)
        {
            return UnknownName(name);
        }

        var resource = chosen[0].Resource;
        await Task.WhenAll(chosen.Select(StopInstanceAsync));
        try
        {
            await StartAsync(resource, chosen, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            Fail(resource, exception);
            return $"error: {exception.Message}";
        }

        var reached = await notifications.WaitAsync(resource.Name, latest => latest.IsReady || latest.IsTerminal, cancellationToken)
            .WaitAsync(RestartTimeout, time, cancellationToken);
        return reached.IsReady
            ? $"ok: {string.Join(", ", chosen.Select(instance => $"{instance.Name} runs as {instance.Process!.Id}"))}"
            : $"error: {name} is {ConsoleOutput.Describe(reached)}; see {Path.Combine(local.Logs, $"{chosen[0].Name}.log")}";
    }

    public async Task<string> StopResourceAsync(string name)
    {
        var chosen = Find(name);
        if (chosen.Count == 0)
        {
            return UnknownName(name);
        }

        await Task.WhenAll(chosen.Select(StopInstanceAsync));
        return $"ok: {name} is stopped";
    }

    public void Dispose()
    {
        _reaper?.Dispose();
        _reaper = null;
        _hostLock?.Dispose();
        _stopping.Dispose();
    }

    private static bool IsProcess(IResource resource) => resource is ProjectResource or ContainerResource;

    private List<ResourceInstance> Find(string name) =>
    [
        .. _instances.Where(instance =>
            string.Equals(instance.Resource.Name, name, StringComparison.OrdinalIgnoreCase)
            || string.Equals(instance.Name, name, StringComparison.OrdinalIgnoreCase)),
    ];

    private string UnknownName(string name) =>
        $"error: there is no '{name}'; there are {string.Join(", ", _instances.Select(instance => instance.Name))}";

    private FileStream TakeHostLock()
    {
        try
        {
            return new FileStream(local.PathOf("apphost.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception)
        {
            throw new DistributedApplicationException(
                $"Another AppHost already runs on the data in {local.Root}. ./run stop ends it.", exception);
        }
    }

    private void AddInstances(IResource resource)
    {
        if (!IsProcess(resource))
        {
            return;
        }

        if (resource is ContainerResource && !resource.Annotations.OfType<EmbeddedServerAnnotation>().Any())
        {
            throw new DistributedApplicationException(
                $"The embedded default cannot run the container '{resource.Name}': it knows PostgreSQL and Redis as plain processes, nothing else.");
        }

        var replicas = resource.GetReplicaCount();
        var endpoints = resource.Annotations.OfType<EndpointAnnotation>().ToArray();
        if (replicas > 1 && endpoints.Any(endpoint => endpoint.IsExternal))
        {
            throw new DistributedApplicationException(
                $"The embedded default has no proxy in front of replicas: '{resource.Name}' has external HTTP endpoints, so it can "
                + $"have one replica here, not {replicas}. Replicas without external endpoints get a port each.");
        }

        for (var replica = 1; replica <= replicas; replica++)
        {
            var instance = new ResourceInstance(resource, replica, replicas) { State = KnownResourceStates.Waiting };
            foreach (var endpoint in endpoints)
            {
                // One wished-for port cannot serve several replicas.
                var wished = endpoint is { FromLaunchProfile: true, Port: > 0 } && replicas == 1 ? endpoint.Port : null;
                var demanded = endpoint.FromLaunchProfile ? null : endpoint.Port;
                var port = instance.Ports[endpoint.Name] = ports.Allocate(instance.Name, endpoint.Name, wished, demanded);
                endpoint.AllocatedEndpoint ??= new AllocatedEndpoint(
                    endpoint, resource is ContainerResource ? "127.0.0.1" : "localhost", port);
            }

            _instances.Add(instance);
        }
    }

    private async Task StopAllAsync()
    {
        var started = time.GetTimestamp();
        var stops = new Dictionary<IResource, Task>();
        Task StopInOrder(IResource resource)
        {
            if (!stops.TryGetValue(resource, out var stop))
            {
                stop = stops[resource] = StopAfterAsync(
                    [.. WaitGraph.DependentsOf(resources, resource).Select(StopInOrder)], InstancesOf(resource.Name));
            }

            return stop;
        }

        await Task.WhenAll(resources.Select(StopInOrder));
        await Task.WhenAll(_background);
        output.Say($"stopped in {time.GetElapsedTime(started).TotalSeconds:0.0} s");
    }

    private async Task StopAfterAsync(Task[] dependents, IEnumerable<ResourceInstance> chosen)
    {
        await Task.WhenAll(dependents);
        await Task.WhenAll(chosen.Select(StopInstanceAsync));
    }

    private async Task StopInstanceAsync(ResourceInstance instance)
    {
        if (instance.Process is not { Exited.IsCompleted: false } process)
        {
            return;
        }

        instance.Stopping = true;
        instance.State = KnownResourceStates.Stopping;
        if (!await process.StopAsync())
        {
            output.Say($"{instance.Name} did not stop in time and was killed");
        }

        await instance.Watch;
    }

    private async Task AnnounceAsync(IReadOnlyList<IResource> runnable, CancellationToken cancellationToken)
    {
        try
        {
            var ready = runnable.Select(resource =>
                notifications.WaitAsync(resource.Name, latest => latest.IsReady || latest.IsTerminal, cancellationToken)).ToList();
            while (ready.Count > 0)
            {
                var next = await Task.WhenAny(ready);
                ready.Remove(next);
                if ((await next).IsTerminal)
                {
                    status.Write(_instances);
                    output.Print($"{Environment.NewLine}{status.TableOf(_instances)}{Environment.NewLine}Not everything started; logs are in {local.Logs}.");
                    status.MarkFailed();
                    return;
                }
            }

            status.Write(_instances);
            output.Print($"{Environment.NewLine}{status.TableOf(_instances)}{Environment.NewLine}"
                + $"All resources are ready after {time.GetElapsedTime(_startedAt).TotalSeconds:0.0} s. Ctrl+C stops them.");
            status.MarkReady();
        }
        catch (OperationCanceledException)
        {
            // stopped before everything was up
        }
    }
}
