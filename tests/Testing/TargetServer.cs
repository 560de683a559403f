using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Workflows.Testing;

/// <summary>What a target outside received.</summary>
public sealed record ReceivedCall(string Method, string Path, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public string IdempotencyKey => Headers["Idempotency-Key"];
}

/// <summary>The world outside: a real HTTP server on loopback that writes down each call before it answers.</summary>
public sealed class TargetServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, Func<HttpContext, int, Task>> _answers = new();
    private readonly ConcurrentDictionary<string, int> _counts = new();

    private TargetServer(WebApplication app) => _app = app;

    public ConcurrentQueue<ReceivedCall> Calls { get; } = new();

    public int Port => new Uri(_app.Urls.First()).Port;

    public string Url(string path) => $"http://127.0.0.1:{Port}{path}";

    public static async Task<TargetServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new TargetServer(app);
        app.Run(server.AnswerAsync);
        await app.StartAsync(CancellationToken.None);
        return server;
    }

    /// <summary>Says how a path answers; the number counts its calls from 1. Other paths answer 200 with <c>{"ok": true}</c>.</summary>
    public string On(string path, Func<HttpContext, int, Task> answer)
    {
        _answers[path] = answer;
        return Url(path);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync(context.RequestAborted);
        var path = context.Request.Path.Value!;
        Calls.Enqueue(new ReceivedCall(
            context.Request.Method, path + context.Request.QueryString, body,
            context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
        var count = _counts.AddOrUpdate(path, 1, (_, before) => before + 1);
        if (_answers.TryGetValue(path, out var answer))
        {
            await answer(context, count);
        }
        else
        {
            await context.Response.WriteAsJsonAsync(new { ok = true }, context.RequestAborted);
        }
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
