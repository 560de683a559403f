using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>
/// Log rows of executions: always in the checkpoint of what they tell about, so that they cost no round trip of their
/// own and are durable
/// exactly when that is. Nothing is written while nothing noteworthy happens.
/// </summary>
internal static class ExecutionLogs
{
    private const string LogsSql = """
        insert into execution_logs (tenant_id, id, execution_id, level, node_id, message, metadata, at)
        select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::timestamptz[])
        on conflict do nothing
        """;

    public static void AddTo(Round round, List<LogRow> logs)
    {
        if (logs.Count == 0)
        {
            return;
        }

        var command = new NpgsqlBatchCommand(LogsSql);
        command.Parameters.Add(Sql.Uuids(logs, row => row.Key.TenantId));
        command.Parameters.Add(Sql.Uuids(logs, row => row.Id));
        command.Parameters.Add(Sql.Uuids(logs, row => row.Key.Id));
        command.Parameters.Add(Sql.Texts(logs, row => row.Level));
        command.Parameters.Add(Sql.Texts(logs, row => row.NodeId));
        command.Parameters.Add(Sql.Texts(logs, row => row.Message));
        command.Parameters.Add(Sql.Jsons(logs, row => row.Metadata));
        command.Parameters.Add(Sql.Instants(logs, row => row.At));
        round.Add(command);
    }
}
