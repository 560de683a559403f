using System.Text.Json;

namespace Workflows.Jsonata.Values;

/// <summary>JSON text that is parsed when somebody first looks inside; until then its kind is told from its first byte.</summary>
internal sealed class LazyJson(ReadOnlyMemory<byte> utf8, JsonataKind kind) : HeapValue(kind)
{
    private static readonly JsonDocumentOptions ParseOptions = new() { MaxDepth = Limits.MaxJsonDepth };

    // Two threads may both parse; they get equal documents and one of them stays.
    private JsonDocument? _document;

    public ReadOnlyMemory<byte> Utf8 => utf8;

    public JsonElement Element => (_document ??= Parse()).RootElement;

    public static JsonataKind KindOf(ReadOnlySpan<byte> utf8)
    {
        var start = utf8.IndexOfAnyExcept(" \t\r\n"u8);
        return start < 0 ? JsonataKind.Undefined : utf8[start] switch
        {
            (byte)'{' => JsonataKind.Object,
            (byte)'[' => JsonataKind.Array,
            (byte)'"' => JsonataKind.String,
            (byte)'t' or (byte)'f' => JsonataKind.Boolean,
            (byte)'n' => JsonataKind.Null,
            _ => JsonataKind.Number,
        };
    }

    private JsonDocument Parse()
    {
        try
        {
            return JsonDocument.Parse(utf8, ParseOptions);
        }
        catch (JsonException invalid)
        {
            throw new JsonataException(
                new JsonataError("U1010", "The input is not valid JSON: " + invalid.Message, 0), invalid);
        }
    }
}
