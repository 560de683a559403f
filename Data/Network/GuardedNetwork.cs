using System.Net;
using System.Net.Sockets;
using Workflows.Data.Caching;
using Workflows.Data.Identity;

namespace Workflows.Data.Network;

/// <summary>What the operator exempts from <see cref="NetworkGuard"/> for all tenants: CIDR ranges, addresses or host names, each with an optional port.</summary>
public sealed record NetworkOptions(IReadOnlyList<string> Allow);

/// <summary>
/// The one way from here to systems outside. Guarantees: a name is resolved once and the connection goes to an address that was judged, so that no DNS
/// answer in between leads elsewhere; a tenant's allow-list is at most <see cref="SettingsAge"/> old, and read anew before a target is refused.
/// </summary>
public sealed class GuardedNetwork(TenantSettingsStore tenants, NetworkOptions options, TimeProvider clock)
{
    private static readonly TimeSpan PauseWithoutDatabase = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan SettingsAge = TimeSpan.FromSeconds(5);

    private readonly TrustedCache<Guid, string[]> _settings = new(clock, Limits.CachedAllowLists, SettingsAge);

    /// <summary>
    /// Everything that is exempt for the tenant. Waits for the database while it is away: no call may fail for it, since
    /// its outcome could not be recorded anyway.
    /// </summary>
    public async ValueTask<IReadOnlyList<string>> AllowedAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return (await _settings.GetAsync(
                    tenantId, static (tenantId, self) => self.ReadAsync(tenantId), this, cancellationToken))!;
            }
            catch (Exception exception) when (PostgresErrors.IsTransient(exception))
            {
                await Task.Delay(PauseWithoutDatabase, clock, cancellationToken);
            }
        }
    }

    /// <summary>Reads the tenant's allow-list anew at the next call.</summary>
    public void Forget(Guid tenantId) => _settings.Drop(tenantId);

    /// <summary>The addresses of a host that the tenant's executions may connect to: at least one.</summary>
    /// <exception cref="TargetRefusedException">It has addresses, and none is allowed.</exception>
    /// <exception cref="SocketException">It has no address.</exception>
    /// <exception cref="FormatException">The tenant's allow-list holds an invalid entry.</exception>
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

    private async Task<string[]?> ReadAsync(Guid tenantId) =>
        [.. options.Allow, .. await tenants.HttpAllowAsync(tenantId, CancellationToken.None)];
}
