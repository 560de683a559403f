using System.Globalization;

namespace Workflows.Jsonata.Functions;

internal static class DateTimeFunctions
{
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

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant)
            ? JsonataValue.FromNumber(instant.ToUnixTimeMilliseconds())
            : throw Errors.Of("D3110", value: text);
    }

    private static JsonataValue Format(double millis, in JsonataValue picture, in JsonataValue zone) =>
        picture.IsUndefined && zone.IsUndefined
            ? JsonataValue.FromString(DateTimeOffset.FromUnixTimeMilliseconds((long)millis)
                .ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture))
            : default;
}
