using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.ApplicationModel;

public static class KnownResourceStates
{
    public static readonly string NotStarted = "NotStarted";
    public static readonly string Waiting = "Waiting";
    public static readonly string Starting = "Starting";
    public static readonly string Running = "Running";
    public static readonly string FailedToStart = "FailedToStart";
    public static readonly string Stopping = "Stopping";
    public static readonly string Exited = "Exited";
    public static readonly string Finished = "Finished";

    public static IReadOnlyList<string> TerminalStates { get; } = [Finished, FailedToStart, Exited];
}

/// <summary>What is known of a resource. Healthy is null until a check has answered.</summary>
internal sealed record ResourceStatus(string State, HealthStatus? Health = null, bool Ready = false, int? ExitCode = null, string? Detail = null)
{
    public bool IsTerminal => KnownResourceStates.TerminalStates.Contains(State);

    public bool IsReady => State == KnownResourceStates.Running && Health == HealthStatus.Healthy && Ready;
}

/// <summary>Keeps the latest status of every resource and lets others wait for one.</summary>
public class ResourceNotificationService
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ResourceStatus> _statuses = new(StringComparer.OrdinalIgnoreCase);

    private TaskCompletionSource _changed = NewSignal();

    public Task WaitForResourceAsync(string resourceName, string? targetState = null, CancellationToken cancellationToken = default) =>
        WaitAsync(resourceName, status => status.State == (targetState ?? KnownResourceStates.Running), cancellationToken);

    public Task WaitForResourceHealthyAsync(string resourceName, CancellationToken cancellationToken = default) =>
        WaitAsync(resourceName, status => status.IsReady, cancellationToken);

    internal ResourceStatus Get(string resourceName)
    {
        lock (_lock)
        {
            return _statuses.GetValueOrDefault(resourceName) ?? new ResourceStatus(KnownResourceStates.NotStarted);
        }
    }

    internal void Publish(string resourceName, ResourceStatus status)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            _statuses[resourceName] = status;
            (changed, _changed) = (_changed, NewSignal());
        }

        changed.SetResult();
    }

    internal void Update(string resourceName, Func<ResourceStatus, ResourceStatus> change)
    {
        lock (_lock)
        {
            Publish(resourceName, change(Get(resourceName)));
        }
    }

    internal async Task<ResourceStatus> WaitAsync(
        string resourceName, Func<ResourceStatus, bool> predicate, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_statuses.TryGetValue(resourceName, out var status) && predicate(status))
                {
                    return status;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
