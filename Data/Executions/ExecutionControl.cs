using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using Workflows.Data.ControlPlane;
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

/// <summary>What a person does to executions.</summary>
public enum ControlAction
{
    /// <summary>Asks for the end of what is not finished. A worker carries it out, so that everything that belongs to an end happens.</summary>
    Cancel,

    /// <summary>Stops what is queued or waiting at once, and what runs as soon as its worker has recorded what is under way.</summary>
    Pause,

    /// <summary>Queues what is paused; takes back a pause that was not carried out yet.</summary>
    Resume,

    /// <summary>Runs what failed, timed out or was cancelled on from where it stopped, on the same version.</summary>
    Retry,

    /// <summary>Closes a failure without running it again.</summary>
    Resolve,

    /// <summary>Takes that back: the failure is open again, with its dead letter.</summary>
    Unresolve,
}

/// <summary>What became of a control request for one execution.</summary>
public abstract record ControlOutcome
{
    private ControlOutcome()
    {
    }

    /// <summary>The request is durable. <paramref name="Status"/> is the execution's, from which a worker goes on if something is left to do.</summary>
    public sealed record Accepted(string Status) : ControlOutcome;

    public sealed record NotFound : ControlOutcome;

    /// <summary>The execution's present status does not allow it.</summary>
    public sealed record NotAllowed(string Status) : ControlOutcome;
}

/// <summary>What became of a control request for several executions.</summary>
/// <param name="Changed">Those to which it was done.</param>
/// <param name="States">The present status of each that exists.</param>
public sealed record ControlResult(IReadOnlyList<Guid> Changed, IReadOnlyDictionary<Guid, string> States);

/// <summary>
/// What people do to executions, one or many in one transaction with an audit row for each. Guarantees: an execution is changed only from a status that allows it,
/// whatever happens to it at the same moment; an owned one is marked and its worker nudged (and finds the mark by itself otherwise).
/// Lock order, as everywhere: concurrency keys, executions by (tenant, id).
/// </summary>
public sealed class ExecutionControl(WorkflowsDatabase database, DispatchStreams dispatch, WorkerSignals signals, TimeProvider clock)
{
    private const string Noted = """
        noted as (
          insert into user_activity
            (tenant_id, id, actor_type, actor_id, actor_name, action, object_type, object_id, ip, user_agent, after, request_id, at)
          select c.tenant_id, a.activity_id, $5, $6, $7, $11, 'execution', c.id, $8, $9, jsonb_build_object('reason', $3::text), $10, now()
          from changed c join unnest($2::uuid[], $4::uuid[]) as a (id, activity_id) on a.id = c.id
        )
        select c.id, c.status, c.priority, c.lease_owner from changed c
        """;

    // Also what has not begun is ended by a worker: somebody may wait for its end (a parent, a caller, those held behind it).
    private const string CancelSql = $"""
        with locked as (
          select e.tenant_id, e.id from executions e
          where e.tenant_id = $1 and e.id = any ($2::uuid[]) and e.status in ('queued', 'running', 'waiting', 'paused', 'held')
          order by e.tenant_id, e.id for update
        ),
        changed as (
          update executions e
          set {StateRules.RequestStop},
            stop_reason = $3
          from locked l where e.tenant_id = l.tenant_id and e.id = l.id
          returning e.tenant_id, e.id, e.status, e.priority, e.lease_owner
        ),
        {Noted}
        """;

    private const string PauseSql = $"""
        with locked as (
          select e.tenant_id, e.id from executions e
          where e.tenant_id = $1 and e.id = any ($2::uuid[]) and e.status in ('queued', 'running', 'waiting')
            and (e.stop_request is null or (e.stop_request = 'pause' and e.status <> 'running'))
          order by e.tenant_id, e.id for update
        ),
        changed as (
          update executions e
          set stop_request = case when e.status = 'running' then 'pause' end, stop_reason = $3,
              status = case when e.status = 'running' then e.status else 'paused' end
          from locked l where e.tenant_id = l.tenant_id and e.id = l.id
          returning e.tenant_id, e.id, e.status, e.priority, e.lease_owner
        ),
        {Noted}
        """;

