using System.Text.Json;
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

    /// <summary>The value of a member, undefined when there is none or this is no object.</summary>
    /// <param name="name">The member's name, and the same in UTF-8, which spares a conversion on JSON elements.</param>
    /// <param name="utf8Name">See <paramref name="name"/>.</param>
    internal JsonataValue Member(string name, ReadOnlySpan<byte> utf8Name)
    {
        if (ReferenceEquals(_reference, Tag.ElementObject))
        {
            return _element.TryGetProperty(utf8Name, out var member) ? FromElement(member) : default;
        }

        return _reference switch
        {
            HeapObject built => built.TryGet(name, out var value) ? value : default,
            LazyJson { Kind: JsonataKind.Object } lazy =>
                lazy.Element.TryGetProperty(utf8Name, out var member) ? FromElement(member) : default,
            _ => default,
        };
    }

    internal JsonataValue Member(string name)
    {
        if (_reference is HeapObject built)
        {
            return built.TryGet(name, out var value) ? value : default;
        }

        var element = ObjectElement;
        return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var member)
            ? FromElement(member)
            : default;
    }

    internal bool HasMembers()
    {
        if (_reference is HeapObject built)
        {
            return built.Count > 0;
        }

        var element = ObjectElement;
        return element.ValueKind == JsonValueKind.Object && element.GetPropertyCount() > 0;
    }

    /// <summary>Members of an object in their order; nothing for other kinds.</summary>
    internal IEnumerable<KeyValuePair<string, JsonataValue>> Members() => _reference switch
    {
        HeapObject built => built.Members,
        _ when IsObject => ElementMembers(ObjectElement),
        _ => [],
    };

    private static IEnumerable<KeyValuePair<string, JsonataValue>> ElementMembers(JsonElement element)
    {
        foreach (var member in element.EnumerateObject())
        {
            yield return new(ElementText.GetName(member), FromElement(member.Value));
        }
    }

    private JsonElement ObjectElement => _reference is LazyJson lazy ? lazy.Element : _element;

    internal int ItemCount() => _reference switch
    {
        HeapArray built => built.Count,
        LazyJson { Kind: JsonataKind.Array } lazy => lazy.Element.GetArrayLength(),
        _ => ReferenceEquals(_reference, Tag.ElementArray) ? _element.GetArrayLength() : 0,
    };

    /// <summary>An item by its index, undefined outside; linear in the index for JSON arrays of arrays or objects.</summary>
    internal JsonataValue ItemAt(int index)
    {
        if (_reference is HeapArray built)
        {
            return (uint)index < (uint)built.Count ? built[index] : default;
        }

        var element = ObjectElement;
        return element.ValueKind == JsonValueKind.Array && (uint)index < (uint)element.GetArrayLength()
            ? FromElement(element[index])
            : default;
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
        private JsonElement.ArrayEnumerator _elements;
        private int _index;

        public ItemEnumerator(in JsonataValue array)
        {
            _built = array._reference as HeapArray;
            if (_built is null && array.IsArray)
            {
                _elements = array.ObjectElement.EnumerateArray();
            }

            _index = -1;
        }

        public JsonataValue Current { get; private set; }

        public bool MoveNext()
        {
            if (_built is not null)
            {
                if (++_index < _built.Count)
                {
                    Current = _built[_index];
                    return true;
                }

                return false;
            }

            if (_elements.MoveNext())
            {
                Current = FromElement(_elements.Current);
                return true;
            }

            return false;
        }
    }
}
