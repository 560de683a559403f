using Npgsql;

namespace Workflows.Attack.Attacks;

/// <summary>
/// An operator's <c>pg_cancel_backend</c>, or a managed server's timeout, on what the workers are doing.
/// </summary>
internal sealed class CancelledStatements : IAttack
{
    private const int Executions = 300;
    private const string CancelSql = """
        select count(pg_cancel_backend(pid)) from pg_stat_activity
        where usename = 'workflows_worker' and state = 'active'
        """;

    private const string EndsSql = """
        select count(*) filter (where status = 'completed'), count(*) filter (where finished_at is null),
          coalesce(string_agg(distinct status || ' ' || coalesce(error ->> 'code', ''), ', ')
            filter (where status <> 'completed'), '')
        from executions where tenant_id = $1 and workflow_id = $2
        """;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan BetweenCancels = TimeSpan.FromMilliseconds(3);
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(30);

    public string Name => "cancelled-statements";

    public string Promise => "no accepted execution fails because its worker's statements were cancelled";

    public async Task<Verdict> RunAsync(Stage stage, CancellationToken cancellationToken)
    {
        string[] ids = ["first", "wait", "last"];
        var workflow = await stage.B.PublishAsync("steady", new
        {
            nodes = new[]
            {
                Definitions.Set("first", 1), Definitions.Node("wait", "delay", new { seconds = 0.3 }),
                Definitions.Set("last", 2),
            },
            edges = Definitions.Chain(ids),
        }, cancellationToken);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var cancelling = CancelAsync(stage.Platform.Database, ending.Token);
        for (var number = 0; number < Executions; number++)
        {
            await stage.B.StartAsync(workflow, new { number }, cancellationToken);
            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
        }

        await ending.CancelAsync();
        var cancelled = await cancelling;
        var (completed, running, others) = await UntilEndedAsync(stage, workflow, cancellationToken);
        return new Verdict(
            completed == Executions && cancelled > 0,
            $"{cancelled} statements cancelled; of {Executions} executions {completed} completed, {running} still run"
                + $"{(others.Length == 0 ? "" : $" ({others})")}");
    }

    private static async Task<long> CancelAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        var cancelled = 0L;
        try
        {
            while (true)
            {
                await using var command = database.CreateCommand(CancelSql);
                cancelled += (long)(await command.ExecuteScalarAsync(cancellationToken))!;
                await Task.Delay(BetweenCancels, TimeProvider.System, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            return cancelled;
        }
    }

    private static async Task<(long Completed, long Running, string Others)> UntilEndedAsync(
        Stage stage, Guid workflow, CancellationToken cancellationToken)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (true)
        {
            await using var command = stage.Platform.Database.CreateCommand(EndsSql);
            command.Parameters.Add(new() { Value = stage.B.Id });
            command.Parameters.Add(new() { Value = workflow });
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            var ends = (reader.GetInt64(0), reader.GetInt64(1), reader.GetString(2));
            if (ends.Item2 == 0 || TimeProvider.System.GetElapsedTime(deadline) > Recovery)
            {
                return ends;
            }

            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
        }
    }
}
