using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Workflows.AppHost.Services;

/// <summary>Ports of services on this machine.</summary>
internal static class RunPorts
{
    /// <summary>
    /// The port that configuration demands (<c>Ports:api</c>), else the one of launchSettings if it is wished for and
    /// free, else any. One process listens there itself; several share it behind Aspire's proxy.
    /// </summary>
    /// <exception cref="DistributedApplicationException">What configuration demands is no port.</exception>
    public static IResourceBuilder<ProjectResource> WithRunPort(
        this IResourceBuilder<ProjectResource> project, bool isWishedFor)
    {
        var demanded = Demanded(project);
        return project.WithEndpoint("http", endpoint =>
        {
            endpoint.IsProxied = project.Resource.GetReplicaCount() > 1;
            if (demanded is not null)
            {
                endpoint.Port = demanded;
            }
            else if (!isWishedFor || (endpoint.Port is { } wished && !IsFree(wished)))
            {
                endpoint.Port = null;
            }
        }, createIfNotExists: false);
    }

    private static int? Demanded(IResourceBuilder<ProjectResource> project)
    {
        var setting = $"Ports:{project.Resource.Name}";
        if (project.ApplicationBuilder.Configuration[setting] is not { Length: > 0 } text)
        {
            return null;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            && port is > 0 and <= ushort.MaxValue
            ? port
            : throw new DistributedApplicationException($"{setting} is '{text}'; it can be 1 to {ushort.MaxValue}.");
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
