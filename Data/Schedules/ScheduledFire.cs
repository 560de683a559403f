using Workflows.Data.Executions;
using Workflows.Engine.Schedules;

namespace Workflows.Data.Schedules;

/// <summary>One instant of a schedule, what is to become of it, and the limit under which it starts
/// something.</summary>
internal sealed record ScheduledFire(DueSchedule Schedule, PlannedFire Planned)
{
    /// <summary>The limit that its execution falls under, should one be started.</summary>
    public ConcurrencyClaim? Claim { get; private init; }

    public static ScheduledFire Of(DueSchedule schedule, PlannedFire planned)
    {
        if (planned.Outcome == PlannedFire.Started && schedule.BudgetStop is { } budget)
        {
            return new ScheduledFire(
                schedule,
                planned with { Outcome = PlannedFire.Refused, Reason = $"the budget '{budget}' is used up" });
        }

        if (planned.Outcome != PlannedFire.Started || schedule.LimitedWorkflow is null)
        {
            return new ScheduledFire(schedule, planned);
        }

        var (claim, problem) = schedule.Claim;
        return new ScheduledFire(schedule, problem is null ? planned
            : planned with { Outcome = PlannedFire.Refused, Reason = problem })
        { Claim = claim };
    }

    /// <summary>Of the execution or job run, should it be started.</summary>
    public Guid StartedId { get; } = Guid.CreateVersion7(Schedule.Now);
}
