namespace StackExchange.Redis;

/// <summary>Commands that wait for a connection, in order and already in wire form. The bridge's lock guards it.</summary>
internal sealed class Backlog
{
    private readonly Queue<Entry> _entries = new();
    private readonly RespBuffer _encoder = new();
    private int _commands;
    private long _bytes;

    public bool IsFull => _commands >= Limits.MaxBacklogCommands || _bytes >= Limits.MaxBacklogBytes;

    public void Add(IPendingReply reply, int database, Command command, ReadOnlySpan<RedisValue> arguments)
    {
        _encoder.Clear();
        _encoder.WriteCommand(command, arguments);
        Add(new Entry([reply], database, _encoder.ToArray()));
    }

    public void AddBlock(ReadOnlySpan<IPendingReply> replies, int database, ReadOnlySpan<byte> requests) =>
        Add(new Entry(replies.ToArray(), database, requests.ToArray()));

    /// <summary>Writes all that still has somebody waiting; true when the caller must send.</summary>
    public bool MoveTo(Connection connection)
    {
        var send = false;
        while (_entries.TryDequeue(out var entry))
        {
            if (!entry.IsAbandoned)
            {
                send |= connection.WriteRaw(entry.Replies, entry.Database, entry.Requests);
            }
        }

        (_commands, _bytes) = (0, 0);
        return send;
    }

    /// <summary>All commands of a multiplexer have the same time, so the oldest is overdue first.</summary>
    public void FailOverdue(long now, Func<IPendingReply, Exception> overdue)
    {
        while (_entries.TryPeek(out var entry) && (entry.Deadline <= now || entry.IsAbandoned))
        {
            _entries.Dequeue();
            _commands -= entry.Replies.Length;
            _bytes -= entry.Requests.Length;
            Fail(entry, overdue);
        }
    }

    public void FailAll(Func<IPendingReply, Exception> reason)
    {
        while (_entries.TryDequeue(out var entry))
        {
            Fail(entry, reason);
        }

        (_commands, _bytes) = (0, 0);
    }

    private void Add(Entry entry)
    {
        _entries.Enqueue(entry);
        _commands += entry.Replies.Length;
        _bytes += entry.Requests.Length;
    }

    private static void Fail(Entry entry, Func<IPendingReply, Exception> reason)
    {
        foreach (var reply in entry.Replies)
        {
            if (!reply.IsCompleted)
            {
                reply.Fail(reason(reply));
            }
        }
    }

    private readonly record struct Entry(IPendingReply[] Replies, int Database, byte[] Requests)
    {
        public long Deadline => Replies.Min(reply => reply.Deadline);

        public bool IsAbandoned => Array.TrueForAll(Replies, reply => reply.IsCompleted);
    }
}
