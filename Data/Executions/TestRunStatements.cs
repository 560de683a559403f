using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>
/// The part of a checkpoint that is of tests: statements of their own, so that those of ordinary executions stay as
/// they are. A test leaves its steps and its end, and nothing that others hear of or count.
/// </summary>
internal static class TestRunStatements
{
    private const string TestStepsSql = """
        insert into step_executions
          (tenant_id, execution_id, node_id, iteration, attempt, run, sequence, node_type, status, port, output, error,
           started_at, finished_at, rows_processed, input)
        select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::int[], $6::int[], $7::int[],
          $8::text[], $9::text[], $10::text[], $11::jsonb[], $12::jsonb[], $13::timestamptz[], $14::timestamptz[],
          $15::bigint[],
          $16::jsonb[])
        on conflict do nothing
        """;

    private const string FinishTestsSql = """
        update executions e
        set status = f.status, output = f.output, error = f.error, finished_at = f.finished_at,
          rows_processed = f.rows_processed, lease_owner = null
        from unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::jsonb[], $7::jsonb[], $8::timestamptz[],
          $9::bigint[]) as f (tenant_id, id, fence, status, output, error, finished_at, rows_processed)
        where e.tenant_id = f.tenant_id and e.id = f.id and e.fence = f.fence and e.lease_owner = $1
        """;

    public static void AddTo(Round round, Guid workerId, Checkpoint checkpoint)
    {
        if (checkpoint.TestSteps is { Count: > 0 } steps)
        {
            AddSteps(round, steps);
        }

        if (checkpoint.FinishedTests is { Count: > 0 } finished)
        {
            AddFinished(round, workerId, finished);
        }
    }

    private static void AddSteps(Round round, List<StepRow> steps)
    {
        var command = new NpgsqlBatchCommand(TestStepsSql);
        command.Parameters.Add(Sql.Uuids(steps, row => row.Key.TenantId));
        command.Parameters.Add(Sql.Uuids(steps, row => row.Key.Id));
        command.Parameters.Add(Sql.Texts(steps, row => row.NodeId));
        command.Parameters.Add(Sql.Texts(steps, row => row.Iteration));
        command.Parameters.Add(Sql.Ints(steps, row => row.Attempt));
        command.Parameters.Add(Sql.Ints(steps, row => row.Run));
        command.Parameters.Add(Sql.Ints(steps, row => row.Sequence));
        command.Parameters.Add(Sql.Texts(steps, row => row.NodeType));
        command.Parameters.Add(Sql.Texts(steps, row => row.Status));
        command.Parameters.Add(Sql.Texts(steps, row => row.Port));
        command.Parameters.Add(Sql.Jsons(steps, row => row.Output));
        command.Parameters.Add(Sql.Jsons(steps, row => row.Error));
        command.Parameters.Add(Sql.Instants(steps, row => row.StartedAt));
        command.Parameters.Add(Sql.Instants(steps, row => row.FinishedAt));
        command.Parameters.Add(Sql.LongsOrNull(steps, row => row.RowsProcessed));
        command.Parameters.Add(Sql.Jsons(steps, row => row.Input));
        round.Add(command);
    }

    private static void AddFinished(Round round, Guid workerId, List<FinishedExecution> finished)
    {
        finished.Sort((left, right) => left.Key.CompareTo(right.Key));
        var command = new NpgsqlBatchCommand(FinishTestsSql);
        command.Parameters.Add(Sql.Uuid(workerId));
        command.Parameters.Add(Sql.Uuids(finished, row => row.Key.TenantId));
        command.Parameters.Add(Sql.Uuids(finished, row => row.Key.Id));
        command.Parameters.Add(Sql.Longs(finished, row => row.Fence));
        command.Parameters.Add(Sql.Texts(finished, row => row.Status));
        command.Parameters.Add(Sql.Jsons(finished, row => row.Output));
        command.Parameters.Add(Sql.Jsons(finished, row => row.Error));
        command.Parameters.Add(Sql.Instants(finished, row => row.FinishedAt));
        command.Parameters.Add(Sql.Longs(finished, row => row.RowsProcessed));
        round.Add(command);
    }
}
