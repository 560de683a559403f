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
    public void WriteTo(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        Write(writer, 0);
    }

    /// <summary>The value as a <see cref="JsonElement"/> of its own; the element itself when it came from one.</summary>
    public JsonElement ToElement()
    {
        if (IsElement)
        {
            return _element;
        }

        return _reference switch
        {
            null => default,
            LazyJson lazy => lazy.Element,
            _ => JsonElement.Parse(ToUtf8Json(), new JsonDocumentOptions { MaxDepth = Limits.MaxJsonDepth }),
        };
    }

    /// <summary>The value as JSON text in UTF-8; empty when it is undefined.</summary>
    public byte[] ToUtf8Json()
    {
        if (IsUndefined)
        {
            return [];
        }

        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
        {
            Write(writer, 0);
        }

        return buffer.WrittenSpan.ToArray();
    }

    private void Write(Utf8JsonWriter writer, int depth)
    {
        if (depth >= Limits.MaxJsonDepth)
        {
            throw new JsonataException(new JsonataError(
                "U1001", $"The result is nested more than {Limits.MaxJsonDepth} levels deep.", 0));
        }

        switch (_reference)
        {
            case string text:
                writer.WriteStringValue(text);
                break;
            case LazyJson lazy:
                lazy.Element.WriteTo(writer);
                break;
            case HeapArray array:
                writer.WriteStartArray();
                for (var i = 0; i < array.Count; i++)
                {
                    array[i].Write(writer, depth + 1);
                }

                writer.WriteEndArray();
                break;
            case HeapObject built:
                WriteMembers(writer, built, depth);
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
    }

    private static void WriteMembers(Utf8JsonWriter writer, HeapObject built, int depth)
    {
        writer.WriteStartObject();
        foreach (var member in built.Members)
        {
            if (!member.Value.IsUndefined)
            {
                writer.WritePropertyName(member.Key);
                member.Value.Write(writer, depth + 1);
            }
        }

        writer.WriteEndObject();
    }

    private void WriteTagged(Utf8JsonWriter writer, Tag tag)
    {
        if (IsElement)
        {
            _element.WriteTo(writer);
        }
        else if (ReferenceEquals(tag, Tag.True) || ReferenceEquals(tag, Tag.False))
        {
            writer.WriteBooleanValue(ReferenceEquals(tag, Tag.True));
        }
        else if (ReferenceEquals(tag, Tag.Number) && double.IsFinite(_number))
        {
            writer.WriteRawValue(NumberText.Format(_number), skipInputValidation: true);
        }
        else
        {
            writer.WriteNullValue();
        }
    }
}
