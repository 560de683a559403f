using System.Security.Cryptography;
using Npgsql;

namespace Workflows.Attack.Attacks;

/// <summary>An input nested deeper than any reader goes, by SQL, past the checks of the API.</summary>
internal sealed class DeepInput : IAttack
{
    private const int Starts = 5;
    private const string EnqueueSql = "select workflows.enqueue($1, (repeat('[', 300) || repeat(']', 300))::jsonb)";

    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(8);

    public string Name => "deep-input";

    public string Promise => $"executions of B end within {Stage.PromptMilliseconds} ms (median) beside inputs nested 300 deep";

    public async Task<Verdict> RunAsync(Stage stage, CancellationToken cancellationToken)
    {
        var workflow = await stage.A.PublishAsync("deep", new
        {
            parameters = new { type = "object" },
            nodes = new[] { Definitions.Set("done", 1) },
            edges = Array.Empty<object>(),
        }, cancellationToken);
        var role = $"attack_{RandomNumberGenerator.GetHexString(12, lowercase: true)}";
        var password = RandomNumberGenerator.GetHexString(32, lowercase: true);
        await AskAsync(stage, $"create role {role} login password '{password}'", cancellationToken);
        try
        {
            await AskAsync(stage, $"select workflows.grant_client('{role}', '{stage.A.Id}')", cancellationToken);
            var answer = await EnqueueAsync(stage, role, password, workflow, cancellationToken);
            var latency = await stage.MeasureExecutionsAsync(Watched, cancellationToken);
            return new Verdict(latency.Failed == 0 && latency.Median < Stage.PromptMilliseconds, $"{answer}; {latency}");
        }
        finally
        {
            await AskAsync(stage, $"select workflows.revoke_client('{role}')", CancellationToken.None);
            await AskAsync(stage, $"drop role {role}", CancellationToken.None);
        }
    }

    private static async Task<string> EnqueueAsync(
        Stage stage, string role, string password, Guid workflow, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnectionStringBuilder(stage.Platform.Postgres.ConnectionString)
        {
            Username = role,
            Password = password,
            Pooling = false,
        };
        await using var database = NpgsqlDataSource.Create(connection);
        try
        {
            for (var number = 0; number < Starts; number++)
            {
                await using var command = database.CreateCommand(EnqueueSql);
                command.Parameters.Add(new() { Value = workflow.ToString() });
                await command.ExecuteScalarAsync(cancellationToken);
            }

            return $"{Starts} were taken";
        }
        catch (PostgresException exception)
        {
            return $"refused with {exception.SqlState}";
        }
    }

    // The names are this program's own: letters, digits and underscores.
#pragma warning disable CA2100
    private static async Task AskAsync(Stage stage, string sql, CancellationToken cancellationToken)
    {
        await using var command = stage.Platform.Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
#pragma warning restore CA2100
}
