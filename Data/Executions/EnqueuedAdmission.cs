using Npgsql;
using Workflows.Data.Database;
using Workflows.Data.Isolation;

namespace Workflows.Data.Executions;

/// <summary>What one round of admission did.</summary>
/// <param name="Found">Executions that waited for it; as many as asked for = there may be more.</param>
/// <param name="Admitted">Those of which the mark was taken, also the refused ones.</param>
/// <param name="SetAside">Those whose admission failed by itself: refused with the reason, or left to the next
/// round.</param>
public sealed record AdmissionResult(int Found, IReadOnlyList<WokenExecution> Admitted,
    IReadOnlyList<SetAside> SetAside);

/// <summary>
/// Admits what <c>workflows.enqueue</c> stored for workflows whose limits have a key: an expression on the input, which SQL cannot evaluate. Guarantees: each is admitted
/// once, under the settings of the version that it is pinned to, by the transaction that takes the mark off its row; whoever dies before that leaves it to the next look.
/// What may not be admitted (policy skip) is asked to end; a key that cannot be worked out fails the execution when it is claimed, before its first step.
/// One whose admission fails by itself is refused, and the others are admitted in the same round. Nothing of a
/// suspended tenant is.
/// Lock order: concurrency keys, then executions.
/// </summary>
public sealed class EnqueuedAdmission(WorkflowsDatabase database)
{
    // In turn among tenants, as the sweep; mostly the index is empty.
    private const string WaitingSql = """
        with recursive tenants as (
          (select e.tenant_id from executions e where e.status = 'held' and e.not_before = 'infinity' order by e.tenant_id limit 1)
          union all
          select (select e.tenant_id from executions e where e.status = 'held' and e.not_before = 'infinity' and e.tenant_id > t.tenant_id order by e.tenant_id limit 1)
          from tenants t
          where t.tenant_id is not null
        )
        select q.tenant_id, q.id, q.workflow_id, (v.definition -> 'settings')::text, q.input
        from tenants t
        join public.tenants a on a.tenant_id = t.tenant_id and a.status = 'active'
        cross join lateral (
          select e.tenant_id, e.id, e.workflow_id, e.version, e.input, row_number() over (order by e.id) as turn
          from executions e
          where e.tenant_id = t.tenant_id and e.status = 'held' and e.not_before = 'infinity'
          order by e.id
          limit $1
        ) q
        left join workflow_versions v on v.tenant_id = q.tenant_id and v.workflow_id = q.workflow_id and v.number = q.version
        where t.tenant_id is not null
        order by q.turn, q.tenant_id
        limit $1
        """;

    private const string AdmitSql = $"""
        with wanted as (
          select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::int[], $6::text[], $7::text[])
            as w (tenant_id, id, workflow_id, concurrency_key, concurrency_limit, policy, rate)
        ),
        locked as materialized (
          select e.tenant_id, e.id from wanted w join executions e on e.tenant_id = w.tenant_id and e.id = w.id
          where e.status = 'held' and e.not_before = 'infinity'
          order by e.tenant_id, e.id for update of e skip locked
        ),
        limited as (
          select w.*, row_number() over (order by w.tenant_id, w.id) as turn
          from wanted w join locked l on l.tenant_id = w.tenant_id and l.id = w.id where w.policy is not null
        ),
        {StateRules.Admitted}
        update executions e
        set status = case when a.status = 'held' then 'held' else 'queued' end, queued_at = now(),
            concurrency_key = case when a.status <> 'skipped' then w.concurrency_key end,
            concurrency_limit = case when a.status <> 'skipped' then w.concurrency_limit end,
            not_before = case when a.status = 'skipped' then e.not_before else a.not_before end,
            stop_request = case when a.status = 'skipped' then 'cancel' else e.stop_request end,
            stop_reason = case when a.status = 'skipped' then 'Not started: ' || $8 || '.' else e.stop_reason end
        from locked l
        join wanted w on w.tenant_id = l.tenant_id and w.id = l.id
        left join admitted a on a.tenant_id = l.tenant_id and a.id = l.id
        where e.tenant_id = l.tenant_id and e.id = l.id
        returning e.tenant_id, e.id, e.priority, e.status
        """;

