using System.Diagnostics;
using Npgsql;
using Workflows.Testing;

namespace Workflows.Load.Soak;

/// <summary>What faults are done to.</summary>
/// <param name="Platform">What runs.</param>
/// <param name="Client">Looks into the database.</param>
/// <param name="Heavy">The tenant whose executions are costly, or kill workers.</param>
/// <param name="Proxies">The network to PostgreSQL and to Redis.</param>
/// <param name="Volume">What the steps are stored on; null where this user may not mount.</param>
internal sealed record SoakStage(
    Platform Platform, PlatformClient Client, TenantLoad Heavy, IReadOnlyList<TcpProxy> Proxies, SmallVolume? Volume)
{
    public const int Quit = 3, Kill = 9, Continue = 18, Stop = 19;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>The first process of a resource.</summary>
    public PlatformProcess Process(string resource, int replica = 1) =>
        Platform.Processes().First(process => process.Resource == resource && process.Replica == replica);

    /// <summary>
    /// Starts an instance again, more than once if need be: orders fail while what they wait for is away. One that
    /// only takes longer than an order may is left to itself.
    /// </summary>
    public async Task RestartAsync(string name)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await Platform.OrderAsync($"restart {name}");
                return;
            }
            catch (InvalidOperationException) when (attempt < 5)
            {
                await Task.Delay(Pause, CancellationToken.None);
                if (IsRunning(name))
                {
                    return;
                }
            }
        }
    }

    /// <summary>Whether an instance has a process, as <c>worker-2</c> or <c>redis</c>.</summary>
    public bool IsRunning(string name) => Platform.Processes().Any(process =>
        (process.Resource == name || $"{process.Resource}-{process.Replica}" == name) && IsAlive(process.Id));

    // One that has ended stays a while, until its parent has noticed.
    private static bool IsAlive(int id)
    {
        try
        {
            return File.ReadLines($"/proc/{id}/status")
                .Any(line => line.StartsWith("State:", StringComparison.Ordinal) && !line.Contains('Z'));
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Runs a statement as the server's administrator, again while there is no server.</summary>
    public async Task ExecuteAsync(string sql)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
#pragma warning disable CA2100 // constants of the faults
                await using var command = Client.Database.CreateCommand(sql);
#pragma warning restore CA2100
                await command.ExecuteNonQueryAsync();
                return;
            }
            catch (NpgsqlException) when (attempt < 50)
            {
                await Task.Delay(Pause, CancellationToken.None);
            }
        }
    }

    /// <summary>A command of Redis.</summary>
    /// <exception cref="InvalidOperationException">Redis refused it.</exception>
    public async Task RedisAsync(params string[] words)
    {
        var (address, password) = Platform.Redis.Split(",password=") is [var a, var b] ? (a, b) : (Platform.Redis, "");
        var start = new ProcessStartInfo(
            Path.Combine(Repository.ServersBin(), "redis-cli"), ["-p", address.Split(':')[1], "-e", .. words])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["REDISCLI_AUTH"] = password },
        };
        using var process = System.Diagnostics.Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"redis-cli {words[0]}: {await output}{errors}");
        }
    }
}
