namespace Workflows.Engine.Schedules;

/// <summary>What becomes of one instant.</summary>
/// <param name="Outcome">started, queued or skipped, as the database has it.</param>
public readonly record struct PlannedFire(DateTimeOffset Tick, string Outcome, string Reason)
{
    public const string Started = "started";
    public const string Queued = "queued";
    public const string Skipped = "skipped";
    public const string Missed = "missed";
    public const string Refused = "refused";
}

/// <summary>Which of the instants of a schedule start something, given what it started earlier.</summary>
public static class OverlapPlan
{
    /// <param name="isBusy">Whether something that the schedule started has not finished.</param>
    /// <param name="queued">Instants that wait for it, oldest first.</param>
    /// <param name="due">Instants that are due now, in order.</param>
    public static IReadOnlyList<PlannedFire> Of(
        ScheduleOverlap overlap, bool isBusy, IReadOnlyList<DateTimeOffset> queued, IReadOnlyList<DateTimeOffset> due)
    {
        var fires = new List<PlannedFire>();
        if (queued.Count > 0 && !isBusy)
        {
            fires.Add(new(queued[0], PlannedFire.Started, "waited for the one before"));
            isBusy = true;
        }

        var waiting = queued.Count - fires.Count;
        for (var index = 0; index < due.Count; index++)
        {
            var fire = overlap switch
            {
                ScheduleOverlap.Allow => new PlannedFire(due[index], PlannedFire.Started, ""),
                ScheduleOverlap.Skip when isBusy => new(due[index], PlannedFire.Skipped, "the one before had not finished"),
                ScheduleOverlap.Queue when isBusy && waiting >= Limits.QueuedFires =>
                    new(due[index], PlannedFire.Skipped, FormattableString.Invariant($"{Limits.QueuedFires} wait already")),
                ScheduleOverlap.Queue when isBusy => new(due[index], PlannedFire.Queued, "the one before has not finished"),
                ScheduleOverlap.CancelOldest when index < due.Count - 1 => new(due[index], PlannedFire.Skipped, "a later one was due at the same moment"),
                ScheduleOverlap.Skip or ScheduleOverlap.Queue or ScheduleOverlap.CancelOldest => new(due[index], PlannedFire.Started, ""),
            };
            isBusy |= fire.Outcome == PlannedFire.Started;
            waiting += fire.Outcome == PlannedFire.Queued ? 1 : 0;
            fires.Add(fire);
        }

        return fires;
    }
}
