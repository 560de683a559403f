using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Npgsql;

namespace Workflows.Attack;

/// <summary>
/// Makes tenants as the operator does: by the command <c>tenant add</c> of the API's program with the configuration of
/// the running one, or, where that program has no such command, in the database.
/// </summary>
internal sealed class Tenants(Uri api, int? apiProcess, NpgsqlDataSource database)
{
    private const string InsertSql = """
        with t as (
          insert into tenants (tenant_id, name, slug, created_at, updated_at) values ($1, $2, $2, now(), now())),
        w as (
          insert into workspaces (tenant_id, id, name, created_at, updated_at)
          values ($1, $1, 'Default', now(), now())),
        f as (
          insert into folders (tenant_id, id, workspace_id, name, created_at, updated_at)
          values ($1, $1, $1, 'Default', now(), now())),
        j as (
          insert into jobs (tenant_id, id, folder_id, name, created_at, updated_at)
          values ($1, $1, $1, 'Default', now(), now()))
        insert into api_keys (tenant_id, id, name, prefix, hash, scopes, created_at)
        select $1, $1, 'attack', left($3, 12), $4, key.scopes, now()
        from api_keys key join tenants owner on owner.tenant_id = key.tenant_id
        where owner.slug = 'default' order by key.created_at limit 1
        """;

    private const string AllowSql = """
        update tenants set settings = jsonb_set(settings, '{httpAllow}', to_jsonb($2::text[])) where tenant_id = $1
        """;

    private const string SuspendSql = "update tenants set status = 'suspended' where tenant_id = $1";

    private static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(30);

    public async Task<TenantClient> AddAsync(string slug, CancellationToken cancellationToken) =>
        await AddByCommandAsync(slug, cancellationToken) ?? await AddBySqlAsync(slug, cancellationToken);

    /// <summary>Lets the tenant's workflows call these addresses, though they are loopback.</summary>
    public async Task AllowAsync(TenantClient tenant, string[] addresses, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(AllowSql);
        command.Parameters.Add(new() { Value = tenant.Id });
        command.Parameters.Add(new() { Value = addresses });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Nothing of it goes on.</summary>
    public async Task SuspendAsync(TenantClient tenant, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(SuspendSql);
        command.Parameters.Add(new() { Value = tenant.Id });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<TenantClient?> AddByCommandAsync(string slug, CancellationToken cancellationToken)
    {
        if (apiProcess is not { } process || Describe(process, slug) is not { } start)
        {
            return null;
        }

        using var command = Process.Start(start)!;
        var output = command.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = command.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await command.WaitForExitAsync(cancellationToken).WaitAsync(CommandTimeout, cancellationToken);
        }
        catch (TimeoutException)
        {
            command.Kill(entireProcessTree: true);
            return null;
        }

        if (command.ExitCode != 0)
        {
            Console.Error.WriteLine($"  'tenant add' ended with {command.ExitCode}: {(await errors).Trim()}");
            return null;
        }

        var credentials = JsonElement.Parse((await output).Trim().Split('\n')[^1]);
        return new TenantClient(
            api, credentials.GetProperty("tenantId").GetGuid(), slug, credentials.GetProperty("apiKey").GetString()!);
    }

    /// <summary>Program, folder and configuration of the API that runs; null where it is no process here.</summary>
    private static ProcessStartInfo? Describe(int process, string slug)
    {
        var words = File.ReadAllText($"/proc/{process}/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries);
        var program = Array.Find(words, word => word.EndsWith(".dll", StringComparison.Ordinal));
        var folder = new FileInfo($"/proc/{process}/cwd").ResolveLinkTarget(returnFinalTarget: true)?.FullName;
        if (program is null || folder is null)
        {
            return null;
        }

        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList =
            {
                "exec", program, "tenant", "add", slug, "--name", slug, "--owner", $"owner@{slug}.example",
            },
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        foreach (var variable in File.ReadAllText($"/proc/{process}/environ").Split('\0'))
        {
            if (variable.Split('=', 2) is [{ Length: > 0 } name, var value])
            {
                start.Environment[name] = value;
            }
        }

        start.Environment.Remove("ASPNETCORE_URLS"); // a program without the command would serve
        return start;
    }

    private async Task<TenantClient> AddBySqlAsync(string slug, CancellationToken cancellationToken)
    {
        var (id, key) = (Guid.CreateVersion7(), $"wfk_{RandomNumberGenerator.GetHexString(40, lowercase: true)}");
        await using var command = database.CreateCommand(InsertSql);
        command.Parameters.Add(new() { Value = id });
        command.Parameters.Add(new() { Value = slug });
        command.Parameters.Add(new() { Value = key });
        command.Parameters.Add(new() { Value = SHA256.HashData(Encoding.UTF8.GetBytes(key)) });
        await command.ExecuteNonQueryAsync(cancellationToken);
        return new TenantClient(api, id, slug, key);
    }
}
