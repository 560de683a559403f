using Workflows.Data;
using Workflows.Data.Events;
using Workflows.Worker.Checkpoints;

namespace Workflows.Worker.Rounds;

/// <summary>
/// Routes what waits for it: events that executions and rules emit, and those whose receiver did not route them. Each
/// tenant's events are routed by themselves, a few tenants at a time and in turn, so that a slow one holds up no other.
/// When a batch fails its events are tried one by one; one that fails again and again is set aside with its error, and
/// the rest goes on.
/// </summary>
internal sealed partial class EventRouting : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan CountPause = TimeSpan.FromSeconds(30);

    private readonly EventBacklog _backlog;
    private readonly EventRouter _router;
    private readonly WorkerMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ILogger<EventRouting> _logger;
    private readonly Dictionary<Guid, Task> _underWay = [];
    private readonly SemaphoreSlim _emitted = new(0, 1);
    private Guid _last;
    private long _setAside;
    private long _counted;

    private readonly Checkpointer _checkpointer;

    public EventRouting(
        EventBacklog backlog, EventRouter router, Checkpointer checkpointer,
            WorkerMetrics metrics, TimeProvider clock, ILogger<EventRouting> logger)
    {
        _checkpointer = checkpointer;
        checkpointer.Emitted += Signal;
        (_backlog, _router, _metrics, _clock, _logger) = (backlog, router, metrics, clock, logger);
        metrics.Observe("workflows.events.set_aside", "{event}",
            "Events that could not be routed and wait for a person.", () => Volatile.Read(ref _setAside));
    }

    public async Task<TimeSpan> RoundAsync(CancellationToken cancellationToken)
    {
        foreach (var (tenantId, task) in _underWay.Where(entry => entry.Value.IsCompleted).ToList())
        {
            _underWay.Remove(tenantId);
            await task; // a failure slows the loop down and is logged by it
        }

        var room = Limits.TenantsRouted - _underWay.Count;
        if (room > 0)
        {
            var pending =
                await _backlog.PendingAsync(Limits.EventsPerRound, _last, _underWay.Keys, room, cancellationToken);
            foreach (var tenant in pending)
            {
                _last = tenant.Key;
                _underWay.Add(tenant.Key, RouteAsync(tenant.Key, [.. tenant], cancellationToken));
            }

            // The turn goes round: behind the last tenant comes the first again.
            _last = pending.Count < room ? default : _last;
        }

        await CountAsync(cancellationToken);
        if (_underWay.Count > 0)
        {
            await Task.WhenAny([.. _underWay.Values, Task.Delay(Pause, _clock, cancellationToken)]);
            return TimeSpan.Zero;
        }

        await _emitted.WaitAsync(Pause, cancellationToken);
        return TimeSpan.Zero;
    }

    public void Dispose()
    {
        _checkpointer.Emitted -= Signal;
        _emitted.Dispose();
    }

    /// <summary>
    /// Waits for what is under way when the worker stops; what is not done stays in the queue for others.
    /// </summary>
    public async Task SettleAsync()
    {
        foreach (var (tenantId, task) in _underWay)
        {
            try
            {
                await task;
            }
            catch (Exception exception) when (
                exception is OperationCanceledException || PostgresErrors.MayPass(exception))
            {
                LogLeft(tenantId, exception.Message);
            }
        }
    }

    // This worker put events into the queue: the next round comes at once.
    private void Signal()
    {
        lock (_emitted)
        {
            if (_emitted.CurrentCount == 0)
            {
                _emitted.Release();
            }
        }
    }

    private async Task RouteAsync(Guid tenantId, List<Guid> events, CancellationToken cancellationToken)
    {
        try
        {
            await _router.RouteAsync(tenantId, events, cancellationToken);
        }
        catch (Exception exception) when (
            !PostgresErrors.MayPass(exception) && !cancellationToken.IsCancellationRequested)
        {
            LogBatchFailed(tenantId, events.Count, exception.Message);
            foreach (var eventId in events)
            {
                await RouteAloneAsync(tenantId, eventId, cancellationToken);
            }
        }
    }

    private async Task RouteAloneAsync(Guid tenantId, Guid eventId, CancellationToken cancellationToken)
    {
        try
        {
            await _router.RouteAsync(tenantId, [eventId], cancellationToken);
        }
        catch (Exception exception) when (
            !PostgresErrors.MayPass(exception) && !cancellationToken.IsCancellationRequested)
        {
            _metrics.RoutingFailed();
            if (await _backlog.FailAsync(tenantId, eventId, exception.Message, cancellationToken))
            {
                LogSetAside(exception, eventId, tenantId);
                Interlocked.Increment(ref _setAside);
            }
        }
    }

    private async Task CountAsync(CancellationToken cancellationToken)
    {
        if (_counted == 0 || _clock.GetElapsedTime(_counted) > CountPause)
        {
            _counted = _clock.GetTimestamp();
            Volatile.Write(ref _setAside, await _backlog.CountSetAsideAsync(Limits.SetAsideCounted, cancellationToken));
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Count} events of tenant {TenantId} could not be routed together and are tried one by one: "
            + "{Reason}")]
    private partial void LogBatchFailed(Guid tenantId, int count, string reason);

    [LoggerMessage(
        Level = LogLevel.Information, Message = "Events of tenant {TenantId} are left to other workers: {Reason}")]
    private partial void LogLeft(Guid tenantId, string reason);

    [LoggerMessage(
        Level = LogLevel.Error, Message = "Event {EventId} of tenant {TenantId} cannot be routed and is set aside")]
    private partial void LogSetAside(Exception exception, Guid eventId, Guid tenantId);
}
