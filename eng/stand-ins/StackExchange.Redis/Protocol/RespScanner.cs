using System.Buffers.Text;

namespace StackExchange.Redis;

/// <summary>
/// Finds where one reply ends in bytes that arrive piecemeal. Remembers how far it has looked, so that a large reply
/// is looked at once, not once per packet. No stack: it counts the elements still owed.
/// </summary>
internal struct RespScanner
{
    private int _position;
    private long _owed;

    public RespScanner() => _owed = 1;

    /// <summary>Bytes the reply needs at least, when <see cref="TryScan"/> said it is not complete.</summary>
    public int NeededBytes { get; private set; }

    /// <summary><paramref name="bytes"/> begins at the reply's first byte, in each call for the same reply.</summary>
    public bool TryScan(ReadOnlySpan<byte> bytes, out int length)
    {
        while (_owed > 0)
        {
            length = 0;
            if (_position >= bytes.Length)
            {
                NeededBytes = _position + 1;
                return false;
            }

            var header = bytes[_position..];
            var end = header.IndexOf((byte)'\r');
            if (end < 0 || end + 1 >= header.Length)
            {
                if (header.Length > Limits.MaxLineBytes)
                {
                    throw Violation($"a line of more than {Limits.MaxLineBytes} bytes");
                }

                NeededBytes = bytes.Length + 1;
                return false;
            }

            if (header[end + 1] != '\n')
            {
                throw Violation("a line that does not end in CR LF");
            }

            if (!TryTake(header[..end], bytes.Length))
            {
                return false;
            }
        }

        length = _position;
        this = new RespScanner();
        return true;
    }

    private bool TryTake(ReadOnlySpan<byte> line, int available)
    {
        var next = _position + line.Length + 2;
        switch (line.IsEmpty ? (byte)0 : line[0])
        {
            case (byte)'+' or (byte)'-' or (byte)':' or (byte)'_' or (byte)',' or (byte)'#' or (byte)'(':
                _owed--;
                break;
            case (byte)'$' or (byte)'!' or (byte)'=':
                var count = ParseLength(line);
                if (count >= 0)
                {
                    if (next + (long)count + 2 > Limits.MaxReplyBytes)
                    {
                        throw Violation($"a reply of more than {Limits.MaxReplyBytes} bytes");
                    }

                    next += count + 2;
                    if (next > available)
                    {
                        NeededBytes = next;
                        return false;
                    }
                }

                _owed--;
                break;
            case (byte)'*' or (byte)'~' or (byte)'>':
                _owed += Math.Max(0, ParseLength(line)) - 1;
                break;
            case (byte)'%':
                _owed += (2L * Math.Max(0, ParseLength(line))) - 1;
                break;
            case (byte)'|': // attributes come before the element they describe
                _owed += 2L * Math.Max(0, ParseLength(line));
                break;
            default:
                throw Violation("an unknown reply type");
        }

        if (next > Limits.MaxReplyBytes || _owed > Limits.MaxReplyBytes)
        {
            throw Violation($"a reply of more than {Limits.MaxReplyBytes} bytes");
        }

        _position = next;
        return true;
    }

    private static int ParseLength(ReadOnlySpan<byte> line)
    {
        // One digit is by far the commonest length.
        if (line.Length == 2 && line[1] is >= (byte)'0' and <= (byte)'9')
        {
            return line[1] - '0';
        }

        return Utf8Parser.TryParse(line[1..], out int value, out var used) && used == line.Length - 1 && value >= -1
            ? value : throw Violation("a length that is not a number");
    }

    private static RedisConnectionException Violation(string what) =>
        new(ConnectionFailureType.ProtocolFailure, $"The server sent {what}");
}
