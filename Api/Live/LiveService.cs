using Workflows.Data.Dispatch;
using Workflows.Data.Live;
using Workflows.Data.Rounds;

namespace Workflows.Api.Live;

/// <summary>
/// What looking on needs beside requests: hears the streams again after Redis was away, keeps watches said, hears of
/// notifications from the database, and ends connections when this instance stops.
/// </summary>
internal sealed class LiveService(
    LiveHub hub, NotificationNews notifications, Loop loop, IHostApplicationLifetime lifetime)
    : BackgroundService
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    // A connection costs the server much, and many instances may want one while it comes back.
    private static readonly TimeSpan HearingPause = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan TendPause = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var stopping = lifetime.ApplicationStopping.Register(() => hub.CloseAll(LiveEnd.Restart));
        await Task.WhenAll(
            loop.RunAsync("Hearing what happens", _ => WhileThereIsRedisAsync(hub.ListenAsync, Second), stoppingToken),
            loop.RunAsync(
                "Tending to who looks on", _ => WhileThereIsRedisAsync(hub.TendAsync, TendPause), stoppingToken),
            loop.RunAsync("Checking who looks on", CheckAsync, stoppingToken),
            loop.RunAsync(
                "Hearing of notifications", HearAsync, stoppingToken, longestRound: TimeSpan.MaxValue,
                pauseAfterFailure: HearingPause));
    }

    // Without Redis nothing is told: the clients know, and this is no failure of the loop.
    private static async Task<TimeSpan> WhileThereIsRedisAsync(Func<Task> round, TimeSpan pause)
    {
        try
        {
            await round();
        }
        catch (Exception exception) when (RedisErrors.IsTrouble(exception))
        {
            return Second;
        }

        return pause;
    }

    private async Task<TimeSpan> CheckAsync(CancellationToken cancellationToken)
    {
        await hub.CheckAsync(cancellationToken);
        return Limits.LiveHeartbeat;
    }

    private async Task<TimeSpan> HearAsync(CancellationToken cancellationToken)
    {
        await notifications.ListenAsync(hub.ResetUsers, hub.Tell, cancellationToken);
        return TimeSpan.Zero;
    }
}
