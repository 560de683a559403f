using System.Security.Cryptography;
using Npgsql;

namespace Workflows.Attack.Attacks;

/// <summary>An input nested deeper than any reader goes, by SQL, past the checks of the API.</summary>
internal sealed class DeepInput : IAttack
{
    private const int Starts = 10;
    private const int StartsOfB = 160;
    private const string EnqueueSql = "select workflows.enqueue($1, (repeat('[', 300) || repeat(']', 300))::jsonb)";

    private const string RunningSql = """
        select count(*) from executions where tenant_id = $1 and finished_at is null
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public string Name => "deep-input";

    public string Promise => $"{StartsOfB} executions of B end beside inputs nested 300 deep, and those end too";

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
            var starts = Enumerable.Range(0, StartsOfB)
                .Select(_ => stage.B.StartAsync(stage.Noop, new { }, cancellationToken)).ToList();
            var answer = await EnqueueAsync(stage, role, password, workflow, cancellationToken);
            await Task.WhenAll(starts);
            var (ofA, ofB) = await UntilEndedAsync(stage, cancellationToken);
            return new Verdict(
                ofA == 0 && ofB == 0,
                $"{answer}; after {Patience.TotalSeconds:0} s at most, {ofB} of B and {ofA} of A had not ended");
        }
        finally
        {
            await AskAsync(stage, $"select workflows.revoke_client('{role}')", CancellationToken.None);
            await AskAsync(stage, $"drop role {role}", CancellationToken.None);
        }
    }

    private static async Task<(long OfA, long OfB)> UntilEndedAsync(Stage stage, CancellationToken cancellationToken)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var (ofA, ofB) = (await CountAsync(stage, stage.A.Id), await CountAsync(stage, stage.B.Id));
            if (ofA + ofB == 0 || TimeProvider.System.GetElapsedTime(began) > Patience)
            {
                return (ofA, ofB);
            }

            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
        }
    }

    private static async Task<long> CountAsync(Stage stage, Guid tenant)
    {
        await using var command = stage.Platform.Database.CreateCommand(RunningSql);
        command.Parameters.Add(new() { Value = tenant });
        return (long)(await command.ExecuteScalarAsync())!;
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