    private const string ResumeSql = $"""
        with locked as (
          select e.tenant_id, e.id from executions e
          where e.tenant_id = $1 and e.id = any ($2::uuid[]) and (e.status = 'paused' or (e.status in ('queued', 'running') and e.stop_request = 'pause'))
          order by e.tenant_id, e.id for update
        ),
        changed as (
          update executions e
          set stop_request = nullif(e.stop_request, 'pause'), stop_reason = case when e.stop_request is distinct from 'pause' and e.stop_request is not null then e.stop_reason end,
              status = case when e.status = 'paused' then 'queued' else e.status end,
              queued_at = case when e.status = 'paused' then now() else e.queued_at end
          from locked l where e.tenant_id = l.tenant_id and e.id = l.id
          returning e.tenant_id, e.id, e.status, e.priority, e.lease_owner
        ),
        {Noted}
        """;

    // Steps that completed keep their results; the failed ones are history of the run before. One with a concurrency limit lines up again, and is queued by the
    // statement after this if there is room.
    private const string RetrySql = $"""
        with locked as (
          select e.tenant_id, e.id from executions e
          where e.tenant_id = $1 and e.id = any ($2::uuid[]) and e.status in ('failed', 'timed_out', 'cancelled')
          order by e.tenant_id, e.id for update
        ),
        changed as (
          update executions e
          set status = case when e.concurrency_key is null and coalesce(e.not_before, now()) <= now() then 'queued' else 'held' end, attempt = e.attempt + 1, output = null, error = null, finished_at = null,
              stop_request = null, stop_reason = null, reply_to = null, queued_at = now(), retried_at = now(),
              resolved_at = null, resolved_by = null, resolution = null, rescues = 0, rescued_at = null
          from locked l where e.tenant_id = l.tenant_id and e.id = l.id
          returning e.tenant_id, e.id, e.status, e.priority, e.lease_owner
        ),
        settled as (
          update dead_letters d set status = 'redriven', settled_at = now(), settled_by = $7
          from changed c where d.tenant_id = c.tenant_id and d.execution_id = c.id and d.status = 'open'
        ),
        {Noted}
        """;

    private const string ResolveSql = $"""
        with locked as (
          select e.tenant_id, e.id from executions e
          where e.tenant_id = $1 and e.id = any ($2::uuid[]) and e.status in ('failed', 'timed_out') and e.resolved_at is null
          order by e.tenant_id, e.id for update
        ),
        changed as (
          update executions e set resolved_at = now(), resolved_by = $7, resolution = $3
          from locked l where e.tenant_id = l.tenant_id and e.id = l.id
          returning e.tenant_id, e.id, e.status, e.priority, e.lease_owner
        ),
        settled as (
          update dead_letters d set status = 'discarded', settled_at = now(), settled_by = $7
          from changed c where d.tenant_id = c.tenant_id and d.execution_id = c.id and d.status = 'open'
        ),
        {Noted}
        """;

    // Of the dead letters only those that the resolution settled: both bear the time of its transaction.
    private const string UnresolveSql = $"""
        with locked as (
          select e.tenant_id, e.id, e.resolved_at from executions e
          where e.tenant_id = $1 and e.id = any ($2::uuid[]) and e.status in ('failed', 'timed_out') and e.resolved_at is not null
          order by e.tenant_id, e.id for update
        ),
        changed as (
          update executions e set resolved_at = null, resolved_by = null, resolution = null
          from locked l where e.tenant_id = l.tenant_id and e.id = l.id
          returning e.tenant_id, e.id, e.status, e.priority, e.lease_owner
        ),
        reopened as (
          update dead_letters d set status = 'open', settled_at = null, settled_by = null
          from locked l where d.tenant_id = l.tenant_id and d.execution_id = l.id and d.status = 'discarded' and d.settled_at = l.resolved_at
        ),
        {Noted}
        """;

