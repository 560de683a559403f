using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Workflows.Data.Identity;

namespace Workflows.Worker.Nodes;

/// <summary>
/// Connections for http nodes. Tenants with different allow-lists never share a connection: a pooled one was checked under the list of
/// whoever opened it.
/// </summary>
internal sealed class HttpClients(TenantSettingsStore tenants, WorkerOptions options, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SettingsAge = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, HttpMessageInvoker> _byAllowList = new();
    private readonly ConcurrentDictionary<Guid, (DateTimeOffset ReadAt, string[] Allow)> _settings = new();

    /// <exception cref="FormatException">The tenant's allow-list holds an invalid entry.</exception>
    public async ValueTask<HttpMessageInvoker> ForAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (!_settings.TryGetValue(tenantId, out var settings) || now - settings.ReadAt > SettingsAge)
        {
            settings = (now, [.. await tenants.HttpAllowAsync(tenantId, cancellationToken)]);
            _settings[tenantId] = settings;
        }

        return _byAllowList.GetOrAdd(string.Join(',', settings.Allow), static (_, work) => Create(new NetworkGuard(work)), options.HttpAllow.Concat(settings.Allow));
    }

    /// <summary>Reads the tenant's allow-list anew at the next call.</summary>
    public void Forget(Guid tenantId) => _settings.TryRemove(tenantId, out _);

    private static HttpMessageInvoker Create(NetworkGuard guard) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false, // each target is looked at by the runner
        UseProxy = false, // a proxy would connect on our behalf, to wherever
        UseCookies = false, // a jar would be shared by executions
        AutomaticDecompression = DecompressionMethods.All,
        ConnectTimeout = ConnectTimeout,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        MaxResponseHeadersLength = 64,
        ConnectCallback = (context, cancellationToken) => ConnectAsync(guard, context.DnsEndPoint, cancellationToken),
    });

    private static async ValueTask<Stream> ConnectAsync(NetworkGuard guard, DnsEndPoint target, CancellationToken cancellationToken)
    {
        var addresses = IPAddress.TryParse(target.Host, out var literal)
            ? [literal]
            : await Dns.GetHostAddressesAsync(target.Host, cancellationToken);
        var allowed = Array.FindAll(addresses, address => guard.Allows(target.Host, address, target.Port));
        if (allowed.Length == 0)
        {
            throw addresses.Length == 0 ? new SocketException((int)SocketError.HostNotFound) : new TargetRefusedException(target.Host);
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, target.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var client in _byAllowList.Values)
        {
            client.Dispose();
        }
    }
}
