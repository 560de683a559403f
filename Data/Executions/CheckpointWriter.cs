using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>
/// Makes the progress of many executions durable in one transaction and one round trip. Guarantees: all of it or nothing; nothing once the worker is
/// fenced (SQLSTATE WF001, see <see cref="PostgresErrors.IsWorkerFenced"/>); it may be sent again after a connection broke, since every
/// statement recognises what the first sending already wrote. The commit waits for the disk.
/// Lock order, as everywhere: the worker's lease (shared), concurrency keys, timers, waits, executions by (tenant, id).
/// </summary>
public sealed class CheckpointWriter(WorkflowsDatabase database) : ICheckpointSink
{
    private const string LeaseSql = "select hold_worker_lease($1)";

    /// <param name="again">An earlier sending may have come through: what it wrote is left as it is. Asking for that costs a third of what a step costs, so it is not done at first.</param>
    public async Task<CheckpointResult> WriteAsync(Guid workerId, Checkpoint checkpoint, CancellationToken cancellationToken, bool again = false)
    {
        try
        {
            return await SendAsync(workerId, checkpoint, again, cancellationToken);
        }
        catch (PostgresException exception) when (!again && PostgresErrors.UniqueViolation(exception)?.StartsWith("step_executions", StringComparison.Ordinal) == true)
        {
            return await SendAsync(workerId, checkpoint, again: true, cancellationToken);
        }
    }

    private async Task<CheckpointResult> SendAsync(Guid workerId, Checkpoint checkpoint, bool again, CancellationToken cancellationToken)
    {
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        var children = await ChildExecutions.WithClaimsAsync(connection, checkpoint.Children, cancellationToken);
        var requeued = new List<DispatchedExecution>();
        var woken = new List<WokenExecution>();
        await using var round = new Round(connection);
        var lease = new NpgsqlBatchCommand(LeaseSql);
        lease.Parameters.Add(Sql.Uuid(workerId));
        round.AddCall(lease);
        AddSteps(round, checkpoint.Steps, again);
        AddKeys(round, children, checkpoint.Finished);
        CheckpointWaits.AddTo(round, workerId, checkpoint, children, woken);
        PeopleWaits.AddResolvedAtOnce(round, workerId, checkpoint.Opened);
        AddExecutions(round, workerId, checkpoint, requeued, woken);
        ExecutionLogs.AddTo(round, checkpoint.Logs);
        AddEvents(round, checkpoint.Emitted);
        AddDeadLetters(round, checkpoint.DeadLetters);
        TestRunStatements.AddTo(round, workerId, checkpoint);
        await round.ExecuteAsync(cancellationToken);
        return new CheckpointResult(requeued, woken);
    }

    // Parking, resting and the release of slots answer the status that each row has now: what they queued is told.
    private static void AddRequeueing(Round round, NpgsqlBatchCommand command, List<DispatchedExecution> requeued) =>
        round.Add(command, 4, row =>
        {
            if (row.GetString(3) == "queued")
            {
                requeued.Add(new DispatchedExecution(
                    new ExecutionKey(row.GetGuid(0), row.GetGuid(1)), (ExecutionPriority)row.GetInt16(2)));
            }
        });

