using System.Diagnostics;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Embedded;

/// <summary>The life of one resource: wait, start, become healthy, be ready; and its end.</summary>
internal sealed partial class Orchestrator
{
    private static readonly TimeSpan FirstInterval = TimeSpan.FromMilliseconds(100), LastInterval = TimeSpan.FromSeconds(5);

    private async Task RunAsync(IResource resource, CancellationToken cancellationToken)
    {
        try
        {
            if (resource is IResourceWithParent { Parent: var parent })
            {
                await notifications.WaitAsync(parent.Name, latest => latest.IsReady, cancellationToken);
            }

            foreach (var wait in resource.Annotations.OfType<WaitAnnotation>())
            {
                await WaitForAsync(wait, cancellationToken);
            }

            await StartAsync(resource, [.. InstancesOf(resource.Name)], cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // stopped while starting
        }
        catch (Exception exception)
        {
            Fail(resource, exception);
        }
    }

    private void Fail(IResource resource, Exception exception)
    {
        foreach (var instance in InstancesOf(resource.Name).Where(instance => instance.Process is not { Exited.IsCompleted: false }))
        {
            instance.State = KnownResourceStates.FailedToStart;
        }

        output.Say($"{resource.Name} failed to start: {exception.Message}");
        status.Write(_instances);
        notifications.Publish(resource.Name, new ResourceStatus(KnownResourceStates.FailedToStart, Detail: exception.Message));
    }

    private async Task WaitForAsync(WaitAnnotation wait, CancellationToken cancellationToken)
    {
        var stops = (wait.WaitBehavior ?? options.WaitDefault) == WaitBehavior.StopOnResourceUnavailable;
        bool IsMet(ResourceStatus latest) => wait.WaitType switch
        {
            WaitType.WaitUntilHealthy => latest.IsReady,
            WaitType.WaitUntilStarted => latest.State == KnownResourceStates.Running,
            WaitType.WaitForCompletion => latest.IsTerminal && latest.ExitCode == wait.ExitCode,
            _ => throw new UnreachableException(),
        };

        var reached = await notifications.WaitAsync(
            wait.Resource.Name,
            latest => IsMet(latest) || (latest.IsTerminal && (stops || wait.WaitType == WaitType.WaitForCompletion)),
            cancellationToken);
        if (!IsMet(reached))
        {
            throw new DistributedApplicationException(
                $"it waits for '{wait.Resource.Name}', which is {ConsoleOutput.Describe(reached)}");
        }
    }

    private async Task StartAsync(IResource resource, IReadOnlyList<ResourceInstance> chosen, CancellationToken cancellationToken)
    {
        await StopHealthMonitorAsync(resource);
        notifications.Publish(resource.Name, new ResourceStatus(KnownResourceStates.Starting));
        await eventing.PublishAsync(new BeforeResourceStartedEvent(resource, services), cancellationToken);
        foreach (var instance in chosen)
        {
            var command = await CommandOfAsync(instance, cancellationToken);
            instance.Process = ChildProcess.Start(local, instance.Name, command, line => output.Relay(instance, local, line));
            (instance.State, instance.ExitCode, instance.Stopping) = (KnownResourceStates.Running, null, false);
            instance.StartedAt = time.GetUtcNow();
            instance.Watch = WatchAsync(instance, instance.Process);
        }

        status.Write(_instances); // before it is announced: who awaits the state may read the file
        notifications.Publish(resource.Name, new ResourceStatus(KnownResourceStates.Running));
        var monitor = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        _healthMonitors[resource.Name] = (monitor, MonitorHealthAsync(resource, monitor.Token));
    }

    private async Task<ProcessCommand> CommandOfAsync(ResourceInstance instance, CancellationToken cancellationToken)
    {
        if (instance.Resource is ProjectResource project)
        {
            return ProjectProgram.CommandOf(project, await environment.BuildAsync(instance, cancellationToken));
        }

        var server = instance.Resource.Annotations.OfType<EmbeddedServerAnnotation>().Last();
        return await server.Prepare(
            new EmbeddedServerContext(local, instance.Ports.Single().Value, RunToolAsync), cancellationToken);
    }

    private async Task<string> RunToolAsync(ProcessCommand command, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        var name = Path.GetFileName(command.Program);
        var process = ChildProcess.Start(local, name, command, line =>
        {
            lock (lines)
            {
                lines.Add(line);
            }
        });
        if (await process.Exited.WaitAsync(cancellationToken) is not 0 and var code)
        {
            throw new DistributedApplicationException($"{name} failed with exit code {code}: {string.Join(" ", lines)}");
        }

        return string.Join('\n', lines);
    }

    /// <summary>Reports the end of a process, wanted or not. When it was the resource's last one, the resource has ended.</summary>
    private async Task WatchAsync(ResourceInstance instance, ChildProcess process)
    {
        var code = await process.Exited;
        instance.ExitCode = code;
        instance.State = code == 0 ? KnownResourceStates.Finished : KnownResourceStates.Exited;
        status.Write(_instances);
        if (!instance.Stopping)
        {
            output.Say($"{instance.Name} ended by itself with exit code {code} and is not restarted; ./run restart {instance.Name} starts it again");
        }

        if (InstancesOf(instance.Resource.Name).All(other => other.Process is null or { Exited.IsCompleted: true }))
        {
            await StopHealthMonitorAsync(instance.Resource);
            notifications.Publish(instance.Resource.Name, new ResourceStatus(instance.State, ExitCode: code));
        }
    }

    private async Task StopHealthMonitorAsync(IResource resource)
    {
        if (_healthMonitors.TryRemove(resource.Name, out var monitor))
        {
            await monitor.Cancel.CancelAsync();
            await monitor.Task; // else its last answer could be taken for the next start's
            monitor.Cancel.Dispose();
        }
    }

    /// <summary>Asks often at first and after each change, then ever more rarely. The first healthy answer makes it ready.</summary>
    private async Task MonitorHealthAsync(IResource resource, CancellationToken cancellationToken)
    {
        var keys = resource.Annotations.OfType<HealthCheckAnnotation>().Select(check => check.Key).ToHashSet(StringComparer.Ordinal);
        try
        {
            HealthStatus? known = null;
            var interval = FirstInterval;
            while (true)
            {
                var (health, detail) = await CheckAsync(keys, cancellationToken);
                cancellationToken.ThrowIfCancellationRequested();
                if (health != known)
                {
                    if (known == HealthStatus.Healthy)
                    {
                        output.Say($"{resource.Name} is {health}: {detail}");
                    }

                    (known, interval) = (health, FirstInterval);
                    notifications.Update(resource.Name, latest => latest with { Health = health, Detail = detail });
                    await BecomeReadyAsync(resource, health, cancellationToken);
                    status.Write(_instances);
                }

                await Task.Delay(interval, time, cancellationToken);
                interval = Min(LastInterval, interval * (health == HealthStatus.Healthy ? 4 : 1.1));
            }
        }
        catch (OperationCanceledException)
        {
            // the resource has stopped
        }
        catch (Exception exception)
        {
            Fail(resource, exception); // a subscriber of ResourceReadyEvent failed: dependents must not go on
        }
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private async Task BecomeReadyAsync(IResource resource, HealthStatus health, CancellationToken cancellationToken)
    {
        if (health != HealthStatus.Healthy || notifications.Get(resource.Name).Ready)
        {
            return;
        }

        await eventing.PublishAsync(new ResourceReadyEvent(resource, services), cancellationToken);
        notifications.Update(resource.Name, latest => latest with { Ready = true });
        if (IsProcess(resource))
        {
            output.Say($"{resource.Name} is ready after {time.GetElapsedTime(_startedAt).TotalSeconds:0.0} s");
        }
    }

    private async Task<(HealthStatus Health, string? Detail)> CheckAsync(HashSet<string> keys, CancellationToken cancellationToken)
    {
        if (keys.Count == 0)
        {
            return (HealthStatus.Healthy, null); // nothing to ask: running is enough
        }

        var report = await healthChecks.CheckHealthAsync(check => keys.Contains(check.Name), cancellationToken);
        var missing = keys.Except(report.Entries.Keys).FirstOrDefault();
        var failing = report.Entries.FirstOrDefault(entry => entry.Value.Status != HealthStatus.Healthy);
        return missing is not null
            ? (HealthStatus.Unhealthy, $"no health check is registered under the key '{missing}'")
            : (report.Status, failing.Key is null ? null : failing.Value.Description ?? failing.Value.Exception?.Message);
    }
}
