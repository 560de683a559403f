using System.Collections.Concurrent;
using System.Net;

namespace Workflows.Data.Network;

/// <summary>
/// Connections for HTTP calls of executions. Tenants with different allow-lists never share a connection: a pooled one was checked under the list of
/// whoever opened it.
/// </summary>
public sealed class HttpClients(GuardedNetwork network) : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, HttpMessageInvoker> _byAllowList = new();

    /// <summary>What calls of the tenant go through.</summary>
    /// <exception cref="FormatException">The tenant's allow-list holds an invalid entry.</exception>
    public async ValueTask<HttpMessageInvoker> ForAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        var allow = await network.AllowedAsync(tenantId, cancellationToken);
        return _byAllowList.GetOrAdd(string.Join(',', allow), static (_, allow) => Create(new NetworkGuard(allow)), allow);
    }

    /// <summary>Reads the tenant's allow-list anew at the next call.</summary>
    public void Forget(Guid tenantId) => network.Forget(tenantId);

    private static HttpMessageInvoker Create(NetworkGuard guard) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false, // each target is looked at by the runner
        UseProxy = false, // a proxy would connect on our behalf, to wherever
        UseCookies = false, // a jar would be shared by executions
        AutomaticDecompression = DecompressionMethods.All,
        ConnectTimeout = ConnectTimeout,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        MaxResponseHeadersLength = 64,
        ConnectCallback = async (context, cancellationToken) =>
        {
            var target = context.DnsEndPoint;
            return await GuardedNetwork.ConnectAsync(
                await GuardedNetwork.ResolveAsync(guard, target.Host, target.Port, cancellationToken), target.Port, cancellationToken);
        },
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var client in _byAllowList.Values)
        {
            client.Dispose();
        }
    }
}
