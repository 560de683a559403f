using Microsoft.Extensions.Hosting;
using StackExchange.Redis;

namespace Aspire.StackExchange.Redis;

/// <summary>Connects when the host starts, so that the first request does not have to.</summary>
internal sealed class RedisActivation(Func<IConnectionMultiplexer> resolve) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        resolve();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
