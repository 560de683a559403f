namespace Workflows.AppHost.Local;

/// <summary>Stops and starts single instances, and waits until they have done so.</summary>
internal sealed class InstanceControl(ResourceCommandService commands) : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = Limits.HealthAnswer };

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
        await UntilAnswersAsync(instance, cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    // The resource's health is asked through the address that its replicas share, so it says little about one of them.
    private async Task UntilAnswersAsync(Instance instance, CancellationToken cancellationToken)
    {
        if (instance.Resource is not ProjectResource || instance.Url is not { } url)
        {
            return;
        }

        while (!await AnswersAsync(new Uri(new Uri(url), "/health"), cancellationToken))
        {
            await Task.Delay(Limits.Poll, cancellationToken);
        }
    }

    private async Task<bool> AnswersAsync(Uri health, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await _http.GetAsync(health, cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false; // It does not listen yet.
        }
    }
}
