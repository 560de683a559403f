using System.Runtime.CompilerServices;

namespace StackExchange.Redis;

/// <summary>Arguments of a command of no fixed length: on the stack while they are few, then in an array.</summary>
internal ref struct ArgumentList
{
    private Span<RedisValue> _items;
    private int _count;

    public ArgumentList(Span<RedisValue> space) => _items = space;

    public readonly ReadOnlySpan<RedisValue> Items => _items[.._count];

    public void Add(RedisValue item)
    {
        if (_count == _items.Length)
        {
            Grow(1);
        }

        _items[_count++] = item;
    }

    public void Add(RedisValue first, RedisValue second)
    {
        Add(first);
        Add(second);
    }

    public void Add(ReadOnlySpan<RedisValue> items)
    {
        if (_count + items.Length > _items.Length)
        {
            Grow(items.Length);
        }

        items.CopyTo(_items[_count..]);
        _count += items.Length;
    }

    public void Add(RedisKey[] keys)
    {
        foreach (var key in keys)
        {
            Add(key.AsArgument());
        }
    }

    private void Grow(int more)
    {
        var larger = new RedisValue[Math.Max(_items.Length * 2, _count + more)];
        _items[.._count].CopyTo(larger);
        _items = larger;
    }

    [InlineArray(16)]
    internal struct Space
    {
        private RedisValue _first;
    }
}
