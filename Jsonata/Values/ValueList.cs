using System.Diagnostics;

namespace Workflows.Jsonata.Values;

/// <summary>How an array behaves when it is flattened into, or unwrapped from, the result of a path.</summary>
[Flags]
internal enum ListTraits
{
    None = 0,

    /// <summary>Results of a query, not data: empty is undefined, one item is that item.</summary>
    Sequence = 1,

    /// <summary>A sequence that stays an array with one item: the author wrote <c>[]</c>.</summary>
    KeepSingleton = 2,

    /// <summary>Written with an array constructor inside a path: not flattened into the path's result.</summary>
    Constructed = 4,

    /// <summary>The array that stands around a top-level input that is itself an array.</summary>
    OuterWrapper = 8,
}

/// <summary>Any array that is not a JSON element.</summary>
internal abstract class HeapArray(ListTraits traits) : HeapValue(JsonataKind.Array)
{
    public ListTraits Traits = traits;

    public abstract int Count { get; }

    public abstract JsonataValue this[int index] { get; }

    public bool IsSequence => (Traits & ListTraits.Sequence) != 0;
}

/// <summary>A growing array of values. Written only by the node that created it, read by everybody after.</summary>
[DebuggerDisplay("Count = {Count}, {Traits}")]
internal sealed class ValueList : HeapArray
{
    private JsonataValue[] _items;
    private int _count;

    public ValueList(ListTraits traits = ListTraits.None, int capacity = 0)
        : base(traits) => _items = capacity == 0 ? [] : new JsonataValue[capacity];

    public ValueList(JsonataValue[] items, ListTraits traits = ListTraits.None)
        : base(traits)
    {
        _items = items;
        _count = items.Length;
    }

    private ValueList(JsonataValue[] items, int count, ListTraits traits)
        : base(traits)
    {
        _items = items;
        _count = count;
    }

    /// <summary>Those of the values that are not undefined; takes the array over.</summary>
    public static ValueList OfDefined(JsonataValue[] values, ListTraits traits)
    {
        var count = 0;
        foreach (ref readonly var value in values.AsSpan())
        {
            if (!value.IsUndefined)
            {
                values[count++] = value;
            }
        }

        return new ValueList(values, count, traits);
    }

    public override int Count => _count;

    public override JsonataValue this[int index] => _items[index];

    public ReadOnlySpan<JsonataValue> Span => _items.AsSpan(0, _count);

    public void Add(in JsonataValue value)
    {
        if (_count == _items.Length)
        {
            Array.Resize(ref _items, _count == 0 ? 4 : _count * 2);
        }

        _items[_count++] = value;
    }

    /// <summary>Only for a list whose owner has not handed it out yet.</summary>
    public void Set(int index, in JsonataValue value) => _items[index] = value;

    /// <summary>The same items with other traits, so that a shared list is never relabelled.</summary>
    public ValueList With(ListTraits traits) => new(_items, _count, traits);

    public JsonataValue[] ToArray() => Span.ToArray();
}

/// <summary>Consecutive integers, which take no memory until somebody copies them.</summary>
internal sealed class RangeArray(double first, int count, ListTraits traits) : HeapArray(traits)
{
    public override int Count => count;

    public double First => first;

    public override JsonataValue this[int index] => JsonataValue.FromNumber(first + index);
}

/// <summary>An array of the host, looked into when it is needed.</summary>
internal sealed class VirtualArray(IReadOnlyList<JsonataValue> items) : HeapArray(ListTraits.None)
{
    public override int Count => items.Count;

    public override JsonataValue this[int index] => items[index];
}
