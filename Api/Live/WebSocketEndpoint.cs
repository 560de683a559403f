using System.Net.WebSockets;
using System.Text.Json;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Live;

namespace Workflows.Api.Live;

/// <summary>
/// Looking on over a WebSocket. The credential comes in the first message, not in the address, where it would be
/// logged: <c>{"op":"auth","token":"…"}</c> with an access token or an API key.
/// </summary>
internal sealed class WebSocketEndpoint(
    LiveHub hub, LiveRights rights, Callers callers, LivePublisher publisher, LiveOptions options, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/ws", (HttpContext context, WebSocketEndpoint endpoint) => endpoint.HandleAsync(context))
            .WithTags("Live").AllowAnonymous().WithMetadata(new SuccessStatus(101))
            .WithSummary("Look on at what happens, over a WebSocket");

    private async Task<Microsoft.AspNetCore.Http.IResult> HandleAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            return new Problem(Errors.BadRequest, "This address speaks WebSocket; /api/v1/stream is for others.");
        }

        if (!IsKnownOrigin(context.Request))
        {
            return new Problem(Errors.Forbidden, "Pages of this origin may not connect.");
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync(
            new WebSocketAcceptContext
            {
                KeepAliveInterval = Limits.LiveHeartbeat, KeepAliveTimeout = Limits.LiveHeartbeat,
            });
        var connection = new LiveConnection();
        var session = new LiveSession(hub, rights, callers, publisher, connection, clock);
        // A receive that is cancelled would cut the client off before it hears why.
        using var patience = clock.CreateTimer(
            _ => CloseUnknown(session, connection), null, Limits.LiveAuthentication, Timeout.InfiniteTimeSpan);
        var reading = ReadAsync(socket, session, connection, context.RequestAborted);
        try
        {
            await WriteAsync(socket, connection);
            await Task.WhenAny(reading, Task.Delay(Limits.LiveWrite, clock, context.RequestAborted));
        }
        finally
        {
            socket.Abort(); // nothing, where both sides have closed
            await reading;
            await session.LeaveAsync();
        }

        return Results.Empty;
    }

    private static void CloseUnknown(LiveSession session, LiveConnection connection)
    {
        if (session.Caller is null)
        {
            connection.Close(LiveEnd.NotAuthenticated);
        }
    }

    private bool IsKnownOrigin(HttpRequest request)
    {
        var origin = request.Headers.Origin.ToString();
        return origin.Length == 0
            || (Uri.TryCreate(origin, UriKind.Absolute, out var uri)
                && string.Equals(uri.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase))
            || options.Origins.Contains(origin, StringComparer.OrdinalIgnoreCase);
    }

    private async Task ReadAsync(
        WebSocket socket, LiveSession session, LiveConnection connection, CancellationToken cancellationToken)
    {
        var buffer = new byte[Limits.LiveRequestBytes];
        var pace = new Pace(clock);
        try
        {
            // What comes after the end is read and dropped: a client must get to the reason, which a reset would lose.
            while (await ReceiveAsync(socket, buffer, cancellationToken) is { } length)
            {
                if (connection.End is not null)
                {
                    continue;
                }

                if (!pace.Allows())
                {
                    connection.Close(LiveEnd.TooMuch);
                }
                else if (length < 0 || !await HandleAsync(buffer.AsMemory(0, length), session, cancellationToken))
                {
                    connection.Close(LiveEnd.NotUnderstood);
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or WebSocketException)
        {
            connection.Close(LiveEnd.Left); // the connection broke, or was cut off
        }

        connection.Close(LiveEnd.Left); // where nobody had another reason
    }

    /// <returns>Bytes of one message; -1 when it is no text or too long; null at the end.</returns>
    private static async Task<int?> ReceiveAsync(WebSocket socket, byte[] buffer, CancellationToken cancellationToken)
    {
        var length = 0;
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            length += received.Count;
            var isFull = length == buffer.Length && !received.EndOfMessage;
            if (received.MessageType != WebSocketMessageType.Text || isFull)
            {
                return -1;
            }

            if (received.EndOfMessage)
            {
                return length;
            }
        }
    }

    private static async Task<bool> HandleAsync(
        ReadOnlyMemory<byte> message, LiveSession session, CancellationToken cancellationToken)
    {
        LiveRequest? request;
        try
        {
            request = JsonSerializer.Deserialize<LiveRequest>(message.Span, JsonSerializerOptions.Web);
        }
        catch (JsonException)
        {
            return false;
        }

        switch (request)
        {
            case { Op: "auth", Token: { } token }:
                if (await session.AuthenticateAsync(token, cancellationToken))
                {
                    session.Welcome();
                }

                return true;
            case null or { Op: null }:
                return false;
            case var _ when session.Caller is null:
                return false; // nothing else comes first
            case { Op: "subscribe", Topic: { } topic }:
                await session.SubscribeAsync(topic, request.After, cancellationToken);
                return true;
            case { Op: "unsubscribe", Topic: { } topic }:
                await session.UnsubscribeAsync(topic);
                return true;
            case { Op: "presence", Topic: { } topic }:
                await session.ShowPresenceAsync(topic, request.Data);
                return true;
            case { Op: "ping" }:
                session.Answer("pong");
                return true;
            default:
                return false;
        }
    }

    private async Task WriteAsync(WebSocket socket, LiveConnection connection)
    {
        try
        {
            while (await connection.Outbox.WaitToReadAsync(CancellationToken.None))
            {
                while (connection.Outbox.TryRead(out var frame) && connection.End != LiveEnd.SlowConsumer)
                {
                    using var patience = new CancellationTokenSource(Limits.LiveWrite, clock);
                    await socket.SendAsync(
                        frame.Json, WebSocketMessageType.Text, WebSocketMessageFlags.EndOfMessage, patience.Token);
                }
            }

            var end = connection.End ?? LiveEnd.Left;
            using var last = new CancellationTokenSource(Limits.LiveWrite, clock);
            await socket.CloseOutputAsync(
                (WebSocketCloseStatus)end.Status, $"{end.Code}: {end.Message}", last.Token);
        }
        catch (Exception exception)
            when (exception is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            connection.Close(LiveEnd.SlowConsumer); // it neither reads nor leaves
        }
    }

    /// <summary>What a client asks.</summary>
    private sealed record LiveRequest(string? Op, string? Token, string? Topic, string? After, JsonElement Data);

    /// <summary>How many requests of a client are handled in a second.</summary>
    private sealed class Pace(TimeProvider clock)
    {
        private long _began = clock.GetTimestamp();
        private int _count;

        public bool Allows()
        {
            if (clock.GetElapsedTime(_began) >= TimeSpan.FromSeconds(1))
            {
                (_began, _count) = (clock.GetTimestamp(), 0);
            }

            return ++_count <= Limits.LiveOpsPerSecond;
        }
    }
}
