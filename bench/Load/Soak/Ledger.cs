using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Workflows.Testing;

namespace Workflows.Load.Soak;

/// <summary>
/// The service outside that orders are booked with. It counts the calls of each key, and refuses some at first.
/// </summary>
internal sealed class Ledger : IAsyncDisposable
{
    private const int RefusedOneIn = 20;

    private readonly TargetServer _server;
    private readonly ConcurrentDictionary<string, int> _calls = new();

    private Ledger(TargetServer server)
    {
        _server = server;
        Url = server.On("/entries", AnswerAsync);
    }

    public string Url { get; }

    /// <summary>Host and port, as the operator allows it.</summary>
    public string Target => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_server.Port}");

    /// <summary>How often each idempotency key was seen.</summary>
    public IReadOnlyDictionary<string, int> Calls => _calls;

    public static async Task<Ledger> StartAsync() => new(await TargetServer.StartAsync());

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task AnswerAsync(HttpContext context, int count)
    {
        _server.Calls.Clear(); // Its own record would grow for an hour; the keys are what is looked at.
        var seen = _calls.AddOrUpdate(
            context.Request.Headers["Idempotency-Key"].ToString(), 1, (_, before) => before + 1);
        context.Response.StatusCode = seen == 1 && count % RefusedOneIn == 0 ? 503 : 200;
        await context.Response.WriteAsJsonAsync(new { ok = true }, context.RequestAborted);
    }
}
