using System.Collections.Concurrent;
using System.Globalization;
using System.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Workflows.Testing;

/// <summary>
/// A store that speaks S3 on loopback: one bucket, <c>b</c>. It judges every signature by itself (<see
/// cref="SignatureV4"/>).
/// </summary>
public sealed class ObjectStore : IAsyncDisposable
{
    public const string AccessKey = "AK";
    public const string Secret = "secret-access-key";

    private readonly WebApplication _app;
    private readonly SignatureV4 _signature = new(AccessKey, Secret, "us-east-1");

    private ObjectStore(WebApplication app) => _app = app;

    public ConcurrentDictionary<string, byte[]> Objects { get; } = new();

    public ConcurrentDictionary<string, string> ContentTypes { get; } = new();

    /// <summary>Every request that came, good or not.</summary>
    public ConcurrentQueue<SignedRequest> Requests { get; } = new();

    /// <summary>Answers in place of the store's own, once the signature was found good.</summary>
    public Func<HttpContext, Task>? Instead { get; set; }

    /// <summary>The time by which signatures are judged.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    public string Address => _app.Urls.First();

    public static async Task<ObjectStore> StartAsync(TimeProvider? clock = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var store = new ObjectStore(app) { Clock = clock ?? TimeProvider.System };
        app.Run(store.AnswerAsync);
        await app.StartAsync(CancellationToken.None);
        return store;
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var request = new SignedRequest(
            context.Request.Method,
            context.Features.Get<IHttpRequestFeature>()!.RawTarget,
            context.Request.Headers.ToDictionary(
                header => header.Key.ToLowerInvariant(), header => header.Value.ToString()),
            body.ToArray());
        Requests.Enqueue(request);
        if (_signature.FindProblem(request, Clock.GetUtcNow()) is { } problem)
        {
            await FailAsync(context, 403, problem);
            return;
        }

        await (Instead ?? ServeAsync(request))(context);
    }

    private Func<HttpContext, Task> ServeAsync(SignedRequest request) => async context =>
    {
        var key = context.Request.Path.Value!["/b".Length..].TrimStart('/');
        switch (request.Method)
        {
            case "PUT":
                Objects[key] = request.Body;
                ContentTypes[key] = context.Request.ContentType ?? "";
                break;
            case "DELETE":
                Objects.TryRemove(key, out _);
                context.Response.StatusCode = 204;
                break;
            case "GET" when key.Length == 0:
                await context.Response.WriteAsync(List(context.Request.Query), context.RequestAborted);
                break;
            case "GET" when Objects.TryGetValue(key, out var content):
                await context.Response.Body.WriteAsync(content, context.RequestAborted);
                break;
            default:
                await FailAsync(context, 404, "NoSuchKey");
                break;
        }
    };

    private static async Task FailAsync(HttpContext context, int status, string code)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/xml";
        await context.Response.WriteAsync(
            $"<Error><Code>{code}</Code><Message>No.</Message></Error>", context.RequestAborted);
    }

    private string List(IQueryCollection query)
    {
        var (prefix, count) = ((string)query["prefix"]!, int.Parse(query["max-keys"]!, CultureInfo.InvariantCulture));
        var keys = Objects.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal).ToList();
        var items = keys.Take(count).Select(key => $"""
            <Contents>
              <Key>{SecurityElement.Escape(key)}</Key>
              <Size>{Objects[key].Length}</Size>
              <LastModified>2026-01-01T00:00:00.000Z</LastModified>
            </Contents>
            """);
        return $"""
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
              <IsTruncated>{(keys.Count > count ? "true" : "false")}</IsTruncated>
              {string.Concat(items)}
            </ListBucketResult>
            """;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
