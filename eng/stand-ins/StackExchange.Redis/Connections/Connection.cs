using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text;

namespace StackExchange.Redis;

/// <summary>
/// One socket. Callers put requests into a shared buffer under the bridge's lock; whoever finds it unattended has it
/// sent, and all that gathers meanwhile goes out in the next send. One reader completes the queue of pending replies in
/// order. Only the reader takes from that queue, also when the connection fails, so a reply can never reach the wrong
/// caller. Does not survive its socket: the bridge makes a new one.
/// </summary>
internal sealed class Connection : IThreadPoolWorkItem
{
    private static readonly Command Select = "SELECT";

    private readonly Lock _gate;
    private readonly Stream _stream;
    private readonly Bridge _owner;
    private readonly ConcurrentQueue<IPendingReply> _inFlight = new();
    private readonly Task _reading;
    private RespBuffer _filling = new();
    private RespBuffer _sending = new();
    private byte[] _received = new byte[Limits.ReceiveBufferBytes];
    private bool _attended; // a sender is under way or scheduled
    private int _database;
    private int _repliesInLastRead;
    private long _lastRead = Environment.TickCount64;
    private RedisConnectionException? _failure;

    [SuppressMessage("Reliability", "CA2000", Justification = "The task is kept; the stream is the caller's to give.")]
    public Connection(Lock gate, Stream stream, EndPoint endPoint, Bridge owner)
    {
        _gate = gate;
        _stream = stream;
        _owner = owner;
        EndPoint = endPoint;
        _reading = Task.Run(ReadAllAsync);
    }

    public EndPoint EndPoint { get; }

    /// <summary>Ends, without error, once the socket is gone and every pending reply has failed.</summary>
    public Task Completion => _reading;

    public RedisConnectionException? Failure => Volatile.Read(ref _failure);

    public bool IsIdle => _inFlight.IsEmpty;

    public int InFlightCount => _inFlight.Count;

    public long LastReadTick => Volatile.Read(ref _lastRead);

    /// <summary>Puts a request at the end of the line. The caller holds the gate; true means it must then send.</summary>
    public bool Write(IPendingReply reply, int database, Command command, ReadOnlySpan<RedisValue> arguments)
    {
        SelectDatabase(database);
        var wasIdle = _inFlight.IsEmpty;
        _filling.WriteCommand(command, arguments);
        _inFlight.Enqueue(reply);
        return Attend(wasIdle);
    }

    /// <summary>As <see cref="Write"/> for requests already in wire form, one per reply.</summary>
    public bool WriteRaw(ReadOnlySpan<IPendingReply> replies, int database, ReadOnlySpan<byte> requests)
    {
        SelectDatabase(database);
        var wasIdle = _inFlight.IsEmpty;
        _filling.WriteRaw(requests);
        foreach (var reply in replies)
        {
            _inFlight.Enqueue(reply);
        }

        return Attend(wasIdle);
    }

    /// <summary>Sends what has gathered. Called outside the gate.</summary>
    public void Send() => _ = SendAllAsync();

    void IThreadPoolWorkItem.Execute() => _ = SendAllAsync();

    /// <summary>Ends the connection; the first reason given is the one that counts.</summary>
    public void Fail(ConnectionFailureType type, string message, Exception? inner)
    {
        var failure = inner as RedisConnectionException ?? new RedisConnectionException(type, message, inner, CommandStatus.Sent);
        if (Interlocked.CompareExchange(ref _failure, failure, null) is null)
        {
            _owner.OnClosing(this);
            _stream.Dispose(); // wakes the reader, which fails whatever is pending
        }
    }

    /// <summary>Tells callers whose time is up. Their places in the queue stay, for the replies may still come.</summary>
    public int FailOverdue(long now, Func<IPendingReply, Exception> overdue)
    {
        if (!_inFlight.TryPeek(out var oldest) || (oldest.Deadline > now && oldest is not DiscardedReply))
        {
            return 0;
        }

        var count = 0;
        foreach (var reply in _inFlight)
        {
            if (reply.Deadline <= now)
            {
                count++;
                if (!reply.IsCompleted)
                {
                    reply.Fail(overdue(reply));
                }
            }
        }

        return count;
    }

    private void SelectDatabase(int database)
    {
        if (database >= 0 && database != _database)
        {
            _filling.WriteCommand(Select, [database]);
            _inFlight.Enqueue(DiscardedReply.Instance);
            _database = database;
        }
    }

