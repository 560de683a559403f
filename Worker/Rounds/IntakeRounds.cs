using Workflows.Data.Dispatch;
using Workflows.Worker.Checkpoints;
using Workflows.Worker.Intake;

namespace Workflows.Worker.Rounds;

/// <summary>
/// Brings queued executions in: what the streams tell of, what the table holds, what a lost claim left behind.
/// </summary>
internal sealed partial class IntakeRounds(
    CurrentSession current, Claimer claimer, DispatchReader reader, DispatchAnnouncer announcer,
    ILogger<IntakeRounds> logger) : IRounds
{
    private static readonly TimeSpan FullPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan TakeOverPause = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan RedisPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ReconcilePause = TimeSpan.FromSeconds(2);

    public IEnumerable<Round> Rounds =>
    [
        Intake("Reading the dispatch streams", ReadStreamsAsync),
        Intake("Taking over unread dispatch entries", TakeOverAsync),
        Intake("Claiming", token => claimer.ClaimAsync(current.Value, token)),
        Intake("Taking what SQL started", token => claimer.TakeEnqueuedAsync(current.Value, token)),
        Intake("Sweeping", token => claimer.SweepAsync(current.Value, token)),
        Intake("Claiming within tenants' limits", token => claimer.ClaimLimitedAsync(current.Value, token)),
        Intake("Comparing what is owned", ReconcileAsync),
    ];

    private string Name => current.Value.WorkerId.ToString("N");

    private static Round Intake(string name, Func<CancellationToken, Task<TimeSpan>> round) =>
        new(name, RoundPhase.Intake, round);

    private async Task<TimeSpan> ReadStreamsAsync(CancellationToken cancellationToken)
    {
        if (!claimer.WantsMore)
        {
            return FullPause;
        }

        try
        {
            claimer.Add(await reader.ReadAsync(Name, Limits.EntriesPerRead, cancellationToken));
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
            claimer.Add(await reader.TakeOverAsync(Name, Limits.EntriesPerRead));
        }
        catch (DispatchUnavailableException exception)
        {
            LogNoStreams(exception.Message);
        }

        return TakeOverPause;
    }

    // A claim whose answer was lost, or that was cut off half-way, leaves executions that are ours by their rows and
    // unknown here.
    private async Task<TimeSpan> ReconcileAsync(CancellationToken cancellationToken)
    {
        var handedBack = await claimer.HandBackUnknownAsync(current.Value, cancellationToken);
        if (handedBack.Count > 0)
        {
            LogUnknown(handedBack.Count);
            announcer.Announce(handedBack);
        }

        return ReconcilePause;
    }

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "The dispatch streams cannot be read, sweeping instead: {Reason}")]
    private partial void LogNoStreams(string reason);

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "Handed back {Count} executions whose claim had not come through")]
    private partial void LogUnknown(int count);
}
