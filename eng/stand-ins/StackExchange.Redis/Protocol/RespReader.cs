using System.Buffers.Text;
using System.Text;

namespace StackExchange.Redis;

/// <summary>Turns a reply into values, RESP2 and RESP3 alike.</summary>
internal delegate T ReplyParser<out T>(ref RespReader reader);

/// <summary>Reads one reply that <see cref="RespScanner"/> found complete, element by element.</summary>
internal ref struct RespReader
{
    private readonly ReadOnlySpan<byte> _reply;
    private int _position;

    public RespReader(ReadOnlySpan<byte> reply) => _reply = reply;

    public readonly byte Type => _reply[_position];

    public readonly bool IsError => Type is (byte)'-' or (byte)'!';

    public readonly bool IsAggregate => Type is (byte)'*' or (byte)'~' or (byte)'%' or (byte)'>';

    public readonly bool IsPush => Type == '>';

    /// <summary>The bytes of any single value; the number and truth types give their text.</summary>
    public ReadOnlySpan<byte> ReadScalar(out bool isNull)
    {
        SkipAttributes();
        var type = Type;
        var line = ReadLine();
        isNull = false;
        switch (type)
        {
            case (byte)'$' or (byte)'!' or (byte)'=':
                var length = ParseInt(line);
                if (length < 0)
                {
                    isNull = true;
                    return default;
                }

                var value = _reply.Slice(_position, length);
                _position += length + 2;
                return type == '=' ? value[Math.Min(4, value.Length)..] : value; // "txt:" precedes verbatim text
            case (byte)'_':
                isNull = true;
                return default;
            case (byte)'*' when ParseInt(line) < 0: // RESP2's null array where a value was expected
                isNull = true;
                return default;
            case (byte)'*' or (byte)'~' or (byte)'%' or (byte)'>':
                throw Unexpected("a single value", type);
            default:
                return line;
        }
    }

    public RedisValue ReadValue()
    {
        SkipAttributes();
        var type = Type;
        var scalar = ReadScalar(out var isNull);
        if (isNull)
        {
            return RedisValue.Null;
        }

        return type switch
        {
            (byte)':' => ParseLong(scalar),
            (byte)'#' => scalar is [(byte)'t'],
            (byte)',' => ParseDouble(scalar),
            _ => scalar.IsEmpty ? RedisValue.EmptyString : new RedisValue(scalar.ToArray(), 0, scalar.Length),
        };
    }

    public string? ReadText()
    {
        var scalar = ReadScalar(out var isNull);
        return isNull ? null : Encoding.UTF8.GetString(scalar);
    }

    /// <summary>A whole number; null counts as 0.</summary>
    public long ReadInteger()
    {
        SkipAttributes();
        var isTruth = Type == '#';
        var scalar = ReadScalar(out var isNull);
        return isNull ? 0 : isTruth ? (scalar is [(byte)'t'] ? 1 : 0) : ParseLong(scalar);
    }

    public double? ReadDouble()
    {
        var scalar = ReadScalar(out var isNull);
        return isNull ? null : ParseDouble(scalar);
    }

    /// <summary>Number of elements that follow (a map gives keys and values), or -1 for null.</summary>
    public int ReadAggregate()
    {
        SkipAttributes();
        var type = Type;
        var line = ReadLine();
        return type switch
        {
            (byte)'*' or (byte)'~' or (byte)'>' => ParseInt(line),
            (byte)'%' => 2 * ParseInt(line),
            (byte)'_' => -1,
            (byte)'$' when ParseInt(line) < 0 => -1,
            _ => throw Unexpected("an array", type),
        };
    }

    public void Skip()
    {
        for (var owed = 1L; owed > 0; owed--)
        {
            SkipAttributes();
            if (IsAggregate)
            {
                owed += Math.Max(0, ReadAggregate());
            }
            else
            {
                ReadScalar(out _);
            }
        }
    }

    public void SkipAttributes()
    {
        while (Type == '|')
        {
            var count = 2 * ParseInt(ReadLine());
            for (var i = 0; i < count; i++)
            {
                Skip();
            }
        }
    }

    private ReadOnlySpan<byte> ReadLine()
    {
        var rest = _reply[(_position + 1)..];
        var end = rest.IndexOf((byte)'\r');
        _position += end + 3;
        return rest[..end];
    }

    private static int ParseInt(ReadOnlySpan<byte> text) =>
        text.Length == 1 && text[0] is >= (byte)'0' and <= (byte)'9' ? text[0] - '0'
        : Utf8Parser.TryParse(text, out int value, out _) ? value : throw NotANumber(text);

    private static long ParseLong(ReadOnlySpan<byte> text) =>
        text.Length == 1 && text[0] is >= (byte)'0' and <= (byte)'9' ? text[0] - '0'
        : Utf8Parser.TryParse(text, out long value, out var used) && used == text.Length ? value : throw NotANumber(text);

    private static double ParseDouble(ReadOnlySpan<byte> text) =>
        RedisValue.TryParseDouble(text, out var value) ? value : throw NotANumber(text);

    private static RedisException NotANumber(ReadOnlySpan<byte> text) =>
        new($"The server's reply is not the number expected: '{Encoding.UTF8.GetString(text[..Math.Min(32, text.Length)])}'");

    private static RedisException Unexpected(string expected, byte type) =>
        new($"The server's reply has another shape than expected: {expected} expected, type '{(char)type}' received");
}
