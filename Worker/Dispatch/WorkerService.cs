using System.Collections.Concurrent;
using Workflows.Data.Database;
using Workflows.Data.Dispatch;
using Workflows.Data.Executions;
using Workflows.Data.Workers;
using Workflows.Worker.Execution;

namespace Workflows.Worker.Dispatch;

/// <summary>
/// The life of a worker: registers, claims, beats, rescues others, fires timers, routes events; starts over under a new id when it was fenced; on SIGTERM
/// lets running steps end and hands the rest back.
/// </summary>
internal sealed partial class WorkerService(
    WorkerRegistry registry,
    ScheduleService schedules,
    Intake intake,
    ExecutionRunner runner,
    LookBack lookBack,
    ExecutionClaims claims,
    ExecutionHistory history,
    TimerStore timers,
    EventRouting routing,
    DispatchAnnouncer announcer,
    DispatchReader reader,
    WorkerSignals signals,
    WorkerMetrics metrics,
    WorkflowsDatabase database,
    Loop loop,
    WorkerOptions options,
    DatabaseClock clock,
    ILogger<WorkerService> logger) : BackgroundService
{
    private static readonly TimeSpan TimerPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LookPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TakeOverPause = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan RedisPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ReconcilePause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RegisterPause = TimeSpan.FromMilliseconds(200);

    private readonly SemaphoreSlim _nudged = new(0, 1);
    private readonly ConcurrentQueue<ExecutionKey> _nudges = new();
    private volatile WorkerSession _session = new();
    private long _lastBeat;
    private long _steadySince;
    private long _lastLook;

    /// <summary>Executions in memory; for the health page.</summary>
    public int InFlight => _session.Runs.Count;

    /// <summary>How long ago the heartbeat last was written; null before the first.</summary>
    public TimeSpan? SinceBeat =>
        Volatile.Read(ref _lastBeat) is var beat and not 0 ? clock.GetElapsedTime(beat) : null;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Housekeeping goes on while running steps end; it stops after them.
        using var housekeeping = new CancellationTokenSource();
        await loop.UntilDoneAsync("Registering", RegisterAsync, stoppingToken);
        metrics.Observe(
            "workflows.executions.in_flight", "{execution}", "Executions in this worker's memory.", () => _session.Runs.Count);
        Task[] intakeLoops =
        [
            loop.RunAsync("Reading the dispatch streams", ReadStreamsAsync, stoppingToken),
            loop.RunAsync("Taking over unread dispatch entries", TakeOverAsync, stoppingToken),
            loop.RunAsync("Claiming", token => intake.ClaimAsync(_session, token), stoppingToken),
            loop.RunAsync("Taking what SQL started", token => intake.TakeEnqueuedAsync(_session, token), stoppingToken),
            loop.RunAsync("Sweeping", token => intake.SweepAsync(_session, token), stoppingToken),
            loop.RunAsync("Claiming within tenants' limits", token => intake.ClaimLimitedAsync(_session, token), stoppingToken),
            loop.RunAsync("Firing timers", FireTimersAsync, stoppingToken),
            loop.RunAsync("Routing events", routing.RoundAsync, stoppingToken),
            loop.RunAsync("Firing schedules", async token => { var (woken, pause) = await schedules.FireAsync(token); Announce(woken); return pause; }, stoppingToken),
            loop.RunAsync("Carrying job runs on", async token => { var (woken, pause) = await schedules.AdvanceRunsAsync(token); Announce(woken); return pause; }, stoppingToken),
            loop.RunAsync("Rescuing", RescueAsync, stoppingToken),
            loop.RunAsync("Comparing what is owned", ReconcileAsync, stoppingToken),
        ];
        Task[] ownerLoops =
        [
            loop.RunAsync("The heartbeat", HeartbeatAsync, housekeeping.Token),
            loop.RunAsync("Asking for the time", async token => { await clock.SyncAsync(database, token); return DatabaseClock.SyncPeriod; }, housekeeping.Token),
            loop.RunAsync("Looking at owned executions", LookAsync, housekeeping.Token),
            loop.RunAsync("Looking back for events", async token => { await lookBack.RoundAsync(token); return TimeSpan.Zero; }, housekeeping.Token),
        ];
        await Task.WhenAll(intakeLoops);
        await routing.SettleAsync();
        await StopAsync(housekeeping, ownerLoops);
    }

    private async Task RegisterAsync(CancellationToken cancellationToken)
    {
        var session = _session;
        await clock.SyncAsync(database, cancellationToken); // before anything is decided by it
        await registry.RegisterAsync(session.WorkerId, Environment.MachineName, cancellationToken);
        // Nudges are hints: without Redis the look at owned executions finds the same, a second later.
        if (!await signals.TryListenAsync(session.WorkerId, OnNudge))
        {
            LogDeaf();
        }

        LogRegistered(session.WorkerId);
    }

    private async Task<TimeSpan> HeartbeatAsync(CancellationToken cancellationToken)
    {
        var session = _session;
        if (clock.GetElapsedTime(Volatile.Read(ref _lastBeat)) > TimeSpan.FromSeconds(options.LeaseSeconds))
        {
            Volatile.Write(ref _steadySince, clock.GetTimestamp());
        }

        var beaten = !session.IsFenced && await registry.HeartbeatAsync(session.WorkerId, session.Runs.Count, cancellationToken);
        Volatile.Write(ref _lastBeat, clock.GetTimestamp());
        if (!beaten)
        {
            session.TryFence();
            if (session.IsStopping)
            {
                return TimeSpan.FromSeconds(options.HeartbeatSeconds);
            }

            LogFenced(session.WorkerId);
            _session = new WorkerSession();
            await RegisterAsync(cancellationToken);
        }

        return TimeSpan.FromSeconds(options.HeartbeatSeconds);
    }

    private async Task<TimeSpan> ReadStreamsAsync(CancellationToken cancellationToken)
    {
        if (!intake.WantsMore)
        {
            return RegisterPause;
        }

        try
        {
            intake.Add(await reader.ReadAsync(_session.WorkerId.ToString("N"), Limits.EntriesPerRead, cancellationToken));
            return TimeSpan.Zero;
        }
        catch (DispatchUnavailableException exception)
        {
            LogNoStreams(exception.Message);
            return RedisPause;
        }
    }

    private async Task<TimeSpan> TakeOverAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            intake.Add(await reader.TakeOverAsync(_session.WorkerId.ToString("N"), Limits.EntriesPerRead));
        }
        catch (DispatchUnavailableException exception)
        {
            LogNoStreams(exception.Message);
        }

        return TakeOverPause;
    }

    private async Task<TimeSpan> FireTimersAsync(CancellationToken cancellationToken)
    {
        var woken = await timers.FireDueAsync(Limits.TimersPerRound, cancellationToken);
        Announce(woken);
        if (woken.Count == Limits.TimersPerRound)
        {
            return TimeSpan.Zero;
        }

        var next = await timers.UntilNextAsync(cancellationToken);
        return next is { } wait && wait < TimerPause ? TimeSpan.FromMilliseconds(Math.Max(wait.TotalMilliseconds, 5)) : TimerPause;
    }

    private async Task<TimeSpan> RescueAsync(CancellationToken cancellationToken)
    {
        // After an outage of the database, or a pause of this process, everybody's beat looks old: let the living beat first.
        var lease = TimeSpan.FromSeconds(options.LeaseSeconds);
        if (clock.GetElapsedTime(Volatile.Read(ref _steadySince)) < lease || clock.GetElapsedTime(Volatile.Read(ref _lastBeat)) > lease)
        {
            return TimeSpan.FromSeconds(options.HeartbeatSeconds);
        }

        var rescued = await registry.RescueAsync(TimeSpan.FromSeconds(options.LeaseSeconds), cancellationToken);
        if (rescued.Count > 0)
        {
            metrics.Rescued(rescued.Count);
            LogRescued(rescued.Count);
            Announce(rescued);
        }

        return TimeSpan.FromSeconds(options.HeartbeatSeconds);
    }

    private async Task<TimeSpan> LookAsync(CancellationToken cancellationToken)
    {
        // Any number of nudges leads to one look: a thousand timers that fire at once must not become a thousand queries.
        await _nudged.WaitAsync(LookPause, cancellationToken);
        var session = _session;
        var keys = KeysToLookAt(session);
        if (keys.Count == 0)
        {
            return TimeSpan.Zero;
        }

        var requests = new List<(ExecutionRun Run, Engine.Executions.ExecutionEvent Request)>();
        var woken = new List<(ExecutionRun Run, int Wakes)>();
        foreach (var change in await claims.LookAsync(session.WorkerId, keys, cancellationToken))
        {
            if (!session.Runs.TryGetValue(change.Key, out var run))
            {
                continue;
            }

            if (RequestOf(change) is { } request)
            {
                requests.Add((run, request));
            }

            // One that waits for its tenant's turn is not told of the same wake-ups again with each look.
            if (change.Wakes > Math.Max(run.Wakes, run.ToldWakes))
            {
                run.ToldWakes = change.Wakes;
                woken.Add((run, change.Wakes));
            }
        }

        // Elsewhere: what one execution decides of it may take its time, and the others are looked at meanwhile.
        DecisionTurns.ForEach(requests, item => runner.Ask(item.Run, item.Request));
        if (woken.Count > 0)
        {
            var waits = await history.LoadWaitsAsync([.. woken.Select(item => item.Run.Key)], cancellationToken);
            DecisionTurns.ForEach(
                woken,
                item => runner.Deliver(
                    item.Run, [.. waits[item.Run.Key].Where(wait => wait.Outcome is not null)], item.Wakes));
        }

        return TimeSpan.Zero;
    }

    private static Engine.Executions.ExecutionEvent? RequestOf(OwnedChange change) => change.StopRequest switch
    {
        "cancel" => new Engine.Executions.CancelRequested(change.StopReason),
        "timeout" => new Engine.Executions.TimedOut(),
        "pause" => new Engine.Executions.PauseRequested(),
        _ => null,
    };

    // Those it was nudged about, and all of them from time to time: nudges are hints.
    private List<ExecutionKey> KeysToLookAt(WorkerSession session)
    {
        var nudged = new HashSet<ExecutionKey>();
        while (_nudges.TryDequeue(out var key))
        {
            nudged.Add(key);
        }

        if (clock.GetElapsedTime(_lastLook) < LookPause)
        {
            return [.. nudged.Where(session.Runs.ContainsKey)];
        }

        _lastLook = clock.GetTimestamp();
        return [.. session.Runs.Keys];
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

    // A claim whose answer was lost, or that was cut off half-way, leaves executions that are ours by their rows and unknown here.
    private async Task<TimeSpan> ReconcileAsync(CancellationToken cancellationToken)
    {
        var handedBack = await intake.HandBackUnknownAsync(_session, cancellationToken);
        if (handedBack.Count > 0)
        {
            LogUnknown(handedBack.Count);
            Announce(handedBack);
        }

        return ReconcilePause;
    }

    private void Announce(IReadOnlyList<WokenExecution> woken) => announcer.Announce(woken);

    // In the order in which a result goes on: what is counted next is counted before it is not counted here any more.
    private static bool IsBusy(ExecutionRun run) => run.Calls.Count > 0 || run.Queued > 0 || run.IsFlushing;

    private async Task StopAsync(CancellationTokenSource housekeeping, Task[] ownerLoops)
    {
        var session = _session;
        session.IsStopping = true;
        var (began, grace) = (clock.GetTimestamp(), TimeSpan.FromSeconds(options.StopGraceSeconds));
        while (!session.IsFenced && clock.GetElapsedTime(began) < grace && session.Runs.Values.Any(IsBusy))
        {
            await Task.Delay(RegisterPause / 4, clock, CancellationToken.None);
        }

        try
        {
            await runner.DisposeAsync();
        }
#pragma warning disable CA1031 // a lane that died has said why; what is owned must be handed back all the same
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogUndurable(exception.Message);
        }

        session.TryFence(); // calls that outlast the grace are abandoned, since their executions are handed over
        await housekeeping.CancelAsync();
        await Task.WhenAll(ownerLoops);
        var handedBack = await registry.StopAsync(session.WorkerId, CancellationToken.None);
        Announce(handedBack);
        LogStopped(session.WorkerId, handedBack.Count);
    }

    public override void Dispose()
    {
        _nudged.Dispose();
        base.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Worker {WorkerId} takes executions")]
    private partial void LogRegistered(Guid workerId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Worker {WorkerId} was fenced; it goes on under a new id")]
    private partial void LogFenced(Guid workerId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Rescued {Count} executions of dead workers")]
    private partial void LogRescued(int count);

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "The dispatch streams cannot be read, sweeping instead: {Reason}")]
    private partial void LogNoStreams(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Nudges cannot be heard while Redis is away; looking every second instead")]
    private partial void LogDeaf();

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Not all that was decided became durable; it is decided again elsewhere: {Reason}")]
    private partial void LogUndurable(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Handed back {Count} executions whose claim had not come through")]
    private partial void LogUnknown(int count);

    [LoggerMessage(Level = LogLevel.Information, Message = "Worker {WorkerId} stopped and handed back {Count} executions")]
    private partial void LogStopped(Guid workerId, int count);
}
