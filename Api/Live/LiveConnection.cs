using System.Threading.Channels;

namespace Workflows.Api.Live;

/// <summary>
/// The way out to one client. Guarantees: bounded; a client that does not read fast enough is dropped with a reason
/// rather than waited for. Thread-safe.
/// </summary>
internal sealed class LiveConnection
{
    private readonly Channel<LiveFrame> _outbox = Channel.CreateBounded<LiveFrame>(
        new BoundedChannelOptions(Limits.LiveBacklog) { SingleReader = true });

    /// <summary>Why it ends; null while it goes on.</summary>
    public LiveEnd? End { get; private set; }

    /// <summary>What is to be written, until the end.</summary>
    public ChannelReader<LiveFrame> Outbox => _outbox.Reader;

    /// <summary>Puts a frame into the way out.</summary>
    public void Send(LiveFrame frame)
    {
        if (!_outbox.Writer.TryWrite(frame))
        {
            Close(LiveEnd.SlowConsumer);
        }
    }

    /// <summary>Ends it; what is in the way out is still written, unless the client is too slow. The first reason
    /// counts.</summary>
    public void Close(LiveEnd end)
    {
        End ??= end;
        _outbox.Writer.TryComplete();
    }
}

/// <summary>Why a connection ends.</summary>
/// <param name="Status">Of a WebSocket: 1000 to 1015 by RFC 6455, 4000 and up are ours.</param>
internal sealed record LiveEnd(int Status, string Code, string Message)
{
    public static readonly LiveEnd Left = new(1000, "CLIENT_LEFT", "The client has left.");

    public static readonly LiveEnd Restart = new(1012, "RESTART", "This instance stops; connect again.");

    public static readonly LiveEnd SlowConsumer =
        new(4408, "SLOW_CONSUMER", $"More than {Limits.LiveBacklog} messages waited to be read.");

    public static readonly LiveEnd NotAuthenticated =
        new(4401, "UNAUTHENTICATED", "No valid credential came in time.");

    public static readonly LiveEnd TooMuch =
        new(4429, "TOO_MANY_REQUESTS", $"More than {Limits.LiveOpsPerSecond} requests in a second.");

    public static readonly LiveEnd TooMany =
        new(4429, "TOO_MANY_CONNECTIONS", "The caller has as many connections as are allowed.");

    public static readonly LiveEnd NotUnderstood =
        new(1007, "INVALID_JSON", $"A request is a JSON object of at most {Limits.LiveRequestBytes} bytes.");
}
