using System.Text;
using Npgsql;
using Workflows.Data.Executions;
using Workflows.Engine.Schedules;

namespace Workflows.Data.Schedules;

/// <summary>A locked row of a schedule, and what has to happen with it.</summary>
internal sealed class DueSchedule
{
    private const string SwitchedOff = "the schedule was switched off";

    private readonly bool _isActive;
    private readonly bool _isBusy;
    private readonly ScheduleSettings _settings;
    private readonly BusinessCalendar? _calendar;
    private readonly DateTimeOffset _anchor;
    private readonly DateTimeOffset[] _queued;

    private DueSchedule(NpgsqlDataReader reader)
    {
        Key = new ExecutionKey(reader.GetGuid(0), reader.GetGuid(1));
        _isActive = reader.GetBoolean(2);
        IsOfWorkflow = reader.GetBoolean(3);
        _settings = new ScheduleSettings
        {
            Cron = reader.IsDBNull(4) ? null : reader.GetString(4),
            IntervalSeconds = reader.IsDBNull(5) ? null : reader.GetDouble(5),
            At = Instant(reader, 6),
            TimeZone = reader.GetString(7),
            OnNonBusinessDay = Choice<NonBusinessDay>(reader.GetString(8)),
            Misfire = Choice<MisfirePolicy>(reader.GetString(9)),
            MisfireLimit = reader.GetInt32(10),
            Overlap = Choice<ScheduleOverlap>(reader.GetString(11)),
            JitterSeconds = reader.GetDouble(12),
            StartsAt = Instant(reader, 13),
            EndsAt = Instant(reader, 14),
        };
        _anchor = Instant(reader, 15)!.Value;
        Tick = Instant(reader, 16);
        Now = Instant(reader, 17)!.Value;
        _calendar = reader.IsDBNull(18)
            ? null
            : new BusinessCalendar(
                reader.GetFieldValue<short[]>(18).Select(day => (DayOfWeek)day), reader.GetFieldValue<DateOnly[]>(19), reader.GetFieldValue<DateOnly[]>(20));
        _isBusy = reader.GetBoolean(21);
        LimitedWorkflow = reader.IsDBNull(23) ? null : reader.GetGuid(23);
        Claim = LimitedWorkflow is null ? default : SlotClaims.Of(reader.GetString(24), Encoding.UTF8.GetBytes(reader.GetString(25)));
        BudgetStop = reader.IsDBNull(26) ? null : reader.GetString(26);
        _queued = [.. reader.GetFieldValue<DateTime[]>(22).Select(tick => new DateTimeOffset(tick, TimeSpan.Zero))];
    }

    /// <summary>Tenant and schedule.</summary>
    public ExecutionKey Key { get; }

    public bool IsOfWorkflow { get; }

    /// <summary>The workflow that it starts, if that one's published settings limit how many run at once.</summary>
    public Guid? LimitedWorkflow { get; }

    /// <summary>The limit of what it starts, or why it cannot be worked out.</summary>
    public (ConcurrencyClaim? Claim, string? Problem) Claim { get; }

    /// <summary>Name of the budget that stops starts of the tenant; null when none does.</summary>
    public string? BudgetStop { get; }

    public ScheduleOverlap Overlap => _settings.Overlap;

    /// <summary>The instant that is due; null when only those that waited are looked at.</summary>
    public DateTimeOffset? Tick { get; }

    public DateTimeOffset Now { get; }

    /// <summary>After <see cref="Plan"/>: the instant to come; null = none, ever.</summary>
    public DateTimeOffset? Next { get; private set; }

    public DateTimeOffset? NextFireAt => Next is { } next ? FirePlan.FireAt(_settings, Key.Id, next) : null;

    public static DueSchedule Read(NpgsqlDataReader reader) => new(reader);

    /// <summary>What becomes of each instant that is due or waits.</summary>
    public IEnumerable<PlannedFire> Plan()
    {
        if (!_isActive)
        {
            return _queued.Select(tick => new PlannedFire(tick, PlannedFire.Skipped, SwitchedOff));
        }

        if (Tick is not { } due)
        {
            return OverlapPlan.Of(_settings.Overlap, _isBusy, _queued, []);
        }

        // It was valid when it was saved; a time zone may have left the machine's data since.
        if (!_settings.TryBuild(_calendar, _anchor, out var timing, out var problems))
        {
            return [new PlannedFire(due, PlannedFire.Refused, $"{problems[0].Field}: {problems[0].Message}")];
        }

        var plan = FirePlan.Of(timing, Key.Id, due, Now);
        Next = plan.Next;
        var fires = OverlapPlan.Of(_settings.Overlap, _isBusy, _queued, plan.Ticks);
        return plan.Missed is { } missed
            ? [new PlannedFire(missed, PlannedFire.Missed, "nobody could fire from here on, until the next in this list"), .. fires]
            : fires;
    }

    private static DateTimeOffset? Instant(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);

    private static T Choice<T>(string text)
        where T : struct, Enum =>
        ScheduleWords.TryParse<T>(text, out var value) ? value : throw new InvalidOperationException($"A schedule has the unknown setting {text}.");
}
