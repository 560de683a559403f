using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Workflows.AppHost;

/// <summary>How services run on this machine; nothing of it concerns what is published.</summary>
internal static class RunModeExtensions
{
    /// <summary>
    /// Starts the program that the build of this AppHost has made, not <c>dotnet run</c>, which stays beside each service as a process
    /// of 140 MB and makes the number of a service's process hard to find. An IDE starts projects its own way.
    /// </summary>
    public static IResourceBuilder<ProjectResource> RunBuilt(this IResourceBuilder<ProjectResource> project, bool exportsTelemetry)
    {
        var builder = project.ApplicationBuilder;
        if (!exportsTelemetry)
        {
            project.WithEnvironment(context =>
            {
                foreach (var name in context.EnvironmentVariables.Keys.Where(name => name.StartsWith("OTEL_", StringComparison.Ordinal)).ToList())
                {
                    context.EnvironmentVariables.Remove(name);
                }
            });
        }

#pragma warning disable ASPIRECERTIFICATES001 // else Aspire warns that no developer certificate is trusted, though nothing speaks TLS here
        project.WithoutHttpsCertificate();
#pragma warning restore ASPIRECERTIFICATES001
        if (builder.ExecutionContext.IsPublishMode || builder.Configuration["DEBUG_SESSION_PORT"] is not null)
        {
            return project;
        }

        // artifacts/bin/AppHost/release/ of this program, artifacts/bin/Api/release/ of the service.
        var own = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        var path = project.Resource.GetProjectMetadata().ProjectPath;
        var name = Path.GetFileNameWithoutExtension(path);
        var program = Path.GetFullPath(Path.Combine(own, "..", "..", name, Path.GetFileName(own), $"Workflows.{name}.dll"));
        return project
            .WithAnnotation(new ExecutableAnnotation { Command = "dotnet", WorkingDirectory = Path.GetDirectoryName(path)! })
            .WithArgs("exec", program);
    }

    /// <summary>
    /// The port that configuration demands (<c>Ports:api</c>), else the one of launchSettings if it is wished for and free, else any. One
    /// process listens there itself; several share it behind Aspire's proxy.
    /// </summary>
    public static IResourceBuilder<ProjectResource> WithRunPort(this IResourceBuilder<ProjectResource> project, int replicas, bool isKnown)
    {
        if (project.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return project;
        }

        var demanded = project.ApplicationBuilder.Configuration[$"Ports:{project.Resource.Name}"];
        return project.WithEndpoint("http", endpoint =>
        {
            endpoint.IsProxied = replicas > 1;
            if (demanded is not null)
            {
                endpoint.Port = int.Parse(demanded, CultureInfo.InvariantCulture);
            }
            else if (!isKnown || (endpoint.Port is { } wished && !IsFree(wished)))
            {
                endpoint.Port = null;
            }
        }, createIfNotExists: false);
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
