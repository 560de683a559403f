using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Workflows.Testing;

/// <summary>
/// Loopback ports for servers under test. They lie below the kernel's range for outgoing connections: a port of that
/// range may be taken while its server is down for a restart, even by a client that retries and so connects to itself.
/// </summary>
public static class FreePort
{
    private const int LowestPort = 15_000;
    private const int DefaultOutgoingRangeStart = 32_768;
    private const int MaxTries = 1_000;

    private static readonly ConcurrentDictionary<int, bool> HandedOut = new();

    /// <summary>A port that nothing listens on and that this process has not handed out before.</summary>
    public static int Next()
    {
        var end = OutgoingRangeStart();
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var port = Random.Shared.Next(LowestPort, end);
            if (IsFree(port) && HandedOut.TryAdd(port, true))
            {
                return port;
            }
        }

        throw new InvalidOperationException($"No free loopback port between {LowestPort} and {end} in {MaxTries} tries.");
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int OutgoingRangeStart()
    {
        const string Setting = "/proc/sys/net/ipv4/ip_local_port_range";
        if (!File.Exists(Setting))
        {
            return DefaultOutgoingRangeStart;
        }

        var start = int.Parse(File.ReadAllText(Setting).Split('\t', ' ')[0], CultureInfo.InvariantCulture);
        return start > LowestPort + MaxTries ? start : DefaultOutgoingRangeStart;
    }
}
