using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Microsoft.Extensions.Http.Resilience.Tests;

/// <summary>A real HTTP server; the answer to the n-th request (from 1) is the test's.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly SemaphoreSlim _received = new(0);
    private int _requests;

    private LoopbackServer(WebApplication app) => _app = app;

    public int Requests => Volatile.Read(ref _requests);

    public Uri Address => new(_app.Urls.Single());

    public static Task<LoopbackServer> StartAsync(Func<int, int> status) =>
        StartAsync((number, context) =>
        {
            context.Response.StatusCode = status(number);
            return Task.CompletedTask;
        });

    public static async Task<LoopbackServer> StartAsync(Func<int, HttpContext, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var server = new LoopbackServer(app);
        app.Run(context =>
        {
            var number = Interlocked.Increment(ref server._requests);
            server._received.Release();
            return answer(number, context);
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    /// <summary>Completes when one more request than at the last call has arrived.</summary>
    public async Task NextRequestAsync() =>
        Assert.True(await _received.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken), "No request came.");

    public async ValueTask DisposeAsync()
    {
        using var given = new CancellationTokenSource();
        await given.CancelAsync(); // do not wait for requests that a test holds open
        await _app.StopAsync(given.Token);
        await _app.DisposeAsync();
        _received.Dispose();
    }
}
