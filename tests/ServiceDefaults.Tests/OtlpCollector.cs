using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Workflows.ServiceDefaults.Tests;

/// <summary>
/// An OTLP/HTTP receiver. Names and string values stand in the protobuf as plain UTF-8, so that looking for them in the
/// bytes says whether they were exported, without a protobuf reader.
/// </summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, string> _received = new(StringComparer.Ordinal);

    private OtlpCollector(WebApplication app) => _app = app;

    public string Endpoint => _app.Urls.Single();

    public string Traces => _received.GetValueOrDefault("traces", "");

    public string Metrics => _received.GetValueOrDefault("metrics", "");

    public string Logs => _received.GetValueOrDefault("logs", "");

    public static async Task<OtlpCollector> StartAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var collector = new OtlpCollector(app);
        app.MapPost("/v1/{signal}", collector.ReceiveAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return collector;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task<IResult> ReceiveAsync(string signal, HttpRequest request)
    {
        using var reader = new StreamReader(request.Body, Encoding.Latin1);
        var text = await reader.ReadToEndAsync(request.HttpContext.RequestAborted);
        _received.AddOrUpdate(signal, text, (_, before) => before + text);
        return Results.Bytes([], "application/x-protobuf");
    }
}