    // Each end is counted by the statement that makes it, so once; a row or a few for the whole checkpoint (PerformanceStore adds them up).
    // For the same reason it leaves what is to be told, and only where somebody listens (TellingRounds). Of a
    // sub-workflow hears who listens to that very workflow.
    private const string FinishSql = """
        with done as (
          update executions e
          set status = f.status, output = f.output, error = f.error, finished_at = f.finished_at, rows_processed = f.rows_processed, lease_owner = null
          from unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::jsonb[], $7::jsonb[], $8::timestamptz[], $9::bigint[],
              $10::int[])
            as f (tenant_id, id, fence, status, output, error, finished_at, rows_processed, steps)
          where e.tenant_id = f.tenant_id and e.id = f.id and e.fence = f.fence and e.lease_owner = $1
          returning e.tenant_id, e.id, e.workflow_id, e.trigger_type, e.status,
            date_trunc('hour', e.finished_at, 'UTC') as hour, f.steps,
            greatest(0, extract(epoch from e.finished_at - greatest(e.started_at, e.retried_at)) * 1000)::bigint as ms
        ),
        told as (
          insert into notification_outbox (tenant_id, id, event, workflow_id, execution_id, is_child, due_at)
          select d.tenant_id, gen_random_uuid(), h.event, d.workflow_id, d.id, h.is_child, now()
          from done d cross join lateral (
            select case d.status when 'completed' then 'success' else 'failure' end as event,
              d.trigger_type = 'sub_workflow' as is_child) h
          where d.status <> 'cancelled' and (
            exists (
              select from told_workflows w where w.tenant_id = d.tenant_id and w.workflow_id = d.workflow_id
                and case h.event when 'success' then w.on_success else w.on_failure end)
            or exists (
              select from subscriptions s
              where s.tenant_id = d.tenant_id and s.object_id = d.workflow_id and h.event = any (s.events))
            or (not h.is_child and exists (
              select from subscriptions s where s.tenant_id = d.tenant_id and s.object_type <> 'workflow')
              and is_listened_above(d.tenant_id, d.workflow_id, h.event)))
        )
        insert into performance_deltas (tenant_id, id, workflow_id, hour, trigger_type, status, bucket, executions, total_ms, steps)
        select d.tenant_id, gen_random_uuid(), d.workflow_id, d.hour, d.trigger_type, d.status, duration_bucket(d.ms), count(*), sum(d.ms),
          sum(d.steps)
        from done d group by d.tenant_id, d.workflow_id, d.hour, d.trigger_type, d.status, duration_bucket(d.ms)
        """;

    // Who waits for the place of an execution that ended is queued in this transaction.
    private const string ReleaseSlotsSql = "select tenant_id, id, priority, status from release_slots($1::uuid[], $2::uuid[])";

    // All keys in one statement and before any row that others change, too: the statements after this one touch rows of
    // executions (parents, what a wait wakes) long before the first place is taken or given up.
    private static void AddKeys(Round round, List<ChildStart> children, List<FinishedExecution> finished)
    {
        var starting = children.FindAll(child => child.Claim is not null);
        var ending = finished.FindAll(row => row.IsLimited);
        if (starting.Count + ending.Count > 0)
        {
            round.AddCall(SlotClaims.Hold(
                starting.ConvertAll(child => (child.Parent.Key.TenantId, child.WorkflowId!.Value, child.Claim!)),
                ending));
        }
    }

    // A failed execution is worth finding: the search service indexes its error text.
    private const string IndexFailuresSql = """
        insert into outbox (tenant_id, id, topic, subject_id, not_before)
        select f.tenant_id, f.outbox_id, 'index_execution', f.id, now()
        from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as f (tenant_id, id, outbox_id)
        on conflict do nothing
        """;

    // Who resolved a wait meanwhile has raised wakes: then the execution goes back to the queue instead of to sleep.
    private const string ParkSql = """
        update executions e
        set status = case when e.wakes = p.wakes
          and e.stop_request is null then 'waiting' else 'queued' end, rescues = 0,
            queued_at = case when e.wakes = p.wakes and e.stop_request is null then e.queued_at else now() end,
            lease_owner = null
        from unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::int[]) as p (tenant_id, id, fence, wakes)
        where e.tenant_id = p.tenant_id and e.id = p.id and e.fence = p.fence and e.lease_owner = $1
        returning e.tenant_id, e.id, e.priority, e.status
        """;

    // Wake-ups are kept: the next owner finds the resolved waits. Who was faster with a resumption (no request is left) or with another request gets
    // the execution queued.
    private const string PauseSql = """
        update executions e
        set status = case when e.stop_request = 'pause' then 'paused' else 'queued' end,
            queued_at = case when e.stop_request = 'pause' then e.queued_at else now() end,
            stop_request = nullif(e.stop_request, 'pause'),
            lease_owner = null
        from unnest($2::uuid[], $3::uuid[], $4::bigint[]) as p (tenant_id, id, fence)
        where e.tenant_id = p.tenant_id and e.id = p.id and e.fence = p.fence and e.lease_owner = $1
        returning e.tenant_id, e.id, e.priority, e.status
        """;

