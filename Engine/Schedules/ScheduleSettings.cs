using System.Diagnostics.CodeAnalysis;

namespace Workflows.Engine.Schedules;

/// <summary>What becomes of instants that passed while nobody could fire them.</summary>
public enum MisfirePolicy
{
    /// <summary>The last of them fires, the others are left out.</summary>
    FireOnce,

    /// <summary>They are left out.</summary>
    Skip,

    /// <summary>All of them fire, the latest <see cref="ScheduleSettings.MisfireLimit"/> at most.</summary>
    FireAll,
}

/// <summary>What a schedule does when its time comes while what it started earlier has not finished.</summary>
public enum ScheduleOverlap
{
    /// <summary>It starts another one beside it.</summary>
    Allow,

    /// <summary>This time is left out.</summary>
    Skip,

    /// <summary>It starts as soon as the earlier one has finished.</summary>
    Queue,

    /// <summary>The earlier ones are cancelled.</summary>
    CancelOldest,
}

/// <summary>One field of a schedule that cannot be used. <see cref="Field"/> is its name as clients write it.</summary>
public sealed record ScheduleProblem(string Field, string Message, string Hint);

/// <summary>When a schedule fires, as people write it: exactly one of cron, interval and instant.</summary>
public sealed record ScheduleSettings
{
    public string? Cron { get; init; }

    public double? IntervalSeconds { get; init; }

    public DateTimeOffset? At { get; init; }

    /// <summary>An IANA name (<see cref="TimeZones"/>).</summary>
    public string TimeZone { get; init; } = "UTC";

    public NonBusinessDay OnNonBusinessDay { get; init; }

    public MisfirePolicy Misfire { get; init; }

    /// <summary>How many of the missed instants <see cref="MisfirePolicy.FireAll"/> fires.</summary>
    public int MisfireLimit { get; init; } = 10;

    public ScheduleOverlap Overlap { get; init; }

    /// <summary>Each firing is delayed by up to so much, evenly spread and the same on every worker.</summary>
    public double JitterSeconds { get; init; }

    /// <summary>Nothing fires before; intervals count from here.</summary>
    public DateTimeOffset? StartsAt { get; init; }

    /// <summary>Nothing fires after.</summary>
    public DateTimeOffset? EndsAt { get; init; }

    /// <summary>Checks the settings; all problems at once.</summary>
    /// <param name="calendar">The business days that count; null = every day does.</param>
    /// <param name="anchor">From where an interval counts that has no start: when the schedule was made.</param>
    public bool TryBuild(
        BusinessCalendar? calendar,
        DateTimeOffset anchor,
        [NotNullWhen(true)] out ScheduleTiming? timing,
        out IReadOnlyList<ScheduleProblem> problems)
    {
        var found = new List<ScheduleProblem>();
        problems = found;
        var cron = CheckWhen(found);
        if (!TimeZones.TryFind(TimeZone, out var zone))
        {
            found.Add(new("timeZone", $"There is no time zone '{TimeZone}'.", TimeZones.Hint(TimeZone)));
        }

        Range("misfireLimit", MisfireLimit, 1, Limits.MisfireFires);
        Range("jitterSeconds", JitterSeconds, 0, Limits.ScheduleJitterSeconds);
        if (EndsAt <= StartsAt)
        {
            found.Add(new("endsAt", "It ends before it starts.", "Make 'endsAt' later than 'startsAt'."));
        }

        if (IntervalSeconds is not null && OnNonBusinessDay != NonBusinessDay.Skip)
        {
            found.Add(new("onNonBusinessDay", "An interval has no time of day that could move to another day.", "Use skip, or a cron expression."));
        }

        timing = found.Count == 0 ? new ScheduleTiming(this, cron, zone!, calendar, anchor) : null;
        return timing is not null;

        void Range(string field, double value, double min, double max)
        {
            if (!(value >= min && value <= max))
            {
                found.Add(new(field, FormattableString.Invariant($"'{field}' is {value}."), FormattableString.Invariant($"It must be between {min} and {max}.")));
            }
        }
    }

    private CronExpression? CheckWhen(List<ScheduleProblem> found)
    {
        var given = (Cron is null ? 0 : 1) + (IntervalSeconds is null ? 0 : 1) + (At is null ? 0 : 1);
        if (given != 1)
        {
            found.Add(new(
                given == 0 ? "cron" : IntervalSeconds is not null ? "intervalSeconds" : "at",
                given == 0 ? "None of cron, intervalSeconds and at is given." : "Cron, intervalSeconds and at exclude each other.",
                "Give exactly one of them."));
            return null;
        }

        if (IntervalSeconds is { } seconds && !(seconds is >= 1 and <= Limits.WaitSeconds && seconds == Math.Floor(seconds)))
        {
            found.Add(new("intervalSeconds", "An interval is a whole number of seconds, at least 1.", "Write e.g. 300."));
        }

        CronExpression? cron = null;
        if (Cron is not null && !CronExpression.TryParse(Cron, out cron, out var problem))
        {
            found.Add(new("cron", $"At position {problem.Position}: {problem.Message}", problem.Hint));
        }

        return cron;
    }
}
