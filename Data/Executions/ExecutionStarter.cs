using Npgsql;
using Workflows.Data.Database;
using Workflows.Data.Dispatch;
using Workflows.Data.Isolation;

namespace Workflows.Data.Executions;

/// <summary>
/// Accepts executions. Guarantees: a start reported as <see cref="StartOutcome.Started"/> is committed with
/// <c>synchronous_commit=on</c>; workers hear of it only after that, and if the hint is lost the sweep finds the row. Starts of concurrent
/// callers share one transaction per flush; when the database refuses it they are written in ever smaller parts, until
/// only the start that
/// is to blame fails. Does not retry after a broken connection: whether the commit happened is
/// unknown then and the caller gets the exception; with an idempotency key it can ask again.
/// </summary>
public sealed class ExecutionStarter : IAsyncDisposable
{
    private const int Lanes = 2;

    private readonly WorkflowsDatabase _database;
    private readonly DispatchStreams _dispatch;
    private readonly TimeProvider _clock;
    private readonly FlushLanes<Pending> _lanes;

    public ExecutionStarter(WorkflowsDatabase database, DispatchStreams dispatch, TimeProvider clock)
    {
        _database = database;
        _dispatch = dispatch;
        _clock = clock;
        _lanes = new FlushLanes<Pending>(
            FlushAsync,
            Lanes,
            new FlushBounds<Pending>(
                Limits.StartsPerFlush, Limits.StartBytesPerFlush, static pending => pending.Execution.Input.Length),
            Limits.PendingStarts);
    }

    /// <summary>Starts one execution; concurrent calls are committed together.</summary>
    public Task<StartOutcome> StartAsync(NewExecution execution, CancellationToken cancellationToken)
    {
        ExecutionTraces.LinkFromCaller(execution.Id);
        var pending = new Pending(execution);
        return _lanes.TryAdd(pending)
            ? pending.Outcome.Task.WaitAsync(cancellationToken)
            : Task.FromResult<StartOutcome>(new StartOutcome.Overloaded());
    }

    /// <summary>Starts many executions of one tenant; outcomes in the order given.</summary>
    /// <exception cref="ArgumentException">More than <see cref="Limits.BulkStart"/>.</exception>
    public async Task<IReadOnlyList<StartOutcome>> StartManyAsync(IReadOnlyList<NewExecution> executions, CancellationToken cancellationToken)
    {
        if (executions.Count > Limits.BulkStart)
        {
            throw new ArgumentException($"At most {Limits.BulkStart} executions start in one call, not {executions.Count}.", nameof(executions));
        }

        return await Task.WhenAll(executions.Select(execution => StartAsync(execution, cancellationToken)));
    }

