using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Workflows.Testing;

namespace Workflows.System.Tests;

/// <summary>
/// The platform by Aspire's own testing package: the AppHost in this process, everything else as processes of their
/// own.
/// </summary>
internal static class AspirePlatform
{
    /// <summary>Starts a platform with empty data, without a dashboard, at any free ports.</summary>
    public static async Task<Platform> StartAsync(string[] args, Action<IDistributedApplicationBuilder> configure)
    {
        var folder = Directory.CreateTempSubdirectory("workflows-").FullName;
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.AppHost>(
        [
            .. args, $"--LocalFolder={folder}", $"--WORKFLOWS_SERVERS_BIN={Repository.ServersBin()}",
            "--Servers=processes", "--Dashboard=off",
        ]);
        // Each resource logs into a file of its own.
        builder.Services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning));
        configure(builder);
        var application = await builder.BuildAsync();
        var platform = new Platform(folder, async () => await application.DisposeAsync());
        var starting = application.StartAsync();
        await platform.UntilReadyAsync(
            () => starting.IsFaulted, () => starting.Exception?.ToString() ?? ReadStatus(folder));
        await starting;
        return platform;
    }

    private static string ReadStatus(string folder)
    {
        var status = Path.Combine(folder, "status.txt");
        return File.Exists(status) ? File.ReadAllText(status) : "No resource has a state.";
    }
}
