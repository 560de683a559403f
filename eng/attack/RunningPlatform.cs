using System.Globalization;
using System.Text.Json;
using Npgsql;

namespace Workflows.Attack;

/// <summary>The platform that <c>./run</c> started, as its files tell.</summary>
internal sealed class RunningPlatform : IAsyncDisposable
{
    private readonly IReadOnlyList<(string Resource, int Id)> _processes;

    private RunningPlatform(Uri api, string postgres, IReadOnlyList<(string Resource, int Id)> processes)
    {
        (Api, Postgres, _processes) = (api, new NpgsqlConnectionStringBuilder(postgres), processes);
        Database = NpgsqlDataSource.Create(postgres);
    }

    public Uri Api { get; }

    /// <summary>The owner's connection.</summary>
    public NpgsqlConnectionStringBuilder Postgres { get; }

    public NpgsqlDataSource Database { get; }

    /// <param name="runFile"><c>.local/run.json</c>.</param>
    /// <exception cref="AttackException">It is not of this machine.</exception>
    public static async Task<RunningPlatform> ReadAsync(string runFile, CancellationToken cancellationToken)
    {
        var run = JsonElement.Parse(await File.ReadAllTextAsync(runFile, cancellationToken));
        var api = new Uri(run.GetProperty("api").GetString()!);
        var postgres = run.GetProperty("postgres").GetString()!;
        var host = new NpgsqlConnectionStringBuilder(postgres).Host;
        if (!api.IsLoopback || host is not ("127.0.0.1" or "localhost" or "::1"))
        {
            throw new AttackException($"Only a platform on this machine is attacked; this one is at {api} and {host}.");
        }

        var listed = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(runFile))!, "processes.json");
        var processes = JsonElement.Parse(await File.ReadAllTextAsync(listed, cancellationToken));
        return new RunningPlatform(api, postgres,
        [
            .. processes.GetProperty("processes").EnumerateArray()
                .Where(process => process.GetProperty("pid").ValueKind == JsonValueKind.Number)
                .Select(process =>
                    (process.GetProperty("resource").GetString()!, process.GetProperty("pid").GetInt32())),
        ]);
    }

    /// <summary>The processes of a service.</summary>
    public IReadOnlyList<int> Processes(string resource) =>
        [.. _processes.Where(process => process.Resource == resource).Select(process => process.Id)];

    /// <summary>Resident memory of the largest process of a service, in MiB.</summary>
    /// <exception cref="AttackException">A process has ended.</exception>
    public int MemoryOf(string resource) => Processes(resource).Select(MemoryOf).DefaultIfEmpty(0).Max();

    public ValueTask DisposeAsync() => Database.DisposeAsync();

    private static int MemoryOf(int process)
    {
        try
        {
            var line = File.ReadLines($"/proc/{process}/status")
                .First(each => each.StartsWith("VmRSS:", StringComparison.Ordinal));
            var kilobytes = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2];
            return int.Parse(kilobytes, CultureInfo.InvariantCulture) / 1024;
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException)
        {
            throw new AttackException($"The process {process} has ended.");
        }
    }
}
