namespace Workflows.Attack;

/// <summary>The platform with two tenants: A attacks, B only wants to work.</summary>
/// <param name="Platform">What runs.</param>
/// <param name="A">Who attacks.</param>
/// <param name="B">Who must not notice.</param>
/// <param name="Noop">A workflow of B that does nothing.</param>
/// <param name="Target">A service that both call.</param>
/// <param name="Other">Another one, of the attacker.</param>
/// <param name="Postgres">A server of A's with a database of its own; null = there is none here.</param>
internal sealed record Stage(
    RunningPlatform Platform, TenantClient A, TenantClient B, Guid Noop, Target Target, Target Other, string? Postgres)
{
    /// <summary>Bound of B's median while A attacks.</summary>
    public const int PromptMilliseconds = 200;

    /// <summary>Executions of B, one after the other.</summary>
    public Task<Latency> MeasureExecutionsAsync(TimeSpan duration, CancellationToken cancellationToken) =>
        Latency.OfAsync(RunNoopAsync, duration, cancellationToken);

    /// <summary>Simple calls of B, one after the other.</summary>
    public Task<Latency> MeasureCallsAsync(TimeSpan duration, CancellationToken cancellationToken) =>
        Latency.OfAsync(token => B.GetAsync($"/api/v1/workflows/{Noop}", token), duration, cancellationToken);

    /// <summary>Follows a service's memory while something is done to it.</summary>
    /// <returns>MiB before, and the most since.</returns>
    public async Task<(int Before, int Most)> WatchMemoryAsync(
        string resource, Func<Task> act, CancellationToken cancellationToken)
    {
        var before = Platform.MemoryOf(resource);
        var most = before;
        var acting = act();
        while (!acting.IsCompleted)
        {
            most = Math.Max(most, Platform.MemoryOf(resource));
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancellationToken);
        }

        await acting;
        return (before, Math.Max(most, Platform.MemoryOf(resource)));
    }

    private async Task RunNoopAsync(CancellationToken cancellationToken)
    {
        var execution = await B.RunAsync(Noop, new { }, cancellationToken);
        if (execution.GetProperty("status").GetString() is not "completed" and var status)
        {
            throw new AttackException($"an execution of B is {status}");
        }
    }
}
