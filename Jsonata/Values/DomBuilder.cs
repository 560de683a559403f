using System.Text.Json;

namespace Workflows.Jsonata.Values;

/// <summary>Reads JSON text once, checking it, and notes where each value lies.</summary>
internal ref struct DomBuilder
{
    private JsonDom.Row[] _rows;
    private int _count;
    private int _open;

    public static JsonDom.Row[] Build(ReadOnlySpan<byte> utf8, JsonReaderOptions options)
    {
        var builder = new DomBuilder { _rows = new JsonDom.Row[(utf8.Length / 10) + 4], _open = -1 };
        var reader = new Utf8JsonReader(utf8, options);
        while (reader.Read())
        {
            builder.Add(ref reader);
        }

        // What is kept as long as the text should not be half empty.
        if (builder._rows.Length > builder._count + (builder._count / 4))
        {
            Array.Resize(ref builder._rows, builder._count);
        }

        return builder._rows;
    }

    private void Add(ref Utf8JsonReader reader)
    {
        var start = (int)reader.TokenStartIndex;
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                Open(start, JsonataKind.Object);
                break;
            case JsonTokenType.StartArray:
                Open(start, JsonataKind.Array);
                break;
            case JsonTokenType.EndObject or JsonTokenType.EndArray:
                ref var container = ref _rows[_open];
                _open = container.Next;
                container.Length = start + 1 - container.Start;
                container.Next = _count;
                break;
            case JsonTokenType.PropertyName:
                _rows[_open].Count++;
                AddText(ref reader, start, JsonataKind.String);
                break;
            case JsonTokenType.String:
                CountItem();
                AddText(ref reader, start, JsonataKind.String);
                break;
            case JsonTokenType.Number:
                CountItem();
                AddScalar(start, reader.ValueSpan.Length, JsonataKind.Number, 0);
                break;
            case JsonTokenType.Null:
                CountItem();
                AddScalar(start, reader.ValueSpan.Length, JsonataKind.Null, 0);
                break;
            default:
                CountItem();
                AddScalar(start, reader.ValueSpan.Length, JsonataKind.Boolean, reader.TokenType == JsonTokenType.True ? 1 : 0);
                break;
        }
    }

    private readonly void CountItem()
    {
        if (_open >= 0 && _rows[_open].Kind == JsonataKind.Array)
        {
            _rows[_open].Count++;
        }
    }

    // While a container is open its Next holds the one around it.
    private void Open(int start, JsonataKind kind)
    {
        CountItem();
        ref var row = ref AddRow();
        row.Start = start;
        row.Kind = kind;
        row.Next = _open;
        _open = _count - 1;
    }

    private void AddText(ref Utf8JsonReader reader, int start, JsonataKind kind)
    {
        ref var row = ref AddRow();
        row.Start = start + 1;
        row.Length = reader.ValueSpan.Length;
        row.Kind = kind;
        row.IsEscaped = reader.ValueIsEscaped;
        row.Next = _count;
    }

    private void AddScalar(int start, int length, JsonataKind kind, int count)
    {
        ref var row = ref AddRow();
        row.Start = start;
        row.Length = length;
        row.Kind = kind;
        row.Count = count;
        row.Next = _count;
    }

    private ref JsonDom.Row AddRow()
    {
        if (_count == _rows.Length)
        {
            Array.Resize(ref _rows, _count * 2);
        }

        return ref _rows[_count++];
    }
}
