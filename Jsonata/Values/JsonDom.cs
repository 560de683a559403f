using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Workflows.Jsonata.Values;

/// <summary>
/// JSON text with an index of its values, made when somebody first looks inside. The text itself is neither copied nor
/// decoded: values are (dom, row), and what an expression does not read is never turned into anything.
/// </summary>
internal sealed class JsonDom
{
    // From this many members on an object is looked up by hash.
    private const int HashedMembers = 24;

    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = Limits.MaxJsonDepth };

    private readonly ReadOnlyMemory<byte> _memory;
    private readonly byte[]? _array;
    private readonly int _offset;
    private readonly JsonElement _element;

    // Two threads may both fill these; they do so equally, and one of the results stays.
    private Row[]? _rows;
    private ConcurrentDictionary<int, Dictionary<string, int>>? _hashes;

    public JsonDom(ReadOnlyMemory<byte> utf8)
    {
        _memory = utf8;
        if (MemoryMarshal.TryGetArray(utf8, out var segment))
        {
            _array = segment.Array;
            _offset = segment.Offset;
        }
    }

    public JsonDom(JsonElement element) => _element = element;

    /// <summary>One value or name of the text.</summary>
    internal struct Row
    {
        /// <summary>Offset of the first byte; of strings and names, after the quote.</summary>
        public int Start;

        /// <summary>Bytes; of strings and names, without the quotes.</summary>
        public int Length;

        /// <summary>The row after this value and all within it.</summary>
        public int Next;

        /// <summary>Members or items; 1 for true.</summary>
        public int Count;

        public JsonataKind Kind;

        /// <summary>A string or name with escapes.</summary>
        public bool IsEscaped;
    }

    /// <summary>The element this was made of, if it was.</summary>
    public JsonElement Element => _element;

    private ReadOnlySpan<byte> Utf8 => _array is not null
        ? new ReadOnlySpan<byte>(_array, _offset, _memory.Length)
        : _element.ValueKind == JsonValueKind.Undefined ? _memory.Span : JsonMarshal.GetRawUtf8Value(_element);

    private Row[] Rows => _rows ??= Build();

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

    private Row[] Build()
    {
        try
        {
            return DomBuilder.Build(Utf8, ReaderOptions);
        }
        catch (JsonException invalid)
        {
            throw new JsonataException(Errors.Describe(0, "U1010", null, invalid.Message), invalid);
        }
    }

    /// <summary>The value of a row: true, false and null are the constants, the rest stays here.</summary>
    public JsonataValue At(int index)
    {
        ref readonly var row = ref Rows[index];
        return row.Kind switch
        {
            JsonataKind.Boolean => row.Count == 1 ? JsonataValue.True : JsonataValue.False,
            JsonataKind.Null => JsonataValue.Null,
            _ => JsonataValue.FromDom(this, index, row.Kind),
        };
    }

    public int Count(int index) => Rows[index].Count;

    /// <summary>Bytes of a string, number or name.</summary>
    public int Length(int index) => Rows[index].Length;

    public int Next(int index) => Rows[index].Next;

    /// <summary>The bytes of a value as they stand in the text.</summary>
    public ReadOnlySpan<byte> Raw(int index)
    {
        ref readonly var row = ref Rows[index];
        return row.Kind == JsonataKind.String ? Utf8.Slice(row.Start - 1, row.Length + 2) : Utf8.Slice(row.Start, row.Length);
    }

    public JsonataValue Member(int index, string name, ReadOnlySpan<byte> utf8Name)
    {
        var rows = Rows;
        var count = rows[index].Count;
        if (count >= HashedMembers)
        {
            return Hash(index).TryGetValue(name, out var position) ? At(position) : default;
        }

        var found = Find(rows, Utf8, index, name, utf8Name);
        return found < 0 ? default : At(found);
    }

    // Of several members of a name the last counts, so all are looked at.
    private int Find(Row[] rows, ReadOnlySpan<byte> text, int index, string name, ReadOnlySpan<byte> utf8Name)
    {
        var found = -1;
        var i = index + 1;
        for (var count = rows[index].Count; count > 0; count--, i = rows[i + 1].Next)
        {
            ref readonly var row = ref rows[i];
            var same = row.IsEscaped
                ? string.Equals(Text(i), name, StringComparison.Ordinal)
                : row.Length == utf8Name.Length && text.Slice(row.Start, row.Length).SequenceEqual(utf8Name);
            found = same ? i + 1 : found;
        }

        return found;
    }

    /// <summary>
    /// The member of each item of an array, undefined where there is none: what a path over an array does, with the text
    /// and its index fetched once.
    /// </summary>
    public bool TryMemberOfAll(int index, string name, ReadOnlySpan<byte> utf8Name, Span<JsonataValue> members)
    {
        var rows = Rows;
        var text = Utf8;
        var item = index + 1;
        for (var i = 0; i < members.Length; i++, item = rows[item].Next)
        {
            ref readonly var row = ref rows[item];
            if (row.Kind == JsonataKind.Array || row.Count >= HashedMembers)
            {
                return false;
            }

            var found = row.Kind == JsonataKind.Object ? Find(rows, text, item, name, utf8Name) : -1;
            if (found >= 0 && rows[found].Kind == JsonataKind.Array)
            {
                return false;
            }

            members[i] = found < 0 ? default : At(found);
        }

        return true;
    }

    private Dictionary<string, int> Hash(int index)
    {
        _hashes ??= new ConcurrentDictionary<int, Dictionary<string, int>>();
        return _hashes.GetOrAdd(
            index,
            static (index, dom) =>
            {
                var rows = dom.Rows;
                var hash = new Dictionary<string, int>(rows[index].Count, StringComparer.Ordinal);
                for (var i = index + 1; i < rows[index].Next; i = rows[i + 1].Next)
                {
                    hash[dom.Text(i)] = i + 1;
                }

                return hash;
            },
            this);
    }

    public IEnumerable<KeyValuePair<string, JsonataValue>> Members(int index)
    {
        var end = Next(index);
        for (var i = index + 1; i < end; i = Next(i + 1))
        {
            yield return new(Text(i), At(i + 1));
        }
    }

    public IEnumerable<JsonataValue> MemberValues(int index)
    {
        var end = Next(index);
        for (var i = index + 1; i < end; i = Next(i + 1))
        {
            yield return At(i + 1);
        }
    }

    /// <summary>An item of an array by its index, which must be within.</summary>
    public JsonataValue Item(int index, int item)
    {
        var rows = Rows;
        ref readonly var array = ref rows[index];
        if (array.Next - index - 1 == array.Count)
        {
            return At(index + 1 + item);
        }

        var i = index + 1;
        for (; item > 0; item--)
        {
            i = rows[i].Next;
        }

        return At(i);
    }

    /// <summary>A string or name, decoded.</summary>
    public string Text(int index)
    {
        ref readonly var row = ref Rows[index];
        var bytes = Utf8.Slice(row.Start, row.Length);
        return row.IsEscaped ? ElementText.Decode(bytes) : Encoding.UTF8.GetString(bytes);
    }

    public bool TextEquals(int index, string text, ReadOnlySpan<byte> utf8)
    {
        ref readonly var row = ref Rows[index];
        return row.IsEscaped
            ? string.Equals(Text(index), text, StringComparison.Ordinal)
            : row.Length == utf8.Length && Utf8.Slice(row.Start, row.Length).SequenceEqual(utf8);
    }

    public bool TextEquals(int index, JsonDom other, int otherIndex)
    {
        ref readonly var row = ref Rows[index];
        ref readonly var otherRow = ref other.Rows[otherIndex];
        return row.IsEscaped || otherRow.IsEscaped
            ? string.Equals(Text(index), other.Text(otherIndex), StringComparison.Ordinal)
            : row.Length == otherRow.Length && Raw(index).SequenceEqual(other.Raw(otherIndex));
    }

    public bool IsEmptyText(int index) => Rows[index].Length == 0;

    public double Number(int index)
    {
        ref readonly var row = ref Rows[index];
        return JsonNumber.Parse(Utf8.Slice(row.Start, row.Length));
    }
}
