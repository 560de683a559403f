using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using BitFaster.Caching;
using BitFaster.Caching.Lru;

namespace Workflows.Connectors.Network;

/// <summary>
/// Connections for HTTP calls of executions. Tenants never share one: whatever a target says on a connection, it says
/// to the tenant whose call opened it. Nor do two versions of a tenant's allow-list: a pooled connection was checked
/// under the list it was opened with. Connections of those who called last are kept,
/// <see cref="Limits.HttpPools"/> pools at most; a pool that is pushed out closes when its last caller is done.
/// </summary>
public sealed class HttpClients : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    private readonly GuardedNetwork _network;
    private readonly IScopedCache<(Guid TenantId, string AllowList), SocketsHttpHandler> _pools;

    /// <summary>Without any connection yet.</summary>
    public HttpClients(GuardedNetwork network)
        : this(network, Limits.HttpPools)
    {
    }

    internal HttpClients(GuardedNetwork network, int pools)
    {
        _network = network;
        _pools = new ConcurrentLruBuilder<(Guid TenantId, string AllowList), SocketsHttpHandler>()
            .WithCapacity(pools).AsScopedCache().WithAtomicGetOrAdd().Build();
    }

    /// <summary>The bytes of answers that may be held at once, by whoever calls through these connections.</summary>
    public ResponseBudget Budget { get; } =
        new(Limits.ResponseBytesInFlight, Limits.ResponseBytesInFlightOfTenant);

    /// <summary>
    /// What calls of the tenant go through. The caller disposes it when it has sent its requests; answers may be read
    /// after that.
    /// </summary>
    /// <exception cref="AllowListException">The tenant's allow-list holds an invalid entry.</exception>
    public async ValueTask<HttpMessageInvoker> ForAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        var allow = await _network.AllowedAsync(tenantId, cancellationToken);
        return new Lease(_pools.ScopedGetOrAdd(
            (tenantId, string.Join(',', allow)),
            static (_, allow) => new Scoped<SocketsHttpHandler>(Create(new NetworkGuard(allow))),
            allow));
    }

    /// <summary>Reads the tenant's allow-list anew at the next call.</summary>
    public void Forget(Guid tenantId) => _network.Forget(tenantId);

    private static SocketsHttpHandler Create(NetworkGuard guard) => new()
    {
        AllowAutoRedirect = false, // each target is looked at by the runner
        UseProxy = false, // a proxy would connect on our behalf, to wherever
        UseCookies = false, // a jar would be shared by executions
        AutomaticDecompression = DecompressionMethods.All,
        ConnectTimeout = ConnectTimeout,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        MaxResponseHeadersLength = 64,
        // Whom we call learns nothing of our traces.
        ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator(),
        SslOptions = new SslClientAuthenticationOptions
        {
            // An issuer that the server does not send would be fetched from where its certificate says, past the guard.
            CertificateChainPolicy = new X509ChainPolicy
            {
                DisableCertificateDownloads = true,
                RevocationMode = X509RevocationMode.NoCheck,
            },
        },
        ConnectCallback = async (context, cancellationToken) =>
        {
            var target = context.DnsEndPoint;
            return await GuardedNetwork.ConnectAsync(
                await GuardedNetwork.ResolveAsync(guard, target.Host, target.Port, cancellationToken), target.Port, cancellationToken);
        },
    };

    /// <inheritdoc/>
    public void Dispose() => _pools.Clear();

    // Keeps the connections open for one caller, also when the cache lets go of them meanwhile.
    private sealed class Lease(Lifetime<SocketsHttpHandler> handler)
        : HttpMessageInvoker(handler.Value, disposeHandler: false)
    {
        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                handler.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
