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
    private const string StartLimitedSql = $"""
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
        limited as (
          select $1::uuid as tenant_id, w.*, row_number() over (order by w.place) as turn
          from wanted w where w.key is null or w.id in (select c.id from claimed c)
        ),
        {StateRules.Admitted}
        insert into executions
          (tenant_id, id, workflow_id, version, status, priority, trigger_type, trigger, correlation_id, input, reply_to, created_by, queued_at,
           concurrency_key, concurrency_limit, not_before, session_id)
        select $1, l.id, l.workflow_id, l.version, a.status, l.priority, l.trigger_type, l.trigger, l.correlation_id, l.input, l.reply_to, l.created_by, $2,
          l.concurrency_key, l.concurrency_limit, a.not_before,
            case when l.trigger_type = 'session' then l.trigger ->> 'sessionId' end
        from limited l join admitted a on a.id = l.id
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

    /// <summary>Adds the statements that start <paramref name="rows"/>, all of one tenant and under a limit.</summary>
    /// <param name="stored">Gets the executions that were stored, and whether each is held.</param>
    public static void AddTo(
        Round round, IReadOnlyList<NewExecution> rows, Dictionary<Guid, bool> stored, DateTimeOffset now,
        Action<NpgsqlBatchCommand> addRows)
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
        round.Add(start, 2, row => stored.Add(row.GetGuid(0), row.GetString(1) == "held"));

        var skippable = rows.Where(row => row is { Idempotency: not null, Concurrency.Policy: "skip" }).ToList();
        if (skippable.Count > 0)
        {
            var forget = new NpgsqlBatchCommand(ForgetSkippedSql);
            forget.Parameters.Add(Sql.Uuid(skippable[0].TenantId));
            forget.Parameters.Add(Sql.Texts(skippable, row => row.Idempotency!.Scope));
            forget.Parameters.Add(Sql.Texts(skippable, row => row.Idempotency!.Key));
            forget.Parameters.Add(Sql.Uuids(skippable, row => row.Id));
            round.Add(forget);
        }
    }
}
