using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Text;

namespace StackExchange.Redis;

/// <summary>A growing block of requests in wire form. Not thread-safe; its owner's lock guards it.</summary>
internal sealed class RespBuffer
{
    private byte[] _bytes;
    private int _length;

    public RespBuffer(int capacity = Limits.InitialBufferBytes) => _bytes = new byte[capacity];

    public int Length => _length;

    public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, _length);

    public byte[] ToArray() => _bytes.AsSpan(0, _length).ToArray();

    /// <summary>Empties the buffer and lets go of memory that only a burst needed.</summary>
    public void Clear()
    {
        _length = 0;
        if (_bytes.Length > Limits.RetainedBufferBytes)
        {
            _bytes = new byte[Limits.InitialBufferBytes];
        }
    }

    /// <summary>Appends one request, or nothing at all when an argument is not valid or a limit is crossed.</summary>
    public void WriteCommand(Command command, ReadOnlySpan<RedisValue> arguments)
    {
        if (arguments.Length > Limits.MaxArguments)
        {
            throw new RedisCommandException(
                $"{command} has {arguments.Length} arguments; at most {Limits.MaxArguments} can be sent");
        }

        var start = _length;
        try
        {
            Reserve(command.Encoded.Length + 16);
            _bytes[_length++] = (byte)'*';
            WriteNumberLine(command.Words + arguments.Length);
            command.Encoded.CopyTo(_bytes, _length);
            _length += command.Encoded.Length;
            foreach (ref readonly var argument in arguments)
            {
                WriteArgument(command, in argument);
            }
        }
        catch
        {
            _length = start;
            throw;
        }
    }

    /// <summary>Appends requests that were put into wire form earlier.</summary>
    public void WriteRaw(ReadOnlySpan<byte> requests)
    {
        Reserve(requests.Length);
        requests.CopyTo(_bytes.AsSpan(_length));
        _length += requests.Length;
    }

    private void WriteArgument(Command command, in RedisValue argument)
    {
        switch (argument.Kind)
        {
            case RedisValue.ValueKind.Text:
                WriteText(command, argument.Text);
                break;
            case RedisValue.ValueKind.Bytes:
                WriteBytes(command, argument.Span);
                break;
            case RedisValue.ValueKind.Integer:
                Span<byte> digits = stackalloc byte[24];
                Utf8Formatter.TryFormat(argument.Integer, digits, out var count);
                WriteBytes(command, digits[..count]);
                break;
            case RedisValue.ValueKind.Null:
                throw new ArgumentException($"A null value is not valid as an argument of {command}");
            default:
                WriteText(command, argument.ToString());
                break;
        }
    }

    private void WriteText(Command command, string text)
    {
        var count = Encoding.UTF8.GetByteCount(text);
        BeginArgument(command, count);
        Encoding.UTF8.GetBytes(text, _bytes.AsSpan(_length, count));
        EndArgument(count);
    }

    private void WriteBytes(Command command, ReadOnlySpan<byte> bytes)
    {
        BeginArgument(command, bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_length));
        EndArgument(bytes.Length);
    }

    private void BeginArgument(Command command, int count)
    {
        if (count > Limits.MaxArgumentBytes)
        {
            throw new RedisCommandException(
                $"An argument of {command} has {count} bytes; at most {Limits.MaxArgumentBytes} can be sent");
        }

        Reserve(count + 16);
        _bytes[_length++] = (byte)'$';
        WriteNumberLine(count);
    }

    private void EndArgument(int count)
    {
        _length += count;
        _bytes[_length++] = (byte)'\r';
        _bytes[_length++] = (byte)'\n';
    }

    private void WriteNumberLine(int value)
    {
        if ((uint)value < 10)
        {
            _bytes[_length++] = (byte)('0' + value);
        }
        else
        {
            Utf8Formatter.TryFormat(value, _bytes.AsSpan(_length), out var count);
            _length += count;
        }

        _bytes[_length++] = (byte)'\r';
        _bytes[_length++] = (byte)'\n';
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Reserve(int count)
    {
        if (_bytes.Length - _length < count)
        {
            Grow(count);
        }
    }

    private void Grow(int count)
    {
        var needed = (long)_length + count;
        if (needed > Limits.MaxUnsentBytes)
        {
            throw new RedisCommandException(
                $"More than {Limits.MaxUnsentBytes} bytes are waiting to be sent; the server does not take them");
        }

        Array.Resize(ref _bytes, (int)Math.Min(Limits.MaxUnsentBytes, Math.Max(needed, _bytes.Length * 2L)));
    }
}
