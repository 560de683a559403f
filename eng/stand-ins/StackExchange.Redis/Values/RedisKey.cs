using System.Text;

namespace StackExchange.Redis;

/// <summary>The name of a key: text or bytes, equal when their UTF-8 forms are.</summary>
public readonly struct RedisKey : IEquatable<RedisKey>
{
    private readonly object? _name; // null, string or byte[]

    public RedisKey(string? key) => _name = key;

    private RedisKey(byte[]? key) => _name = key;

    internal bool IsNull => _name is null;

    public static implicit operator RedisKey(string? key) => new(key);

    public static implicit operator RedisKey(byte[]? key) => new(key);

    public static implicit operator string?(RedisKey key) =>
        key._name is byte[] bytes ? Encoding.UTF8.GetString(bytes) : (string?)key._name;

    public static implicit operator byte[]?(RedisKey key) =>
        key._name is string text ? Encoding.UTF8.GetBytes(text) : (byte[]?)key._name;

    public static RedisKey operator +(RedisKey x, RedisKey y) => x.Append(y);

    public static bool operator ==(RedisKey x, RedisKey y) => x.Equals(y);

    public static bool operator !=(RedisKey x, RedisKey y) => !x.Equals(y);

    public static bool operator ==(string x, RedisKey y) => y.Equals((RedisKey)x);

    public static bool operator !=(string x, RedisKey y) => !y.Equals((RedisKey)x);

    public static bool operator ==(RedisKey x, string y) => x.Equals((RedisKey)y);

    public static bool operator !=(RedisKey x, string y) => !x.Equals((RedisKey)y);

    public static bool operator ==(byte[] x, RedisKey y) => y.Equals((RedisKey)x);

    public static bool operator !=(byte[] x, RedisKey y) => !y.Equals((RedisKey)x);

    public static bool operator ==(RedisKey x, byte[] y) => x.Equals((RedisKey)y);

    public static bool operator !=(RedisKey x, byte[] y) => !x.Equals((RedisKey)y);

    public RedisKey Append(RedisKey suffix) => Concatenate(this, suffix);

    public RedisKey Prepend(RedisKey prefix) => Concatenate(prefix, this);

    public bool Equals(RedisKey other)
    {
        if (_name is null || other._name is null)
        {
            return ReferenceEquals(_name, other._name);
        }

        return _name is string x && other._name is string y
            ? string.Equals(x, y, StringComparison.Ordinal)
            : ((byte[]?)this).AsSpan().SequenceEqual((byte[]?)other);
    }

    public override bool Equals(object? obj) => obj switch
    {
        RedisKey key => Equals(key),
        string text => Equals((RedisKey)text),
        byte[] bytes => Equals((RedisKey)bytes),
        _ => obj is null && IsNull,
    };

    public override int GetHashCode()
    {
        if (_name is null)
        {
            return -1;
        }

        var hash = default(HashCode);
        hash.AddBytes((byte[]?)this);
        return hash.ToHashCode();
    }

    public override string ToString() => (string?)this ?? "(null)";

    internal RedisValue AsValue() => _name is string text ? (RedisValue)text : (byte[]?)_name;

    /// <summary>As a command argument, where a null key is a mistake of the caller.</summary>
    internal RedisValue AsArgument() =>
        _name is null ? throw new ArgumentException("A null key is not valid in this context") : AsValue();

    private static RedisKey Concatenate(RedisKey x, RedisKey y)
    {
        if (x.IsNull || y.IsNull)
        {
            return x.IsNull ? y : x;
        }

        return x._name is string first && y._name is string second
            ? new RedisKey(first + second)
            : new RedisKey([.. (byte[])x!, .. (byte[])y!]);
    }
}