    private const string HoldSlotsSql = "select hold_slots_of(array_fill($1::uuid, array[cardinality($2::uuid[])]), $2::uuid[])";

    private const string ReleaseSlotsSql =
        "select id, status, priority from release_slots(array_fill($1::uuid, array[cardinality($2::uuid[])]), $2::uuid[])";

    private const string StatesSql = "select e.id, e.status from executions e where e.tenant_id = $1 and e.id = any ($2::uuid[])";

    public Task<ControlOutcome> CancelAsync(Guid tenantId, Guid executionId, string reason, Actor actor, CancellationToken cancellationToken) =>
        ApplyAsync(ControlAction.Cancel, tenantId, executionId, reason, actor, cancellationToken);

    public Task<ControlOutcome> RetryAsync(Guid tenantId, Guid executionId, string reason, Actor actor, CancellationToken cancellationToken) =>
        ApplyAsync(ControlAction.Retry, tenantId, executionId, reason, actor, cancellationToken);

    /// <summary>Does something to one execution.</summary>
    public async Task<ControlOutcome> ApplyAsync(
        ControlAction action, Guid tenantId, Guid executionId, string reason, Actor actor, CancellationToken cancellationToken)
    {
        var result = await ApplyAsync(action, tenantId, [executionId], reason, actor, cancellationToken);
        return !result.States.TryGetValue(executionId, out var status) ? new ControlOutcome.NotFound()
            : result.Changed.Count > 0 ? new ControlOutcome.Accepted(status)
            : new ControlOutcome.NotAllowed(status);
    }

    /// <summary>Does something to those of the executions whose status allows it, all in one transaction.</summary>
    /// <param name="auditAs">The action in the audit trail; that of the request when left out.</param>
    /// <exception cref="ArgumentException">More than <see cref="Limits.BulkControl"/>.</exception>
    public async Task<ControlResult> ApplyAsync(
        ControlAction action, Guid tenantId, IReadOnlyList<Guid> executionIds, string reason, Actor actor, CancellationToken cancellationToken, string? auditAs = null)
    {
        if (executionIds.Count > Limits.BulkControl)
        {
            throw new ArgumentException($"At most {Limits.BulkControl} executions are controlled in one call, not {executionIds.Count}.", nameof(executionIds));
        }

        var ids = executionIds.Distinct().ToList();
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var round = new Round(connection);
        var (changed, promoted) = (new List<Row>(), new List<Row>());
        var states = new Dictionary<Guid, string>();
        round.AddCall(TenantScope.SetTenant(tenantId));
        if (action == ControlAction.Retry)
        {
            round.AddCall(ByIds(new NpgsqlBatchCommand(HoldSlotsSql), tenantId, ids));
        }

        round.Add(Change(action, tenantId, ids, reason, actor, auditAs), 4, row => changed.Add(new Row(
            row.GetGuid(0), row.GetString(1), (ExecutionPriority)row.GetInt16(2), row.IsDBNull(3) ? null : row.GetGuid(3))));
        if (action == ControlAction.Retry)
        {
            round.Add(ByIds(new NpgsqlBatchCommand(ReleaseSlotsSql), tenantId, ids), 3, row => promoted.Add(
                new Row(row.GetGuid(0), row.GetString(1), (ExecutionPriority)row.GetInt16(2), null)));
        }

        round.Add(
            ByIds(new NpgsqlBatchCommand(StatesSql), tenantId, ids), 2, row => states.Add(row.GetGuid(0), row.GetString(1)));
        await round.ExecuteAsync(cancellationToken);
        Announce(tenantId, [.. changed, .. promoted]);
        return new ControlResult([.. changed.Select(row => row.Id)], states);
    }

