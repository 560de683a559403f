using Npgsql;
using Workflows.Data.Database;
using Workflows.Data.Dispatch;
using Workflows.Data.Executions;

namespace Workflows.Data.Events;

/// <summary>What an event did to one execution: started it, or woke a wait of it.</summary>
public sealed record EventEffect(Guid EventId, bool Started, WokenExecution Execution);

/// <summary>
/// Brings stored events to triggers, rules and waits. Guarantees: an event is routed once, by the transaction that takes it out of the queue, together with all
/// that follows from it; what it matched is recorded. Several processes may route at once; each event goes to one of them.
/// </summary>
public sealed class EventRouter(WorkflowsDatabase database, DispatchStreams dispatch, WorkerSignals signals, TimeProvider clock)
{
    private readonly RoutingTables _tables = new(database, clock);

    private const string LoadSql = """
        select e.id, e.type, e.correlation_key, cloud_event(e)
        from unnest($2::uuid[]) as k (id)
        join events e on e.tenant_id = $1 and e.id = k.id
        """;

    /// <summary>Routes those of the events that still wait for it.</summary>
    public async Task<IReadOnlyList<EventEffect>> RouteAsync(Guid tenantId, IReadOnlyList<Guid> eventIds, CancellationToken cancellationToken)
    {
        if (eventIds.Count == 0)
        {
            return [];
        }

        var events = new List<StoredEvent>(eventIds.Count);
        long version;
        await using (var connection = await database.HotPath.OpenConnectionAsync(cancellationToken))
        {
            await using var batch = new NpgsqlBatch(connection)
            {
                BatchCommands =
                {
                    TenantScope.SetTenant(tenantId),
                    RoutingTables.VersionOf(tenantId),
                    new(LoadSql) { Parameters = { Sql.Uuid(tenantId), Sql.Uuids(eventIds, id => id) } },
                },
            };
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            await reader.NextResultAsync(cancellationToken);
            version = await reader.ReadAsync(cancellationToken) ? reader.GetInt64(0) : 0;
            await reader.NextResultAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                events.Add(new StoredEvent(
                    reader.GetGuid(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2), reader.GetFieldValue<byte[]>(3)));
            }
        }

        var present = events.Select(@event => @event.Id).ToHashSet();
        return await RouteAsync(tenantId, events, [.. eventIds.Where(id => !present.Contains(id))], version, null,
            cancellationToken);
    }

    /// <param name="gone">Events whose rows went with their partition: they only leave the queue.</param>
    /// <param name="version">Of the tenant's triggers and rules, read after the events were committed or with them.</param>
    /// <param name="patience">How long matching may take here; the events left then stay in the queue. Null = all are
    /// routed.</param>
    /// <exception cref="EvaluationBusyException">With <paramref name="patience"/>: too much of the tenant waits for its
    /// turn. Nothing was routed.</exception>
    internal async Task<IReadOnlyList<EventEffect>> RouteAsync(
        Guid tenantId, IReadOnlyList<StoredEvent> events, IReadOnlyList<Guid> gone, long version, TimeSpan? patience,
        CancellationToken cancellationToken)
    {
        if (events.Count + gone.Count == 0)
        {
            return [];
        }

        var table = await _tables.GetAsync(tenantId, version, cancellationToken);
        var effects = new List<EventEffect>();
        var next = 0;
        do
        {
            var first = next;
            var matching = await MatchAsync(tenantId, table, events, next, patience, cancellationToken);
            next += matching.Events;
            var isCut = patience is not null && next < events.Count
                && matching.Matches.Count < Limits.MatchesPerRouting;
            if (isCut && next == first)
            {
                break; // the workers' routers have the time
            }

            var chunk = events.Skip(first).Take(next - first).ToList();
            IReadOnlyList<Guid> ids = [.. chunk.Select(@event => @event.Id), .. first == 0 ? gone : []];
            var done = matching.Parts.Count == 0
                ? await CommitAsync(tenantId, ids, chunk, matching, cancellationToken)
                : await JoinAndCommitAsync(tenantId, ids, chunk, matching, cancellationToken);
            Announce(done);
            effects.AddRange(done);
            if (isCut)
            {
                break;
            }
        }
        while (next < events.Count);

        return effects;
    }

    // In a request the tenant waits for its turn; a worker's router has a loop of its own.
    private async Task<EventMatching> MatchAsync(
        Guid tenantId, RoutingTable table, IReadOnlyList<StoredEvent> events, int first, TimeSpan? patience,
        CancellationToken cancellationToken)
    {
        if (patience is null)
        {
            return Match(new EventMatching(table, clock), events, first);
        }

        using var turn = await EvaluationTurns.OfProcess.EnterAsync(tenantId, cancellationToken);
        return Match(new EventMatching(table, clock, patience), events, first);
    }

    private static EventMatching Match(EventMatching matching, IReadOnlyList<StoredEvent> events, int first)
    {
        for (var next = first; next < events.Count && matching.Matches.Count < Limits.MatchesPerRouting
            && matching.TryAdd(events[next]); next++)
        {
            matching.Events++;
        }

        return matching;
    }

    private async Task<List<EventEffect>> CommitAsync(
        Guid tenantId, IReadOnlyList<Guid> ids, List<StoredEvent> events, EventMatching matching, CancellationToken cancellationToken)
    {
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        await RuleRecipients.ResolveAsync(connection, tenantId, matching.Matches, cancellationToken);
        await using var round = new Round(connection);
        round.AddCall(TenantScope.SetTenant(tenantId));
        var effects = RoutingCommit.AddTo(round, tenantId, ids, events, matching.Matches, clock.GetUtcNow());
        await round.ExecuteAsync(cancellationToken);
        return effects;
    }

    // Whether a set is complete is known only under the lock of its row: then the routing is a transaction of a few round trips.
    private async Task<List<EventEffect>> JoinAndCommitAsync(
        Guid tenantId, IReadOnlyList<Guid> ids, List<StoredEvent> events, EventMatching matching, CancellationToken cancellationToken)
    {
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var writes = await JoinStore.JoinAsync(connection, tenantId, matching, cancellationToken);
        await RuleRecipients.ResolveAsync(connection, tenantId, matching.Matches, cancellationToken);
        await using var round = new Round(connection, transaction);
        round.AddCall(TenantScope.SetTenant(tenantId));
        foreach (var write in writes)
        {
            round.Add(write);
        }

        var effects = RoutingCommit.AddTo(round, tenantId, ids, events, matching.Matches, clock.GetUtcNow());
        await round.ExecuteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return effects;
    }

    private void Announce(List<EventEffect> effects)
    {
        dispatch.Announce(effects.Where(effect => effect.Execution.Status == "queued")
            .Select(effect => new DispatchHint(effect.Execution.Key, effect.Execution.Priority)));
        foreach (var effect in effects)
        {
            if (effect.Execution.Owner is { } workerId)
            {
                signals.Nudge(workerId, effect.Execution.Key);
            }
        }
    }
}
