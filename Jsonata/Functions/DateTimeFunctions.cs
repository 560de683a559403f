using System.Globalization;
using System.Text.RegularExpressions;
using Workflows.Jsonata.Evaluation;

namespace Workflows.Jsonata.Functions;

internal static partial class DateTimeFunctions
{
    private const double MinMillis = -62_135_596_800_000;
    private const double MaxMillis = 253_402_300_799_999;

    // No clock is farther from UTC than this.
    private const double MaxOffsetMillis = 86_400_000;

    [GeneratedRegex(
        @"^([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?(?:T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?)?(?:([+-])([0-9]{2}):?([0-9]{2})|Z)?\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex IsoTimestamp();

    public static JsonataValue Now(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        Format(call.Context.Now.ToUnixTimeMilliseconds(), arguments[0], arguments[1], call.Context);

    public static JsonataValue Millis(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        JsonataValue.FromNumber(call.Context.Now.ToUnixTimeMilliseconds());

    public static JsonataValue FromMillis(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        arguments[0].TryGetNumber(out var millis) ? Format(millis, arguments[1], arguments[2], call.Context) : default;

    public static JsonataValue ToMillis(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (!arguments[0].TryGetString(out var text))
        {
            return default;
        }

        arguments[2].TryGetString(out var zone);
        if (!arguments[1].TryGetString(out var picture))
        {
            return ReadIso(text!, zone, call.Context) is { } iso
                ? JsonataValue.FromNumber(iso)
                : throw Errors.Of("D3110", value: Errors.Show(arguments[0]));
        }

        // Parts that the picture does not have are those of today, where the author is.
        var now = call.Context.Now.ToUniversalTime();
        var today = zone is null ? now : now.AddMinutes(OffsetAt(zone, now, call.Context));
        return DateTimePicture.Get(picture!).Reader.Read(text!, today) is { } read
            ? JsonataValue.FromNumber(read.HasZone ? read.Millis : ToUtc(read.Millis, zone, call.Context))
            : default;
    }

    private static double? ReadIso(string text, string? zone, EvaluationContext context)
    {
        var match = IsoTimestamp().Match(text);
        if (!match.Success)
        {
            return null;
        }

        int Part(int group, int usual) => match.Groups[group].Success
            ? int.Parse(match.Groups[group].Value, NumberStyles.None, CultureInfo.InvariantCulture)
            : usual;

        var (year, month, day) = (Part(1, 1), Part(2, 1), Part(3, 1));
        var (hour, minute, second) = (Part(4, 0), Part(5, 0), Part(6, 0));
        if (year < 1 || month is < 1 or > 12 || day is < 1 or > 31 || hour > 24 || minute > 59 || second > 59)
        {
            return null;
        }

        var fraction = match.Groups[7].Success ? match.Groups[7].Value.PadRight(3, '0')[..3] : "0";
        var offset = (match.Groups[8].Value == "-" ? -1 : 1) * ((Part(9, 0) * 60) + Part(10, 0));
        var date = new DateTime(year, month, 1, 0, 0, 0, DateTimeKind.Utc);
        var millis = (date - DateTime.UnixEpoch).TotalMilliseconds
            + ((day - 1) * 86_400_000.0) + (hour * 3_600_000.0) + ((minute - offset) * 60_000.0) + (second * 1000.0)
            + int.Parse(fraction, NumberStyles.None, CultureInfo.InvariantCulture);

        // A sign or a Z says which zone it is; else it is that of the caller.
        return match.Groups[8].Success || text[^1] == 'Z' ? millis : ToUtc(millis, zone, context);
    }

    private static JsonataValue Format(
        double millis, in JsonataValue picture, in JsonataValue zone, EvaluationContext context)
    {
        CheckRange(millis, millis);
        var offset = zone.TryGetString(out var text)
            ? OffsetAt(text!, DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Floor(millis)), context)
            : 0;
        var local = Math.Floor(millis) + (offset * 60_000.0);
        CheckRange(local, millis);
        var instant = DateTime.UnixEpoch.AddMilliseconds(local);
        var format = picture.TryGetString(out var given) ? DateTimePicture.Get(given!) : DateTimePicture.Iso;
        return JsonataValue.FromString(format.Format(instant, offset));
    }

    private static void CheckRange(double millis, double shown)
    {
        if (millis is not (>= MinMillis and <= MaxMillis))
        {
            throw Errors.Of("D1001", value: Values.NumberText.Format(shown));
        }
    }

    /// <summary>What is meant by a time of the clock that says nothing of its zone.</summary>
    private static double ToUtc(double local, string? zone, EvaluationContext context)
    {
        if (zone is null || local is not (>= MinMillis and <= MaxMillis))
        {
            return local;
        }

        if (!IsName(zone))
        {
            return local - (Offset(zone) * 60_000.0);
        }

        if (local is not (>= MinMillis + MaxOffsetMillis and <= MaxMillis - MaxOffsetMillis))
        {
            throw Errors.Of("D1001", value: Values.NumberText.Format(local));
        }

        return context.Options.TimeZones?.InstantOf(zone, DateTime.UnixEpoch.AddMilliseconds(local)) is { } instant
            ? instant.ToUnixTimeMilliseconds()
            : throw UnknownZone(zone, context);
    }

    /// <summary>Minutes beyond UTC, seconds cut off.</summary>
    private static int OffsetAt(string zone, DateTimeOffset instant, EvaluationContext context)
    {
        if (!IsName(zone))
        {
            return Offset(zone);
        }

        return context.Options.TimeZones?.OffsetAt(zone, instant) is { } offset
            ? (int)(offset.Ticks / TimeSpan.TicksPerMinute)
            : throw UnknownZone(zone, context);
    }

    private static bool IsName(string zone) => zone.Length > 0 && char.IsAsciiLetter(zone[0]);

    private static JsonataException UnknownZone(string zone, EvaluationContext context)
    {
        var shown = Errors.Show(JsonataValue.FromString(zone));
        return Errors.At(
            0,
            "U1013",
            value: shown,
            suggestion: context.Options.TimeZones?.Hint(zone) ?? "Write an offset such as +0200.");
    }

    /// <summary>Minutes of an offset written as +hhmm.</summary>
    private static int Offset(string zone)
    {
        if (!int.TryParse(zone.Replace(":", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            || Math.Abs(number) > 1800)
        {
            throw Errors.Of("D3134", value: zone);
        }

        var (hours, minutes) = Math.DivRem(Math.Abs(number), 100);
        return Math.Sign(number) * ((hours * 60) + minutes);
    }
}
