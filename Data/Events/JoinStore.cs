using Npgsql;
using Workflows.Data.Database;
using Workflows.Engine.Events;

namespace Workflows.Data.Events;

/// <summary>
/// Brings events to rules that join several. Guarantees: of any number of routers, one at a time works on the row of a rule and correlation value, from the lock to
/// the commit of the routing; so each set of events fires once. Call within the routing's transaction. Lock order: events to route, joins by (rule, key), then as everywhere.
/// </summary>
internal static class JoinStore
{
    private const string LockEventsSql =
        "select r.id from events_to_route r where r.tenant_id = $1 and r.id = any ($2::uuid[]) order by r.id for update";

    // The update changes nothing: it locks the row that is there, and answers as it is by then.
    private const string LockSql = """
        insert into rule_joins as j (tenant_id, rule_id, correlation_key, rule_version, expires_at)
        select $1, k.rule_id, k.correlation_key, k.rule_version, now() + interval '1 day'
        from unnest($2::uuid[], $3::text[], $4::int[]) as k (rule_id, correlation_key, rule_version)
        order by k.rule_id, k.correlation_key
        on conflict (tenant_id, rule_id, correlation_key) do update set correlation_key = j.correlation_key
        returning j.rule_id, j.correlation_key, j.rule_version, j.came
        """;

    private const string TextsSql = """
        select e.id, cloud_event(e) from unnest($2::uuid[]) as k (id) join events e on e.tenant_id = $1 and e.id = k.id
        """;

    private const string SaveSql = """
        update rule_joins j set came = s.came, expires_at = s.expires_at, rule_version = s.rule_version
        from unnest($2::uuid[], $3::text[], $4::int[], $5::jsonb[], $6::timestamptz[]) as s (rule_id, correlation_key, rule_version, came, expires_at)
        where j.tenant_id = $1 and j.rule_id = s.rule_id and j.correlation_key = s.correlation_key
        """;

    private const string ForgetSql = """
        delete from rule_joins j using unnest($2::uuid[], $3::text[]) as f (rule_id, correlation_key)
        where j.tenant_id = $1 and j.rule_id = f.rule_id and j.correlation_key = f.correlation_key
        """;

    // The event that completed a set is noted by the routing itself; this says the same of the others.
    private const string NoteSql = """
        insert into event_matches (tenant_id, event_id, target, rule_id, execution_id, matched, reason)
        select $1, n.event_id, n.target, n.rule_id, n.execution_id, true, n.reason
        from unnest($2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::text[]) as n (event_id, target, rule_id, execution_id, reason)
        on conflict do nothing
        """;

    /// <summary>Adds the parts to the sets they belong to and fires the rules whose sets they complete.</summary>
    /// <returns>The statements that write what came of it, to go before the routing's own.</returns>
    public static async Task<IReadOnlyList<NpgsqlBatchCommand>> JoinAsync(
        NpgsqlConnection connection, Guid tenantId, EventMatching matching, CancellationToken cancellationToken)
    {
        var queued = (await ReadAsync(
            connection, [TenantScope.SetTenant(tenantId), new(LockEventsSql) { Parameters = { Sql.Uuid(tenantId), Sql.Uuids(matching.Parts, part => part.Event.Id) } }],
            reader => reader.GetGuid(0), cancellationToken)).ToHashSet();
        var parts = matching.Parts.Where(part => queued.Contains(part.Event.Id)).GroupBy(part => (part.Rule, part.CorrelationKey)).ToList();
        if (parts.Count == 0)
        {
            return [];
        }

        var states = await LockAsync(connection, tenantId, [.. parts.Select(group => group.Key)], cancellationToken);
        var complete = new List<(RoutingRule Rule, StoredEvent Last, IReadOnlyList<Guid> Set)>();
        foreach (var group in parts)
        {
            var state = states[(group.Key.Rule.Id, group.Key.CorrelationKey)];
            foreach (var part in group.OrderBy(part => part.Event.Id))
            {
                if (state.Add(group.Key.Rule.Rule, part.Slots, part.Event.Id) is { } set)
                {
                    complete.Add((group.Key.Rule, part.Event, set));
                }
            }
        }

        var notes = await FireAsync(connection, tenantId, matching, complete, cancellationToken);
        return [.. Writes(tenantId, [.. parts.Select(group => (group.Key.Rule, group.Key.CorrelationKey, states[(group.Key.Rule.Id, group.Key.CorrelationKey)]))], notes)];
    }

