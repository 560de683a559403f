using System.Text;
using Npgsql;
using Workflows.Data.Database;
using Workflows.Data.Executions;
using Workflows.Data.Isolation;
using Workflows.Engine.Jobs;

namespace Workflows.Data.Jobs;

/// <summary>What one round did.</summary>
/// <param name="Runs">Runs looked at; as many as asked for = there may be more.</param>
/// <param name="Woken">Executions that were started or asked to stop.</param>
public sealed record JobRunResult(int Runs, IReadOnlyList<WokenExecution> Woken)
{
    /// <summary>Runs that could not be carried on: ended with the reason, or left to the next round.</summary>
    public IReadOnlyList<SetAside> SetAside { get; init; } = [];

    internal JobRunResult Plus(JobRunResult other) =>
        new(Runs + other.Runs, [.. Woken, .. other.Woken]) { SetAside = [.. SetAside, .. other.SetAside] };
}

/// <summary>
/// Carries job runs on: takes over how their items ended, starts what is ready, ends the run. Guarantees: each item is started once, however many workers look: the
/// run's row is locked, and the decision follows from the rows alone, so that a worker that dies in between leaves nothing half done. Runs are found by
/// their rows, not by messages: whatever ended an execution, its run goes on within a round. Costs the checkpoint nothing.
/// Runs of all tenants share a transaction; when it fails each is carried on by itself, and one that fails alone ends
/// with the reason on
/// its row. Runs of a suspended tenant stand still.
/// Lock order: runs by key, concurrency keys, then executions by key; nobody who holds one of these asks for a run.
/// </summary>
public sealed class JobRunStore(WorkflowsDatabase database, TimeProvider clock)
{
    private const string PickSql = """
        select r.tenant_id, r.id, r.on_failure = 'continue', r.package_id is not null, r.cancel_requested
        from job_runs r
        join tenants t on t.tenant_id = r.tenant_id and t.status = 'active'
        where r.status = 'running'
          and (r.retry_at is null or r.retry_at <= now()) and ($2::uuid is null or (r.tenant_id = $2
            and r.id = $3)) and (r.is_due or exists (
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
        var found = new List<ExecutionKey>();
        try
        {
            return await AdvanceTogetherAsync(limit, null, found, cancellationToken);
        }
        catch (Exception exception) when (found.Count > 0 && Batches.MayBeOneItem(exception))
        {
            // One of them is to blame. Nothing was committed: each is carried on by itself, and only the culprit is
            // left out.
            var result = new JobRunResult(0, []);
            foreach (var key in found)
            {
                result = result.Plus(await AdvanceAloneAsync(key, cancellationToken));
            }

            return result;
        }
    }

    private async Task<JobRunResult> AdvanceAloneAsync(ExecutionKey key, CancellationToken cancellationToken)
    {
        try
        {
            return await AdvanceTogetherAsync(1, key, [], cancellationToken);
        }
        catch (Exception exception) when (Batches.MayBeOneItem(exception))
        {
            return new JobRunResult(1, []) { SetAside = [await LeaveOutAsync(key, exception, cancellationToken)] };
        }
    }

    // When it is given up: what has been started runs on and is not counted any more, what has not will not be.
    private const string LeaveOutSql = """
        with left_out as (
          update job_runs r
          set failures = r.failures + 1, retry_at = now() + least(r.failures + 1, 6) * interval '5 seconds',
              status = case when $4 and r.failures + 1 >= $5 then 'failed' else r.status end,
              finished_at = case when $4 and r.failures + 1 >= $5 then now() end,
              error = case when $4 and r.failures + 1 >= $5
                then jsonb_build_object('code', 'JOB_RUN_FAILED', 'message',
                  'The run could not be carried on: ' || $3) end
          where r.tenant_id = $1 and r.id = $2 and r.status = 'running'
          returning r.tenant_id, r.id, r.status = 'failed' as is_over
        ),
        skipped as (
          update job_run_items i set status = 'skipped', finished_at = now()
          from left_out l
          where l.is_over and i.tenant_id = l.tenant_id and i.run_id = l.id and i.status in ('pending', 'running')
        )
        select l.is_over from left_out l
        """;

    private async Task<SetAside> LeaveOutAsync(ExecutionKey key, Exception exception,
        CancellationToken cancellationToken)
    {
        var reason = Batches.ReasonOf(exception);
        return new SetAside("job run", key, reason, await Batches.TrySetAsideAsync(async () =>
        {
            await using var command = database.HotPath.CreateCommand(LeaveOutSql);
            command.Parameters.Add(Sql.Uuid(key.TenantId));
            command.Parameters.Add(Sql.Uuid(key.Id));
            command.Parameters.Add(Sql.Text(reason));
            command.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = Batches.IsForGood(exception) });
            command.Parameters.Add(Sql.Int(Limits.SetAsideFailures));
            return await command.ExecuteScalarAsync(cancellationToken) is true;
        }));
    }

    /// <param name="only">The one run to look at; null = all.</param>
    /// <param name="found">Gets the keys of those that were looked at, also when this fails.</param>
    private async Task<JobRunResult> AdvanceTogetherAsync(
        int limit, ExecutionKey? only, List<ExecutionKey> found, CancellationToken cancellationToken)
    {
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var runs = new List<OpenRun>();
        await using (var pick = new NpgsqlCommand(PickSql, connection))
        {
            pick.Parameters.Add(Sql.Int(limit));
            pick.Parameters.Add(Sql.UuidOrNull(only?.TenantId));
            pick.Parameters.Add(Sql.UuidOrNull(only?.Id));
            await using var reader = await pick.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                runs.Add(new OpenRun(
                    new ExecutionKey(reader.GetGuid(0), reader.GetGuid(1)), reader.GetBoolean(2), reader.GetBoolean(3), reader.GetBoolean(4)));
                found.Add(runs[^1].Key);
            }
        }

        if (runs.Count == 0)
        {
            return new JobRunResult(0, []);
        }

        await LoadItemsAsync(connection, transaction, runs, cancellationToken);
        var woken = await WriteAsync(connection, transaction, runs, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new JobRunResult(runs.Count, woken);
    }

    private static async Task LoadItemsAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, List<OpenRun> runs, CancellationToken cancellationToken)
    {
        var byKey = runs.ToDictionary(run => run.Key);
        await using var round = new Round(connection, transaction);
        round.Add(OfRuns(SettleSql, runs));
        round.Add(OfRuns(ItemsSql, runs), 8, row =>
        {
            var run = byKey[new ExecutionKey(row.GetGuid(0), row.GetGuid(1))];
            var id = row.GetGuid(2);
            run.Items.Add(new JobItem(
                id, Enum.Parse<JobItemStatus>(row.GetString(3), ignoreCase: true), row.GetFieldValue<Guid[]>(4)));
            if (!row.IsDBNull(5))
            {
                run.Workflows[id] = new ItemWorkflow(
                    row.GetGuid(5), row.IsDBNull(6) ? null : row.GetString(6), row.IsDBNull(7) ? null : row.GetString(7));
            }
        });
        await round.ExecuteAsync(cancellationToken);
    }

    private async Task<List<WokenExecution>> WriteAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, List<OpenRun> runs, CancellationToken cancellationToken)
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

        await using var round = new Round(connection, transaction);
        var woken = new List<WokenExecution>();
        var limited = starts.FindAll(start => start.Claim is not null);
        if (limited.Count > 0)
        {
            round.AddCall(SlotClaims.Hold(
                limited.ConvertAll(start => (start.Run.Key.TenantId, start.Workflow!.Id, start.Claim!)), []));
        }

        round.Add(OfRuns(JobRunStatements.LookedSql, runs));
        if (runs.FindAll(run => run.IsCancelled) is { Count: > 0 } cancelled)
        {
            round.AddWaking(OfRuns(JobRunStatements.CancelItemsSql, cancelled), woken);
            round.Add(OfRuns(JobRunStatements.CancelChildrenSql, cancelled));
        }

        if (skips.Count > 0)
        {
            var command = ByKeys(JobRunStatements.SkipSql, skips, skip => skip.Run);
            command.Parameters.Add(Sql.Uuids(skips, skip => skip.Item));
            round.Add(command);
        }

        AddStarts(round, starts, woken);
        if (ends.Count > 0)
        {
            var command = ByKeys(JobRunStatements.EndSql, ends, end => end.Run);
            command.Parameters.Add(Sql.Texts(ends, end => end.Status));
            round.Add(command);
        }

        await round.ExecuteAsync(cancellationToken);
        return woken;
    }

    private static void AddStarts(Round round, List<Start> starts, List<WokenExecution> woken)
    {
        var workflows = starts.FindAll(start => start.IsWorkflow);
        if (workflows.Count > 0)
        {
            var command = ByKeys(JobRunStatements.StartSql, workflows, start => start.Run.Key);
            command.Parameters.Add(Sql.Uuids(workflows, start => start.Item));
            command.Parameters.Add(Sql.Uuids(workflows, start => start.StartedId));
            SlotClaims.AddTo(command, workflows, start => start.Claim);
            command.Parameters.Add(Sql.Texts(workflows, start => start.Problem));
            command.Parameters.Add(Sql.Text(SlotClaims.SkippedReason));
            SlotClaims.AddRates(command, workflows, start => start.Claim);
            round.AddWaking(command, woken);
        }

        var jobs = starts.FindAll(start => !start.IsWorkflow);
        if (jobs.Count > 0)
        {
            var command = ByKeys(JobRunStatements.StartRunSql, jobs, start => start.Run.Key);
            command.Parameters.Add(Sql.Uuids(jobs, start => start.Item));
            command.Parameters.Add(Sql.Uuids(jobs, start => start.StartedId));
            round.Add(command);
            round.Add(JobRunItems.Fill(jobs.ConvertAll(start => (start.Run.Key.TenantId, start.StartedId))));
        }
    }

    private static NpgsqlBatchCommand OfRuns(string sql, List<OpenRun> runs) => ByKeys(sql, runs, run => run.Key);

    private static NpgsqlBatchCommand ByKeys<T>(string sql, List<T> rows, Func<T, ExecutionKey> key)
    {
#pragma warning disable CA2100 // a constant of this class
        var command = new NpgsqlBatchCommand(sql);
#pragma warning restore CA2100
        command.Parameters.Add(Sql.Uuids(rows, row => key(row).TenantId));
        command.Parameters.Add(Sql.Uuids(rows, row => key(row).Id));
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
