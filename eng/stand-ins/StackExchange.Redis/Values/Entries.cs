namespace StackExchange.Redis;

/// <summary>A field of a hash.</summary>
public readonly struct HashEntry(RedisValue name, RedisValue value) : IEquatable<HashEntry>
{
    public RedisValue Name { get; } = name;

    public RedisValue Value { get; } = value;

    public RedisValue Key => Name;

    public static implicit operator KeyValuePair<RedisValue, RedisValue>(HashEntry value) => new(value.Name, value.Value);

    public static implicit operator HashEntry(KeyValuePair<RedisValue, RedisValue> value) => new(value.Key, value.Value);

    public static bool operator ==(HashEntry x, HashEntry y) => x.Equals(y);

    public static bool operator !=(HashEntry x, HashEntry y) => !x.Equals(y);

    public bool Equals(HashEntry other) => Name == other.Name && Value == other.Value;

    public override bool Equals(object? obj) => obj is HashEntry other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Name, Value);

    public override string ToString() => $"{Name}: {Value}";
}

/// <summary>A field of a stream entry.</summary>
public readonly struct NameValueEntry(RedisValue name, RedisValue value) : IEquatable<NameValueEntry>
{
    public RedisValue Name { get; } = name;

    public RedisValue Value { get; } = value;

    public static implicit operator KeyValuePair<RedisValue, RedisValue>(NameValueEntry value) => new(value.Name, value.Value);

    public static implicit operator NameValueEntry(KeyValuePair<RedisValue, RedisValue> value) => new(value.Key, value.Value);

    public static bool operator ==(NameValueEntry x, NameValueEntry y) => x.Equals(y);

    public static bool operator !=(NameValueEntry x, NameValueEntry y) => !x.Equals(y);

    public bool Equals(NameValueEntry other) => Name == other.Name && Value == other.Value;

    public override bool Equals(object? obj) => obj is NameValueEntry other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Name, Value);

    public override string ToString() => $"{Name}: {Value}";
}

/// <summary>A member of a sorted set.</summary>
public readonly struct SortedSetEntry(RedisValue element, double score) : IEquatable<SortedSetEntry>, IComparable, IComparable<SortedSetEntry>
{
    public RedisValue Element { get; } = element;

    public double Score { get; } = score;

    public RedisValue Key => Element;

    public double Value => Score;

    public static implicit operator KeyValuePair<RedisValue, double>(SortedSetEntry value) => new(value.Element, value.Score);

    public static implicit operator SortedSetEntry(KeyValuePair<RedisValue, double> value) => new(value.Key, value.Value);

    public static bool operator ==(SortedSetEntry x, SortedSetEntry y) => x.Equals(y);

    public static bool operator !=(SortedSetEntry x, SortedSetEntry y) => !x.Equals(y);

    public bool Equals(SortedSetEntry other) => Score.Equals(other.Score) && Element == other.Element;

    public override bool Equals(object? obj) => obj is SortedSetEntry other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Element, Score);

    public int CompareTo(SortedSetEntry other) => Score.CompareTo(other.Score);

    public int CompareTo(object? obj) => obj is SortedSetEntry other ? CompareTo(other) : -1;

    public override string ToString() => $"{Element}: {(RedisValue)Score}";
}
