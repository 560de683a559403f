using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;

namespace StackExchange.Redis;

/// <summary>
/// A value as Redis knows it: bytes, which may be text or a number. Holds text, bytes or a number as given and
/// converts late. Two values are equal when their text is, and numbers when their value is ("1" equals 1).
/// </summary>
public readonly partial struct RedisValue : IEquatable<RedisValue>, IComparable<RedisValue>, IComparable
{
    private static readonly object IntegerTag = new();
    private static readonly object UnsignedTag = new();
    private static readonly object DoubleTag = new();

    // Null, a string, a byte[] (offset and length are packed in _bits) or one of the tags (the number is in _bits).
    private readonly object? _content;
    private readonly long _bits;

    public RedisValue(string value) : this(value, 0L)
    {
    }

    private RedisValue(object? content, long bits)
    {
        _content = content;
        _bits = bits;
    }

    internal RedisValue(byte[] bytes, int offset, int length) : this(bytes, ((long)offset << 32) | (uint)length)
    {
    }

    internal enum ValueKind
    {
        Null,
        Text,
        Bytes,
        Integer,
        Unsigned,
        Double,
    }

    public static RedisValue EmptyString { get; } = new([], 0, 0);

    public static RedisValue Null { get; }

    public bool IsNull => _content is null;

    public bool HasValue => !IsNullOrEmpty;

    public bool IsNullOrEmpty => Kind switch
    {
        ValueKind.Null => true,
        ValueKind.Text => Text.Length == 0,
        ValueKind.Bytes => Span.IsEmpty,
        _ => false,
    };

    /// <summary>Held as a whole number, or text that is one.</summary>
    public bool IsInteger => Simplify().Kind is ValueKind.Integer or ValueKind.Unsigned;

    internal ValueKind Kind
    {
        get
        {
            var content = _content;
            if (content is null)
            {
                return ValueKind.Null;
            }

            if (content.GetType() == typeof(string))
            {
                return ValueKind.Text;
            }

            if (content.GetType() == typeof(byte[]))
            {
                return ValueKind.Bytes;
            }

            return ReferenceEquals(content, IntegerTag) ? ValueKind.Integer
                : ReferenceEquals(content, DoubleTag) ? ValueKind.Double : ValueKind.Unsigned;
        }
    }

    internal string Text => (string)_content!;

    internal ReadOnlyMemory<byte> Memory => new((byte[])_content!, (int)(_bits >> 32), (int)_bits);

    internal ReadOnlySpan<byte> Span => new((byte[])_content!, (int)(_bits >> 32), (int)_bits);

    internal long Integer => _bits;

    internal ulong Unsigned => unchecked((ulong)_bits);

    internal double Double => BitConverter.Int64BitsToDouble(_bits);

    /// <summary>Length in characters for text, else in bytes.</summary>
    public long Length() => Kind switch
    {
        ValueKind.Null => 0,
        ValueKind.Text => Text.Length,
        ValueKind.Bytes => Span.Length,
        _ => ToString().Length,
    };

    /// <summary>Length of the UTF-8 form.</summary>
    public int GetByteCount() => Kind switch
    {
        ValueKind.Null => 0,
        ValueKind.Text => Encoding.UTF8.GetByteCount(Text),
        ValueKind.Bytes => Span.Length,
        _ => ToString().Length,
    };

    /// <summary>Writes the UTF-8 form and returns its length.</summary>
    public int CopyTo(Span<byte> destination)
    {
        switch (Kind)
        {
            case ValueKind.Null:
                return 0;
            case ValueKind.Bytes:
                Span.CopyTo(destination);
                return Span.Length;
            default:
                return Encoding.UTF8.GetBytes(ToString(), destination);
        }
    }

    public bool StartsWith(RedisValue value) =>
        !IsNull && !value.IsNull && ((ReadOnlyMemory<byte>)this).Span.StartsWith(((ReadOnlyMemory<byte>)value).Span);

    public static bool operator ==(RedisValue x, RedisValue y) => x.Equals(y);

    public static bool operator !=(RedisValue x, RedisValue y) => !x.Equals(y);

    public bool Equals(RedisValue other)
    {
        var x = Simplify();
        var y = other.Simplify();
        switch (x.Kind, y.Kind)
        {
            case (ValueKind.Null, ValueKind.Null):
                return true;
            case (ValueKind.Null, _) or (_, ValueKind.Null):
                return false;
            case (ValueKind.Integer, ValueKind.Integer) or (ValueKind.Unsigned, ValueKind.Unsigned):
                return x._bits == y._bits;
            case (ValueKind.Double, ValueKind.Double):
                return x.Double.Equals(y.Double);
            case (ValueKind.Text, ValueKind.Text):
                return string.Equals(x.Text, y.Text, StringComparison.Ordinal);
            case (ValueKind.Bytes, ValueKind.Bytes):
                return x.Span.SequenceEqual(y.Span);
            case (ValueKind.Text, ValueKind.Bytes) or (ValueKind.Bytes, ValueKind.Text):
                return ((ReadOnlyMemory<byte>)x).Span.SequenceEqual(((ReadOnlyMemory<byte>)y).Span);
            default:
                return false; // simplified, so a number never equals text that is none
        }
    }

    public override bool Equals(object? obj) => obj switch
    {
        null => IsNull,
        RedisValue value => Equals(value),
        _ => TryFromObject(obj, out var value) && Equals(value),
    };

    public override int GetHashCode()
    {
        var value = Simplify();
        switch (value.Kind)
        {
            case ValueKind.Null:
                return -1;
            case ValueKind.Integer or ValueKind.Unsigned or ValueKind.Double:
                return value._bits.GetHashCode();
            default:
                var hash = default(HashCode);
                hash.AddBytes(((ReadOnlyMemory<byte>)value).Span);
                return hash.ToHashCode();
        }
    }

    public int CompareTo(RedisValue other)
    {
        var x = Simplify();
        var y = other.Simplify();
        return (x.Kind, y.Kind) switch
        {
            (ValueKind.Null, ValueKind.Null) => 0,
            (ValueKind.Null, _) => -1,
            (_, ValueKind.Null) => 1,
            (ValueKind.Integer, ValueKind.Integer) => x.Integer.CompareTo(y.Integer),
            (>= ValueKind.Integer, >= ValueKind.Integer) => ((double)x).CompareTo((double)y),
            _ => ((ReadOnlyMemory<byte>)x).Span.SequenceCompareTo(((ReadOnlyMemory<byte>)y).Span),
        };
    }

    int IComparable.CompareTo(object? obj) =>
        obj is RedisValue value || TryFromObject(obj, out value) ? CompareTo(value) : -1;

    /// <summary>The text; empty when null.</summary>
    public override string ToString() => (string?)this ?? string.Empty;

    /// <summary>Text or bytes that are a number become that number; a double that is whole becomes an integer.</summary>
    internal RedisValue Simplify()
    {
        switch (Kind)
        {
            case ValueKind.Text:
                var text = Text;
                if (text.Length is 0 or > 32 || !CouldBeNumber(text[0]))
                {
                    return this;
                }

                Span<byte> utf8 = stackalloc byte[32];
                return Encoding.UTF8.TryGetBytes(text, utf8, out var count) ? SimplifyBytes(utf8[..count]) : this;
            case ValueKind.Bytes:
                var bytes = Span;
                return bytes.Length is 0 or > 32 || !CouldBeNumber((char)bytes[0]) ? this : SimplifyBytes(bytes);
            case ValueKind.Double:
                var number = Double;
                return number is >= -9007199254740992 and <= 9007199254740992 && Math.Floor(number) == number
                    ? (long)number : this;
            case ValueKind.Unsigned:
                return Unsigned <= long.MaxValue ? (RedisValue)(long)Unsigned : this;
            default:
                return this;
        }
    }

    private RedisValue SimplifyBytes(ReadOnlySpan<byte> bytes)
    {
        if (TryParseInteger(bytes, out var integer))
        {
            return integer;
        }

        // "007" stays text: Redis compares it so, and the number would not give the text back.
        var digits = bytes[0] == '-' ? bytes[1..] : bytes;
        if (digits.Length > 1 && digits[0] == '0' && digits[1] != '.')
        {
            return this;
        }

        if (Utf8Parser.TryParse(bytes, out ulong unsigned, out var used) && used == bytes.Length)
        {
            return unsigned;
        }

        return Utf8Parser.TryParse(bytes, out double number, out used) && used == bytes.Length && double.IsFinite(number)
            ? ((RedisValue)number).Simplify() : this;
    }

    private static bool CouldBeNumber(char first) => char.IsAsciiDigit(first) || first is '-' or '.';

    /// <summary>Only the form Redis itself writes: no plus sign, no leading zeros, no white space.</summary>
    internal static bool TryParseInteger(ReadOnlySpan<byte> bytes, out long value)
    {
        value = 0;
        if (bytes.IsEmpty || bytes[0] == '+' || (bytes.Length > 1 && bytes[0] == '0')
            || (bytes.Length > 1 && bytes[0] == '-' && bytes[1] == '0'))
        {
            return false;
        }

        return Utf8Parser.TryParse(bytes, out value, out var used) && used == bytes.Length;
    }

    private static RedisValue FromMemory(ReadOnlyMemory<byte> value)
    {
        if (value.IsEmpty)
        {
            return EmptyString;
        }

        return MemoryMarshal.TryGetArray(value, out var segment)
            ? new RedisValue(segment.Array!, segment.Offset, segment.Count)
            : new RedisValue(value.ToArray(), 0, value.Length);
    }
}
