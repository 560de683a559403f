using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Workflows.AiSearch.Tests;

/// <summary>A small real server that speaks OpenAI's embeddings call: each word has a direction of its own.</summary>
internal sealed class EmbeddingServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private EmbeddingServer(WebApplication app) => _app = app;

    /// <summary>Texts embedded so far.</summary>
    public List<string> Texts { get; } = [];

    /// <summary>Statuses to answer with before the next good answer.</summary>
    public Queue<int> Failures { get; } = new();

    public bool IsDown { get; set; }

    public int? WrongDimension { get; set; }

    public string? LastAuthorization { get; private set; }

    public Uri Address { get; private set; } = null!;

    public static async Task<EmbeddingServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var server = new EmbeddingServer(app);
        app.MapPost("/v1/embeddings", server.AnswerAsync);
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        server.Address = new Uri(address + "/v1");
        return server;
    }

    public Dictionary<string, string?> Settings(string model = "words") => new()
    {
        ["Search:Embeddings:Provider"] = "openai",
        ["Search:Embeddings:Endpoint"] = Address.ToString(),
        ["Search:Embeddings:ApiKey"] = "test-key",
        ["Search:Embeddings:Model"] = model,
        ["Search:Embeddings:Dimension"] = "768",
    };

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        LastAuthorization = context.Request.Headers.Authorization;
        if (IsDown || Failures.Count > 0)
        {
            context.Response.StatusCode = IsDown ? StatusCodes.Status400BadRequest : Failures.Dequeue();
            return;
        }

        using var body = await JsonDocument.ParseAsync(context.Request.Body);
        var texts = body.RootElement.GetProperty("input").EnumerateArray().Select(text => text.GetString()!).ToList();
        var dimension = WrongDimension ?? body.RootElement.GetProperty("dimensions").GetInt32();
        lock (Texts)
        {
            Texts.AddRange(texts);
        }

        await context.Response.WriteAsJsonAsync(new
        {
            data = texts.Select((text, index) => new { index, embedding = Embed(text, dimension) }).Reverse(),
        });
    }

    private static float[] Embed(string text, int dimension)
    {
        var vector = new float[dimension];
        foreach (var word in text.ToLowerInvariant().Split([' ', '\n', '.', ','], StringSplitOptions.RemoveEmptyEntries))
        {
            vector[SHA256.HashData(Encoding.UTF8.GetBytes(word))[0]] += 1;
        }

        return vector;
    }
}
