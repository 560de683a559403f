using System.Text;

namespace StackExchange.Redis;

/// <summary>The name of a pub/sub channel, or a glob pattern over such names.</summary>
public readonly struct RedisChannel : IEquatable<RedisChannel>
{
    private readonly byte[]? _name;

    public RedisChannel(byte[]? value, PatternMode mode)
    {
        _name = value;
        IsPattern = mode switch
        {
            PatternMode.Pattern => true,
            PatternMode.Literal => false,
            PatternMode.Auto => value is not null && value.AsSpan().IndexOfAny("*?["u8) >= 0,
            _ => throw new ArgumentOutOfRangeException(nameof(mode)),
        };
    }

    public RedisChannel(string value, PatternMode mode) : this(value is null ? null : Encoding.UTF8.GetBytes(value), mode)
    {
    }

    public enum PatternMode
    {
        Auto,
        Literal,
        Pattern,
    }

    /// <summary>Whether a channel made from plain text or bytes becomes a pattern when it contains glob characters.</summary>
    public static bool UseImplicitAutoPattern { get; set; } = true;

    public bool IsNullOrEmpty => _name is null or { Length: 0 };

    public bool IsPattern { get; }

    private static PatternMode ImplicitMode => UseImplicitAutoPattern ? PatternMode.Auto : PatternMode.Literal;

    public static implicit operator RedisChannel(string key) => new(key, ImplicitMode);

    public static implicit operator RedisChannel(byte[]? key) => new(key, ImplicitMode);

    public static implicit operator string?(RedisChannel key) =>
        key._name is null ? null : Encoding.UTF8.GetString(key._name);

    public static implicit operator byte[]?(RedisChannel key) => key._name;

    public static bool operator ==(RedisChannel x, RedisChannel y) => x.Equals(y);

    public static bool operator !=(RedisChannel x, RedisChannel y) => !x.Equals(y);

    public static bool operator ==(string x, RedisChannel y) => string.Equals(x, y, StringComparison.Ordinal);

    public static bool operator !=(string x, RedisChannel y) => !(x == y);

    public static bool operator ==(RedisChannel x, string y) => y == x;

    public static bool operator !=(RedisChannel x, string y) => !(y == x);

    public static RedisChannel Literal(string value) => new(value, PatternMode.Literal);

    public static RedisChannel Literal(byte[] value) => new(value, PatternMode.Literal);

    public static RedisChannel Pattern(string value) => new(value, PatternMode.Pattern);

    public static RedisChannel Pattern(byte[] value) => new(value, PatternMode.Pattern);

    public bool Equals(RedisChannel other) => IsPattern == other.IsPattern && _name.AsSpan().SequenceEqual(other._name);

    public override bool Equals(object? obj) => obj switch
    {
        RedisChannel channel => Equals(channel),
        string text => this == text,
        _ => false,
    };

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(_name);
        hash.Add(IsPattern);
        return hash.ToHashCode();
    }

    public override string ToString() => (string?)this ?? "(null)";

    internal RedisValue AsValue() => _name;
}
