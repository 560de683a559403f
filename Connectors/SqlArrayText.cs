using System.Text;
using System.Text.Json;

namespace Workflows.Connectors;

/// <summary>Between JSON lists and the text of PostgreSQL's arrays: <c>{1,NULL,"a b"}</c>, of any number of
/// dimensions.</summary>
internal static class SqlArrayText
{
    /// <summary>The text of an array; lists within the list are its dimensions.</summary>
    /// <param name="itemsAreJson">Each item is one json value, lists too.</param>
    public static string Of(JsonElement list, bool itemsAreJson)
    {
        var text = new StringBuilder(list.GetArrayLength() * 8);
        Append(text, list, itemsAreJson);
        return text.ToString();
    }

    private static void Append(StringBuilder text, JsonElement list, bool itemsAreJson)
    {
        text.Append('{');
        var isFirst = true;
        foreach (var item in list.EnumerateArray())
        {
            if (!isFirst)
            {
                text.Append(',');
            }

            isFirst = false;
            switch (item.ValueKind)
            {
                case JsonValueKind.Null:
                    text.Append("NULL");
                    break;
                case JsonValueKind.Array when !itemsAreJson:
                    Append(text, item, itemsAreJson);
                    break;
                case JsonValueKind.String when !itemsAreJson:
                    AppendQuoted(text, item.GetString()!);
                    break;
                default:
                    AppendQuoted(text, item.GetRawText());
                    break;
            }
        }

        text.Append('}');
    }

    private static void AppendQuoted(StringBuilder text, string item)
    {
        text.Append('"');
        foreach (var character in item)
        {
            if (character is '"' or '\\')
            {
                text.Append('\\');
            }

            text.Append(character);
        }

        text.Append('"');
    }

    /// <summary>Writes the text of an array as lists; false, with nothing written, when it is no such text.</summary>
    /// <param name="writeItem">Writes one item that is not null, its text without quotes.</param>
    public static bool TryWrite(Utf8JsonWriter writer, ReadOnlySpan<byte> text, byte delimiter, SqlItemWriter writeItem)
    {
        if (text.Length > 0 && text[0] == '[' && text.IndexOf((byte)'=') is var equals and > 0)
        {
            text = text[(equals + 1)..]; // the bounds, where they are not from 1
        }

        if (text.Length < 2 || text[0] != '{' || text[^1] != '}')
        {
            return false;
        }

        var item = new byte[text.Length];
        for (var at = 0; at < text.Length;)
        {
            switch (text[at])
            {
                case (byte)'{':
                    writer.WriteStartArray();
                    at++;
                    break;
                case (byte)'}':
                    writer.WriteEndArray();
                    at++;
                    break;
                case var sign when sign == delimiter:
                    at++;
                    break;
                default:
                    at = WriteItem(writer, text, at, delimiter, item, writeItem);
                    break;
            }
        }

        return true;
    }

    private static int WriteItem(
        Utf8JsonWriter writer, ReadOnlySpan<byte> text, int at, byte delimiter, byte[] item, SqlItemWriter writeItem)
    {
        var isQuoted = text[at] == '"';
        var length = 0;
        for (at += isQuoted ? 1 : 0; at < text.Length; at++)
        {
            if (text[at] == '\\' && at + 1 < text.Length)
            {
                item[length++] = text[++at];
            }
            else if (isQuoted ? text[at] == '"' : text[at] == delimiter || text[at] == '}')
            {
                break;
            }
            else
            {
                item[length++] = text[at];
            }
        }

        var value = item.AsSpan(0, length);
        if (!isQuoted && value.SequenceEqual("NULL"u8))
        {
            writer.WriteNullValue();
        }
        else
        {
            writeItem(writer, value);
        }

        return isQuoted ? Math.Min(at + 1, text.Length) : at;
    }
}
