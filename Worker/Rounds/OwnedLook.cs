using System.Collections.Concurrent;
using Workflows.Data.Dispatch;
using Workflows.Data.Executions;
using Workflows.Engine.Executions;
using Workflows.Worker.Ownership;

namespace Workflows.Worker.Rounds;

/// <summary>
/// Looks at the rows of owned executions for what others want of them: an end, a rest, outcomes of their waits. Those
/// it was nudged about at once, all of them each second: nudges are hints.
/// </summary>
internal sealed partial class OwnedLook(
    CurrentSession current, Fleet fleet, ExecutionClaims claims, ExecutionHistory history, WorkerSignals signals,
    TimeProvider clock, ILogger<OwnedLook> logger) : IRounds, IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _nudged = new(0, 1);
    private readonly ConcurrentQueue<ExecutionKey> _nudges = new();
    private long _lastLook;

    public IEnumerable<Round> Rounds => [new("Looking at owned executions", RoundPhase.Owning, LookAsync)];

    /// <summary>Hears of nudges from now on. Without Redis all is found a second later.</summary>
    public async Task ListenAsync(Guid workerId)
    {
        if (!await signals.TryListenAsync(workerId, OnNudge))
        {
            LogDeaf();
        }
    }

    private async Task<TimeSpan> LookAsync(CancellationToken cancellationToken)
    {
        // Any number of nudges leads to one look: a thousand timers that fire at once must not become a thousand
        // queries.
        await _nudged.WaitAsync(Pause, cancellationToken);
        var session = current.Value;
        var keys = KeysToLookAt(session);
        if (keys.Count == 0)
        {
            return TimeSpan.Zero;
        }

        var requests = new List<(OwnedExecution Execution, ExecutionEvent Request)>();
        var woken = new List<(OwnedExecution Execution, int Wakes)>();
        foreach (var change in await claims.LookAsync(session.WorkerId, keys, cancellationToken))
        {
            if (!session.Owned.TryGetValue(change.Key, out var execution))
            {
                continue;
            }

            if (RequestOf(change) is { } request)
            {
                requests.Add((execution, request));
            }

            if (execution.TellWakes(change.Wakes))
            {
                woken.Add((execution, change.Wakes));
            }
        }

        // Elsewhere: what one execution decides of it may take its time, and the others are looked at meanwhile.
        DecisionTurns.ForEach(requests, item => fleet.Post(item.Execution, new Asked(item.Request)));
        if (woken.Count > 0)
        {
            var waits = await history.LoadWaitsAsync([.. woken.Select(item => item.Execution.Key)], cancellationToken);
            DecisionTurns.ForEach(woken, item => fleet.Post(item.Execution, new WaitsResolved(
                [.. waits[item.Execution.Key].Where(wait => wait.Outcome is not null)], item.Wakes)));
        }

        return TimeSpan.Zero;
    }

    private static ExecutionEvent? RequestOf(OwnedChange change) => change.StopRequest switch
    {
        "cancel" => new CancelRequested(change.StopReason),
        "timeout" => new TimedOut(),
        "pause" => new PauseRequested(),
        _ => null,
    };

    private List<ExecutionKey> KeysToLookAt(WorkerSession session)
    {
        var nudged = new HashSet<ExecutionKey>();
        while (_nudges.TryDequeue(out var key))
        {
            nudged.Add(key);
        }

        if (clock.GetElapsedTime(_lastLook) < Pause)
        {
            return [.. nudged.Where(session.Owned.ContainsKey)];
        }

        _lastLook = clock.GetTimestamp();
        return [.. session.Owned.Keys];
    }

    private void OnNudge(ExecutionKey key)
    {
        _nudges.Enqueue(key);
        if (_nudged.CurrentCount == 0)
        {
            try
            {
                _nudged.Release();
            }
            catch (SemaphoreFullException)
            {
                // another nudge was first
            }
        }
    }

    public void Dispose() => _nudged.Dispose();

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "Nudges cannot be heard while Redis is away; looking every second instead")]
    private partial void LogDeaf();
}
