using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Workflows.Api.Tests.Live;

/// <summary>A client that looks on over a WebSocket, as a console does.</summary>
internal sealed class LiveClient : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ClientWebSocket _socket = new();
    private readonly byte[] _buffer = new byte[256 * 1024];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public string? CloseReason => _socket.CloseStatusDescription;

    public int? CloseStatus => (int?)_socket.CloseStatus;

    public static async Task<LiveClient> ConnectAsync(Uri api, string? origin = null)
    {
        var client = new LiveClient();
        if (origin is not null)
        {
            client._socket.Options.SetRequestHeader("Origin", origin);
        }

        await client._socket.ConnectAsync(new UriBuilder(api) { Scheme = "ws", Path = "/api/v1/ws" }.Uri, Token);
        return client;
    }

    /// <summary>Connected, known, subscribed.</summary>
    public static async Task<LiveClient> SubscribeAsync(Uri api, string token, string topic, string? after = null)
    {
        var client = await ConnectAsync(api);
        await client.SendAsync(new { op = "auth", token });
        await client.NextAsync("welcome");
        await client.SendAsync(new { op = "subscribe", topic, after });
        Assert.True((await client.NextAsync("subscribed")).GetProperty("live").GetBoolean());
        return client;
    }

    public Task SendAsync(object request) => SendTextAsync(JsonSerializer.Serialize(request));

    public Task SendTextAsync(string text) =>
        _socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, Token);

    /// <summary>The next message; null when the server has closed.</summary>
    public async Task<JsonElement?> ReceiveAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(Patience);
        var length = 0;
        while (true)
        {
            var received = await _socket.ReceiveAsync(_buffer.AsMemory(length), patience.Token);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            length += received.Count;
            if (received.EndOfMessage)
            {
                return JsonElement.Parse(_buffer.AsSpan(0, length));
            }
        }
    }

    /// <summary>The next of this op, or the next message of this type; others are passed over.</summary>
    public async Task<JsonElement> NextAsync(string opOrType)
    {
        while (await ReceiveAsync() is { } message)
        {
            if (Text(message, "op") == opOrType || Text(message, "type") == opOrType)
            {
                return message;
            }
        }

        throw new InvalidOperationException($"Closed before '{opOrType}': {CloseStatus} {CloseReason}");
    }

    public static string? Text(JsonElement message, string name) =>
        message.TryGetProperty(name, out var value) ? value.GetString() : null;

    public async ValueTask DisposeAsync()
    {
        if (_socket.State is WebSocketState.Open)
        {
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Token);
        }

        _socket.Dispose();
    }
}
