using System.Text;

namespace StackExchange.Redis;

/// <summary>A reply of any shape, as raw commands and scripts give.</summary>
public abstract partial class RedisResult
{
    /// <summary>The shape in RESP2 terms, whichever protocol it came over.</summary>
    public ResultType Resp2Type => ToResp2(Resp3Type);

    public ResultType Resp3Type { get; private protected init; }

    public ResultType Type => Resp2Type;

    public abstract bool IsNull { get; }

    /// <summary>Number of elements; -1 when this is a single value.</summary>
    public virtual int Length => -1;

    public virtual RedisResult this[int index] => throw new InvalidOperationException("Indexers can only be used on array results");

    internal abstract RedisValue AsValue();

    internal virtual RedisResult[]? AsArray() => IsNull ? null : [this];

    public static RedisResult Create(RedisValue value, ResultType? resultType = null) =>
        new Single(value, resultType ?? (value.IsNull ? ResultType.Null : value.IsInteger ? ResultType.Integer : ResultType.BulkString));

    public static RedisResult Create(RedisValue[] values) => Create(values, ResultType.Array);

    public static RedisResult Create(RedisValue[] values, ResultType resultType) =>
        new Many(values is null ? null : Array.ConvertAll(values, value => Create(value)), resultType);

    public static RedisResult Create(RedisResult[] values) => Create(values, ResultType.Array);

    public static RedisResult Create(RedisResult[] values, ResultType resultType) => new Many(values, resultType);

    public static RedisResult Create(RedisKey key) => Create(key.AsValue(), ResultType.BulkString);

    public static RedisResult Create(RedisChannel channel) => Create(channel.AsValue(), ResultType.BulkString);

    /// <summary>A flat list of names and values, or a map, by name.</summary>
    public Dictionary<string, RedisResult> ToDictionary(IEqualityComparer<string>? comparer = null)
    {
        var items = AsArray() ?? [];
        var result = new Dictionary<string, RedisResult>(items.Length / 2, comparer ?? StringComparer.InvariantCultureIgnoreCase);
        for (var i = 0; i + 1 < items.Length; i += 2)
        {
            result.Add(items[i].ToString(), items[i + 1]);
        }

        return result;
    }

    public sealed override string ToString() => ToString(out _) ?? string.Empty;

    /// <summary>The text, and for verbatim strings the format the server named.</summary>
    public abstract string? ToString(out string? type);

    internal static RedisResult Read(ref RespReader reader, int depth)
    {
        if (depth > Limits.MaxReplyDepth)
        {
            throw new RedisException($"The reply is nested deeper than {Limits.MaxReplyDepth} levels");
        }

        reader.SkipAttributes();
        var type = reader.Type;
        if (!reader.IsAggregate)
        {
            var value = reader.ReadValue();
            return new Single(value, SingleType(type, value.IsNull));
        }

        var count = reader.ReadAggregate();
        var kind = type switch
        {
            (byte)'%' => ResultType.Map,
            (byte)'~' => ResultType.Set,
            (byte)'>' => ResultType.Push,
            _ => ResultType.Array,
        };
        if (count < 0)
        {
            return new Many(null, kind);
        }

        var items = new RedisResult[count];
        for (var i = 0; i < items.Length; i++)
        {
            items[i] = Read(ref reader, depth + 1);
        }

        return new Many(items, kind);
    }

    private static ResultType SingleType(byte type, bool isNull) => type switch
    {
        (byte)'_' => ResultType.Null,
        (byte)'+' => ResultType.SimpleString,
        (byte)'-' => ResultType.Error,
        (byte)'!' => ResultType.BlobError,
        (byte)':' => ResultType.Integer,
        (byte)',' => ResultType.Double,
        (byte)'#' => ResultType.Boolean,
        (byte)'(' => ResultType.BigInteger,
        (byte)'=' => ResultType.VerbatimString,
        _ => isNull ? ResultType.Null : ResultType.BulkString,
    };

    private static ResultType ToResp2(ResultType type) => type switch
    {
        ResultType.Null or ResultType.Double or ResultType.VerbatimString => ResultType.BulkString,
        ResultType.BlobError => ResultType.Error,
        ResultType.Boolean or ResultType.BigInteger => ResultType.Integer,
        ResultType.Map or ResultType.Set or ResultType.Push or ResultType.Attribute => ResultType.Array,
        _ => type,
    };

    private sealed class Single : RedisResult
    {
        private readonly RedisValue _value;

        public Single(RedisValue value, ResultType type)
        {
            _value = value;
            Resp3Type = type;
        }

        public override bool IsNull => Resp3Type == ResultType.Null || _value.IsNull;

        public override string? ToString(out string? type)
        {
            type = Resp3Type == ResultType.VerbatimString ? "txt" : null;
            return _value;
        }

        internal override RedisValue AsValue() =>
            Resp2Type == ResultType.Error ? throw new RedisServerException(_value.ToString()) : _value;
    }

    private sealed class Many : RedisResult
    {
        private readonly RedisResult[]? _items;

        public Many(RedisResult[]? items, ResultType type)
        {
            _items = items;
            Resp3Type = type;
        }

        public override bool IsNull => _items is null;

        public override int Length => _items?.Length ?? -1;

        public override RedisResult this[int index] => (_items ?? throw new InvalidOperationException("A null reply has no elements"))[index];

        public override string? ToString(out string? type)
        {
            type = null;
            return _items is null ? "(nil)" : new StringBuilder().Append(_items.Length).Append(" element(s)").ToString();
        }

        internal override RedisResult[]? AsArray() => _items;

        internal override RedisValue AsValue() => _items switch
        {
            null => RedisValue.Null,
            [var only] => only.AsValue(),
            _ => throw new InvalidCastException($"A reply of {_items.Length} elements is not a single value"),
        };
    }
}
