using System.Collections.ObjectModel;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace StackExchange.Redis;

/// <summary>The servers to connect to. This implementation uses the first that answers, in order; it knows no cluster.</summary>
public sealed class EndPointCollection : Collection<EndPoint>
{
    internal const int DefaultPort = 6379;
    internal const int DefaultSslPort = 6380;

    public EndPointCollection()
    {
    }

    public EndPointCollection(IList<EndPoint> endpoints) : base(endpoints)
    {
    }

    public static string ToString(EndPoint? endpoint) => endpoint switch
    {
        null => string.Empty,
        DnsEndPoint dns => string.Create(CultureInfo.InvariantCulture, $"{dns.Host}:{dns.Port}"),
        UnixDomainSocketEndPoint unix => $"!{unix}",
        _ => endpoint.ToString() ?? string.Empty,
    };

    /// <summary>"host", "host:port", "1.2.3.4:port", "[::1]:port" or "!/path/of/socket"; null when it is none of these.</summary>
    public static EndPoint? TryParse(string endpoint)
    {
        if (string.IsNullOrWhiteSpace(endpoint))
        {
            return null;
        }

        if (endpoint[0] == '!')
        {
            return endpoint.Length > 1 ? new UnixDomainSocketEndPoint(endpoint[1..]) : null;
        }

        if (IPAddress.TryParse(endpoint.Trim('[', ']'), out var bare))
        {
            return new IPEndPoint(bare, 0);
        }

        var colon = endpoint.LastIndexOf(':');
        var host = colon < 0 ? endpoint : endpoint[..colon];
        ushort port = 0;
        if (colon >= 0 && !ushort.TryParse(endpoint.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port))
        {
            return null;
        }

        return Create(host, port);
    }

    public void Add(string hostAndPort) => Add(
        TryParse(hostAndPort) ?? throw new ArgumentException($"Could not parse host and port from '{hostAndPort}'", nameof(hostAndPort)));

    public void Add(string host, int port) => Add(Create(host, port));

    public void Add(IPAddress host, int port) => Add(new IPEndPoint(host, port));

    public bool TryAdd(EndPoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        if (Contains(endpoint))
        {
            return false;
        }

        base.InsertItem(Count, endpoint);
        return true;
    }

    internal static string Host(EndPoint endPoint) => endPoint switch
    {
        DnsEndPoint dns => dns.Host,
        IPEndPoint ip => ip.Address.ToString(),
        _ => string.Empty,
    };

    internal void SetDefaultPorts(int port)
    {
        for (var i = 0; i < Count; i++)
        {
            base.SetItem(i, this[i] switch
            {
                DnsEndPoint { Port: 0 } dns => new DnsEndPoint(dns.Host, port, dns.AddressFamily),
                IPEndPoint { Port: 0 } ip => new IPEndPoint(ip.Address, port),
                var given => given,
            });
        }
    }

    protected override void InsertItem(int index, EndPoint item)
    {
        ArgumentNullException.ThrowIfNull(item);
        if (Contains(item))
        {
            throw new ArgumentException("EndPoints must be unique", nameof(item));
        }

        base.InsertItem(index, item);
    }

    private static EndPoint Create(string host, int port) => IPAddress.TryParse(host.Trim('[', ']'), out var address)
        ? new IPEndPoint(address, port)
        : new DnsEndPoint(host, port, AddressFamily.Unspecified);
}
