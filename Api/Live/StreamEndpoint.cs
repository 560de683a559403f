using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Live;

namespace Workflows.Api.Live;

/// <param name="Topics">
/// Separated by commas; each may have the id to go on from, as <c>executions@1764538000000-3</c>.
/// </param>
internal sealed record StreamQuery([property: FromQuery(Name = "topics")] string? Topics);

/// <summary>Looking on by server-sent events: what a WebSocket carries, for clients that only read.</summary>
internal static class StreamEndpoint
{
    public static void MapStream(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/stream", HandleAsync).WithTags("Live").Requires(Permission.None)
            .WithSummary("Look on at what happens, by server-sent events");

    private static async Task<IResult> HandleAsync(
        [AsParameters] StreamQuery query, HttpContext context, LiveHub hub, LiveRights rights, Callers callers,
        LivePublisher publisher, TimeProvider clock)
    {
        var topics = (query.Topics ?? "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (topics.Length is 0 or > Limits.LiveTopicsPerConnection)
        {
            return Problem.Parameter(
                "topics", $"Name 1 to {Limits.LiveTopicsPerConnection} topics, as topics=executions,user.");
        }

        var caller = Caller.Of(context);
        foreach (var topic in topics)
        {
            // Each by itself, so that the scope of one who sees only what was granted is his.
            if (await rights.CheckAsync(caller, Place(topic).Topic, context.RequestAborted) is { } problem)
            {
                return problem;
            }
        }

        var connection = new LiveConnection();
        var session = new LiveSession(hub, rights, callers, publisher, connection, clock);
        var credential = CallerMiddleware.Credential(context.Request.Headers)!;
        if (!await session.AuthenticateAsync(credential, context.RequestAborted))
        {
            await session.LeaveAsync(); // else it would count for ever
            return new Problem(Errors.RateLimited, connection.End!.Message);
        }

        try
        {
            foreach (var topic in topics)
            {
                var (name, after) = Place(topic);
                await session.SubscribeAsync(name, after, context.RequestAborted);
            }

            await WriteAsync(context, connection, clock);
        }
        finally
        {
            await session.LeaveAsync();
            connection.Close(LiveEnd.Left);
        }

        return Results.Empty;
    }

    private static (string Topic, string? After) Place(string text)
    {
        var at = text.IndexOf('@', StringComparison.Ordinal);
        return at < 0 ? (text, null) : (text[..at], text[(at + 1)..]);
    }

    private static async Task WriteAsync(HttpContext context, LiveConnection connection, TimeProvider clock)
    {
        var response = context.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no"; // a proxy that collects would make it late
        try
        {
            while (await connection.Outbox.WaitToReadAsync(context.RequestAborted))
            {
                while (connection.End != LiveEnd.SlowConsumer && connection.Outbox.TryRead(out var frame))
                {
                    Write(response, frame);
                }

                using var patience = new CancellationTokenSource(Limits.LiveWrite, clock);
                await response.BodyWriter.FlushAsync(patience.Token);
            }

            Write(response, LiveFrame.Control(
                "end", ("code", connection.End?.Code), ("message", connection.End?.Message)));
            await response.BodyWriter.FlushAsync(context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            context.Abort(); // it has left, or does not read
        }
    }

    private static void Write(HttpResponse response, LiveFrame frame)
    {
        var writer = response.BodyWriter;
        if (frame.Id is { } id)
        {
            writer.Write("id: "u8);
            writer.Write(System.Text.Encoding.ASCII.GetBytes(id));
            writer.Write("\n"u8);
        }

        writer.Write("data: "u8);
        writer.Write(frame.Json.Span); // JSON has no line breaks of its own
        writer.Write("\n\n"u8);
    }

    private static void Write(this System.IO.Pipelines.PipeWriter writer, ReadOnlySpan<byte> bytes) =>
        System.Buffers.BuffersExtensions.Write(writer, bytes);
}
