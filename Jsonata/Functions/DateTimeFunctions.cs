using System.Globalization;
using System.Text.RegularExpressions;

namespace Workflows.Jsonata.Functions;

internal static partial class DateTimeFunctions
{
    private const double MinMillis = -62_135_596_800_000;
    private const double MaxMillis = 253_402_300_799_999;

    [GeneratedRegex(
        @"^([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?(?:T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?)?(?:([+-])([0-9]{2}):?([0-9]{2})|Z)?\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex IsoTimestamp();

    public static JsonataValue Now(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        Format(call.Context.Now.ToUnixTimeMilliseconds(), arguments[0], arguments[1]);

    public static JsonataValue Millis(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        JsonataValue.FromNumber(call.Context.Now.ToUnixTimeMilliseconds());

    public static JsonataValue FromMillis(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        arguments[0].TryGetNumber(out var millis) ? Format(millis, arguments[1], arguments[2]) : default;

    public static JsonataValue ToMillis(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (!arguments[0].TryGetString(out var text))
        {
            return default;
        }

        if (arguments[1].TryGetString(out var picture))
        {
            return DateTimePicture.Get(picture!).Reader.Read(text!, call.Context.Now) is { } millis
                ? JsonataValue.FromNumber(millis)
                : default;
        }

        return ReadIso(text!) is { } iso ? JsonataValue.FromNumber(iso) : throw Errors.Of("D3110", value: Errors.Show(arguments[0]));
    }

    private static double? ReadIso(string text)
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
        return (date - DateTime.UnixEpoch).TotalMilliseconds
            + ((day - 1) * 86_400_000.0) + (hour * 3_600_000.0) + ((minute - offset) * 60_000.0) + (second * 1000.0)
            + int.Parse(fraction, NumberStyles.None, CultureInfo.InvariantCulture);
    }

    private static JsonataValue Format(double millis, in JsonataValue picture, in JsonataValue zone)
    {
        var offset = zone.TryGetString(out var text) ? Offset(text!) : 0;
        var local = Math.Floor(millis) + (offset * 60_000.0);
        if (local is not (>= MinMillis and <= MaxMillis))
        {
            throw Errors.Of("D1001", value: Values.NumberText.Format(millis));
        }

        var instant = DateTime.UnixEpoch.AddMilliseconds(local);
        var format = picture.TryGetString(out var given) ? DateTimePicture.Get(given!) : DateTimePicture.Iso;
        return JsonataValue.FromString(format.Format(instant, offset));
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
