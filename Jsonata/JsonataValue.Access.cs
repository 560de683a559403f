using Workflows.Jsonata.Values;

namespace Workflows.Jsonata;

public readonly partial struct JsonataValue
{
    internal bool IsArray => Kind == JsonataKind.Array;

    internal bool IsObject => Kind == JsonataKind.Object;

    internal bool IsFunction => _reference is FunctionValue;

    /// <summary>The traits of a built array; data from JSON has none.</summary>
    internal ListTraits Traits => _reference is HeapArray array ? array.Traits : ListTraits.None;

    internal bool IsSequence => (Traits & ListTraits.Sequence) != 0;

    /// <summary>UTF-16 code units of a string, UTF-8 bytes of one within JSON text; 0 of all else.</summary>
    internal int TextLength => _reference switch
    {
        string text => text.Length,
        JsonDom dom when Kind == JsonataKind.String => dom.Length(Row),
        _ => 0,
    };

    /// <summary>The value of a member, undefined when there is none or this is no object.</summary>
    /// <param name="name">The member's name, and the same in UTF-8, which spares a conversion on JSON elements.</param>
    /// <param name="utf8Name">See <paramref name="name"/>.</param>
    internal JsonataValue Member(string name, ReadOnlySpan<byte> utf8Name)
    {
        if (_reference is JsonDom dom)
        {
            return IsObject ? dom.Member(Row, name, utf8Name) : default;
        }

        return _reference is HeapObject built && built.TryGet(name, out var value) ? value : default;
    }

    internal JsonataValue Member(string name)
    {
        if (_reference is HeapObject built)
        {
            return built.TryGet(name, out var value) ? value : default;
        }

        return Member(name, System.Text.Encoding.UTF8.GetBytes(name));
    }

    internal bool HasMembers() => _reference switch
    {
        HeapObject built => built.Count > 0,
        JsonDom dom => IsObject && dom.Count(Row) > 0,
        _ => false,
    };

    /// <summary>Members of an object in their order; nothing for other kinds.</summary>
    internal IEnumerable<KeyValuePair<string, JsonataValue>> Members() => _reference switch
    {
        HeapObject built => built.Members,
        JsonDom dom when IsObject => dom.Members(Row),
        _ => [],
    };

    /// <summary>Values of the members, without decoding their names.</summary>
    internal IEnumerable<JsonataValue> MemberValues() => _reference switch
    {
        HeapObject built => built.Members.Select(member => member.Value),
        JsonDom dom when IsObject => dom.MemberValues(Row),
        _ => [],
    };

    internal int ItemCount() => _reference switch
    {
        HeapArray built => built.Count,
        JsonDom dom => IsArray ? dom.Count(Row) : 0,
        _ => 0,
    };

    /// <summary>An item by its index, undefined outside; linear in the index for JSON arrays of arrays or objects.</summary>
    internal JsonataValue ItemAt(int index)
    {
        if ((uint)index >= (uint)ItemCount())
        {
            return default;
        }

        return _reference is JsonDom dom ? dom.Item(Row, index) : ((HeapArray)_reference!)[index];
    }

    internal ItemEnumerable Items() => new(this);

    /// <summary>Lets foreach walk any array without allocating.</summary>
    internal readonly struct ItemEnumerable(in JsonataValue array)
    {
        private readonly JsonataValue _array = array;

        public ItemEnumerator GetEnumerator() => new(_array);
    }

    internal struct ItemEnumerator
    {
        private readonly HeapArray? _built;
        private readonly JsonDom? _dom;
        private readonly int _count;
        private int _row;
        private int _index;

        public ItemEnumerator(in JsonataValue array)
        {
            if (array._reference is JsonDom dom)
            {
                _dom = dom;
                _row = array.Row + 1;
                _count = array.ItemCount();
            }
            else
            {
                _built = array._reference as HeapArray;
                _count = _built?.Count ?? 0;
            }

            _index = -1;
        }

        public JsonataValue Current { get; private set; }

        public bool MoveNext()
        {
            if (++_index >= _count)
            {
                return false;
            }

            if (_dom is null)
            {
                Current = _built![_index];
                return true;
            }

            Current = _dom.At(_row);
            _row = _dom.Next(_row);
            return true;
        }
    }
}
