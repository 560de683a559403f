using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>Failures that look the same: of one workflow and node, with one code, and with messages that differ in
/// numbers and ids only.</summary>
/// <param name="Message">Of the newest.</param>
/// <param name="Fingerprint">The message with each number and id as <c>#</c>.</param>
/// <param name="Open">Those that nobody resolved.</param>
/// <param name="ByDay">How many there were on each day of UTC with any, oldest first.</param>
public sealed record FailureGroup(
    Guid WorkflowId, string? WorkflowName, string? NodeId, string? Code, string? Message, string? Fingerprint,
    int Count, int Open, DateTimeOffset FirstAt, DateTimeOffset LastAt, Guid NewestId,
        IReadOnlyList<FailuresOfDay> ByDay);

/// <summary>Failures of one day of UTC.</summary>
public sealed record FailuresOfDay(DateOnly Day, int Count);

/// <summary>A failure like another one, and what became of it.</summary>
/// <param name="RerunStatus">Of its newest rerun; null without one.</param>
public sealed record SimilarFailure(
    Guid Id, int Version, string? Message, DateTimeOffset FinishedAt, DateTimeOffset? ResolvedAt, string? ResolvedBy,
    string? Resolution, Guid? RerunId, string? RerunStatus);

/// <summary>
/// Failures put together. Looks at a bounded number of the newest failures, by the partial indexes of them: successes,
/// however many, are not touched.
/// </summary>
public sealed class FailureQueries(WorkflowsDatabase database)
{
    // $1 tenant, $2 lowest id, $3 id to end before, $4 workflow or null, $5 whether those resolved count, $6 how
    // many to look at, $7 groups.
    // Numbers and ids vary from failure to failure, the rest of a message says what went wrong.
    private const string GroupsSql = """
        with looked as (
          select e.id, e.workflow_id, e.error ->> 'node' as node, e.error ->> 'code' as code,
            left(e.error ->> 'message', 500) as message, e.finished_at, e.resolved_at
          from executions e
          where e.tenant_id = $1 and e.status in ('failed', 'timed_out') and e.id >= $2 and e.id < $3
            and e.trigger_type <> 'test'
            and ($4::uuid is null or e.workflow_id = $4) and ($5 or e.resolved_at is null)
          order by e.id desc limit $6
        ),
        marked as (
          select l.*, regexp_replace(l.message, '[0-9a-fA-F-]*[0-9][0-9a-fA-F-]*', '#', 'g') as mark from looked l
        ),
        grouped as (
          select m.workflow_id, m.node, m.code, m.mark, count(*)::int as n,
            count(*) filter (where m.resolved_at is null)::int as open, min(m.finished_at) as first_at,
            max(m.finished_at) as last_at, (array_agg(m.id order by m.id desc))[1] as newest,
            (array_agg(m.message order by m.id desc))[1] as message
          from marked m group by 1, 2, 3, 4
          order by n desc, newest desc limit $7
        )
        select g.workflow_id, w.name, g.node, g.code, g.message, g.mark, g.n, g.open, g.first_at, g.last_at, g.newest,
          d.days, d.counts, (select count(*)::int from looked)
        from grouped g
        left join workflows w on w.tenant_id = $1 and w.id = g.workflow_id
        cross join lateral (
          select array_agg(x.day order by x.day) as days, array_agg(x.n order by x.day) as counts
          from (
            select (m.finished_at at time zone 'UTC')::date as day, count(*)::int as n from marked m
            where m.workflow_id = g.workflow_id and m.node is not distinct from g.node
              and m.code is not distinct from g.code and m.mark is not distinct from g.mark
            group by 1
          ) x
        ) d
        order by g.n desc, g.newest desc
        """;

