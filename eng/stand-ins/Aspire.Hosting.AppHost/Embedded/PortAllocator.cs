using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.Embedded;

/// <summary>
/// Decides where every process listens, before the first one starts, so that references resolve at once. In this order:
/// a port that configuration demands (<c>Ports:api</c>), the one of the last run, the one wished for by launchSettings,
/// any free one. The answer is kept, so that a second run has the addresses of the first unless somebody took them.
/// </summary>
internal sealed class PortAllocator(IConfiguration configuration, LocalFolder local)
{
    private const string File = "ports.json";

    // Below the kernel's usual range for outgoing connections: a port of that range may be taken by a client while its
    // server restarts, even by one that retries and so connects to itself.
    private const int LowestPort = 20_000, HighestPort = 32_000, MaxTries = 1_000;

    private readonly JsonObject _kept = local.ReadObject(File);
    private readonly HashSet<int> _given = [];

    /// <param name="instance">The resource's name, with the replica's number when there are several.</param>
    /// <param name="endpoint">The endpoint's name.</param>
    /// <param name="wished">From launchSettings: taken when free.</param>
    /// <param name="demanded">From code: an error when not free.</param>
    public int Allocate(string instance, string endpoint, int? wished, int? demanded)
    {
        var key = $"{instance}/{endpoint}";
        demanded = configuration.GetValue<int?>($"Ports:{instance}") ?? demanded;
        if (demanded is { } port)
        {
            return TryTake(port)
                ? port
                : throw new DistributedApplicationException(
                    $"Port {port} for '{instance}' is in use. Stop what listens there, or choose another one: Ports__{instance}=NUMBER.");
        }

        foreach (var candidate in (int?[])[(int?)_kept[key], wished])
        {
            if (candidate is { } preferred && TryTake(preferred))
            {
                _kept[key] = preferred;
                return preferred;
            }
        }

        for (var tries = 0; tries < MaxTries; tries++)
        {
            var random = Random.Shared.Next(LowestPort, HighestPort);
            if (TryTake(random))
            {
                _kept[key] = random;
                return random;
            }
        }

        throw new DistributedApplicationException(
            string.Create(CultureInfo.InvariantCulture, $"No free port for '{instance}' between {LowestPort} and {HighestPort}."));
    }

    public void Save() => local.WriteJson(File, _kept.DeepClone());

    private bool TryTake(int port)
    {
        if (_given.Contains(port) || !IsFree(IPAddress.Loopback, port) || !IsFree(IPAddress.IPv6Loopback, port))
        {
            return false;
        }

        return _given.Add(port);
    }

    private static bool IsFree(IPAddress address, int port)
    {
        if (address.AddressFamily == AddressFamily.InterNetworkV6 && !Socket.OSSupportsIPv6)
        {
            return true;
        }

        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(address, port));
            return true;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressNotAvailable)
        {
            return true; // a host without this address family cannot be in its own way
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
