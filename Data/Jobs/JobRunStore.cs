using System.Text;
using Npgsql;
using Workflows.Data.Database;
using Workflows.Data.Executions;
using Workflows.Engine.Jobs;

namespace Workflows.Data.Jobs;

/// <summary>What one round did.</summary>
/// <param name="Runs">Runs looked at; as many as asked for = there may be more.</param>
/// <param name="Woken">Executions that were started or asked to stop.</param>
public sealed record JobRunResult(int Runs, IReadOnlyList<WokenExecution> Woken);

/// <summary>
/// Carries job runs on: takes over how their items ended, starts what is ready, ends the run. Guarantees: each item is started once, however many workers look: the
/// run's row is locked, and the decision follows from the rows alone, so that a worker that dies in between leaves nothing half done. Runs are found by
/// their rows, not by messages: whatever ended an execution, its run goes on within a round. Costs the checkpoint nothing.
/// Lock order: runs by key, concurrency keys, then executions by key; nobody who holds one of these asks for a run.
/// </summary>
public sealed class JobRunStore(WorkflowsDatabase database, TimeProvider clock)
{
    private const string PickSql = """
        select r.tenant_id, r.id, r.on_failure = 'continue', r.package_id is not null, r.cancel_requested
        from job_runs r
        where r.status = 'running' and (r.is_due or exists (
          select from job_run_items i
          left join executions e on e.tenant_id = i.tenant_id and e.id = i.execution_id
          left join job_runs c on c.tenant_id = i.tenant_id and c.id = i.child_run_id
          where i.tenant_id = r.tenant_id and i.run_id = r.id and i.status = 'running' and coalesce(e.finished_at, c.finished_at) is not null))
        order by r.tenant_id, r.id
        limit $1
        for update of r skip locked
        """;

    // An item takes over the end of what it started; an execution that timed out has failed.
    private const string SettleSql = """
        update job_run_items i
        set status = case when x.status = 'timed_out' then 'failed' else x.status end, error = x.error, rows_processed = x.rows_processed, finished_at = x.finished_at
        from (
          select i.tenant_id, i.run_id, i.id, coalesce(e.status, c.status) as status, coalesce(e.error, case c.status when 'failed' then
              jsonb_build_object('code', 'JOB_FAILED', 'message', 'A workflow of the job did not complete.') end) as error,
            coalesce(e.rows_processed, c.rows_processed) as rows_processed, coalesce(e.finished_at, c.finished_at) as finished_at
          from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, id)
          join job_run_items i on i.tenant_id = k.tenant_id and i.run_id = k.id and i.status = 'running'
          left join executions e on e.tenant_id = i.tenant_id and e.id = i.execution_id
          left join job_runs c on c.tenant_id = i.tenant_id and c.id = i.child_run_id
        ) x
        where i.tenant_id = x.tenant_id and i.run_id = x.run_id and i.id = x.id and x.finished_at is not null
        """;

    private const string ItemsSql = """
        select i.tenant_id, i.run_id, i.id, i.status, i.depends_on, i.workflow_id, w.start_settings::text, case when w.id is not null then r.input::text end
        from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, id)
        join job_run_items i on i.tenant_id = k.tenant_id and i.run_id = k.id
        join job_runs r on r.tenant_id = i.tenant_id and r.id = i.run_id
        left join workflows w on w.tenant_id = i.tenant_id and w.id = i.workflow_id and i.status = 'pending' and w.start_settings ?| '{concurrency,rateLimit}'
        order by i.tenant_id, i.run_id, i.position
        """;

    /// <summary>Carries up to <paramref name="limit"/> runs on.</summary>
    public async Task<JobRunResult> AdvanceAsync(int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var runs = new List<OpenRun>();
        await using (var pick = new NpgsqlCommand(PickSql, connection))
        {
            pick.Parameters.Add(Sql.Int(limit));
            await using var reader = await pick.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                runs.Add(new OpenRun(
                    new ExecutionKey(reader.GetGuid(0), reader.GetGuid(1)), reader.GetBoolean(2), reader.GetBoolean(3), reader.GetBoolean(4)));
            }
        }

        if (runs.Count == 0)
        {
            return new JobRunResult(0, []);
        }

        await LoadItemsAsync(connection, runs, cancellationToken);
        var woken = await WriteAsync(connection, runs, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new JobRunResult(runs.Count, woken);
    }

