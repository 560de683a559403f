using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Numbers;

/// <summary>One number that a program reports.</summary>
/// <param name="Dimensions">A JSON object of texts, its members in the order of their names.</param>
public sealed record MetricPoint(string Name, double Value, byte[] Dimensions, DateTimeOffset At);

/// <summary>What was reported within one stretch of time for one set of dimensions.</summary>
public sealed record MetricValue(
    DateTimeOffset At, string Group, long Points, double Sum, double Min, double Max, double Last);

/// <summary>A name under which numbers were reported.</summary>
public sealed record MetricName(string Name, DateTimeOffset FirstAt, DateTimeOffset LastAt);

/// <summary>A tenant would have more names of metrics than it may.</summary>
public sealed class MetricLimitException(string message) : Exception(message);

/// <summary>Numbers of programs and workflows: sums by minute and dimensions, kept as they come.</summary>
public sealed class MetricStore(WorkflowsDatabase database)
{
    // In the order of their keys, so that two reports of the same wait for each other instead of locking each other
    // out.
    private const string AddSql = """
        insert into metric_minutes as m (tenant_id, name, minute, dimensions, points, total, lowest, highest, last,
          last_at)
        select $1, p.name, date_trunc('minute', p.at), p.dimensions, count(*), sum(p.value), min(p.value), max(p.value),
          (array_agg(p.value order by p.at desc))[1], max(p.at)
        from unnest($2::text[], $3::float8[], $4::jsonb[], $5::timestamptz[]) as p (name, value, dimensions, at)
        group by p.name, date_trunc('minute', p.at), p.dimensions
        order by p.name, date_trunc('minute', p.at), p.dimensions
        on conflict (tenant_id, name, minute, dimensions) do update set points = m.points + excluded.points,
          total = m.total + excluded.total, lowest = least(m.lowest, excluded.lowest),
          highest = greatest(m.highest, excluded.highest),
          last = case when excluded.last_at >= m.last_at then excluded.last else m.last end,
          last_at = greatest(m.last_at, excluded.last_at)
        """;

    private const string NameSql = """
        insert into metric_names as n (tenant_id, name, first_at, last_at)
        select $1, p.name, min(p.at), max(p.at) from unnest($2::text[], $3::timestamptz[]) as p (name, at)
        group by p.name order by p.name
        on conflict (tenant_id, name) do update set first_at = least(n.first_at, excluded.first_at),
          last_at = greatest(n.last_at, excluded.last_at)
        where excluded.last_at > n.last_at + interval '1 minute' or excluded.first_at < n.first_at
        """;

    private const string CountSql = "select count(*)::int from metric_names n where n.tenant_id = $1";

    /// <summary>Adds points, all or none.</summary>
    /// <exception cref="MetricLimitException">There would be more names than a tenant may have; nothing was added.
    /// </exception>
    public async Task AddAsync(Guid tenantId, IReadOnlyList<MetricPoint> points, CancellationToken cancellationToken)
    {
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands =
            {
                TenantScope.SetTenant(tenantId),
                new NpgsqlBatchCommand(NameSql)
                {
                    Parameters =
                    {
                        Sql.Uuid(tenantId), Sql.Texts(points, point => point.Name),
                        Sql.Instants(points, point => point.At),
                    },
                },
                new NpgsqlBatchCommand(AddSql)
                {
                    Parameters =
                    {
                        Sql.Uuid(tenantId), Sql.Texts(points, point => point.Name),
                        Sql.Doubles(points, point => point.Value), Sql.Jsons(points, point => point.Dimensions),
                        Sql.Instants(points, point => point.At),
                    },
                },
                new NpgsqlBatchCommand(CountSql) { Parameters = { Sql.Uuid(tenantId) } },
            },
        };
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            await reader.NextResultAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            if (reader.GetInt32(0) > Limits.MetricNames)
            {
                throw new MetricLimitException($"A tenant has at most {Limits.MetricNames} names of metrics.");
            }
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private const string ValuesSql = """
        select date_bin($5::interval, m.minute, timestamptz 'epoch'), coalesce(m.dimensions ->> $7, ''),
          sum(m.points)::bigint, sum(m.total), min(m.lowest), max(m.highest),
          (array_agg(m.last order by m.last_at desc))[1]
        from metric_minutes m
        where m.tenant_id = $1 and m.name = $2 and m.minute >= $3 and m.minute < $4 and m.dimensions @> $6
        group by 1, 2 order by 1, 2 limit $8
        """;

    /// <summary>What was reported under a name, by stretches of time and by the values of one dimension.</summary>
    /// <param name="step">How long a stretch is: whole minutes.</param>
    /// <param name="dimensions">A JSON object: what a point must have.</param>
    /// <param name="groupBy">A dimension; null = all together.</param>
    public Task<List<MetricValue>> ReadAsync(
        Guid tenantId, string name, DateTimeOffset from, DateTimeOffset to, TimeSpan step, byte[] dimensions,
        string? groupBy, CancellationToken cancellationToken) => database.ReadHotAsync(
        tenantId,
        new NpgsqlBatchCommand(ValuesSql)
        {
            Parameters =
            {
                Sql.Uuid(tenantId), Sql.Text(name), Sql.Instant(from), Sql.Instant(to),
                new NpgsqlParameter<TimeSpan> { TypedValue = step }, Sql.Json(dimensions), Sql.Text(groupBy),
                Sql.Int(Limits.MetricValues + 1),
            },
        },
        reader => new MetricValue(
            reader.GetFieldValue<DateTimeOffset>(0), reader.GetString(1), reader.GetInt64(2), reader.GetDouble(3),
            reader.GetDouble(4), reader.GetDouble(5), reader.GetDouble(6)),
        cancellationToken);

    private const string NamesSql = """
        select n.name, n.first_at, n.last_at from metric_names n where n.tenant_id = $1 order by n.name
        """;

    /// <summary>All names of a tenant, at most <see cref="Limits.MetricNames"/>.</summary>
    public Task<List<MetricName>> NamesAsync(Guid tenantId, CancellationToken cancellationToken) =>
        database.ReadHotAsync(
        tenantId,
        new NpgsqlBatchCommand(NamesSql) { Parameters = { Sql.Uuid(tenantId) } },
        reader => new MetricName(
            reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetFieldValue<DateTimeOffset>(2)),
        cancellationToken);
}