    /// <summary>The largest groups first, and how many failures were looked at.</summary>
    /// <param name="lowest">Executions from this id on, which holds its time.</param>
    /// <param name="end">Executions before this id.</param>
    public async Task<(IReadOnlyList<FailureGroup> Groups, int Looked)> GroupsAsync(
        Guid tenantId, Guid lowest, Guid end, Guid? workflowId, bool withResolved, int groups,
        CancellationToken cancellationToken)
    {
        var looked = 0;
        var rows = await database.ReadHotAsync(
            tenantId,
            new NpgsqlBatchCommand(GroupsSql)
            {
                Parameters =
                {
                    Sql.Uuid(tenantId), Sql.Uuid(lowest), Sql.Uuid(end), Sql.UuidOrNull(workflowId),
                    new NpgsqlParameter<bool> { TypedValue = withResolved }, Sql.Int(Limits.GroupedFailures),
                    Sql.Int(groups),
                },
            },
            reader =>
            {
                looked = reader.GetInt32(13);
                return Group(reader);
            },
            cancellationToken);
        return (rows, looked);
    }

    private static FailureGroup Group(NpgsqlDataReader reader) => new(
        reader.GetGuid(0), reader.MaybeText(1), reader.MaybeText(2), reader.MaybeText(3), reader.MaybeText(4),
        reader.MaybeText(5), reader.GetInt32(6), reader.GetInt32(7), reader.GetFieldValue<DateTimeOffset>(8),
        reader.GetFieldValue<DateTimeOffset>(9), reader.GetGuid(10),
        [.. reader.GetFieldValue<DateOnly[]>(11)
            .Zip(reader.GetFieldValue<int[]>(12), (day, n) => new FailuresOfDay(day, n))]);

    // Resolved ones with a word on how come first, then other resolved ones and those that a rerun made good, newest
    // first.
    private const string SimilarSql = """
        with this as (
          select e.id, e.workflow_id, e.error ->> 'node' as node, e.error ->> 'code' as code,
            regexp_replace(left(e.error ->> 'message', 500), '[0-9a-fA-F-]*[0-9][0-9a-fA-F-]*', '#', 'g') as mark
          from executions e where e.tenant_id = $1 and e.id = $2 and e.status in ('failed', 'timed_out')
        ),
        looked as (
          select e.id, e.version, e.error, e.finished_at, e.resolved_at, e.resolved_by, e.resolution
          from this t cross join lateral (
            select x.* from executions x
            where x.tenant_id = $1 and x.workflow_id = t.workflow_id and x.status in ('failed', 'timed_out')
              and x.id <> t.id and x.trigger_type <> 'test'
            order by x.id desc limit $3
          ) e
          where e.error ->> 'node' is not distinct from t.node and e.error ->> 'code' is not distinct from t.code
            and regexp_replace(left(e.error ->> 'message', 500), '[0-9a-fA-F-]*[0-9][0-9a-fA-F-]*', '#', 'g')
              is not distinct from t.mark
        )
        select l.id, l.version, left(l.error ->> 'message', 500), l.finished_at, l.resolved_at, l.resolved_by,
          l.resolution, r.id, r.status
        from looked l
        left join lateral (
          select x.id, x.status from executions x where x.tenant_id = $1 and x.forked_from = l.id order by x.id desc
            limit 1
        ) r on true
        order by (l.resolution is not null) desc, (l.resolved_at is not null or r.status is not distinct from
          'completed') desc, l.id desc
        limit $4
        """;

    /// <summary>Failures of the same workflow like this one; none where it is not a failure.</summary>
    public Task<List<SimilarFailure>> SimilarAsync(
        Guid tenantId, Guid executionId, int limit, CancellationToken cancellationToken) => database.ReadHotAsync(
        tenantId,
        new NpgsqlBatchCommand(SimilarSql)
        {
            Parameters =
            {
                Sql.Uuid(tenantId), Sql.Uuid(executionId), Sql.Int(Limits.ComparedFailures), Sql.Int(limit),
            },
        },
        reader => new SimilarFailure(
            reader.GetGuid(0), reader.GetInt32(1), reader.MaybeText(2), reader.GetFieldValue<DateTimeOffset>(3),
            reader.Maybe<DateTimeOffset>(4), reader.MaybeText(5), reader.MaybeText(6), reader.Maybe<Guid>(7),
            reader.MaybeText(8)),
        cancellationToken);
}
