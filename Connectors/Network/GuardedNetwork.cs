using System.Net;
using System.Net.Sockets;

namespace Workflows.Connectors.Network;

/// <summary>
/// The one way from here to systems outside. Guarantees: a name is resolved once and the connection goes to an address that was judged, so that no DNS
/// answer in between leads elsewhere; a tenant's allow-list is read anew before a target is refused.
/// </summary>
public sealed class GuardedNetwork(AllowLists lists, NetworkOptions options)
{
    /// <summary>Everything that is exempt for the tenant. Waits while that cannot be read.</summary>
    public async ValueTask<IReadOnlyList<string>> AllowedAsync(Guid tenantId, CancellationToken cancellationToken) =>
        [.. options.Allow, .. await lists.GetAsync(tenantId, cancellationToken)];

    /// <summary>Reads the tenant's allow-list anew at the next call.</summary>
    public void Forget(Guid tenantId) => lists.Forget(tenantId);

    /// <summary>The addresses of a host that the tenant's executions may connect to: at least one.</summary>
    /// <exception cref="TargetRefusedException">It has addresses, and none is allowed.</exception>
    /// <exception cref="SocketException">It has no address.</exception>
    /// <exception cref="AllowListException">The tenant's allow-list holds an invalid entry.</exception>
    public async Task<IPAddress[]> ResolveAsync(Guid tenantId, string host, int port, CancellationToken cancellationToken)
    {
        try
        {
            return await ResolveAsync(new NetworkGuard(await AllowedAsync(tenantId, cancellationToken)), host, port, cancellationToken);
        }
        catch (TargetRefusedException)
        {
            Forget(tenantId); // the list may have been extended a moment ago
            return await ResolveAsync(new NetworkGuard(await AllowedAsync(tenantId, cancellationToken)), host, port, cancellationToken);
        }
    }

    /// <summary>A connection to a host that the tenant's executions may reach.</summary>
    /// <exception cref="TargetRefusedException">They may not.</exception>
    /// <exception cref="SocketException">It cannot be reached.</exception>
    public async Task<Stream> ConnectAsync(Guid tenantId, string host, int port, CancellationToken cancellationToken) =>
        await ConnectAsync(await ResolveAsync(tenantId, host, port, cancellationToken), port, cancellationToken);

    internal static async Task<IPAddress[]> ResolveAsync(NetworkGuard guard, string host, int port, CancellationToken cancellationToken)
    {
        var addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(host, cancellationToken);
        var allowed = Array.FindAll(addresses, address => guard.Allows(host, address, port));
        if (allowed.Length == 0)
        {
            throw addresses.Length == 0 ? new SocketException((int)SocketError.HostNotFound) : new TargetRefusedException(host);
        }

        return allowed;
    }

    internal static async Task<Stream> ConnectAsync(IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
