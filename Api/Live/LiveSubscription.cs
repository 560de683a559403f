using Workflows.Data.Live;

namespace Workflows.Api.Live;

/// <summary>
/// One topic of one connection. Guarantees: in the order of the stream, nothing twice; what comes while the past is
/// still being read waits for it. Thread-safe.
/// </summary>
internal sealed class LiveSubscription(LiveConnection connection, string topic)
{
    private readonly Lock _gate = new();
    private List<(LiveId Id, LiveFrame Frame)>? _held = [];
    private LiveId _last;

    /// <summary>As the client named it.</summary>
    public string Topic => topic;

    public LiveConnection Connection => connection;

    /// <summary>A message of now.</summary>
    public void Deliver(LiveId id, LiveFrame frame)
    {
        lock (_gate)
        {
            if (_held is { } held)
            {
                held.Add((id, frame));
                if (held.Count > Limits.LiveBacklog)
                {
                    connection.Close(LiveEnd.SlowConsumer);
                }
            }
            else
            {
                Send(id, frame);
            }
        }
    }

    /// <summary>Begins with what was read of the past, then what was held meanwhile.</summary>
    public void Begin(LiveFrame? answer, IEnumerable<(LiveId Id, LiveFrame Frame)> past)
    {
        lock (_gate)
        {
            if (answer is not null)
            {
                connection.Send(answer);
            }

            foreach (var (id, frame) in past.Concat(_held ?? []))
            {
                Send(id, frame);
            }

            _held = null;
        }
    }

    /// <summary>Something may have been missed: the client must read anew what it shows.</summary>
    public void Reset(LiveId head) =>
        connection.Send(LiveFrame.Control("reset", ("topic", topic), ("id", head.ToString())));

    private void Send(LiveId id, LiveFrame frame)
    {
        if (id > _last)
        {
            _last = id;
            connection.Send(frame);
        }
    }
}