    private static void AddExecutions(
        Round round, Guid workerId, Checkpoint checkpoint, List<DispatchedExecution> requeued,
        List<WokenExecution> woken)
    {
        AddFinished(round, workerId, checkpoint.Finished, requeued, woken);
        AddParked(round, workerId, checkpoint.Parked, requeued);
        if (checkpoint.AbandonedChildren is { Count: > 0 } abandoned)
        {
            ChildExecutions.AddCancelled(round, abandoned, woken);
        }

        AddPaused(round, workerId, checkpoint.Paused, requeued);
    }

    private static void AddFinished(
        Round round, Guid workerId, List<FinishedExecution> finished, List<DispatchedExecution> requeued,
        List<WokenExecution> woken)
    {
        if (finished.Count == 0)
        {
            return;
        }

        finished.Sort((left, right) => left.Key.CompareTo(right.Key));
        if (finished.FindAll(row => row.IsChild) is { Count: > 0 } children)
        {
            ChildExecutions.AddResolved(round, workerId, children, woken);
        }

        var command = new NpgsqlBatchCommand(FinishSql);
        command.Parameters.Add(Sql.Uuid(workerId));
        command.Parameters.Add(Sql.Uuids(finished, row => row.Key.TenantId));
        command.Parameters.Add(Sql.Uuids(finished, row => row.Key.Id));
        command.Parameters.Add(Sql.Longs(finished, row => row.Fence));
        command.Parameters.Add(Sql.Texts(finished, row => row.Status));
        command.Parameters.Add(Sql.Jsons(finished, row => row.Output));
        command.Parameters.Add(Sql.Jsons(finished, row => row.Error));
        command.Parameters.Add(Sql.Instants(finished, row => row.FinishedAt));
        command.Parameters.Add(Sql.Longs(finished, row => row.RowsProcessed));
        command.Parameters.Add(Sql.Ints(finished, row => row.Steps));
        round.Add(command);
        if (finished.FindAll(row => row.IsLimited) is { Count: > 0 } limited)
        {
            var release = new NpgsqlBatchCommand(ReleaseSlotsSql);
            release.Parameters.Add(Sql.Uuids(limited, row => row.Key.TenantId));
            release.Parameters.Add(Sql.Uuids(limited, row => row.Key.Id));
            AddRequeueing(round, release, requeued);
        }

        var failed = finished.FindAll(row => row.Status is "failed" or "timed_out");
        if (failed.Count > 0)
        {
            var index = new NpgsqlBatchCommand(IndexFailuresSql);
            index.Parameters.Add(Sql.Uuids(failed, row => row.Key.TenantId));
            index.Parameters.Add(Sql.Uuids(failed, row => row.Key.Id));
            index.Parameters.Add(Sql.Uuids(failed, row => Guid.CreateVersion7(row.FinishedAt)));
            round.Add(index);
        }
    }

    private static void AddParked(
        Round round, Guid workerId, List<ParkedExecution> parked, List<DispatchedExecution> requeued)
    {
        if (parked.Count == 0)
        {
            return;
        }

        parked.Sort((left, right) => left.Key.CompareTo(right.Key));
        var command = new NpgsqlBatchCommand(ParkSql);
        command.Parameters.Add(Sql.Uuid(workerId));
        command.Parameters.Add(Sql.Uuids(parked, row => row.Key.TenantId));
        command.Parameters.Add(Sql.Uuids(parked, row => row.Key.Id));
        command.Parameters.Add(Sql.Longs(parked, row => row.Fence));
        command.Parameters.Add(Sql.Ints(parked, row => row.Wakes));
        AddRequeueing(round, command, requeued);
    }

    private static void AddPaused(
        Round round, Guid workerId, List<PausedExecution> paused, List<DispatchedExecution> requeued)
    {
        if (paused.Count == 0)
        {
            return;
        }

        paused.Sort((left, right) => left.Key.CompareTo(right.Key));
        var command = new NpgsqlBatchCommand(PauseSql);
        command.Parameters.Add(Sql.Uuid(workerId));
        command.Parameters.Add(Sql.Uuids(paused, row => row.Key.TenantId));
        command.Parameters.Add(Sql.Uuids(paused, row => row.Key.Id));
        command.Parameters.Add(Sql.Longs(paused, row => row.Fence));
        AddRequeueing(round, command, requeued);
    }

