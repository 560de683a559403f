namespace Workflows.Connectors.Network;

/// <summary>
/// What was read of an answer. The one reader of bodies: bounded for each answer, and by <see cref="ResponseBudget"/>
/// for all of them. It holds its room in the budget until it is disposed.
/// </summary>
public sealed class ResponseBody : IDisposable
{
    private const int ReadBytes = 16 * 1024;

    private readonly IDisposable? _room;

    private ResponseBody(ReadOnlyMemory<byte> bytes, bool isCut, IDisposable? room) =>
        (Bytes, IsCut, _room) = (bytes, isCut, room);

    /// <summary>Nothing was read.</summary>
    public static ResponseBody Empty { get; } = new(default, isCut: false, room: null);

    /// <summary>The bytes; at most the limit that was given.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The answer went on after them.</summary>
    public bool IsCut { get; }

    /// <summary>Reads an answer to its end, or as far as the limit.</summary>
    /// <param name="limit">Bytes; <see cref="Limits.ResponseBytes"/> at most.</param>
    /// <param name="declared">The length that the answer declares; null = it declares none.</param>
    /// <exception cref="IOException">The connection broke.</exception>
    /// <exception cref="InvalidDataException">The answer is not encoded as it says.</exception>
    public static async Task<ResponseBody> ReadAsync(
        Stream stream,
        int limit,
        long? declared,
        ResponseBudget budget,
        Guid tenantId,
        CancellationToken cancellationToken)
    {
        // What is small needs no room: its memory is that of the connection. So what waits does not hold much.
        var first = new byte[Math.Min(limit + 1L, Limits.UnbudgetedResponseBytes)];
        var length = await FillAsync(stream, first, 0, cancellationToken);
        if (length < first.Length)
        {
            return new ResponseBody(first.AsMemory(0, length), isCut: false, room: null);
        }

        if (length > limit)
        {
            return new ResponseBody(first.AsMemory(0, limit), isCut: true, room: null);
        }

        var expected = declared is { } bytes && bytes > length && bytes < limit ? (int)bytes : limit;
        var room = await budget.TakeAsync(tenantId, limit, cancellationToken);
        try
        {
            return await ReadRestAsync(stream, first, limit, expected, room, cancellationToken);
        }
        catch
        {
            room.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _room?.Dispose();

    // The buffer grows as bytes come: an answer that declares much and sends little costs little.
    private static async Task<ResponseBody> ReadRestAsync(
        Stream stream, byte[] first, int limit, int expected, IDisposable room, CancellationToken cancellationToken)
    {
        var buffer = first;
        var length = first.Length;
        while (true)
        {
            if (length == buffer.Length)
            {
                var wanted = Math.Max(expected, length) + 1L;
                Array.Resize(ref buffer, (int)Math.Min(Math.Min(length * 2L, wanted), limit + 1L));
            }

            var before = length;
            length = await FillAsync(stream, buffer, length, cancellationToken);
            if (length < buffer.Length || length == before)
            {
                return new ResponseBody(buffer.AsMemory(0, length), isCut: false, room);
            }

            if (length > limit)
            {
                return new ResponseBody(buffer.AsMemory(0, limit), isCut: true, room);
            }

            expected = length > expected ? limit : expected; // it may send more than it declared
        }
    }

    // Fills the buffer, or reads to the end.
    private static async Task<int> FillAsync(
        Stream stream, byte[] buffer, int length, CancellationToken cancellationToken)
    {
        while (length < buffer.Length)
        {
            int read;
            try
            {
                read = await stream.ReadAsync(
                    buffer.AsMemory(length, Math.Min(ReadBytes, buffer.Length - length)), cancellationToken);
            }
            catch (InvalidOperationException exception) when (exception is not ObjectDisposedException)
            {
                // How the decoder of Brotli says what that of gzip says by the other one.
                throw new InvalidDataException(exception.Message, exception);
            }

            if (read == 0)
            {
                break;
            }

            length += read;
        }

        return length;
    }
}
