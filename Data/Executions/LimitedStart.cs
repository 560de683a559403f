using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>
/// The statement that starts executions under a concurrency or rate limit. Guarantees: never more active under a key than its limit, with any number of processes starting
/// at once, since <c>admit_limited</c> counts under the key's lock and the rows are inserted before it is given up. What has no limit never comes here.
/// </summary>
internal static class LimitedStart
{
    // An idempotency key is claimed first: a repetition is not admitted, so that it takes no place and overtakes nobody.
    private const string StartLimitedSql = """
        with wanted as (
          select s.* from unnest($3::uuid[], $4::uuid[], $5::int[], $6::smallint[], $7::text[], $8::jsonb[], $9::text[], $10::jsonb[], $11::text[], $12::text[],
            $13::text[], $14::int[], $15::text[], $16::text[], $17::text[], $18::bytea[], $20::text[]) with ordinality
            as s (id, workflow_id, version, priority, trigger_type, trigger, correlation_id, input, reply_to, created_by,
              concurrency_key, concurrency_limit, policy, scope, key, request_hash, rate, place)
        ),
        claimed as (
          insert into idempotency_keys (tenant_id, scope, key, request_hash, response, created_at, expires_at)
          select $1, w.scope, w.key, w.request_hash, jsonb_build_object('executionId', w.id), $2, $19
          from wanted w where w.key is not null order by w.scope, w.key
          on conflict (tenant_id, scope, key) do update
            set request_hash = excluded.request_hash, response = excluded.response,
                created_at = excluded.created_at, expires_at = excluded.expires_at
            where idempotency_keys.expires_at <= $2
          returning (response ->> 'executionId')::uuid as id
        ),
        open as (
          select w.*, row_number() over (order by w.place) as turn
          from wanted w where w.key is null or w.id in (select c.id from claimed c)
        ),
        admitted as (
          select a.place, a.status, a.not_before
          from (
            select array_agg(o.workflow_id order by o.turn) as workflows, array_agg(o.concurrency_key order by o.turn) as keys,
              array_agg(o.concurrency_limit order by o.turn) as limits, array_agg(o.policy order by o.turn) as policies,
              array_agg(o.rate order by o.turn) as rates
            from open o
          ) g
          cross join lateral admit_limited($1, g.workflows, g.keys, g.limits, g.policies, g.rates) a
          where g.workflows is not null
        )
        insert into executions
          (tenant_id, id, workflow_id, version, status, priority, trigger_type, trigger, correlation_id, input, reply_to, created_by, queued_at,
           concurrency_key, concurrency_limit, not_before, session_id)
        select $1, o.id, o.workflow_id, o.version, a.status, o.priority, o.trigger_type, o.trigger, o.correlation_id, o.input, o.reply_to, o.created_by, $2,
          o.concurrency_key, o.concurrency_limit, a.not_before,
            case when o.trigger_type = 'session' then o.trigger ->> 'sessionId' end
        from open o join admitted a on a.place = o.turn
        where a.status <> 'skipped'
        returning id, status
        """;

    // A start that was skipped leaves nothing behind: the same request may be sent again later.
    private const string ForgetSkippedSql = """
        delete from idempotency_keys i
        using (select * from unnest($2::text[], $3::text[], $4::uuid[]) as s (scope, key, id) order by scope, key) k
        where i.tenant_id = $1 and i.scope = k.scope and i.key = k.key and (i.response ->> 'executionId')::uuid = k.id
          and not exists (select from executions e where e.tenant_id = $1 and e.id = k.id)
        """;

    /// <summary>Adds the statements that start <paramref name="rows"/>, all of one tenant and under a limit; the first answers with id and status of each that was stored.</summary>
    public static void AddTo(NpgsqlBatch batch, IReadOnlyList<NewExecution> rows, DateTimeOffset now, Action<NpgsqlBatchCommand> addRows)
    {
        var start = new NpgsqlBatchCommand(StartLimitedSql);
        addRows(start);
        start.Parameters.Add(Sql.Texts(rows, row => row.Concurrency!.Key));
        start.Parameters.Add(new NpgsqlParameter<int?[]> { TypedValue = [.. rows.Select(row => row.Concurrency!.Limit)] });
        start.Parameters.Add(Sql.Texts(rows, row => row.Concurrency!.Policy));
        start.Parameters.Add(Sql.Texts(rows, row => row.Idempotency?.Scope));
        start.Parameters.Add(Sql.Texts(rows, row => row.Idempotency?.Key));
        start.Parameters.Add(new NpgsqlParameter<byte[]?[]> { TypedValue = [.. rows.Select(row => row.Idempotency?.RequestHash)] });
        start.Parameters.Add(Sql.Instant(now + Limits.IdempotencyLifetime));
        start.Parameters.Add(Sql.Texts(rows, row => row.Concurrency!.Rate?.ToString()));
        batch.BatchCommands.Add(start);

        var skippable = rows.Where(row => row is { Idempotency: not null, Concurrency.Policy: "skip" }).ToList();
        if (skippable.Count > 0)
        {
            var forget = new NpgsqlBatchCommand(ForgetSkippedSql);
            forget.Parameters.Add(Sql.Uuid(skippable[0].TenantId));
            forget.Parameters.Add(Sql.Texts(skippable, row => row.Idempotency!.Scope));
            forget.Parameters.Add(Sql.Texts(skippable, row => row.Idempotency!.Key));
            forget.Parameters.Add(Sql.Uuids(skippable, row => row.Id));
            batch.BatchCommands.Add(forget);
        }
    }
}
