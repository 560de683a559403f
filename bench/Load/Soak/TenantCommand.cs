using System.Diagnostics;
using System.Text.Json;
using Workflows.Testing;

namespace Workflows.Load.Soak;

/// <summary>
/// Makes tenants as the operator does: by <c>tenant add</c> of the API's program, with the configuration of the one
/// that runs.
/// </summary>
internal static class TenantCommand
{
    private const string AllowSql = """
        with allowed as (
          update tenants set settings = jsonb_set(settings, '{httpAllow}', to_jsonb($2::text[])) where tenant_id = $1
          returning 1)
        select count(*) from allowed
        """;

    /// <param name="slug">Its short name.</param>
    /// <param name="target">What its workflows may call although it is loopback, as host and port.</param>
    /// <returns>Its id and API key.</returns>
    /// <exception cref="InvalidOperationException">The command failed.</exception>
    public static async Task<(Guid Id, string ApiKey)> AddAsync(
        Platform platform, PlatformClient client, string slug, string target)
    {
        var api = platform.Processes().First(process => process.Resource == "api").Id;
        using var command = Process.Start(Describe(api, slug))!;
        var errors = command.StandardError.ReadToEndAsync();
        var output = await command.StandardOutput.ReadToEndAsync();
        await command.WaitForExitAsync();
        if (command.ExitCode != 0)
        {
            throw new InvalidOperationException($"'tenant add' ended with {command.ExitCode}: {await errors}");
        }

        var credentials = JsonElement.Parse(output.Trim().Split('\n')[^1]);
        var id = credentials.GetProperty("tenantId").GetGuid();
        await client.ScalarAsync<long>(AllowSql, id, new[] { target });
        return (id, credentials.GetProperty("apiKey").GetString()!);
    }

    private static ProcessStartInfo Describe(int api, string slug)
    {
        var words = File.ReadAllText($"/proc/{api}/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries);
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList =
            {
                "exec", words.First(word => word.EndsWith(".dll", StringComparison.Ordinal)),
                "tenant", "add", slug, "--name", slug, "--owner", $"owner@{slug}.example",
            },
            WorkingDirectory = new FileInfo($"/proc/{api}/cwd").ResolveLinkTarget(returnFinalTarget: true)!.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        foreach (var variable in File.ReadAllText($"/proc/{api}/environ").Split('\0'))
        {
            if (variable.Split('=', 2) is [{ Length: > 0 } name, var value])
            {
                start.Environment[name] = value;
            }
        }

        return start;
    }
}