    private static async Task<Dictionary<(Guid, string), JoinState>> LockAsync(
        NpgsqlConnection connection, Guid tenantId, List<(RoutingRule Rule, string CorrelationKey)> keys, CancellationToken cancellationToken)
    {
        var rules = keys.Select(key => key.Rule).DistinctBy(rule => rule.Id).ToDictionary(rule => rule.Id);
        var command = new NpgsqlBatchCommand(LockSql)
        {
            Parameters =
            {
                Sql.Uuid(tenantId), Sql.Uuids(keys, key => key.Rule.Id), Sql.Texts(keys, key => key.CorrelationKey), Sql.Ints(keys, key => key.Rule.Version),
            },
        };
        // What came for another version of the rule may fill other slots: it counts no more.
        var rows = await ReadAsync(connection, [command], reader => (
            Key: (reader.GetGuid(0), reader.GetString(1)),
            State: JoinState.Read(
                reader.GetInt32(2) == rules[reader.GetGuid(0)].Version ? reader.GetFieldValue<byte[]>(3) : "{}"u8.ToArray(), rules[reader.GetGuid(0)].Rule)),
            cancellationToken);
        return rows.ToDictionary(row => row.Key, row => row.State);
    }

    private static async Task<List<RoutedMatch>> FireAsync(
        NpgsqlConnection connection, Guid tenantId, EventMatching matching, List<(RoutingRule Rule, StoredEvent Last, IReadOnlyList<Guid> Set)> complete,
        CancellationToken cancellationToken)
    {
        var notes = new List<RoutedMatch>();
        if (complete.Count == 0)
        {
            return notes;
        }

        var ids = complete.SelectMany(fired => fired.Set).Distinct().ToList();
        var texts = (await ReadAsync(
            connection, [new(TextsSql) { Parameters = { Sql.Uuid(tenantId), Sql.Uuids(ids, id => id) } }],
            reader => (Id: reader.GetGuid(0), Text: reader.GetFieldValue<byte[]>(1)), cancellationToken)).ToDictionary(row => row.Id, row => row.Text);
        foreach (var (rule, last, set) in complete)
        {
            // An event that retention has taken meanwhile is an empty one.
            var joined = rule.Rule.Slots.Zip(set, (slot, id) => (slot.As, Text: texts.GetValueOrDefault(id) ?? "{}"u8.ToArray()))
                .ToDictionary(slot => slot.As, slot => slot.Text);
            var before = matching.Matches.Count;
            matching.Fire(rule, last, joined);
            var execution = matching.Matches.Skip(before).FirstOrDefault(match => match.ExecutionId is not null)?.ExecutionId;
            notes.AddRange(set.Where(id => id != last.Id).Select(id => new RoutedMatch(new StoredEvent(id, "", null, []), rule.Target)
            {
                RuleId = rule.Id,
                ExecutionId = execution,
                Reason = $"joined, completed by event {last.Id}",
            }));
        }

        return notes;
    }

    private static IEnumerable<NpgsqlBatchCommand> Writes(
        Guid tenantId, List<(RoutingRule Rule, string CorrelationKey, JoinState State)> rows, List<RoutedMatch> notes)
    {
        var kept = rows.Where(row => !row.State.IsEmpty).ToList();
        yield return new NpgsqlBatchCommand(SaveSql)
        {
            Parameters =
            {
                Sql.Uuid(tenantId), Sql.Uuids(kept, row => row.Rule.Id), Sql.Texts(kept, row => row.CorrelationKey), Sql.Ints(kept, row => row.Rule.Version),
                Sql.Jsons(kept, row => row.State.ToUtf8Json(row.Rule.Rule)), Sql.Instants(kept, row => row.State.ExpiresAt(row.Rule.Rule)),
            },
        };
        var done = rows.Where(row => row.State.IsEmpty).ToList();
        yield return new NpgsqlBatchCommand(ForgetSql)
        {
            Parameters = { Sql.Uuid(tenantId), Sql.Uuids(done, row => row.Rule.Id), Sql.Texts(done, row => row.CorrelationKey) },
        };
        yield return new NpgsqlBatchCommand(NoteSql)
        {
            Parameters =
            {
                Sql.Uuid(tenantId), Sql.Uuids(notes, note => note.Event.Id), Sql.Texts(notes, note => note.Target), Sql.UuidsOrNull(notes, note => note.RuleId),
                Sql.UuidsOrNull(notes, note => note.ExecutionId), Sql.Texts(notes, note => note.Reason),
            },
        };
    }

    private static async Task<List<T>> ReadAsync<T>(
        NpgsqlConnection connection, NpgsqlBatchCommand[] commands, Func<NpgsqlDataReader, T> row, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (var command in commands)
        {
            batch.BatchCommands.Add(command);
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        for (var skipped = 1; skipped < commands.Length; skipped++)
        {
            await reader.NextResultAsync(cancellationToken);
        }

        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(row(reader));
        }

        return rows;
    }
}