    private async Task FlushAsync(List<Pending> batch)
    {
        var cancellationToken = CancellationToken.None; // whoever has asked: the batch is everybody's
        try
        {
            // Starts under one key may meet in one batch: the first is written, and the others then find its row, all in one look.
            var first = FirstOfEachKey(batch, out var rest);
            await WriteAsync(first, cancellationToken);
            foreach (var tenant in rest.GroupBy(pending => pending.Execution.TenantId))
            {
                await SettleAsync([.. tenant], NoneStored, cancellationToken);
            }
        }
#pragma warning disable CA1031 // every caller gets the failure; the lane lives on for the next batch
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Fail(batch, exception);
        }
    }

    private static void Fail(List<Pending> starts, Exception exception)
    {
        foreach (var pending in starts)
        {
            pending.Outcome.TrySetException(exception);
        }
    }

    private static List<Pending> FirstOfEachKey(List<Pending> batch, out List<Pending> rest)
    {
        var seen = new HashSet<(Guid, string, string)>();
        var first = new List<Pending>(batch.Count);
        rest = [];
        foreach (var pending in batch)
        {
            var claim = pending.Execution.Idempotency;
            var unique = claim is null || seen.Add((pending.Execution.TenantId, claim.Scope, claim.Key));
            (unique ? first : rest).Add(pending);
        }

        return first;
    }

    // One start that the database refuses must not refuse the others: tenant by tenant first, then in halves, so that
    // a thousand good starts beside a bad one cost a few more round trips and not a thousand.
    private async Task WriteAsync(List<Pending> round, CancellationToken cancellationToken)
    {
        Dictionary<Guid, bool> stored;
        try
        {
            stored = await StoreAsync(round, cancellationToken);
        }
        catch (Exception exception) when (Batches.MayBeOneItem(exception))
        {
            if (round.Count == 1)
            {
                Fail(round, exception);
                return;
            }

            foreach (var part in PartsOf(round))
            {
                await WriteAsync(part, cancellationToken);
            }

            return;
        }

        _dispatch.Announce(round.Where(pending => stored.TryGetValue(pending.Execution.Id, out var held) && !held)
            .Select(pending => new DispatchHint(pending.Execution.Key(), pending.Execution.Priority)));
        foreach (var group in round.GroupBy(pending => pending.Execution.TenantId))
        {
            await SettleAsync([.. group], stored, cancellationToken);
        }
    }

    private static List<List<Pending>> PartsOf(List<Pending> round)
    {
        var byTenant = round.GroupBy(pending => pending.Execution.TenantId).Select(group => group.ToList()).ToList();
        return byTenant.Count > 1 ? byTenant : [round[..(round.Count / 2)], round[(round.Count / 2)..]];
    }

    /// <returns>The executions that were stored, and whether each is held.</returns>
    private async Task<Dictionary<Guid, bool>> StoreAsync(List<Pending> round, CancellationToken cancellationToken)
    {
        var now = _clock.GetUtcNow();
        var groups = round.GroupBy(pending => pending.Execution.TenantId).OrderBy(group => group.Key).Select(group => group.ToList()).ToList();
        var stored = new Dictionary<Guid, bool>();
        await using (var connection = await _database.HotPath.OpenConnectionAsync(cancellationToken))
        {
            await using var trip = new Round(connection);
            AddKeys(trip, round);
            foreach (var group in groups)
            {
                AddGroup(trip, group, stored, now);
            }

            await trip.ExecuteAsync(cancellationToken);
        }

        return stored;
    }

    private const string StartSql = """
        insert into executions
          (tenant_id, id, workflow_id, version, priority, trigger_type, trigger, correlation_id, input, reply_to, created_by, queued_at, session_id)
        select $1, s.id, s.workflow_id, s.version, s.priority, s.trigger_type, s.trigger, s.correlation_id, s.input, s.reply_to, s.created_by, $2,
          case when s.trigger_type = 'session' then s.trigger ->> 'sessionId' end
        from unnest($3::uuid[], $4::uuid[], $5::int[], $6::smallint[], $7::text[], $8::jsonb[], $9::text[], $10::jsonb[], $11::text[], $12::text[])
          as s (id, workflow_id, version, priority, trigger_type, trigger, correlation_id, input, reply_to, created_by)
        returning id
        """;

    // A key whose time is over may be used anew. Rows come sorted by key, so that two batches never wait for each other crosswise.
    private const string StartWithKeySql = """
        with claimed as (
          insert into idempotency_keys (tenant_id, scope, key, request_hash, response, created_at, expires_at)
          select $1, k.scope, k.key, k.request_hash, jsonb_build_object('executionId', k.id), $2, $13
          from unnest($14::text[], $15::text[], $16::bytea[], $3::uuid[]) as k (scope, key, request_hash, id)
          on conflict (tenant_id, scope, key) do update
            set request_hash = excluded.request_hash, response = excluded.response,
                created_at = excluded.created_at, expires_at = excluded.expires_at
            where idempotency_keys.expires_at <= $2
          returning (response ->> 'executionId')::uuid as id
        )
        insert into executions
          (tenant_id, id, workflow_id, version, priority, trigger_type, trigger, correlation_id, input, reply_to, created_by, queued_at, session_id)
        select $1, s.id, s.workflow_id, s.version, s.priority, s.trigger_type, s.trigger, s.correlation_id, s.input, s.reply_to, s.created_by, $2,
          case when s.trigger_type = 'session' then s.trigger ->> 'sessionId' end
        from unnest($3::uuid[], $4::uuid[], $5::int[], $6::smallint[], $7::text[], $8::jsonb[], $9::text[], $10::jsonb[], $11::text[], $12::text[])
          as s (id, workflow_id, version, priority, trigger_type, trigger, correlation_id, input, reply_to, created_by)
        join claimed on claimed.id = s.id
        returning id
        """;

    // Of all tenants at once: taken one tenant after the other, the locks of two flushes would cross, since keys of
    // different tenants share locks.
    private static void AddKeys(Round round, List<Pending> starts)
    {
        var limited = starts.FindAll(start => start.Execution.Concurrency is not null)
            .ConvertAll(start => (start.Execution.TenantId, start.Execution.WorkflowId, start.Execution.Concurrency!));
        if (limited.Count > 0)
        {
            round.AddCall(SlotClaims.Hold(limited, []));
        }
    }

    private static void AddGroup(
        Round round, List<Pending> group, Dictionary<Guid, bool> stored, DateTimeOffset now)
    {
        round.AddCall(TenantScope.SetTenant(group[0].Execution.TenantId));
        var limited = group.Where(pending => pending.Execution.Concurrency is not null).ToList();
        if (limited.Count > 0)
        {
            LimitedStart.AddTo(
                round, [.. limited.Select(pending => pending.Execution)], stored, now, command => AddRows(command, limited, now));
        }

        var plain = group.Where(pending => pending.Execution is { Idempotency: null, Concurrency: null }).ToList();
        if (plain.Count > 0)
        {
            var command = new NpgsqlBatchCommand(StartSql);
            AddRows(command, plain, now);
            round.Add(command, 1, row => stored.Add(row.GetGuid(0), false));
        }

        var keyed = group.Where(pending => pending.Execution is { Idempotency: not null, Concurrency: null })
            .OrderBy(pending => pending.Execution.Idempotency!.Scope, StringComparer.Ordinal)
            .ThenBy(pending => pending.Execution.Idempotency!.Key, StringComparer.Ordinal).ToList();
        if (keyed.Count > 0)
        {
            var command = new NpgsqlBatchCommand(StartWithKeySql);
            AddRows(command, keyed, now);
            command.Parameters.Add(Sql.Instant(now + Limits.IdempotencyLifetime));
            command.Parameters.Add(Sql.Texts(keyed, pending => pending.Execution.Idempotency!.Scope));
            command.Parameters.Add(Sql.Texts(keyed, pending => pending.Execution.Idempotency!.Key));
            command.Parameters.Add(new NpgsqlParameter<byte[][]> { TypedValue = [.. keyed.Select(pending => pending.Execution.Idempotency!.RequestHash)] });
            round.Add(command, 1, row => stored.Add(row.GetGuid(0), false));
        }
    }

    private static void AddRows(NpgsqlBatchCommand command, List<Pending> rows, DateTimeOffset now)
    {
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = rows[0].Execution.TenantId });
        command.Parameters.Add(Sql.Instant(now));
        command.Parameters.Add(Sql.Uuids(rows, row => row.Execution.Id));
        command.Parameters.Add(Sql.Uuids(rows, row => row.Execution.WorkflowId));
        command.Parameters.Add(Sql.Ints(rows, row => row.Execution.Version));
        command.Parameters.Add(Sql.Shorts(rows, row => (short)row.Execution.Priority));
        command.Parameters.Add(Sql.Texts(rows, row => row.Execution.TriggerType));
        command.Parameters.Add(Sql.Jsons(rows, row => row.Execution.Trigger));
        command.Parameters.Add(Sql.Texts(rows, row => row.Execution.CorrelationId));
        command.Parameters.Add(Sql.Jsons(rows, row => row.Execution.Input));
        command.Parameters.Add(Sql.Texts(rows, row => row.Execution.ReplyTo));
        command.Parameters.Add(Sql.Texts(rows, row => row.Execution.CreatedBy));
    }

    private const string EarlierSql = """
        select k.scope, k.key, i.request_hash, (i.response ->> 'executionId')::uuid, e.status, e.version
        from unnest($2::text[], $3::text[]) as k (scope, key)
        join idempotency_keys i on i.tenant_id = $1 and i.scope = k.scope and i.key = k.key
        left join executions e on e.tenant_id = $1 and e.id = (i.response ->> 'executionId')::uuid
        """;

    private static readonly Dictionary<Guid, bool> NoneStored = [];

    private async Task SettleAsync(List<Pending> group, Dictionary<Guid, bool> stored, CancellationToken cancellationToken)
    {
        var refused = new List<Pending>();
        foreach (var pending in group)
        {
            if (stored.TryGetValue(pending.Execution.Id, out var held))
            {
                pending.Outcome.TrySetResult(new StartOutcome.Started(pending.Execution.Id) { IsHeld = held });
            }
            else if (pending.Execution.Idempotency is null)
            {
                pending.Outcome.TrySetResult(new StartOutcome.Skipped());
            }
            else
            {
                refused.Add(pending);
            }
        }

        if (refused.Count == 0)
        {
            return;
        }

        var earlier = await FindEarlierAsync(
            group[0].Execution.TenantId, refused.ConvertAll(pending => pending.Execution.Idempotency!),
                cancellationToken);
        foreach (var pending in refused)
        {
            var claim = pending.Execution.Idempotency!;
            var known = earlier.TryGetValue((claim.Scope, claim.Key), out var found);
            pending.Outcome.TrySetResult(
                known && found.Hash.AsSpan().SequenceEqual(claim.RequestHash) ? found.Start
                : !known && pending.Execution.Concurrency is not null ? new StartOutcome.Skipped()
                : new StartOutcome.KeyReused());
        }
    }

    /// <summary>What a request with this key started before; null when nothing did, or when it asked for something
    /// else.</summary>
    public async Task<StartOutcome.AlreadyStarted?> FindEarlierAsync(Guid tenantId, IdempotencyClaim claim,
        CancellationToken cancellationToken) =>
        (await FindEarlierAsync(tenantId, [claim], cancellationToken)).TryGetValue((claim.Scope, claim.Key),
            out var found)
            && found.Hash.AsSpan().SequenceEqual(claim.RequestHash) ? found.Start : null;

    /// <summary>What requests with these keys started before; null for each of which nothing did, or which asked for
    /// something else.</summary>
    public async Task<IReadOnlyList<StartOutcome.AlreadyStarted?>> FindEarlierManyAsync(
        Guid tenantId, IReadOnlyList<IdempotencyClaim> claims, CancellationToken cancellationToken)
    {
        var earlier = await FindEarlierAsync(tenantId, [.. claims], cancellationToken);
        return [.. claims.Select(claim => earlier.TryGetValue((claim.Scope, claim.Key), out var found)
            && found.Hash.AsSpan().SequenceEqual(claim.RequestHash) ? found.Start : null)];
    }

    private async Task<Dictionary<(string Scope, string Key), (byte[] Hash,
        StartOutcome.AlreadyStarted Start)>> FindEarlierAsync(
        Guid tenantId, List<IdempotencyClaim> claims, CancellationToken cancellationToken)
    {
        var earlier = new Dictionary<(string, string), (byte[] Hash, StartOutcome.AlreadyStarted Start)>();
        await using var connection = await _database.HotPath.OpenConnectionAsync(cancellationToken);
        await using var round = new Round(connection);
        round.AddCall(TenantScope.SetTenant(tenantId));
        var command = new NpgsqlBatchCommand(EarlierSql);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = tenantId });
        command.Parameters.Add(Sql.Texts(claims, claim => claim.Scope));
        command.Parameters.Add(Sql.Texts(claims, claim => claim.Key));
        round.Add(command, 6, row => earlier[(row.GetString(0), row.GetString(1))] = (
            row.GetFieldValue<byte[]>(2),
            new StartOutcome.AlreadyStarted(row.GetGuid(3))
            {
                Status = row.IsDBNull(4) ? null : row.GetString(4),
                Version = row.IsDBNull(5) ? null : row.GetInt32(5),
            }));
        await round.ExecuteAsync(cancellationToken);
        return earlier;
    }

    /// <summary>Commits what was handed over, then ends.</summary>
    public ValueTask DisposeAsync() => _lanes.DisposeAsync();

    private sealed class Pending(NewExecution execution)
    {
        public NewExecution Execution { get; } = execution;

        public TaskCompletionSource<StartOutcome> Outcome { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

internal static class NewExecutionKeys
{
    public static ExecutionKey Key(this NewExecution execution) => new(execution.TenantId, execution.Id);
}
