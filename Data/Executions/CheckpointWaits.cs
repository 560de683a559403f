using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>
/// The waits and timers of a checkpoint. Opened ones are written only while this worker owns their execution; those that are closed go with the step that consumed
/// them; those of an execution that ended go all at once.
/// </summary>
internal static class CheckpointWaits
{
    // Timers and waits go in two statements each: in one, PostgreSQL would delete the waits first, against the lock order.
    private const string CloseTimersSql = """
        delete from timers t
        using unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::int[]) as c (tenant_id, execution_id, node_id, iteration, attempt)
        where t.tenant_id = c.tenant_id and t.execution_id = c.execution_id and t.node_id = c.node_id
          and t.iteration = c.iteration and t.attempt = c.attempt
        """;

    private const string CloseWaitsSql = """
        delete from waits w
        using unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::int[]) as c (tenant_id, execution_id, node_id, iteration, attempt)
        where w.tenant_id = c.tenant_id and w.execution_id = c.execution_id and w.node_id = c.node_id
          and w.iteration = c.iteration and w.attempt = c.attempt
        """;

    private const string ClearTimersSql = """
        delete from timers t using unnest($1::uuid[], $2::uuid[]) as c (tenant_id, execution_id)
        where t.tenant_id = c.tenant_id and t.execution_id = c.execution_id
        """;

    private const string ClearWaitsSql = """
        delete from waits w using unnest($1::uuid[], $2::uuid[]) as c (tenant_id, execution_id)
        where w.tenant_id = c.tenant_id and w.execution_id = c.execution_id
        """;

    // Only while this worker owns the execution. A checkpoint that is sent again after its first sending parked the execution would otherwise bring
    // back waits that another worker has closed since.
    private const string OpenWaitsSql = """
        insert into waits (tenant_id, execution_id, node_id, iteration, attempt, kind, event_type, correlation_key, due_at, created_at, request)
        select o.* from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::int[], $7::text[], $8::text[], $9::text[], $10::timestamptz[], $11::timestamptz[],
          $12::jsonb[])
          as o (tenant_id, execution_id, node_id, iteration, attempt, kind, event_type, correlation_key, due_at, created_at, request)
        join executions e on e.tenant_id = o.tenant_id and e.id = o.execution_id and e.lease_owner = $1
        on conflict do nothing
        """;

    private const string TimersSql = """
        insert into timers (tenant_id, execution_id, node_id, iteration, attempt, kind, due_at)
        select o.* from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::int[], $7::text[], $8::timestamptz[])
          as o (tenant_id, execution_id, node_id, iteration, attempt, kind, due_at)
        join executions e on e.tenant_id = o.tenant_id and e.id = o.execution_id and e.lease_owner = $1
        on conflict do nothing
        """;

    private static void AddClosed(Round round, NpgsqlBatchCommand command, List<WaitKey> closed)
    {
        command.Parameters.Add(Sql.Uuids(closed, row => row.Key.TenantId));
        command.Parameters.Add(Sql.Uuids(closed, row => row.Key.Id));
        command.Parameters.Add(Sql.Texts(closed, row => row.NodeId));
        command.Parameters.Add(Sql.Texts(closed, row => row.Iteration));
        command.Parameters.Add(Sql.Ints(closed, row => row.Attempt));
        round.Add(command);
    }

    private static void AddCleared(Round round, NpgsqlBatchCommand command, List<ExecutionKey> cleared)
    {
        command.Parameters.Add(Sql.Uuids(cleared, key => key.TenantId));
        command.Parameters.Add(Sql.Uuids(cleared, key => key.Id));
        round.Add(command);
    }

    public static void AddTo(
        Round round, Guid workerId, Checkpoint checkpoint, List<ChildStart> children, List<WokenExecution> woken)
    {
        if (checkpoint.Opened is { Count: > 0 } opened)
        {
            var command = new NpgsqlBatchCommand(OpenWaitsSql);
            command.Parameters.Add(Sql.Uuid(workerId));
            command.Parameters.Add(Sql.Uuids(opened, row => row.Key.TenantId));
            command.Parameters.Add(Sql.Uuids(opened, row => row.Key.Id));
            command.Parameters.Add(Sql.Texts(opened, row => row.NodeId));
            command.Parameters.Add(Sql.Texts(opened, row => row.Iteration));
            command.Parameters.Add(Sql.Ints(opened, row => row.Attempt));
            command.Parameters.Add(Sql.Texts(opened, row => row.Kind));
            command.Parameters.Add(Sql.Texts(opened, row => row.EventType));
            command.Parameters.Add(Sql.Texts(opened, row => row.CorrelationKey));
            command.Parameters.Add(Sql.Instants(opened, row => row.DueAt));
            command.Parameters.Add(Sql.Instants(opened, row => row.CreatedAt));
            command.Parameters.Add(Sql.Jsons(opened, row => row.Request));
            round.Add(command);
            PeopleWaits.AddOpened(round, workerId, opened);
        }

        if (checkpoint.Timers is { Count: > 0 } timers)
        {
            var command = new NpgsqlBatchCommand(TimersSql);
            command.Parameters.Add(Sql.Uuid(workerId));
            command.Parameters.Add(Sql.Uuids(timers, row => row.Key.TenantId));
            command.Parameters.Add(Sql.Uuids(timers, row => row.Key.Id));
            command.Parameters.Add(Sql.Texts(timers, row => row.NodeId));
            command.Parameters.Add(Sql.Texts(timers, row => row.Iteration));
            command.Parameters.Add(Sql.Ints(timers, row => row.Attempt));
            command.Parameters.Add(Sql.Texts(timers, row => row.Kind));
            command.Parameters.Add(Sql.Instants(timers, row => row.DueAt));
            round.Add(command);
        }

        ChildExecutions.AddTo(round, workerId, children, woken);

        // After the insertions: what was opened and closed since the last checkpoint must not stay.
        if (checkpoint.Closed is { Count: > 0 } closed)
        {
            AddClosed(round, new NpgsqlBatchCommand(CloseTimersSql), closed);
            AddClosed(round, new NpgsqlBatchCommand(CloseWaitsSql), closed);
        }

        if (checkpoint.Cleared is { Count: > 0 } cleared)
        {
            AddCleared(round, new NpgsqlBatchCommand(ClearTimersSql), cleared);
            AddCleared(round, new NpgsqlBatchCommand(ClearWaitsSql), cleared);
        }
    }
}
