using Workflows.Data.Executions;
using Workflows.Worker.Checkpoints;

namespace Workflows.Worker.Rounds;

/// <summary>
/// What falls due by itself: timers, schedules, items of job runs; and events that wait to be routed.
/// </summary>
internal sealed class DueRounds(
    TimerStore timers, ScheduleService schedules, EventRouting routing, DispatchAnnouncer announcer) : IRounds
{
    private static readonly TimeSpan TimerPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(5);

    public IEnumerable<Round> Rounds =>
    [
        new("Firing timers", RoundPhase.Intake, FireTimersAsync),
        new("Routing events", RoundPhase.Intake, routing.RoundAsync),
        new("Firing schedules", RoundPhase.Intake, token => AnnouncedAsync(schedules.FireAsync(token))),
        new("Carrying job runs on", RoundPhase.Intake, token => AnnouncedAsync(schedules.AdvanceRunsAsync(token))),
    ];

    private async Task<TimeSpan> FireTimersAsync(CancellationToken cancellationToken)
    {
        var woken = await timers.FireDueAsync(Limits.TimersPerRound, cancellationToken);
        announcer.Announce(woken);
        if (woken.Count == Limits.TimersPerRound)
        {
            return TimeSpan.Zero;
        }

        return await timers.UntilNextAsync(cancellationToken) is { } next && next < TimerPause
            ? TimeSpan.FromMilliseconds(Math.Max(next.TotalMilliseconds, ShortestPause.TotalMilliseconds))
            : TimerPause;
    }

    private async Task<TimeSpan> AnnouncedAsync(Task<(IReadOnlyList<WokenExecution> Woken, TimeSpan Pause)> round)
    {
        var (woken, pause) = await round;
        announcer.Announce(woken);
        return pause;
    }
}