    /// <summary>
    /// Asks for the end of executions within a change of the control plane, so that both happen or neither. Their
    /// workers
    /// are told by what is answered, when the change is committed; those that are not find out by themselves.
    /// </summary>
    /// <exception cref="ArgumentException">More than <see cref="Limits.BulkControl"/>.</exception>
    public async Task<(int Count, Action Tell)> CancelWithinAsync(
        WorkflowsDbContext db, IReadOnlyList<Guid> executionIds, string reason, Actor actor,
            CancellationToken cancellationToken)
    {
        if (executionIds.Count > Limits.BulkControl)
        {
            throw new ArgumentException(
                $"At most {Limits.BulkControl} executions are controlled in one call, not {executionIds.Count}.",
                    nameof(executionIds));
        }

        var tenantId = db.TenantId ?? throw new InvalidOperationException("A change needs a tenant.");
        var changed = new List<Row>();
        await using var batch = new NpgsqlBatch(
            (NpgsqlConnection)db.Database.GetDbConnection(),
                (NpgsqlTransaction)db.Database.CurrentTransaction!.GetDbTransaction());
        batch.BatchCommands.Add(Change(ControlAction.Cancel, tenantId, [.. executionIds], reason, actor, null));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            changed.Add(new Row(
                reader.GetGuid(0), reader.GetString(1), (ExecutionPriority)reader.GetInt16(2),
                    reader.IsDBNull(3) ? null : reader.GetGuid(3)));
        }

        return (changed.Count, () => Announce(tenantId, changed));
    }

    private NpgsqlBatchCommand Change(ControlAction action, Guid tenantId, List<Guid> ids, string reason, Actor actor, string? auditAs)
    {
        var (command, name) = action switch
        {
            ControlAction.Cancel => (new NpgsqlBatchCommand(CancelSql), "execution.cancel"),
            ControlAction.Pause => (new NpgsqlBatchCommand(PauseSql), "execution.pause"),
            ControlAction.Resume => (new NpgsqlBatchCommand(ResumeSql), "execution.resume"),
            ControlAction.Retry => (new NpgsqlBatchCommand(RetrySql), "execution.retry"),
            ControlAction.Resolve => (new NpgsqlBatchCommand(ResolveSql), "execution.resolve"),
            ControlAction.Unresolve => (new NpgsqlBatchCommand(UnresolveSql), "execution.unresolve"),
        };
        var now = clock.GetUtcNow();
        ByIds(command, tenantId, ids);
        command.Parameters.Add(Sql.Text(reason));
        command.Parameters.Add(Sql.Uuids(ids, _ => Guid.CreateVersion7(now)));
        command.Parameters.Add(Sql.Text(actor.Type));
        command.Parameters.Add(Sql.UuidOrNull(actor.Id));
        command.Parameters.Add(Sql.Text(actor.Name));
        command.Parameters.Add(Sql.Text(actor.Ip));
        command.Parameters.Add(Sql.Text(actor.UserAgent));
        command.Parameters.Add(Sql.Text(actor.RequestId));
        command.Parameters.Add(Sql.Text(auditAs ?? name));
        return command;
    }

    private static NpgsqlBatchCommand ByIds(NpgsqlBatchCommand command, Guid tenantId, List<Guid> ids)
    {
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Uuids(ids, id => id));
        return command;
    }

    private void Announce(Guid tenantId, List<Row> rows)
    {
        dispatch.Announce(rows.Where(row => row.Status == "queued")
            .Select(row => new DispatchHint(new ExecutionKey(tenantId, row.Id), row.Priority)));
        foreach (var row in rows)
        {
            if (row.Owner is { } workerId)
            {
                signals.Nudge(workerId, new ExecutionKey(tenantId, row.Id));
            }
        }
    }

    private sealed record Row(Guid Id, string Status, ExecutionPriority Priority, Guid? Owner);
}
