using Microsoft.Extensions.Logging;
using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Events;

/// <summary>A CloudEvent to be stored. <see cref="Data"/> and <see cref="Extensions"/> are UTF-8 JSON, the latter an object.</summary>
public sealed record NewEvent
{
    /// <summary>The sender's id; with <see cref="Source"/> it names the event for deduplication.</summary>
    public required string EventId { get; init; }

    public required string Source { get; init; }

    public required string Type { get; init; }

    public string? Subject { get; init; }

    /// <summary>What waits compare with: the extension attribute <c>correlationid</c>, else the subject.</summary>
    public string? CorrelationKey { get; init; }

    public DateTimeOffset? Time { get; init; }

    public string? DataContentType { get; init; }

    public string? DataSchema { get; init; }

    public byte[]? Data { get; init; }

    public required byte[] Extensions { get; init; }
}

/// <summary>What became of one event.</summary>
public abstract record IngestOutcome(Guid Id)
{
    /// <summary>Stored; <paramref name="Executions"/> were started and <paramref name="WaitsWoken"/> waits resolved by it.</summary>
    public sealed record Accepted(Guid Id, IReadOnlyList<Guid> Executions, int WaitsWoken) : IngestOutcome(Id);

    /// <summary>An event of this source and id was stored before, under <paramref name="Id"/>; this one has no effect.</summary>
    public sealed record Duplicate(Guid Id) : IngestOutcome(Id);
}

/// <summary>
/// Takes events in. Guarantees: an event reported as accepted is committed, once per (tenant, source, id), together with its place in the
/// routing queue; routing follows in a transaction of its own, and if it fails or this process dies before it, a worker's router does it.
/// </summary>
public sealed partial class EventStore(WorkflowsDatabase database, EventRouter router, TimeProvider clock, ILogger<EventStore> logger)
{
    private const string StoreSql = """
        with incoming as (
          select * from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::text[], $10::text[],
            $11::jsonb[], $12::jsonb[])
            as e (id, event_id, source, type, subject, correlation_key, time, data_content_type, data_schema, data, extensions)
        ),
        fresh as (
          insert into event_dedupe (tenant_id, source, event_id, id, expires_at)
          select $1, source, event_id, id, $13 from incoming
          on conflict do nothing
          returning id
        ),
        queued as (
          insert into events_to_route (tenant_id, id, due_at) select $1, id, now() + $15::interval from fresh
        )
        insert into events
          (tenant_id, id, event_id, source, type, subject, correlation_key, time, data_content_type, data_schema, data, extensions, received_at)
        select $1, e.id, e.event_id, e.source, e.type, e.subject, e.correlation_key, e.time, e.data_content_type, e.data_schema, e.data,
          e.extensions, $14
        from incoming e where (e.id in (select f.id from fresh f)) is true
        returning id
        """;

    /// <summary>Stores and routes events of one tenant; outcomes in the order given.</summary>
    /// <exception cref="ArgumentException">More than <see cref="Limits.BulkEvents"/>.</exception>
    public async Task<IReadOnlyList<IngestOutcome>> IngestAsync(Guid tenantId, IReadOnlyList<NewEvent> events, CancellationToken cancellationToken)
    {
        if (events.Count > Limits.BulkEvents)
        {
            throw new ArgumentException($"At most {Limits.BulkEvents} events come in one call, not {events.Count}.", nameof(events));
        }

        var now = clock.GetUtcNow();
        // Ids in the order given: what comes first in one call came first.
        var ids = new Guid[events.Count];
        for (var index = 0; index < ids.Length; index++)
        {
            ids[index] = Guid.CreateVersion7(now);
        }

        Array.Sort(ids);
        var rows = ids.Zip(events, (id, @event) => (Id: id, Event: @event)).ToList();
        var (fresh, version) = await StoreAsync(tenantId, rows, now, cancellationToken);
        var earlier = await FindEarlierAsync(tenantId, [.. rows.Where(row => !fresh.Contains(row.Id))], cancellationToken);
        var routed = await RouteAsync(tenantId, [.. rows.Where(row => fresh.Contains(row.Id)).Select(row => new StoredEvent(row.Id, row.Event))], version, cancellationToken);
        return [.. rows.Select(row => fresh.Contains(row.Id)
            ? (IngestOutcome)new IngestOutcome.Accepted(
                row.Id,
                [.. routed[row.Id].Where(effect => effect.Started).Select(effect => effect.Execution.Key.Id)],
                routed[row.Id].Count(effect => !effect.Started))
            : new IngestOutcome.Duplicate(earlier[(row.Event.Source, row.Event.EventId)]))];
    }

