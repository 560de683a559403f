using System.Text.Json;
using Npgsql;

namespace Workflows.Attack.Attacks;

/// <summary>A database of the tenant's own that answers hundreds of megabytes in one value.</summary>
internal sealed class HugeValue : IAttack
{
    private const int Executions = 3;
    private const int MemoryGrowth = 400; // MiB; all values together are 1,430
    private const string Statement = "select repeat('x', 250000000) as a, repeat('y', 250000000) as b";

    public string Name => "huge-value";

    public string Promise => "values of 250 MB from a tenant's database do not fill a worker's memory";

    /// <summary>What of A's server has to be allowed: nothing where there is none.</summary>
    public static IEnumerable<string> AddressOf(string? postgres) =>
        postgres is null ? [] : [AddressOf(new NpgsqlConnectionStringBuilder(postgres))];

    public async Task<Verdict> RunAsync(Stage stage, CancellationToken cancellationToken)
    {
        if (stage.Postgres is null)
        {
            throw new AttackException(
                "there is no second PostgreSQL (ATTACK_POSTGRES); eng/attack.sh starts one where it has the programs");
        }

        var server = new NpgsqlConnectionStringBuilder(stage.Postgres);
        await stage.A.PostAsync("/api/v1/connectors", new
        {
            name = "huge",
            type = "postgres",
            config = new
            {
                host = server.Host, port = server.Port, database = server.Database, username = server.Username,
                password = server.Password, tls = "disable",
            },
        }, cancellationToken);
        var workflow = await stage.A.PublishAsync("huge", new
        {
            nodes = new[] { Definitions.Node("ask", "sql", new { connector = "huge", statement = Statement }) },
            edges = Array.Empty<object>(),
        }, cancellationToken);
        var ends = new List<string>();
        var (before, most) = await stage.WatchMemoryAsync("worker", async () =>
        {
            var runs = Enumerable.Range(0, Executions)
                .Select(_ => stage.A.RunAsync(workflow, new { }, cancellationToken)).ToList();
            ends.AddRange((await Task.WhenAll(runs)).Select(EndOf));
        }, cancellationToken);
        return new Verdict(
            most - before < MemoryGrowth && ends.All(end => end.StartsWith("SQL", StringComparison.Ordinal)),
            $"a worker grew from {before} to {most} MiB; the executions ended {string.Join(", ", ends)}");
    }

    private static string AddressOf(NpgsqlConnectionStringBuilder server) => $"{server.Host}:{server.Port}";

    private static string EndOf(JsonElement execution) =>
        execution.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object
            ? error.GetProperty("code").GetString()!
            : execution.GetProperty("status").GetString()!;
}
