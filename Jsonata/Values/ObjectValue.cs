using System.Runtime.InteropServices;

namespace Workflows.Jsonata.Values;

/// <summary>Any object that is not a JSON element.</summary>
internal abstract class HeapObject() : HeapValue(JsonataKind.Object)
{
    public abstract int Count { get; }

    public abstract bool TryGet(string name, out JsonataValue value);

    /// <summary>Members in their order; those that are undefined are left out.</summary>
    public abstract IEnumerable<KeyValuePair<string, JsonataValue>> Members { get; }
}

/// <summary>
/// An object built by an expression, members in order of first assignment. Mutable only for its creator: object
/// constructors, grouping, and the transform operator, which works on a clone of its own.
/// </summary>
internal sealed class ObjectValue : HeapObject
{
    // Below this many members a scan over the names is faster than hashing them.
    private const int ScanLimit = 8;

    private readonly List<KeyValuePair<string, JsonataValue>> _members;
    private Dictionary<string, int>? _index;

    public ObjectValue(int capacity = 0) => _members = new(capacity);

    public override int Count => _members.Count;

    public override IEnumerable<KeyValuePair<string, JsonataValue>> Members => _members;

    public ReadOnlySpan<KeyValuePair<string, JsonataValue>> Span => CollectionsMarshal.AsSpan(_members);

    public override bool TryGet(string name, out JsonataValue value)
    {
        var position = Find(name);
        value = position < 0 ? default : _members[position].Value;
        return position >= 0;
    }

    public void Set(string name, in JsonataValue value)
    {
        var position = Find(name);
        if (position >= 0)
        {
            _members[position] = new(name, value);
            return;
        }

        _index?.Add(name, _members.Count);
        _members.Add(new(name, value));
    }

    public void Remove(string name)
    {
        var position = Find(name);
        if (position >= 0)
        {
            _members.RemoveAt(position);
            _index = null;
        }
    }

    private int Find(string name)
    {
        if (_members.Count <= ScanLimit)
        {
            var span = CollectionsMarshal.AsSpan(_members);
            for (var i = 0; i < span.Length; i++)
            {
                if (string.Equals(span[i].Key, name, StringComparison.Ordinal))
                {
                    return i;
                }
            }

            return -1;
        }

        if (_index is null)
        {
            _index = new Dictionary<string, int>(_members.Count + 1, StringComparer.Ordinal);
            for (var i = 0; i < _members.Count; i++)
            {
                _index.Add(_members[i].Key, i);
            }
        }

        return _index.TryGetValue(name, out var found) ? found : -1;
    }
}

/// <summary>An object of the host, e.g. the scope of a workflow step: a member is looked up when an expression names it.</summary>
internal sealed class VirtualObject(IReadOnlyDictionary<string, JsonataValue> members) : HeapObject
{
    public override int Count => members.Count(member => !member.Value.IsUndefined);

    public override IEnumerable<KeyValuePair<string, JsonataValue>> Members =>
        members.Where(member => !member.Value.IsUndefined);

    public override bool TryGet(string name, out JsonataValue value) => members.TryGetValue(name, out value);
}
