using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using BitFaster.Caching;
using BitFaster.Caching.Lru;

namespace Workflows.Data.Network;

/// <summary>
/// Connections for HTTP calls of executions. Tenants with different allow-lists never share a connection: a pooled one was checked under the list of
/// whoever opened it. Connections of the lists used last are kept, <see cref="Limits.HttpPools"/> at most; those of a
/// list that is pushed out are closed when its last caller is done.
/// </summary>
public sealed class HttpClients : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    private readonly GuardedNetwork _network;
    private readonly IScopedCache<string, SocketsHttpHandler> _byAllowList;

    /// <summary>Without any connection yet.</summary>
    public HttpClients(GuardedNetwork network)
        : this(network, Limits.HttpPools)
    {
    }

    internal HttpClients(GuardedNetwork network, int pools)
    {
        _network = network;
        _byAllowList = new ConcurrentLruBuilder<string, SocketsHttpHandler>()
            .WithCapacity(pools).AsScopedCache().WithAtomicGetOrAdd().Build();
    }

    /// <summary>
    /// What calls of the tenant go through. The caller disposes it when it has sent its requests; answers may be read
    /// after that.
    /// </summary>
    /// <exception cref="FormatException">The tenant's allow-list holds an invalid entry.</exception>
    public async ValueTask<HttpMessageInvoker> ForAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        var allow = await _network.AllowedAsync(tenantId, cancellationToken);
        return new Lease(_byAllowList.ScopedGetOrAdd(
            string.Join(',', allow),
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
    public void Dispose() => _byAllowList.Clear();

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
