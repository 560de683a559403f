using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Extensions.Configuration;

namespace Workflows.AppHost.Servers;

/// <summary>Docker or Podman on this machine.</summary>
internal static class ContainerEngine
{
    /// <summary>
    /// Whether the engine that Aspire would use (<c>ASPIRE_CONTAINER_RUNTIME</c>, else docker) is there and runs.
    /// </summary>
    public static bool Answers(IConfiguration configuration)
    {
        var client = configuration["ASPIRE_CONTAINER_RUNTIME"] is { Length: > 0 } named ? named : "docker";
        var start = new ProcessStartInfo(client, ["info"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var process = Process.Start(start)!;
            process.OutputDataReceived += (_, _) => { };
            process.ErrorDataReceived += (_, _) => { };
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            if (process.WaitForExit(Limits.EngineAnswer))
            {
                return process.ExitCode == 0;
            }

            process.Kill();
            return false;
        }
        catch (Win32Exception)
        {
            return false; // There is no such program.
        }
    }
}
