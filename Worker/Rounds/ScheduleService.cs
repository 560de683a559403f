using Workflows.Data.Executions;
using Workflows.Data.Jobs;
using Workflows.Data.Schedules;

namespace Workflows.Worker.Rounds;

/// <summary>
/// The worker's rounds over schedules and job runs. Every worker does them; the rows' locks see to it that each thing
/// happens once.
/// </summary>
internal sealed class ScheduleService(ScheduleFiring firing, JobRunStore runs, SetAsideLog setAside)
{
    private static readonly TimeSpan FirePause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan RunPause = TimeSpan.FromMilliseconds(250);

    /// <summary>Fires what is due, and what waited for the run before.</summary>
    public async Task<(IReadOnlyList<WokenExecution> Woken, TimeSpan Pause)> FireAsync(
        CancellationToken cancellationToken)
    {
        var due = await firing.FireDueAsync(Limits.SchedulesPerRound, cancellationToken);
        var queued = await firing.FireQueuedAsync(Limits.SchedulesPerRound, cancellationToken);
        setAside.Write([.. due.SetAside, .. queued.SetAside]);
        List<WokenExecution> woken = [.. due.Woken, .. queued.Woken];
        if (IsFull(due) || IsFull(queued))
        {
            return (woken, TimeSpan.Zero);
        }

        var next = await firing.UntilNextAsync(cancellationToken);
        return (woken, next is { } wait && wait < FirePause
            ? TimeSpan.FromMilliseconds(Math.Max(wait.TotalMilliseconds, 20)) : FirePause);
    }

    // With as many that failed as were looked at, another round at once would meet the same ones.
    private static bool IsFull(FiringResult result) =>
        result.Schedules == Limits.SchedulesPerRound && result.SetAside.Count < Limits.SchedulesPerRound;

    /// <summary>Starts items of job runs that are ready, and ends runs that are over.</summary>
    public async Task<(IReadOnlyList<WokenExecution> Woken, TimeSpan Pause)> AdvanceRunsAsync(
        CancellationToken cancellationToken)
    {
        var result = await runs.AdvanceAsync(Limits.JobRunsPerRound, cancellationToken);
        setAside.Write(result.SetAside);
        return (result.Woken, result.Runs == Limits.JobRunsPerRound
            && result.SetAside.Count < Limits.JobRunsPerRound ? TimeSpan.Zero : RunPause);
    }
}