    /// <summary>
    /// A lone caller sends at once on its own thread, which saves a hop of the thread pool. With more callers about, the
    /// send goes to the end of the pool's queue: by then the others have added theirs, and one system call takes all.
    /// </summary>
    private bool Attend(bool wasIdle)
    {
        if (_attended)
        {
            return false;
        }

        _attended = true;
        if (wasIdle && _repliesInLastRead <= 1)
        {
            return true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        return false;
    }

    private async Task SendAllAsync()
    {
        try
        {
            while (true)
            {
                lock (_gate)
                {
                    _sending.Clear();
                    if (_filling.Length == 0)
                    {
                        _attended = false;
                        return;
                    }

                    (_filling, _sending) = (_sending, _filling);
                }

                await _stream.WriteAsync(_sending.Memory).ConfigureAwait(false);
            }
        }
        catch (Exception e)
        {
            Fail(ConnectionFailureType.SocketFailure, $"Sending to {EndPointCollection.ToString(EndPoint)} failed: {e.Message}", e);
        }
    }

    private async Task ReadAllAsync()
    {
        try
        {
            var start = 0;
            var end = 0;
            var scanner = new RespScanner();
            while (true)
            {
                MakeRoom(ref start, ref end, scanner.NeededBytes);
                var count = await _stream.ReadAsync(_received.AsMemory(end)).ConfigureAwait(false);
                if (count == 0)
                {
                    Fail(ConnectionFailureType.SocketClosed,
                        $"The server at {EndPointCollection.ToString(EndPoint)} closed the connection", null);
                    break;
                }

                end += count;
                Volatile.Write(ref _lastRead, Environment.TickCount64);
                start += Dispatch(_received.AsSpan(start, end - start), ref scanner);
            }
        }
        catch (Exception e)
        {
            Fail(e is RedisConnectionException ? ConnectionFailureType.ProtocolFailure : ConnectionFailureType.SocketFailure,
                $"Reading from {EndPointCollection.ToString(EndPoint)} failed: {e.Message}", e);
        }

        FailInFlight();
    }

    /// <summary>Completes the replies that are whole and returns how many bytes they took.</summary>
    private int Dispatch(ReadOnlySpan<byte> bytes, ref RespScanner scanner)
    {
        var used = 0;
        var replies = 0;
        while (used < bytes.Length && scanner.TryScan(bytes[used..], out var length))
        {
            Complete(bytes.Slice(used, length));
            used += length;
            replies++;
        }

        _repliesInLastRead = replies;
        return used;
    }

    private void Complete(ReadOnlySpan<byte> bytes)
    {
        var reader = new RespReader(bytes);
        if (_owner.TryTakeOutOfBand(reader))
        {
            return;
        }

        if (!_inFlight.TryDequeue(out var reply))
        {
            throw new RedisConnectionException(
                ConnectionFailureType.ProtocolFailure, "The server sent a reply that nothing asked for");
        }

        if (reader.IsError)
        {
            var message = reader.ReadText() ?? string.Empty;
            _owner.OnServerError(this, message);
            reply.ServerError(message);
            return;
        }

        try
        {
            reply.Complete(ref reader);
        }
        catch (Exception e)
        {
            reply.Fail(e); // a shape this client does not know; the reply's bounds are known, so the others are safe
        }
    }

    private void MakeRoom(ref int start, ref int end, int neededBytes)
    {
        if (start == end)
        {
            start = end = 0;
            if (_received.Length > Limits.RetainedBufferBytes && neededBytes <= Limits.ReceiveBufferBytes)
            {
                _received = new byte[Limits.ReceiveBufferBytes];
            }
        }

        if (end < _received.Length && start + neededBytes <= _received.Length)
        {
            return;
        }

        var held = end - start;
        var target = _received;
        if (neededBytes > target.Length || held == target.Length)
        {
            // Twice as much each time, but not much beyond the reply when its length is known.
            target = new byte[(int)Math.Min(Limits.MaxReplyBytes + 16L, Math.Max(neededBytes, target.Length * 2L))];
        }

        Buffer.BlockCopy(_received, start, target, 0, held);
        _received = target;
        (start, end) = (0, held);
    }

    private void FailInFlight()
    {
        var failure = Failure!;
        lock (_gate)
        {
            _attended = true; // nothing is sent any more
        }

        while (_inFlight.TryDequeue(out var reply))
        {
            reply.Fail(new RedisConnectionException(
                failure.FailureType,
                $"{failure.Message}; {reply.Command} was under way, it may or may not have run",
                failure,
                CommandStatus.Sent));
        }
    }

    public override string ToString() =>
        new StringBuilder(EndPointCollection.ToString(EndPoint)).Append(", in flight: ").Append(InFlightCount).ToString();
}
