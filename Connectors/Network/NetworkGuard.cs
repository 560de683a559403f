using System.Net;
using System.Net.Sockets;

namespace Workflows.Connectors.Network;

/// <summary>
/// Which addresses an outgoing call of a workflow may reach. Everything that is not plainly the public internet is
/// refused: private, loopback, link-local (cloud metadata among it), shared, reserved, documentation and multicast
/// ranges (IANA special-purpose registries), also when such an IPv4 address hides in an IPv6 one (mapped, NAT64,
/// 6to4). Decided on the address that is connected to, so neither a DNS name nor a redirect gets around it.
/// </summary>
public sealed class NetworkGuard
{
    private static readonly IPNetwork[] Refused =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16",
            "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "::/128", "::1/128", "::/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23", "2001:db8::/32",
            "2620:4f:8000::/48", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
        }.Select(text => IPNetwork.Parse(text)),
    ];

    private readonly List<(IPNetwork? Network, string? Host, int? Port)> _allowed = [];

    /// <param name="allowed">CIDR ranges, addresses or host names, each with an optional <c>:port</c>, that are
    /// exempt.</param>
    /// <exception cref="AllowListException">An entry is none of these.</exception>
    public NetworkGuard(IEnumerable<string> allowed)
    {
        foreach (var entry in allowed)
        {
            _allowed.Add(Parse(entry));
        }
    }

    /// <summary>Whether a connection to this address, reached by this host name, may be made.</summary>
    public bool Allows(string host, IPAddress address, int port)
    {
        foreach (var (network, name, allowedPort) in _allowed)
        {
            if ((allowedPort is null || allowedPort == port)
                && (network is { } range ? range.Contains(Plain(address)) : string.Equals(name, host, StringComparison.OrdinalIgnoreCase)))
            {
                return true;
            }
        }

        return IsPublic(address);
    }

    /// <summary>Whether the address belongs to the public internet.</summary>
    public static bool IsPublic(IPAddress address)
    {
        var plain = Plain(address);
        return !Refused.Any(network => network.Contains(plain)) && (Embedded(plain) is not { } inner || IsPublic(inner));
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    // The IPv4 address that a NAT64 gateway or a 6to4 relay would go to.
    private static IPAddress? Embedded(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return null;
        }

        var bytes = address.GetAddressBytes();
        return bytes.AsSpan(0, 12).SequenceEqual((ReadOnlySpan<byte>)[0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]) ? new IPAddress(bytes.AsSpan(12, 4))
            : bytes[0] == 0x20 && bytes[1] == 0x02 ? new IPAddress(bytes.AsSpan(2, 4))
            : null;
    }

    private static (IPNetwork?, string?, int?) Parse(string entry)
    {
        var text = entry.Trim();
        int? port = null;
        var colon = text.LastIndexOf(':');
        if (colon > 0 && (text.IndexOf(':', StringComparison.Ordinal) == colon || text[colon - 1] == ']'))
        {
            port = int.TryParse(text.AsSpan(colon + 1), out var number) && number is > 0 and < 65_536
                ? number
                : throw new AllowListException($"'{entry}' has no valid port.");
            text = text[..colon];
        }

        text = text.Trim('[', ']');
        if (IPNetwork.TryParse(text, out var network))
        {
            return (network, null, port);
        }

        if (IPAddress.TryParse(text, out var address))
        {
            return (new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128), null, port);
        }

        return Uri.CheckHostName(text) == UriHostNameType.Dns
            ? (null, text, port)
            : throw new AllowListException($"'{entry}' is neither a network, an address nor a host name.");
    }
}