    /// <summary>Admits up to <paramref name="limit"/> executions.</summary>
    public async Task<AdmissionResult> AdmitAsync(int limit, CancellationToken cancellationToken)
    {
        var waiting = await ListAsync(limit, cancellationToken);
        if (waiting.Count == 0)
        {
            return new AdmissionResult(0, [], []);
        }

        try
        {
            return new AdmissionResult(waiting.Count, await AdmitAsync(waiting, cancellationToken), []);
        }
        catch (Exception exception) when (Batches.MayBeOneItem(exception))
        {
            var admitted = new List<WokenExecution>();
            var setAside = new List<SetAside>();
            foreach (var row in waiting)
            {
                try
                {
                    admitted.AddRange(await AdmitAsync([row], cancellationToken));
                }
                catch (Exception alone) when (Batches.MayBeOneItem(alone))
                {
                    var refused = new SetAside("start from SQL", row.Key, Batches.ReasonOf(alone),
                        Batches.IsForGood(alone));
                    var isOut = refused.IsForGood && await Batches.TrySetAsideAsync(async () =>
                    {
                        admitted.AddRange(await RefuseAsync(refused, cancellationToken));
                        return true;
                    });
                    setAside.Add(refused with { IsForGood = isOut });
                }
            }

            return new AdmissionResult(waiting.Count, admitted, setAside);
        }
    }

    // As one that its limits skip: it ends when it is claimed, with the reason on its row.
    private const string RefuseSql = $"""
        update executions e
        set {StateRules.RequestStop},
            stop_reason = 'Not started: ' || $3
        where e.tenant_id = $1 and e.id = $2 and e.status = 'held' and e.not_before = 'infinity'
        returning e.tenant_id, e.id, e.priority, e.status
        """;

    private async Task<List<WokenExecution>> RefuseAsync(SetAside refused, CancellationToken cancellationToken)
    {
        await using var command = database.HotPath.CreateCommand(RefuseSql);
        command.Parameters.Add(Sql.Uuid(refused.Key.TenantId));
        command.Parameters.Add(Sql.Uuid(refused.Key.Id));
        command.Parameters.Add(Sql.Text(refused.Reason));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await ReadAsync(reader, cancellationToken);
    }

    private async Task<List<WokenExecution>> AdmitAsync(List<Waiting> waiting, CancellationToken cancellationToken)
    {
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        await using var round = new Round(connection);
        round.AddCall(SlotClaims.Hold([.. waiting.Where(row => row.Claim is not null).Select(row => (row.Key.TenantId, row.WorkflowId, row.Claim!))], []));
        var admit = new NpgsqlBatchCommand(AdmitSql);
        admit.Parameters.Add(Sql.Uuids(waiting, row => row.Key.TenantId));
        admit.Parameters.Add(Sql.Uuids(waiting, row => row.Key.Id));
        admit.Parameters.Add(Sql.Uuids(waiting, row => row.WorkflowId));
        admit.Parameters.Add(Sql.Texts(waiting, row => row.Claim?.Key));
        admit.Parameters.Add(new NpgsqlParameter<int?[]> { TypedValue = [.. waiting.Select(row => row.Claim?.Limit)] });
        admit.Parameters.Add(Sql.Texts(waiting, row => row.Claim?.Policy));
        admit.Parameters.Add(Sql.Texts(waiting, row => row.Claim?.Rate?.ToString()));
        admit.Parameters.Add(Sql.Text(SlotClaims.SkippedReason));
        var admitted = new List<WokenExecution>();
        round.Add(admit, 4, row => admitted.Add(Read(row)));
        await round.ExecuteAsync(cancellationToken);
        return admitted;
    }

    private static async Task<List<WokenExecution>> ReadAsync(NpgsqlDataReader reader,
        CancellationToken cancellationToken)
    {
        var woken = new List<WokenExecution>();
        while (await reader.ReadAsync(cancellationToken))
        {
            woken.Add(Read(reader));
        }

        return woken;
    }

    private static WokenExecution Read(NpgsqlDataReader row) =>
        new(new ExecutionKey(row.GetGuid(0), row.GetGuid(1)), row.GetString(3), (ExecutionPriority)row.GetInt16(2), null);

    private async Task<List<Waiting>> ListAsync(int limit, CancellationToken cancellationToken)
    {
        await using var command = database.HotPath.CreateCommand(WaitingSql);
        command.Parameters.Add(Sql.Int(limit));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var waiting = new List<Waiting>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var claim = SlotClaims.Of(reader.IsDBNull(3) ? null : reader.GetString(3), reader.GetFieldValue<byte[]>(4)).Claim;
            waiting.Add(new Waiting(new ExecutionKey(reader.GetGuid(0), reader.GetGuid(1)), reader.GetGuid(2), claim));
        }

        return waiting;
    }

    private sealed record Waiting(ExecutionKey Key, Guid WorkflowId, ConcurrencyClaim? Claim);
}
