using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Workflows.Load.Benchmarks;

/// <summary>A client that looks on at one topic over a WebSocket, and notes when what came.</summary>
internal sealed class LiveSocket : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ClientWebSocket _socket = new();
    private readonly List<(string Id, long At)> _received = [];
    private Task _reading = Task.CompletedTask;

    /// <summary>Messages of the topic so far, by their ids, and when they came as a time stamp.</summary>
    public List<(string Id, long At)> Received
    {
        get
        {
            lock (_received)
            {
                return [.. _received];
            }
        }
    }

    public int Count
    {
        get
        {
            lock (_received)
            {
                return _received.Count;
            }
        }
    }

    /// <summary>How often it was told to read anew.</summary>
    public int Resets { get; private set; }

    /// <summary>Connects and subscribes.</summary>
    /// <param name="api">The instance.</param>
    /// <param name="token">The credential.</param>
    /// <param name="topic">What it looks on at.</param>
    /// <param name="after">The id to go on from; null = from now on.</param>
    /// <exception cref="InvalidOperationException">It was refused.</exception>
    public static async Task<LiveSocket> OpenAsync(Uri api, string token, string topic, string? after = null)
    {
        var live = new LiveSocket();
        live._socket.Options.Proxy = null;
        live._socket.Options.KeepAliveInterval = TimeSpan.Zero;
        await live._socket.ConnectAsync(new UriBuilder(api) { Scheme = "ws", Path = "/api/v1/ws" }.Uri, default);
        await live.SendAsync(new { op = "auth", token });
        await live.SendAsync(new { op = "subscribe", topic, after });
        var subscribed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        live._reading = live.ReadAsync(subscribed);
        await subscribed.Task.WaitAsync(Patience);
        return live;
    }

    /// <summary>Leaves as a client does whose network is gone: without a word.</summary>
    public async Task DropAsync()
    {
        _socket.Abort();
        await _reading;
    }

    public void Dispose() => _socket.Dispose();

    private Task SendAsync(object request) => _socket.SendAsync(
        Encoding.UTF8.GetBytes(JsonSerializer.Serialize(request)), WebSocketMessageType.Text, endOfMessage: true,
        default);

    private async Task ReadAsync(TaskCompletionSource subscribed)
    {
        var buffer = new byte[8 * 1024];
        try
        {
            while (true)
            {
                var received = await _socket.ReceiveAsync(buffer.AsMemory(), default);
                var at = Stopwatch.GetTimestamp();
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    subscribed.TrySetException(
                        new InvalidOperationException($"Closed: {_socket.CloseStatusDescription}"));
                    return;
                }

                if (received.EndOfMessage)
                {
                    Handle(JsonElement.Parse(buffer.AsSpan(0, received.Count)), at, subscribed);
                }
            }
        }
        catch (WebSocketException) when (_socket.State == WebSocketState.Aborted)
        {
            subscribed.TrySetCanceled(); // dropped, by itself or by the other side
        }
    }

    private void Handle(JsonElement message, long at, TaskCompletionSource subscribed)
    {
        if (message.TryGetProperty("id", out var id) && message.TryGetProperty("type", out _))
        {
            lock (_received)
            {
                _received.Add((id.GetString()!, at));
            }

            return;
        }

        switch (message.GetProperty("op").GetString())
        {
            case "subscribed":
                subscribed.TrySetResult();
                break;
            case "reset":
                Resets++;
                break;
            case "error":
                subscribed.TrySetException(new InvalidOperationException(message.GetRawText()));
                break;
            default:
                break; // welcome, signs of life
        }
    }
}