    // The events are accepted already: a failure to route them now is no failure of the call. They are in the queue, and the workers' routers count and report
    // what keeps them there.
    private async Task<ILookup<Guid, EventEffect>> RouteAsync(Guid tenantId, List<StoredEvent> events, long version, CancellationToken cancellationToken)
    {
        IReadOnlyList<EventEffect> effects = [];
        try
        {
            effects = await router.RouteAsync(tenantId, events, [], version, Limits.MatchingByReceiver,
                cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogLeft(events.Count, tenantId, exception.Message);
        }

        return effects.ToLookup(effect => effect.EventId);
    }

    private async Task<(HashSet<Guid> Fresh, long Version)> StoreAsync(
        Guid tenantId, List<(Guid Id, NewEvent Event)> rows, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // Two calls that carry the same events must lock the dedupe rows in one order.
        var sorted = rows.OrderBy(row => row.Event.Source, StringComparer.Ordinal).ThenBy(row => row.Event.EventId, StringComparer.Ordinal).ToList();
        var command = new NpgsqlBatchCommand(StoreSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Uuids(sorted, row => row.Id));
        command.Parameters.Add(Sql.Texts(sorted, row => row.Event.EventId));
        command.Parameters.Add(Sql.Texts(sorted, row => row.Event.Source));
        command.Parameters.Add(Sql.Texts(sorted, row => row.Event.Type));
        command.Parameters.Add(Sql.Texts(sorted, row => row.Event.Subject));
        command.Parameters.Add(Sql.Texts(sorted, row => row.Event.CorrelationKey));
        command.Parameters.Add(Sql.Instants(sorted, row => row.Event.Time));
        command.Parameters.Add(Sql.Texts(sorted, row => row.Event.DataContentType));
        command.Parameters.Add(Sql.Texts(sorted, row => row.Event.DataSchema));
        command.Parameters.Add(Sql.Jsons(sorted, row => row.Event.Data));
        command.Parameters.Add(Sql.Jsons(sorted, row => row.Event.Extensions));
        command.Parameters.Add(Sql.Instant(now + Limits.EventDedupeLifetime));
        command.Parameters.Add(Sql.Instant(now));
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = Limits.RoutedByReceiver });
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands = { TenantScope.SetTenant(tenantId), command, RoutingTables.VersionOf(tenantId) },
        };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var fresh = new HashSet<Guid>();
        while (await reader.ReadAsync(cancellationToken))
        {
            fresh.Add(reader.GetGuid(0));
        }

        await reader.NextResultAsync(cancellationToken);
        return (fresh, await reader.ReadAsync(cancellationToken) ? reader.GetInt64(0) : 0);
    }

    private const string EarlierSql = """
        select k.source, k.event_id, d.id
        from unnest($2::text[], $3::text[]) as k (source, event_id)
        join event_dedupe d on d.tenant_id = $1 and d.source = k.source and d.event_id = k.event_id
        """;

    private async Task<Dictionary<(string, string), Guid>> FindEarlierAsync(
        Guid tenantId, List<(Guid Id, NewEvent Event)> duplicates, CancellationToken cancellationToken)
    {
        var earlier = new Dictionary<(string, string), Guid>();
        if (duplicates.Count == 0)
        {
            return earlier;
        }

        var command = new NpgsqlBatchCommand(EarlierSql);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Texts(duplicates, row => row.Event.Source));
        command.Parameters.Add(Sql.Texts(duplicates, row => row.Event.EventId));
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { TenantScope.SetTenant(tenantId), command } };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            earlier[(reader.GetString(0), reader.GetString(1))] = reader.GetGuid(2);
        }

        return earlier;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} events of tenant {TenantId} are stored and left to the workers to route: {Reason}")]
    private partial void LogLeft(int count, Guid tenantId, string reason);
}
