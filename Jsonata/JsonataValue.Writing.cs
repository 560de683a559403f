using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata;

public readonly partial struct JsonataValue
{
    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = Limits.MaxJsonDepth,
        SkipValidation = true,
    };

    /// <summary>
    /// Writes the value as JSON. Undefined writes null where a value must stand, and nothing as a member of an object;
    /// a function writes an empty string; infinities and NaN write null.
    /// </summary>
    /// <param name="writer">Where to.</param>
    /// <param name="limits">Ends the writing with U1005 beyond so many bytes; none when null.</param>
    public void WriteTo(Utf8JsonWriter writer, JsonataLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(writer);
        Write(new OutputWriter(writer, limits?.MaxOutputBytes ?? long.MaxValue), 0);
    }

    internal void Write(OutputWriter output) => Write(output, 0);

    /// <summary>The value as a <see cref="JsonElement"/> of its own; the element itself when it came from one.</summary>
    public JsonElement ToElement()
    {
        if (IsUndefined)
        {
            return default;
        }

        return _reference is JsonDom { Element: var whole } && Row == 0 && whole.ValueKind != JsonValueKind.Undefined
            ? whole
            : JsonElement.Parse(ToUtf8Json(), new JsonDocumentOptions { MaxDepth = Limits.MaxJsonDepth });
    }

    /// <summary>The value as JSON text in UTF-8; empty when it is undefined.</summary>
    /// <param name="limits">Ends the writing with U1005 beyond so many bytes; none when null.</param>
    public byte[] ToUtf8Json(JsonataLimits? limits = null)
    {
        if (IsUndefined)
        {
            return [];
        }

        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
        {
            WriteTo(writer, limits);
        }

        return buffer.WrittenSpan.ToArray();
    }

    private void Write(OutputWriter output, int depth)
    {
        if (depth >= Limits.MaxJsonDepth)
        {
            throw Errors.Of("U1001", value: Limits.MaxJsonDepth.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        var writer = output.Json;
        switch (_reference)
        {
            case string text:
                writer.WriteStringValue(text);
                break;
            case JsonDom dom:
                RawJson.Write(writer, dom.Raw(Row));
                break;
            case HeapArray array:
                writer.WriteStartArray();
                for (var i = 0; i < array.Count; i++)
                {
                    array[i].Write(output, depth + 1);
                }

                writer.WriteEndArray();
                break;
            case HeapObject built:
                WriteMembers(output, built, depth);
                break;
            case FunctionValue:
                writer.WriteStringValue(""u8);
                break;
            case Tag tag:
                WriteTagged(writer, tag);
                break;
            default:
                writer.WriteNullValue();
                break;
        }

        output.Check();
    }

    private static void WriteMembers(OutputWriter output, HeapObject built, int depth)
    {
        output.Json.WriteStartObject();
        foreach (var member in built.Members)
        {
            if (!member.Value.IsUndefined)
            {
                output.Json.WritePropertyName(member.Key);
                member.Value.Write(output, depth + 1);
            }
        }

        output.Json.WriteEndObject();
    }

    private void WriteTagged(Utf8JsonWriter writer, Tag tag)
    {
        if (ReferenceEquals(tag, Tag.True) || ReferenceEquals(tag, Tag.False))
        {
            writer.WriteBooleanValue(ReferenceEquals(tag, Tag.True));
        }
        else if (ReferenceEquals(tag, Tag.Number) && double.IsFinite(PlainNumber))
        {
            writer.WriteRawValue(NumberText.Format(PlainNumber), skipInputValidation: true);
        }
        else
        {
            writer.WriteNullValue();
        }
    }
}
