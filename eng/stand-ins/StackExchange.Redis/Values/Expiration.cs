namespace StackExchange.Redis;

/// <summary>When a value ends: after a time, at a time, as before (keep), or never.</summary>
public readonly struct Expiration
{
    private const string KeepTtlWord = "KEEPTTL";
    private const string PersistWord = "PERSIST";
    private readonly string? _word; // EX, PX, EXAT, PXAT, KEEPTTL or PERSIST; null for none
    private readonly long _value;

    public Expiration(TimeSpan ttl)
    {
        if (ttl == TimeSpan.MaxValue)
        {
            return; // no expiry
        }

        var milliseconds = ttl.Ticks / TimeSpan.TicksPerMillisecond;
        (_word, _value) = milliseconds % 1000 == 0 ? ("EX", milliseconds / 1000) : ("PX", milliseconds);
    }

    public Expiration(DateTime when)
    {
        if (when == DateTime.MaxValue)
        {
            return;
        }

        var milliseconds = UnixMilliseconds(when);
        (_word, _value) = milliseconds % 1000 == 0 ? ("EXAT", milliseconds / 1000) : ("PXAT", milliseconds);
    }

    private Expiration(string word) => _word = word;

    public static Expiration Default => default;

    public static Expiration KeepTtl { get; } = new(KeepTtlWord);

    public static Expiration Persist { get; } = new(PersistWord);

    internal string? Word => _word;

    internal long Value => _value;

    internal bool HasValue => _word is not null && _word is not (KeepTtlWord or PersistWord);

    public static implicit operator Expiration(TimeSpan ttl) => new(ttl);

    public static implicit operator Expiration(DateTime when) => new(when);

    public override bool Equals(object? obj) =>
        obj is Expiration other && string.Equals(_word, other._word, StringComparison.Ordinal) && _value == other._value;

    public override int GetHashCode() => HashCode.Combine(_word, _value);

    public override string ToString() => _word is null ? string.Empty : HasValue ? $"{_word} {_value}" : _word;

    internal static Expiration From(TimeSpan? expiry, bool keepTtl)
    {
        if (expiry is null || expiry == TimeSpan.MaxValue)
        {
            return keepTtl ? KeepTtl : Default;
        }

        return keepTtl ? throw new ArgumentException("Cannot specify both expiry and keepTtl") : new Expiration(expiry.GetValueOrDefault());
    }

    internal static long UnixMilliseconds(DateTime when) => when.Kind switch
    {
        DateTimeKind.Unspecified => throw new ArgumentException("Expiry time must be either Utc or Local", nameof(when)),
        _ => new DateTimeOffset(when.ToUniversalTime()).ToUnixTimeMilliseconds(),
    };
}

/// <summary>Under which condition a value is written.</summary>
public readonly struct ValueCondition
{
    private readonly When _when;

    private ValueCondition(When when) => _when = when;

    public static ValueCondition Always => default;

    public static ValueCondition Exists { get; } = new(When.Exists);

    public static ValueCondition NotExists { get; } = new(When.NotExists);

    internal When When => _when;

    public static implicit operator ValueCondition(When when) => new(when);

    public static ValueCondition operator !(in ValueCondition value) => value._when switch
    {
        When.Exists => NotExists,
        When.NotExists => Exists,
        _ => throw new InvalidOperationException($"Condition {value} cannot be negated"),
    };

    public override bool Equals(object? obj) => obj is ValueCondition other && _when == other._when;

    public override int GetHashCode() => (int)_when;

    public override string ToString() => _when.ToString();
}
