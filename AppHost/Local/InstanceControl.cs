namespace Workflows.AppHost.Local;

/// <summary>Stops and starts single instances, and waits until they have done so.</summary>
internal sealed class InstanceControl(ResourceCommandService commands) : IDisposable
{
    private readonly HealthProbe _probe = new(Limits.HealthAnswer);

    /// <summary>Has it end in an orderly way: a service hands back what it has begun.</summary>
    public async Task StopAsync(Instance instance, CancellationToken cancellationToken)
    {
        // One that ended by itself is not stopped, though its state may not tell yet. A stop would leave it in no
        // state at all.
        if (instance.Pid is null || Directory.Exists($"/proc/{instance.Pid}"))
        {
            _ = await commands.ExecuteCommandAsync(instance.Id, KnownResourceCommands.StopCommand, cancellationToken);
        }

        await Instances.UntilAsync(() => instance.IsStopped, cancellationToken);
    }

    /// <summary>Stops it, starts it again and returns once it answers.</summary>
    /// <exception cref="DistributedApplicationException">It could not be started.</exception>
    public async Task RestartAsync(Instance instance, CancellationToken cancellationToken)
    {
        await StopAsync(instance, cancellationToken);
        var started = await commands.ExecuteCommandAsync(
            instance.Id, KnownResourceCommands.StartCommand, cancellationToken);
        if (!started.Success)
        {
            throw new DistributedApplicationException($"{instance.Name} could not be started: {started.Message}");
        }

        await Instances.UntilAsync(() => instance.IsReady, cancellationToken);

        // The resource's health is asked through the address that its replicas share, so it says little about one.
        if (instance.Resource is ProjectResource && instance.Url is { } url)
        {
            await _probe.UntilHealthyAsync(new Uri(url), cancellationToken);
        }
    }

    public void Dispose() => _probe.Dispose();
}
