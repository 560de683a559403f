using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Workflows.Provider;

/// <summary>What a provider was asked.</summary>
/// <param name="Headers">By their names, whatever their case.</param>
public sealed record ProviderCall(string Path, JsonObject Body, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>The text of the last message.</summary>
    public string LastText => Wire.TextOf(Body["messages"]?.AsArray().LastOrDefault()?["content"]);
}

/// <summary>
/// A small real server that speaks as providers of models do: OpenAI (<c>/v1</c>), Anthropic, Ollama; whole and streamed
/// answers, tools, schemas, embeddings, and the ways in which providers fail. What it says is worked out from the
/// question, so that a run of it is the same each time. For tests and samples: no model is behind it.
/// </summary>
public sealed class ProviderServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<ProviderAnswer> _next = new();

    private ProviderServer(WebApplication app) => _app = app;

    public ConcurrentQueue<ProviderCall> Calls { get; } = new();

    /// <summary>Without a path: what Anthropic's and Ollama's clients take; OpenAI's take it with /v1.</summary>
    public string Address => _app.Urls.First();

    /// <summary>How long each answer takes.</summary>
    public TimeSpan Delay { get; set; }

    public static async Task<ProviderServer> StartAsync(int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = 64 * 1024 * 1024)
            .UseUrls($"http://127.0.0.1:{port}");
        var app = builder.Build();
        var server = new ProviderServer(app);
        app.MapPost("/v1/chat/completions", context => server.AnswerAsync(context, OpenAiWire.WriteAsync));
        app.MapPost("/v1/embeddings", context => server.AnswerAsync(context, EmbeddingWire.WriteOpenAiAsync));
        app.MapPost("/v1/messages", context => server.AnswerAsync(context, AnthropicWire.WriteAsync));
        app.MapPost("/api/chat", context => server.AnswerAsync(context, OllamaWire.WriteAsync));
        app.MapPost("/api/embed", context => server.AnswerAsync(context, EmbeddingWire.WriteOllamaAsync));
        await app.StartAsync(CancellationToken.None);
        return server;
    }

    /// <summary>Says how the next calls answer, one each; afterwards it works answers out again.</summary>
    public void Next(params ProviderAnswer[] answers)
    {
        foreach (var answer in answers)
        {
            _next.Enqueue(answer);
        }
    }

    public Task UntilStoppedAsync() => _app.WaitForShutdownAsync(CancellationToken.None);

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context, Func<HttpContext, ProviderCall, ProviderAnswer, Task> write)
    {
        var body = await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        var call = new ProviderCall(
            context.Request.Path.Value!,
            body!.AsObject(),
            context.Request.Headers.ToDictionary(
                header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase));
        Calls.Enqueue(call);
        var answer = _next.TryDequeue(out var said) ? said : new ProviderAnswer();
        await Task.Delay(answer.Delay ?? Delay, context.RequestAborted);
        if (answer.Status is { } status)
        {
            context.Response.StatusCode = status;
            if (answer.RetryAfter is { } wait)
            {
                context.Response.Headers.RetryAfter = wait;
            }

            await context.Response.WriteAsync(
                answer.Raw ?? Wire.Error(call.Path, answer.Text ?? "It went wrong."), context.RequestAborted);
            return;
        }

        await write(context, call, answer with { Text = answer.Text ?? Thought.Of(call.Body) });
    }
}

/// <summary>How one call is answered; what is left out is worked out from the question.</summary>
public sealed record ProviderAnswer
{
    /// <summary>An error of this status, its text the message.</summary>
    public int? Status { get; init; }

    public string? RetryAfter { get; init; }

    /// <summary>The body of an error as it is.</summary>
    public string? Raw { get; init; }

    public string? Text { get; init; }

    /// <summary>A tool to be called, with its arguments.</summary>
    public (string Name, string Arguments)? Tool { get; init; }

    /// <summary>The connection ends in the midst of the answer.</summary>
    public bool BreaksOff { get; init; }

    /// <summary>It tells no tokens.</summary>
    public bool HidesUsage { get; init; }

    /// <summary>Before the answer, and between the parts of one that is streamed.</summary>
    public TimeSpan? Delay { get; init; }

    /// <summary>Numbers of each vector.</summary>
    public int Dimensions { get; init; } = 8;

    internal string FinishReason => Tool is null ? "stop" : "tool_calls";
}