    // The lease proves that nobody else records steps of these executions; a row that is there already is our own, sent before a
    // connection broke.
    private const string StepsSql = """
        insert into step_executions
          (tenant_id, execution_id, node_id, iteration, attempt, run, sequence, node_type, status, port, output, error, started_at, finished_at, rows_processed)
        select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::int[], $6::int[], $7::int[], $8::text[], $9::text[], $10::text[],
          $11::jsonb[], $12::jsonb[], $13::timestamptz[], $14::timestamptz[], $15::bigint[])
        """;

    private const string StepsAgainSql = StepsSql + " on conflict do nothing";

    private static void AddSteps(Round round, List<StepRow> steps, bool again)
    {
        if (steps.Count == 0)
        {
            return;
        }

        var command = new NpgsqlBatchCommand(again ? StepsAgainSql : StepsSql);
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
        round.Add(command);
    }

    // The emitted event and its place in the routing queue are durable together with the step that emitted it.
    private const string EmitSql = """
        with emitted as (
          select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::jsonb[], $9::jsonb[])
            as e (tenant_id, id, event_id, source, type, subject, time, data, extensions)
        ),
        fresh as (
          insert into event_dedupe (tenant_id, source, event_id, id, expires_at)
          select tenant_id, source, event_id, id, now() + $10::interval from emitted
          on conflict do nothing
          returning tenant_id, id
        ),
        queued as (
          insert into events_to_route (tenant_id, id) select tenant_id, id from fresh on conflict do nothing
        )
        insert into events
          (tenant_id, id, event_id, source, type, subject, correlation_key, time, data_content_type, data, extensions, received_at)
        select e.tenant_id, e.id, e.event_id, e.source, e.type, e.subject, coalesce(e.extensions ->> 'correlationid', e.subject), e.time, 'application/json', e.data, e.extensions, now()
        from emitted e join fresh f on f.tenant_id = e.tenant_id and f.id = e.id
        """;

    private static void AddEvents(Round round, List<EmittedEvent> emitted)
    {
        if (emitted.Count == 0)
        {
            return;
        }

        var command = new NpgsqlBatchCommand(EmitSql);
        command.Parameters.Add(Sql.Uuids(emitted, row => row.TenantId));
        command.Parameters.Add(Sql.Uuids(emitted, row => row.Id));
        command.Parameters.Add(Sql.Texts(emitted, row => row.EventId));
        command.Parameters.Add(Sql.Texts(emitted, row => row.Source));
        command.Parameters.Add(Sql.Texts(emitted, row => row.Type));
        command.Parameters.Add(Sql.Texts(emitted, row => row.Subject));
        command.Parameters.Add(Sql.Instants(emitted, row => row.Time));
        command.Parameters.Add(Sql.Jsons(emitted, row => row.Data));
        command.Parameters.Add(Sql.Jsons(emitted, row => row.Extensions));
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = Limits.EventDedupeLifetime });
        round.Add(command);
    }

    private const string DeadLettersSql = """
        insert into dead_letters (tenant_id, id, execution_id, workflow_id, node_id, error, input, created_at)
        select d.*, now() from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::jsonb[], $7::jsonb[])
          as d (tenant_id, id, execution_id, workflow_id, node_id, error, input)
        on conflict do nothing
        """;

    private static void AddDeadLetters(Round round, List<DeadLetter> letters)
    {
        if (letters.Count == 0)
        {
            return;
        }

        var command = new NpgsqlBatchCommand(DeadLettersSql);
        command.Parameters.Add(Sql.Uuids(letters, row => row.Key.TenantId));
        command.Parameters.Add(Sql.Uuids(letters, row => row.Id));
        command.Parameters.Add(Sql.Uuids(letters, row => row.Key.Id));
        command.Parameters.Add(Sql.Uuids(letters, row => row.WorkflowId));
        command.Parameters.Add(Sql.Texts(letters, row => row.NodeId));
        command.Parameters.Add(Sql.Jsons(letters, row => row.Error));
        command.Parameters.Add(Sql.Jsons(letters, row => row.Input));
        round.Add(command);
    }
}
