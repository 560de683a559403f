using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>An execution that something happened to: queued now, or owned by a worker that should look.</summary>
public sealed record WokenExecution(ExecutionKey Key, string Status, ExecutionPriority Priority, Guid? Owner);

/// <summary>
/// Fires due timers. Guarantees: each timer acts once, in the transaction that deletes it, with any number of workers firing at once; a timer that was due during an
/// outage fires at the first look after it. Time is the database's.
/// </summary>
public sealed class TimerStore(WorkflowsDatabase database)
{
    // Lock order, as everywhere: timers, waits, executions by key. A paused execution sleeps over its timers (what resolved is found when a person
    // resumes it) but not over its own time-out.
    private const string FireSql = $"""
        with due as (
          select t.tenant_id, t.execution_id, t.node_id, t.iteration, t.attempt, t.kind
          from timers t
          where t.due_at <= now()
          order by t.due_at
          limit $1
          for update skip locked
        ),
        gone as (
          delete from timers t using due d
          where t.tenant_id = d.tenant_id and t.execution_id = d.execution_id and t.node_id = d.node_id
            and t.iteration = d.iteration and t.attempt = d.attempt
          returning t.tenant_id, t.execution_id, t.node_id, t.iteration, t.attempt, t.kind
        ),
        resolved as (
          update waits w
          set status = 'resolved', outcome = case when w.kind in ('timer', 'retry') then 'due' else 'timeout' end, resolved_at = now()
          from (select * from gone order by tenant_id, execution_id, node_id, iteration, attempt) g
          where g.kind = 'wait' and w.tenant_id = g.tenant_id and w.execution_id = g.execution_id and w.node_id = g.node_id
            and w.iteration = g.iteration and w.attempt = g.attempt and w.status = 'open'
          returning w.tenant_id, w.execution_id
        ),
        affected as (
          select tenant_id, execution_id, bool_or(timeout) as timeout
          from (
            select r.tenant_id, r.execution_id, false as timeout from resolved r
            union all
            select g.tenant_id, g.execution_id, true from gone g where g.kind = 'execution_timeout'
          ) a
          group by tenant_id, execution_id
          order by tenant_id, execution_id
        )
        update executions e
        set {StateRules.WakeOrTimeOut}
        from affected a
        where e.tenant_id = a.tenant_id and e.id = a.execution_id and e.status in ('queued', 'running', 'waiting', 'paused')
        returning e.tenant_id, e.id, e.status, e.priority, e.lease_owner
        """;

    /// <summary>Fires up to <paramref name="limit"/> due timers.</summary>
    public async Task<IReadOnlyList<WokenExecution>> FireDueAsync(int limit, CancellationToken cancellationToken)
    {
        await using var command = database.HotPath.CreateCommand(FireSql);
        command.Parameters.Add(Sql.Int(limit));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await WokenExecutions.ReadAsync(reader, cancellationToken);
    }

    private const string NextSql = "select extract(epoch from min(due_at) - now())::float8 from timers";

    /// <summary>How long until the next timer is due; null when there is none. Negative when overdue.</summary>
    public async Task<TimeSpan?> UntilNextAsync(CancellationToken cancellationToken)
    {
        await using var command = database.HotPath.CreateCommand(NextSql);
        return await command.ExecuteScalarAsync(cancellationToken) is double seconds
            ? TimeSpan.FromSeconds(Math.Clamp(seconds, -1, TimeSpan.FromDays(1).TotalSeconds))
            : null;
    }
}

internal static class WokenExecutions
{
    public static async Task<List<WokenExecution>> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var woken = new List<WokenExecution>();
        while (await reader.ReadAsync(cancellationToken))
        {
            woken.Add(Read(reader));
        }

        return woken;
    }

    /// <summary>Adds a statement that answers what it woke, as the five columns tenant, id, status, priority and
    /// owner.</summary>
    public static void AddWaking(this Round round, NpgsqlBatchCommand command, List<WokenExecution> woken) =>
        round.Add(command, 5, row => woken.Add(Read(row)));

    private static WokenExecution Read(NpgsqlDataReader row) => new(
        new ExecutionKey(row.GetGuid(0), row.GetGuid(1)), row.GetString(2), (ExecutionPriority)row.GetInt16(3),
        row.IsDBNull(4) ? null : row.GetGuid(4));
}
