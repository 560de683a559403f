namespace Workflows.Connectors;

/// <summary>
/// A connection on which the other side may say only so much at a time. Guarantees: after <paramref name="limit"/>
/// bytes without a word of ours in between, reading fails; so a server that answers without end costs that much
/// memory and no more.
/// </summary>
/// <param name="limit">Bytes that may be read after each write.</param>
public sealed class BoundedAnswerStream(Stream inner, int limit) : Stream
{
    private int _read;

    /// <summary>The other side said more than it may.</summary>
    public bool IsExceeded { get; private set; }

    /// <summary>The other side closed the connection.</summary>
    public bool HasEnded { get; private set; }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) =>
        Counted(inner.Read(buffer, offset, Allowed(count)), count);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask<int> ReadAsync(
        Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Counted(await inner.ReadAsync(buffer[..Allowed(buffer.Length)], cancellationToken), buffer.Length);

    public override void Write(byte[] buffer, int offset, int count)
    {
        _read = 0;
        inner.Write(buffer, offset, count);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _read = 0;
        return inner.WriteAsync(buffer, cancellationToken);
    }

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    // A read of nothing tells that there is something to read, and TLS streams ask so.
    private int Allowed(int count)
    {
        if (count > 0 && _read >= limit)
        {
            IsExceeded = true;
            throw new IOException($"The answer is longer than {limit} bytes.");
        }

        return Math.Min(count, limit - _read);
    }

    private int Counted(int read, int asked)
    {
        _read += read;
        HasEnded |= read == 0 && asked > 0;
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
