using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace StackExchange.Redis;

public readonly partial struct RedisValue
{
    public static implicit operator RedisValue(int value) => new(IntegerTag, (long)value);

    public static implicit operator RedisValue(int? value) => value is { } number ? number : Null;

    public static implicit operator RedisValue(long value) => new(IntegerTag, value);

    public static implicit operator RedisValue(long? value) => value is { } number ? number : Null;

    public static implicit operator RedisValue(uint value) => new(IntegerTag, (long)value);

    public static implicit operator RedisValue(uint? value) => value is { } number ? number : Null;

    public static implicit operator RedisValue(ulong value) =>
        value <= long.MaxValue ? new(IntegerTag, (long)value) : new(UnsignedTag, unchecked((long)value));

    public static implicit operator RedisValue(ulong? value) => value is { } number ? number : Null;

    public static implicit operator RedisValue(double value) => new(DoubleTag, BitConverter.DoubleToInt64Bits(value));

    public static implicit operator RedisValue(double? value) => value is { } number ? number : Null;

    public static implicit operator RedisValue(bool value) => value ? 1 : 0;

    public static implicit operator RedisValue(bool? value) => value is { } flag ? flag : Null;

    public static implicit operator RedisValue(string? value) => new(value, 0L);

    public static implicit operator RedisValue(byte[]? value) => value is null ? Null : new(value, 0, value.Length);

    public static implicit operator RedisValue(ReadOnlyMemory<byte> value) => FromMemory(value);

    public static implicit operator RedisValue(Memory<byte> value) => FromMemory(value);

    public static implicit operator string?(RedisValue value) => value.Kind switch
    {
        ValueKind.Null => null,
        ValueKind.Text => value.Text,
        ValueKind.Bytes => Encoding.UTF8.GetString(value.Span),
        ValueKind.Integer => value.Integer.ToString(CultureInfo.InvariantCulture),
        ValueKind.Unsigned => value.Unsigned.ToString(CultureInfo.InvariantCulture),
        _ => FormatDouble(value.Double),
    };

    public static implicit operator byte[]?(RedisValue value)
    {
        switch (value.Kind)
        {
            case ValueKind.Null:
                return null;
            case ValueKind.Bytes:
                var memory = value.Memory;
                var array = (byte[])value._content!;
                return memory.Length == array.Length ? array : memory.ToArray();
            default:
                return Encoding.UTF8.GetBytes(value.ToString());
        }
    }

    public static implicit operator ReadOnlyMemory<byte>(RedisValue value) =>
        value.Kind == ValueKind.Bytes ? value.Memory : (byte[]?)value ?? [];

    public static explicit operator bool(RedisValue value) => (long)value switch
    {
        0 => false,
        1 => true,
        _ => throw InvalidCast(value, "bool"),
    };

    public static explicit operator bool?(RedisValue value) => value.IsNull ? null : (bool)value;

    public static explicit operator int(RedisValue value) => checked((int)(long)value);

    public static explicit operator int?(RedisValue value) => value.IsNull ? null : (int)value;

    public static explicit operator uint(RedisValue value) => checked((uint)(long)value);

    public static explicit operator uint?(RedisValue value) => value.IsNull ? null : (uint)value;

    public static explicit operator long(RedisValue value)
    {
        var simple = value.Simplify();
        return simple.Kind switch
        {
            ValueKind.Null => 0,
            ValueKind.Integer => simple.Integer,
            ValueKind.Unsigned => checked((long)simple.Unsigned),
            _ => throw InvalidCast(value, "long"),
        };
    }

    public static explicit operator long?(RedisValue value) => value.IsNull ? null : (long)value;

    public static explicit operator ulong(RedisValue value)
    {
        if (value.Kind == ValueKind.Unsigned)
        {
            return value.Unsigned;
        }

        var simple = value.Simplify();
        if (simple.Kind is ValueKind.Null or ValueKind.Integer)
        {
            return checked((ulong)simple.Integer);
        }

        return ulong.TryParse(value.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number : throw InvalidCast(value, "ulong");
    }

    public static explicit operator ulong?(RedisValue value) => value.IsNull ? null : (ulong)value;

    public static explicit operator double(RedisValue value) =>
        value.IsNull ? 0 : value.TryParse(out double number) ? number : throw InvalidCast(value, "double");

    public static explicit operator double?(RedisValue value) => value.IsNull ? null : (double)value;

    public static explicit operator float(RedisValue value) => (float)(double)value;

    public static explicit operator float?(RedisValue value) => value.IsNull ? null : (float)value;

    public static explicit operator decimal(RedisValue value)
    {
        if (value.IsNull)
        {
            return 0;
        }

        return decimal.TryParse(value.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number : throw InvalidCast(value, "decimal");
    }

    public static explicit operator decimal?(RedisValue value) => value.IsNull ? null : (decimal)value;

    /// <summary>The whole number held or written; null counts as 0, as in a counter that does not exist yet.</summary>
    public bool TryParse(out long val)
    {
        var simple = Simplify();
        val = simple.Kind == ValueKind.Integer ? simple.Integer : 0;
        return simple.Kind is ValueKind.Integer or ValueKind.Null;
    }

    public bool TryParse(out int val)
    {
        var parsed = TryParse(out long number) && number is >= int.MinValue and <= int.MaxValue;
        val = parsed ? (int)number : 0;
        return parsed;
    }

    public bool TryParse(out double val)
    {
        switch (Kind)
        {
            case ValueKind.Null:
                val = 0;
                return true;
            case ValueKind.Integer:
                val = Integer;
                return true;
            case ValueKind.Unsigned:
                val = Unsigned;
                return true;
            case ValueKind.Double:
                val = Double;
                return true;
            default:
                return TryParseDouble(((ReadOnlyMemory<byte>)this).Span, out val);
        }
    }

    /// <summary>Any object that may stand as a command argument; false when its type cannot.</summary>
    internal static bool TryFromObject(object? value, out RedisValue result)
    {
        RedisValue? converted = value switch
        {
            null => Null,
            RedisValue redisValue => redisValue,
            string text => text,
            RedisKey key => key.AsValue(),
            RedisChannel channel => channel.AsValue(),
            int number => number,
            long number => number,
            double number => number,
            byte[] bytes => bytes,
            bool flag => flag,
            uint number => number,
            ulong number => number,
            float number => (double)number,
            short number => (int)number,
            byte number => (int)number,
            Memory<byte> memory => memory,
            ReadOnlyMemory<byte> memory => memory,
            _ => (RedisValue?)null,
        };
        result = converted ?? Null;
        return converted.HasValue;
    }

    internal static bool TryParseDouble(ReadOnlySpan<byte> bytes, out double value)
    {
        value = 0;
        if (bytes.IsEmpty)
        {
            return false;
        }

        if (Ascii.EqualsIgnoreCase(bytes, "inf") || Ascii.EqualsIgnoreCase(bytes, "+inf"))
        {
            value = double.PositiveInfinity;
            return true;
        }

        if (Ascii.EqualsIgnoreCase(bytes, "-inf"))
        {
            value = double.NegativeInfinity;
            return true;
        }

        if (Ascii.EqualsIgnoreCase(bytes, "nan") || Ascii.EqualsIgnoreCase(bytes, "-nan"))
        {
            value = double.NaN;
            return true;
        }

        return Utf8Parser.TryParse(bytes, out value, out var used) && used == bytes.Length;
    }

    internal static string FormatDouble(double value) =>
        double.IsPositiveInfinity(value) ? "+inf"
        : double.IsNegativeInfinity(value) ? "-inf"
        : double.IsNaN(value) ? "nan"
        : value.ToString("R", CultureInfo.InvariantCulture);

    private static InvalidCastException InvalidCast(RedisValue value, string type) =>
        new($"Unable to cast from {value.Kind} to {type}: '{Shorten(value.ToString())}'");

    private static string Shorten(string text) => text.Length <= 32 ? text : string.Concat(text.AsSpan(0, 32), "...");
}
