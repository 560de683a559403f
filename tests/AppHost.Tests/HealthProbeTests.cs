using Workflows.AppHost.Local;
using Workflows.Testing;

namespace Workflows.AppHost.Tests;

/// <summary>A restart waits for a service that starts slowly: one slow answer is not the end of the order.</summary>
public sealed class HealthProbeTests : IAsyncLifetime
{
    private TargetServer _service = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _service = await TargetServer.StartAsync();

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task An_answer_that_takes_too_long_is_asked_for_again()
    {
        _ = _service.On("/health", (context, call) => call switch
        {
            1 => Task.Delay(Timeout.Infinite, context.RequestAborted),
            2 => Refuse(context),
            _ => Task.CompletedTask,
        });
        using var probe = new HealthProbe(TimeSpan.FromMilliseconds(200));

        await probe.UntilHealthyAsync(new Uri(_service.Url("/")), Token);

        Assert.Equal(3, _service.Calls.Count);
    }

    [Fact]
    public async Task A_service_that_does_not_listen_is_asked_until_the_order_is_given_up()
    {
        var address = new Uri(_service.Url("/"));
        await _service.DisposeAsync();
        using var probe = new HealthProbe(TimeSpan.FromSeconds(5));
        using var order = CancellationTokenSource.CreateLinkedTokenSource(Token);
        order.CancelAfter(TimeSpan.FromMilliseconds(500));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => probe.UntilHealthyAsync(address, order.Token));
    }

    private static Task Refuse(Microsoft.AspNetCore.Http.HttpContext context)
    {
        context.Response.StatusCode = 503;
        return Task.CompletedTask;
    }
}
