using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;
using Workflows.Engine.Schedules;

namespace Workflows.Api.Schedules;

/// <summary>When a schedule fires: exactly one of cron, interval and instant.</summary>
/// <param name="Cron">Five fields, or six with seconds first; in the time zone.</param>
/// <param name="IntervalSeconds">Counted from <c>startsAt</c>, or from the creation.</param>
/// <param name="At">Once.</param>
/// <param name="TimeZone">An IANA name.</param>
/// <param name="CalendarId">The business days that count, by the calendar's id; every day does when left out.</param>
/// <param name="OnNonBusinessDay">skip, nextBusinessDay or previousBusinessDay.</param>
/// <param name="Misfire">Of times missed during an outage: skip, fireOnce or fireAll (the latest <c>misfireLimit</c>).</param>
/// <param name="Overlap">While what it started has not finished: allow, skip, queue or cancelOldest.</param>
/// <param name="JitterSeconds">Each firing is delayed by up to so much.</param>
/// <param name="Calendar">Instead of <c>calendarId</c>: the calendar's name or id, as triggers of definitions name it.
/// Answers give the id.</param>
internal sealed record Timing(
    string? Cron = null,
    double? IntervalSeconds = null,
    DateTimeOffset? At = null,
    string TimeZone = "UTC",
    Guid? CalendarId = null,
    NonBusinessDay OnNonBusinessDay = NonBusinessDay.Skip,
    MisfirePolicy Misfire = MisfirePolicy.FireOnce,
    int MisfireLimit = 10,
    ScheduleOverlap Overlap = ScheduleOverlap.Allow,
    double JitterSeconds = 0,
    DateTimeOffset? StartsAt = null,
    DateTimeOffset? EndsAt = null,
    string? Calendar = null)
{
    public ScheduleSettings ToSettings() => new()
    {
        Cron = Cron,
        IntervalSeconds = IntervalSeconds,
        At = At?.ToUniversalTime(),
        TimeZone = TimeZone,
        OnNonBusinessDay = OnNonBusinessDay,
        Misfire = Misfire,
        MisfireLimit = MisfireLimit,
        Overlap = Overlap,
        JitterSeconds = JitterSeconds,
        StartsAt = StartsAt?.ToUniversalTime(),
        EndsAt = EndsAt?.ToUniversalTime(),
    };

    public static Timing Of(ScheduleSettings settings, Guid? calendarId) => new(
        settings.Cron, settings.IntervalSeconds, settings.At, settings.TimeZone, calendarId, settings.OnNonBusinessDay, settings.Misfire,
        settings.MisfireLimit, settings.Overlap, settings.JitterSeconds, settings.StartsAt, settings.EndsAt);
}

/// <summary>One of workflow, job and package.</summary>
/// <param name="Input">The input of everything it starts; <c>{}</c> when left out.</param>
internal sealed record CreateScheduleRequest(
    string Name,
    Timing Timing,
    Guid? WorkflowId = null,
    Guid? JobId = null,
    Guid? PackageId = null,
    JsonElement? Input = null,
    string Description = "",
    bool Enabled = true);

/// <summary>What is left out stays as it is; a timing replaces the old one as a whole and counts from now.</summary>
internal sealed record UpdateScheduleRequest(
    string? Name = null, Timing? Timing = null, JsonElement? Input = null, string? Description = null, bool? Enabled = null);

/// <param name="Count">How many firings to show, 1 to 100.</param>
/// <param name="After">From when on; now when left out.</param>
internal sealed record PreviewRequest(Timing Timing, int Count = 10, DateTimeOffset? After = null);

/// <summary>The firings to come, in UTC and as the clock of the zone shows them.</summary>
internal sealed record PreviewView(IReadOnlyList<FireTime> Fires);

internal sealed record FireTime(DateTimeOffset At, string Local);

internal sealed record ScheduleQuery(
    [property: FromQuery(Name = "workflow")] Guid? Workflow,
    [property: FromQuery(Name = "job")] Guid? Job,
    [property: FromQuery(Name = "package")] Guid? Package,
    [property: FromQuery(Name = "enabled")] bool? Enabled);

/// <param name="TriggerId">The workflow's trigger that made it; such a schedule changes with the published version only, but may be switched off.</param>
/// <param name="DisabledReason">Why the platform switched it off: it could not be fired. Null when it did not; gone
/// once it is switched on again.</param>
/// <param name="NextFireAt">Null = never again.</param>
internal sealed record ScheduleItem(
    Guid Id,
    string Name,
    string Description,
    Guid? WorkflowId,
    Guid? JobId,
    Guid? PackageId,
    string? TriggerId,
    Timing Timing,
    RawJson Input,
    bool Enabled,
    string? DisabledReason,
    DateTimeOffset? NextFireAt,
    DateTimeOffset? LastFiredAt,
    int Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <summary>A schedule with its next firings and what came of the last ones.</summary>
internal sealed record ScheduleView(ScheduleItem Schedule, IReadOnlyList<FireTime> NextFires, IReadOnlyList<FireView> LastFires);

/// <param name="Tick">The instant by the timing.</param>
/// <param name="Outcome">started, queued, skipped, missed or refused; <c>reason</c> says why.</param>
/// <param name="Status">Of the execution or job run it started.</param>
internal sealed record FireView(
    DateTimeOffset Tick, DateTimeOffset FiredAt, string Outcome, string Reason, Guid? ExecutionId, Guid? JobRunId, string? Status);

/// <param name="BusinessDays">Days of the week on which people work: sunday to saturday.</param>
internal sealed record CreateCalendarRequest(
    string Name, string Description = "", DayOfWeek[]? BusinessDays = null, IReadOnlyList<CalendarDayBody>? Days = null);

/// <summary>What is left out stays as it is.</summary>
internal sealed record UpdateCalendarRequest(string? Name = null, string? Description = null, DayOfWeek[]? BusinessDays = null);

/// <param name="IsBusiness">True = a working day although the weekday is free; false = a holiday.</param>
internal sealed record CalendarDayBody(DateOnly Day, string Name = "", bool IsBusiness = false);

/// <summary>Days to add; one that is there already is replaced.</summary>
internal sealed record AddDaysRequest(IReadOnlyList<CalendarDayBody> Days);

internal sealed record CalendarItem(
    Guid Id, string Name, string Description, IReadOnlyList<DayOfWeek> BusinessDays, int Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

internal sealed record CalendarView(CalendarItem Calendar, IReadOnlyList<CalendarDayBody> Days);
