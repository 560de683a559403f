using System.Net;
using System.Text;
using System.Text.Json;

namespace Workflows.Api.Http.Calls;

/// <summary>
/// Fields as a form or a query has them, <c>a=1&amp;b=2&amp;a=3</c>, as a JSON object: a field that comes once is text,
/// one that comes more often a list of texts. Names differ by case.
/// </summary>
internal static class CallFields
{
    /// <summary>False when there are more than <see cref="Limits.CallFields"/>: nothing has been written.</summary>
    /// <param name="encoding">What percent-encoded bytes are in; what is no text there becomes U+FFFD.</param>
    public static bool TryWrite(Utf8JsonWriter writer, ReadOnlySpan<byte> fields, Encoding encoding)
    {
        var found = new OrderedDictionary<string, List<string>>(StringComparer.Ordinal);
        var count = 0;
        foreach (var range in fields.Split((byte)'&'))
        {
            var field = fields[range];
            if (field.IsEmpty)
            {
                continue;
            }

            if (++count > Limits.CallFields)
            {
                return false;
            }

            var equals = field.IndexOf((byte)'=');
            var name = Decode(equals < 0 ? field : field[..equals], encoding);
            if (!found.TryGetValue(name, out var values))
            {
                found.Add(name, values = []);
            }

            values.Add(equals < 0 ? "" : Decode(field[(equals + 1)..], encoding));
        }

        Write(writer, found);
        return true;
    }

    /// <summary>As the database can hold it: neither U+0000 nor half a surrogate pair fits into jsonb.</summary>
    public static string Storable(string text) =>
        Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Replace('\0', '\uFFFD');

    private static void Write(Utf8JsonWriter writer, OrderedDictionary<string, List<string>> fields)
    {
        writer.WriteStartObject();
        foreach (var (name, values) in fields)
        {
            writer.WritePropertyName(name);
            if (values.Count == 1)
            {
                writer.WriteStringValue(values[0]);
                continue;
            }

            writer.WriteStartArray();
            values.ForEach(writer.WriteStringValue);
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static string Decode(ReadOnlySpan<byte> text, Encoding encoding)
    {
        var bytes = text.ToArray();
        return Storable(encoding.GetString(WebUtility.UrlDecodeToBytes(bytes, 0, bytes.Length)!));
    }
}
