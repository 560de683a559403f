using Npgsql;
using Workflows.Data.Database;
using Workflows.Data.Dispatch;

namespace Workflows.Data.Executions;

/// <summary>Who asks, for the audit.</summary>
public sealed record Actor(string Type, Guid? Id, string Name)
{
    public string? Ip { get; init; }

    public string? UserAgent { get; init; }

    public string? RequestId { get; init; }
}

/// <summary>What became of a control request.</summary>
public abstract record ControlOutcome
{
    private ControlOutcome()
    {
    }

    /// <summary>The request is durable; a worker carries it out.</summary>
    public sealed record Accepted : ControlOutcome;

    public sealed record NotFound : ControlOutcome;

    /// <summary>The execution's present status does not allow it.</summary>
    public sealed record NotAllowed(string Status) : ControlOutcome;
}

/// <summary>
/// What people do to executions. Guarantees: the request and its audit row are one transaction; a parked execution is put back into the queue so
/// that a worker carries the request out, an owned one is marked and its worker nudged (and finds the mark by itself otherwise).
/// </summary>
public sealed class ExecutionControl(WorkflowsDatabase database, DispatchStreams dispatch, WorkerSignals signals, TimeProvider clock)
{
    private const string CancelSql = """
        with changed as (
          update executions e
          set stop_request = 'cancel', stop_reason = $3, wakes = e.wakes + 1,
              status = case when e.status = 'waiting' then 'queued' else e.status end,
              queued_at = case when e.status = 'waiting' then now() else e.queued_at end
          where e.tenant_id = $1 and e.id = $2 and e.status in ('queued', 'running', 'waiting')
          returning e.tenant_id, e.id, e.status, e.priority, e.lease_owner
        ),
        noted as (
          insert into user_activity
            (tenant_id, id, actor_type, actor_id, actor_name, action, object_type, object_id, ip, user_agent, after, request_id, at)
          select c.tenant_id, $4, $5, $6, $7, 'execution.cancel', 'execution', c.id, $8, $9, jsonb_build_object('reason', $3::text), $10, now()
          from changed c
        )
        select c.status, c.priority, c.lease_owner, true from changed c
        union all
        select e.status, e.priority, e.lease_owner, false from executions e
        where e.tenant_id = $1 and e.id = $2 and not exists (select from changed)
        """;

    /// <summary>Asks for the end of an execution that is not finished.</summary>
    public Task<ControlOutcome> CancelAsync(
        Guid tenantId, Guid executionId, string reason, Actor actor, CancellationToken cancellationToken) =>
        ChangeAsync(CancelSql, tenantId, executionId, reason, actor, cancellationToken);

    // Steps that completed keep their results; the failed ones are history of the run before.
    private const string RetrySql = """
        with changed as (
          update executions e
          set status = 'queued', attempt = e.attempt + 1, output = null, error = null, finished_at = null, stop_request = null,
              stop_reason = null, reply_to = null, queued_at = now(), retried_at = now()
          where e.tenant_id = $1 and e.id = $2 and e.status in ('failed', 'timed_out', 'cancelled')
          returning e.tenant_id, e.id, e.status, e.priority, e.lease_owner
        ),
        settled as (
          update dead_letters d set status = 'redriven', settled_at = now(), settled_by = $7
          from changed c where d.tenant_id = c.tenant_id and d.execution_id = c.id and d.status = 'open'
        ),
        noted as (
          insert into user_activity
            (tenant_id, id, actor_type, actor_id, actor_name, action, object_type, object_id, ip, user_agent, after, request_id, at)
          select c.tenant_id, $4, $5, $6, $7, 'execution.retry', 'execution', c.id, $8, $9, jsonb_build_object('reason', $3::text), $10, now()
          from changed c
        )
        select c.status, c.priority, c.lease_owner, true from changed c
        union all
        select e.status, e.priority, e.lease_owner, false from executions e
        where e.tenant_id = $1 and e.id = $2 and not exists (select from changed)
        """;

    /// <summary>Runs a failed, timed-out or cancelled execution on from where it stopped, on the same version.</summary>
    public Task<ControlOutcome> RetryAsync(
        Guid tenantId, Guid executionId, string reason, Actor actor, CancellationToken cancellationToken) =>
        ChangeAsync(RetrySql, tenantId, executionId, reason, actor, cancellationToken);

    private async Task<ControlOutcome> ChangeAsync(
        string sql, Guid tenantId, Guid executionId, string reason, Actor actor, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // one of the two constants above
        var command = new NpgsqlBatchCommand(sql);
#pragma warning restore CA2100
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Uuid(executionId));
        command.Parameters.Add(Sql.Text(reason));
        command.Parameters.Add(Sql.Uuid(Guid.CreateVersion7(clock.GetUtcNow())));
        command.Parameters.Add(Sql.Text(actor.Type));
        command.Parameters.Add(Sql.UuidOrNull(actor.Id));
        command.Parameters.Add(Sql.Text(actor.Name));
        command.Parameters.Add(Sql.Text(actor.Ip));
        command.Parameters.Add(Sql.Text(actor.UserAgent));
        command.Parameters.Add(Sql.Text(actor.RequestId));
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { TenantScope.SetTenant(tenantId), command } };
        string status;
        ExecutionPriority priority;
        Guid? owner;
        bool changed;
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            await reader.NextResultAsync(cancellationToken);
            if (!await reader.ReadAsync(cancellationToken))
            {
                return new ControlOutcome.NotFound();
            }

            status = reader.GetString(0);
            priority = (ExecutionPriority)reader.GetInt16(1);
            owner = reader.IsDBNull(2) ? null : reader.GetGuid(2);
            changed = reader.GetBoolean(3);
        }

        if (!changed)
        {
            return new ControlOutcome.NotAllowed(status);
        }

        var key = new ExecutionKey(tenantId, executionId);
        if (owner is { } workerId)
        {
            signals.Nudge(workerId, key);
        }
        else
        {
            dispatch.Announce([new DispatchHint(key, priority)]);
        }

        return new ControlOutcome.Accepted();
    }
}
