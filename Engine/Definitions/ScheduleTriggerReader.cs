using System.Globalization;
using System.Text.Json;
using Workflows.Engine.Schedules;

namespace Workflows.Engine.Definitions;

/// <summary>Reads a trigger of the type <c>schedule</c>.</summary>
internal static class ScheduleTriggerReader
{
    public static TriggerDefinition Read(ObjectReader reader, ProblemList problems)
    {
        reader.RejectUnknown(
            "id", "type", "cron", "intervalSeconds", "at", "timeZone", "calendar", "onNonBusinessDay", "misfire", "misfireLimit", "overlap",
            "jitterSeconds", "startsAt", "endsAt", "input");
        var defaults = new ScheduleSettings();
        var settings = new ScheduleSettings
        {
            Cron = reader.Text("cron", int.MaxValue),
            IntervalSeconds = reader.Number("intervalSeconds", 1, Limits.WaitSeconds),
            At = Instant(reader, "at", problems),
            TimeZone = reader.Text("timeZone", Limits.NameLength) ?? defaults.TimeZone,
            OnNonBusinessDay = reader.Choice("onNonBusinessDay", defaults.OnNonBusinessDay),
            Misfire = reader.Choice("misfire", defaults.Misfire),
            MisfireLimit = reader.Integer("misfireLimit", 1, Limits.MisfireFires) ?? defaults.MisfireLimit,
            Overlap = reader.Choice("overlap", defaults.Overlap),
            JitterSeconds = reader.Number("jitterSeconds", 0, Limits.ScheduleJitterSeconds) ?? 0,
            StartsAt = Instant(reader, "startsAt", problems),
            EndsAt = Instant(reader, "endsAt", problems),
        };
        settings.TryBuild(calendar: null, DateTimeOffset.UnixEpoch, out _, out var found);
        foreach (var problem in found)
        {
            problems.Add(reader.At(problem.Field), DefinitionProblemCodes.ScheduleInvalid, problem.Message, problem.Hint);
        }

        JsonElement? input = reader.Has("input", out var given) ? given : null;
        return new TriggerDefinition(reader.Text("id", Limits.NodeIdLength, required: true) ?? "", TriggerType.Schedule, null, null)
        {
            Schedule = new ScheduleTrigger(settings, reader.Text("calendar", Limits.NameLength), input),
        };
    }

    private static DateTimeOffset? Instant(ObjectReader reader, string name, ProblemList problems)
    {
        if (reader.Text(name, Limits.NameLength) is not { } text)
        {
            return null;
        }

        if (Rfc3339.TryParse(text, out var instant))
        {
            return instant.ToUniversalTime();
        }

        problems.Add(
            reader.At(name), DefinitionProblemCodes.FieldValue, string.Create(CultureInfo.InvariantCulture, $"'{text}' is no timestamp."),
            "Write e.g. 2026-01-31T12:00:00Z.");
        return null;
    }
}