    private static async Task LoadItemsAsync(NpgsqlConnection connection, List<OpenRun> runs, CancellationToken cancellationToken)
    {
        var byKey = runs.ToDictionary(run => run.Key);
        await using var batch = new NpgsqlBatch(connection);
        ByKeys(batch, SettleSql, runs);
        ByKeys(batch, ItemsSql, runs);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var run = byKey[new ExecutionKey(reader.GetGuid(0), reader.GetGuid(1))];
            var id = reader.GetGuid(2);
            run.Items.Add(new JobItem(id, Enum.Parse<JobItemStatus>(reader.GetString(3), ignoreCase: true), reader.GetFieldValue<Guid[]>(4)));
            if (!reader.IsDBNull(5))
            {
                run.Workflows[id] = new ItemWorkflow(
                    reader.GetGuid(5), reader.IsDBNull(6) ? null : reader.GetString(6), reader.IsDBNull(7) ? null : reader.GetString(7));
            }
        }
    }

    private async Task<List<WokenExecution>> WriteAsync(NpgsqlConnection connection, List<OpenRun> runs, CancellationToken cancellationToken)
    {
        var starts = new List<Start>();
        var skips = new List<(ExecutionKey Run, Guid Item)>();
        var ends = new List<(ExecutionKey Run, string Status)>();
        foreach (var run in runs)
        {
            var plan = JobRunPlan.Of(run.Items, run.Continues, run.IsPackage, run.IsCancelled);
            starts.AddRange(plan.Start.Select(item => new Start(run, item, Guid.CreateVersion7(clock.GetUtcNow()))));
            skips.AddRange(plan.Skip.Select(item => (run.Key, item)));
            if (plan.End is { } end)
            {
                ends.Add((run.Key, end));
            }
        }

        await using var batch = new NpgsqlBatch(connection);
        var limited = starts.FindAll(start => start.Claim is not null);
        if (limited.Count > 0)
        {
            batch.BatchCommands.Add(SlotClaims.Hold(limited.ConvertAll(start => (start.Run.Key.TenantId, start.Workflow!.Id, start.Claim!)), []));
        }

        ByKeys(batch, LookedSql, runs);
        if (runs.FindAll(run => run.IsCancelled) is { Count: > 0 } cancelled)
        {
            ByKeys(batch, CancelItemsSql, cancelled);
            ByKeys(batch, CancelChildrenSql, cancelled);
        }

        if (skips.Count > 0)
        {
            var command = Add(batch, SkipSql, skips, skip => skip.Run);
            command.Parameters.Add(Sql.Uuids(skips, skip => skip.Item));
        }

        AddStarts(batch, starts);
        if (ends.Count > 0)
        {
            Add(batch, EndSql, ends, end => end.Run).Parameters.Add(Sql.Texts(ends, end => end.Status));
        }

        var woken = new List<WokenExecution>();
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        do
        {
            // The others answer nothing, or that locks are held.
            if (reader.FieldCount == 5)
            {
                woken.AddRange(await WokenExecutions.ReadAsync(reader, cancellationToken));
            }
        }
        while (await reader.NextResultAsync(cancellationToken));
        return woken;
    }

    private static void AddStarts(NpgsqlBatch batch, List<Start> starts)
    {
        var workflows = starts.FindAll(start => start.IsWorkflow);
        if (workflows.Count > 0)
        {
            var command = Add(batch, StartSql, workflows, start => start.Run.Key);
            command.Parameters.Add(Sql.Uuids(workflows, start => start.Item));
            command.Parameters.Add(Sql.Uuids(workflows, start => start.StartedId));
            SlotClaims.AddTo(command, workflows, start => start.Claim);
            command.Parameters.Add(Sql.Texts(workflows, start => start.Problem));
            command.Parameters.Add(Sql.Text(SlotClaims.SkippedReason));
            SlotClaims.AddRates(command, workflows, start => start.Claim);
        }

        var jobs = starts.FindAll(start => !start.IsWorkflow);
        if (jobs.Count > 0)
        {
            var command = Add(batch, StartRunSql, jobs, start => start.Run.Key);
            command.Parameters.Add(Sql.Uuids(jobs, start => start.Item));
            command.Parameters.Add(Sql.Uuids(jobs, start => start.StartedId));
            batch.BatchCommands.Add(JobRunItems.Fill(jobs.ConvertAll(start => (start.Run.Key.TenantId, start.StartedId))));
        }
    }

    private const string LookedSql = """
        update job_runs r set is_due = false
        from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, id)
        where r.tenant_id = k.tenant_id and r.id = k.id and r.is_due
        """;

    private const string CancelItemsSql = """
        update executions e
        set stop_request = 'cancel', stop_reason = 'The job run was cancelled.', wakes = e.wakes + 1,
            status = case when e.status in ('waiting', 'paused', 'held') then 'queued' else e.status end,
            queued_at = case when e.status in ('waiting', 'paused', 'held') then now() else e.queued_at end
        from (
          select i.tenant_id, i.execution_id
          from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, id)
          join job_run_items i on i.tenant_id = k.tenant_id and i.run_id = k.id and i.status = 'running' and i.execution_id is not null
          order by i.tenant_id, i.execution_id
        ) i
        where e.tenant_id = i.tenant_id and e.id = i.execution_id and e.finished_at is null and e.stop_request is distinct from 'cancel'
        returning e.tenant_id, e.id, e.status, e.priority, e.lease_owner
        """;

    private const string CancelChildrenSql = """
        update job_runs r set cancel_requested = true, is_due = true
        from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, id)
        join job_run_items i on i.tenant_id = k.tenant_id and i.run_id = k.id and i.status = 'running'
        where r.tenant_id = i.tenant_id and r.id = i.child_run_id and r.status = 'running' and not r.cancel_requested
        """;

    private const string SkipSql = """
        update job_run_items i set status = 'skipped', finished_at = now()
        from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as s (tenant_id, run_id, id)
        where i.tenant_id = s.tenant_id and i.run_id = s.run_id and i.id = s.id and i.status = 'pending'
        """;

    // A workflow that cannot be started fails its item; the next look at the run, which is due again then, takes it from there.
    private const string StartSql = """
        with target as (
          select s.*, i.workflow_id, w.published_version as version, r.input,
            case when w.deleted_at is not null then 'WORKFLOW_NOT_FOUND' when not w.enabled then 'WORKFLOW_DISABLED'
                 when w.published_version is null then 'WORKFLOW_NOT_PUBLISHED' when s.problem is not null then 'CONCURRENCY_KEY' end as refusal,
            (case v.definition #>> '{settings,priority}' when 'high' then 1 when 'low' then -1 else 0 end)::smallint as priority
          from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::int[], $7::text[], $8::text[], $10::text[])
            as s (tenant_id, run_id, id, execution_id, concurrency_key, concurrency_limit, policy, problem, rate)
          join job_runs r on r.tenant_id = s.tenant_id and r.id = s.run_id
          join job_run_items i on i.tenant_id = s.tenant_id and i.run_id = s.run_id and i.id = s.id and i.status = 'pending'
          join workflows w on w.tenant_id = i.tenant_id and w.id = i.workflow_id
          left join workflow_versions v on v.tenant_id = w.tenant_id and v.workflow_id = w.id and v.number = w.published_version
        ),
        limited as (
          select t.*, row_number() over (order by t.tenant_id, t.execution_id) as turn from target t where t.refusal is null and t.policy is not null
        ),
        admitted as (
          select l.execution_id, a.status, a.not_before
          from (
            select array_agg(l.tenant_id order by l.turn) as tenants, array_agg(l.workflow_id order by l.turn) as workflows,
              array_agg(l.concurrency_key order by l.turn) as keys, array_agg(l.concurrency_limit order by l.turn) as limits,
              array_agg(l.policy order by l.turn) as policies,
              array_agg(l.rate order by l.turn) as rates
            from limited l
          ) g
          cross join lateral admit_limited_starts(g.tenants, g.workflows, g.keys, g.limits, g.policies, g.rates) a
          join limited l on l.turn = a.place
          where g.tenants is not null
        ),
        decided as (
          select t.*, a.not_before, coalesce(a.status, 'queued') as status, case when a.status = 'skipped' then 'CONCURRENCY_SKIPPED' else t.refusal end as refused,
            case when a.status = 'skipped' then 'The workflow was not started: ' || $9 || '.' else coalesce(t.problem, 'The workflow cannot be started.') end as message
          from target t left join admitted a on a.execution_id = t.execution_id
        ),
        noted as (
          update job_run_items i
          set status = case when t.refused is null then 'running' else 'failed' end, started_at = now(), finished_at = case when t.refused is not null then now() end,
              execution_id = case when t.refused is null then t.execution_id end,
              error = case when t.refused is not null then jsonb_build_object('code', t.refused, 'message', t.message) end
          from decided t
          where i.tenant_id = t.tenant_id and i.run_id = t.run_id and i.id = t.id
        ),
        again as (
          update job_runs r set is_due = true
          from (select distinct tenant_id, run_id from decided where refused is not null) t
          where r.tenant_id = t.tenant_id and r.id = t.run_id
        )
        insert into executions
          (tenant_id, id, workflow_id, version, status, priority, trigger_type, trigger, input, queued_at, concurrency_key, concurrency_limit, not_before)
        select t.tenant_id, t.execution_id, t.workflow_id, t.version, t.status, t.priority, 'job', jsonb_build_object('type', 'job', 'id', t.run_id), t.input, now(),
          t.concurrency_key, nullif(t.concurrency_limit, 0), t.not_before
        from decided t where t.refused is null
        returning tenant_id, id, status, priority, lease_owner
        """;

    private const string StartRunSql = """
        with target as (
          select i.tenant_id, i.run_id, i.id, s.child_run_id, i.job_id, r.input, r.on_failure
          from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) as s (tenant_id, run_id, id, child_run_id)
          join job_runs r on r.tenant_id = s.tenant_id and r.id = s.run_id
          join job_run_items i on i.tenant_id = s.tenant_id and i.run_id = s.run_id and i.id = s.id and i.status = 'pending'
        ),
        noted as (
          update job_run_items i set status = 'running', started_at = now(), child_run_id = t.child_run_id
          from target t
          where i.tenant_id = t.tenant_id and i.run_id = t.run_id and i.id = t.id
        )
        insert into job_runs (tenant_id, id, job_id, parent_run_id, on_failure, trigger_type, trigger, input, started_at)
        select t.tenant_id, t.child_run_id, t.job_id, t.run_id, t.on_failure, 'package', jsonb_build_object('runId', t.run_id), t.input, now() from target t
        """;

    private const string EndSql = """
        update job_runs r
        set status = x.status, finished_at = now(),
            rows_processed = (select coalesce(sum(i.rows_processed), 0) from job_run_items i where i.tenant_id = r.tenant_id and i.run_id = r.id)
        from unnest($1::uuid[], $2::uuid[], $3::text[]) as x (tenant_id, id, status)
        where r.tenant_id = x.tenant_id and r.id = x.id and r.status = 'running'
        """;

    private static void ByKeys(NpgsqlBatch batch, string sql, List<OpenRun> runs) => Add(batch, sql, runs, run => run.Key);

    private static NpgsqlBatchCommand Add<T>(NpgsqlBatch batch, string sql, List<T> rows, Func<T, ExecutionKey> key)
    {
#pragma warning disable CA2100 // a constant of this class
        var command = new NpgsqlBatchCommand(sql);
#pragma warning restore CA2100
        command.Parameters.Add(Sql.Uuids(rows, row => key(row).TenantId));
        command.Parameters.Add(Sql.Uuids(rows, row => key(row).Id));
        batch.BatchCommands.Add(command);
        return command;
    }

    private sealed record OpenRun(ExecutionKey Key, bool Continues, bool IsPackage, bool IsCancelled)
    {
        public List<JobItem> Items { get; } = [];

        /// <summary>By item; the others are jobs.</summary>
        public Dictionary<Guid, ItemWorkflow> Workflows { get; } = [];
    }

    /// <summary>Settings and input only where a limit is to be worked out.</summary>
    private sealed record ItemWorkflow(Guid Id, string? Settings, string? Input);

    private sealed record Start(OpenRun Run, Guid Item, Guid StartedId)
    {
        private readonly (ConcurrencyClaim? Claim, string? Problem) _limit =
            Run.Workflows.GetValueOrDefault(Item) is { Settings: { } settings, Input: { } input } ? SlotClaims.Of(settings, Encoding.UTF8.GetBytes(input)) : default;

        public ItemWorkflow? Workflow => Run.Workflows.GetValueOrDefault(Item);

        public bool IsWorkflow => Workflow is not null;

        public ConcurrencyClaim? Claim => _limit.Claim;

        public string? Problem => _limit.Problem;
    }
}
