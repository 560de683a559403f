using Workflows.Data.Database;
using Workflows.Data.Workers;
using Workflows.Worker.Checkpoints;
using Workflows.Worker.Ownership;

namespace Workflows.Worker.Rounds;

/// <summary>
/// Keeps this worker registered and alive in the eyes of the others, under a new id when it was fenced, and rescues
/// what dead workers owned.
/// </summary>
internal sealed partial class Heartbeat(
    CurrentSession current, WorkerRegistry registry, OwnedLook look, DispatchAnnouncer announcer, WorkerMetrics metrics,
    WorkflowsDatabase database, WorkerOptions options, DatabaseClock clock, ILogger<Heartbeat> logger) : IRounds
{
    private long _lastBeat;
    private long _steadySince;

    public IEnumerable<Round> Rounds =>
    [
        new("The heartbeat", RoundPhase.Owning, BeatAsync),
        new("Asking for the time", RoundPhase.Owning, SyncAsync),
        new("Rescuing", RoundPhase.Intake, RescueAsync),
    ];

    /// <summary>How long ago the heartbeat last was written; null before the first.</summary>
    public TimeSpan? SinceBeat =>
        Volatile.Read(ref _lastBeat) is var beat and not 0 ? clock.GetElapsedTime(beat) : null;

    private TimeSpan Pause => TimeSpan.FromSeconds(options.HeartbeatSeconds);

    private TimeSpan Lease => TimeSpan.FromSeconds(options.LeaseSeconds);

    public Task RegisterAsync(CancellationToken cancellationToken) => RegisterAsync(current.Value, cancellationToken);

    private async Task RegisterAsync(WorkerSession session, CancellationToken cancellationToken)
    {
        await clock.SyncAsync(database, cancellationToken); // before anything is decided by it
        await registry.RegisterAsync(session.WorkerId, Environment.MachineName, cancellationToken);
        await look.ListenAsync(session.WorkerId);
        LogRegistered(session.WorkerId);
    }

    /// <summary>Ends the session and hands back what it still owns.</summary>
    public async Task StopAsync(WorkerSession session)
    {
        var handedBack = await registry.StopAsync(session.WorkerId, CancellationToken.None);
        announcer.Announce(handedBack);
        LogStopped(session.WorkerId, handedBack.Count);
    }

    private async Task<TimeSpan> BeatAsync(CancellationToken cancellationToken)
    {
        var session = current.Value;
        if (clock.GetElapsedTime(Volatile.Read(ref _lastBeat)) > Lease)
        {
            Volatile.Write(ref _steadySince, clock.GetTimestamp());
        }

        var beaten = !session.IsFenced
            && await registry.HeartbeatAsync(session.WorkerId, session.Owned.Count, cancellationToken);
        Volatile.Write(ref _lastBeat, clock.GetTimestamp());
        if (!beaten)
        {
            session.TryFence();
            if (!session.IsStopping)
            {
                LogFenced(session.WorkerId);
                await RenewAsync(cancellationToken);
                session.Dispose();
            }
        }

        return Pause;
    }

    // Under an id that the database does not know yet a claim would be refused as that of a fenced worker, and the new
    // session would be over before it began: again and again, for as long as registering took longer than the next
    // claim.
    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        var next = new WorkerSession();
        try
        {
            await RegisterAsync(next, cancellationToken);
        }
        catch
        {
            next.Dispose(); // the next beat finds the fenced session, and tries again
            throw;
        }

        current.Renew(next);
    }

    private async Task<TimeSpan> SyncAsync(CancellationToken cancellationToken)
    {
        await clock.SyncAsync(database, cancellationToken);
        return DatabaseClock.SyncPeriod;
    }

    private async Task<TimeSpan> RescueAsync(CancellationToken cancellationToken)
    {
        // After an outage of the database, or a pause of this process, everybody's beat looks old: let the living beat
        // first.
        if (clock.GetElapsedTime(Volatile.Read(ref _steadySince)) < Lease
            || clock.GetElapsedTime(Volatile.Read(ref _lastBeat)) > Lease)
        {
            return Pause;
        }

        var rescued = await registry.RescueAsync(Lease, cancellationToken);
        if (rescued.Count > 0)
        {
            metrics.Rescued(rescued.Count);
            LogRescued(rescued.Count);
            announcer.Announce(rescued);
        }

        return Pause;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Worker {WorkerId} takes executions")]
    private partial void LogRegistered(Guid workerId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Worker {WorkerId} was fenced; it goes on under a new id")]
    private partial void LogFenced(Guid workerId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Rescued {Count} executions of dead workers")]
    private partial void LogRescued(int count);

    [LoggerMessage(
        Level = LogLevel.Information, Message = "Worker {WorkerId} stopped and handed back {Count} executions")]
    private partial void LogStopped(Guid workerId, int count);
}
