using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>What one of two executions did at a step: its last attempt.</summary>
public sealed record ComparedSide(
    string Status, string? Port, int Attempt, double DurationMs, int? OutputBytes, string? ErrorCode);

/// <summary>One step of two executions, side by side.</summary>
/// <param name="Left">Null where only the other one has it.</param>
/// <param name="Same">Both have it, with the same status, port, output and error.</param>
/// <param name="Place">Where it stands among all: by the order of the left execution, else of the right one.</param>
public sealed record ComparedStep(
    string NodeId, string NodeType, string Iteration, int Place, ComparedSide? Left, ComparedSide? Right, bool Same);

/// <summary>How many steps two executions have in common.</summary>
public sealed record ComparedTotals(int Same, int Different, int OnlyLeft, int OnlyRight);

/// <summary>Two executions step by step. Reads each step of both once; values are compared where they are.</summary>
public sealed class CompareQueries(WorkflowsDatabase database)
{
    private const string Both = """
        with l as (
          select distinct on (s.node_id, s.iteration) s.* from step_executions s
          where s.tenant_id = $1 and s.execution_id = $2 order by s.node_id, s.iteration, s.attempt desc
        ),
        r as (
          select distinct on (s.node_id, s.iteration) s.* from step_executions s
          where s.tenant_id = $1 and s.execution_id = $3 order by s.node_id, s.iteration, s.attempt desc
        ),
        both_sides as (
          select coalesce(l.node_id, r.node_id) as node_id, coalesce(l.node_type, r.node_type) as node_type,
            coalesce(l.iteration, r.iteration) as iteration, coalesce(l.sequence, r.sequence) as place,
            l.status as l_status, l.port as l_port, l.attempt as l_attempt, l.finished_at - l.started_at as l_took,
            octet_length(l.output::text) as l_bytes, l.error ->> 'code' as l_code,
            r.status as r_status, r.port as r_port, r.attempt as r_attempt, r.finished_at - r.started_at as r_took,
            octet_length(r.output::text) as r_bytes, r.error ->> 'code' as r_code,
            l.status is not null and r.status is not null and l.status = r.status and l.port is not distinct from r.port
              and l.output is not distinct from r.output and l.error is not distinct from r.error as same
          from l full join r on r.node_id = l.node_id and r.iteration = l.iteration
        )

        """;

    private const string StepsSql = Both + """
        select node_id, node_type, iteration, place, l_status, l_port, l_attempt,
          date_part('epoch', l_took) * 1000, l_bytes, l_code, r_status, r_port, r_attempt,
          date_part('epoch', r_took) * 1000, r_bytes, r_code, same
        from both_sides
        where (not $4 or not same) and ($5::int is null or (place, node_id, iteration) > ($5, $6, $7))
        order by place, node_id, iteration limit $8
        """;

    private const string TotalsSql = Both + """
        select count(*) filter (where same)::int,
          count(*) filter (where not same and l_status is not null and r_status is not null)::int,
          count(*) filter (where r_status is null)::int, count(*) filter (where l_status is null)::int
        from both_sides
        """;

    /// <summary>Steps from behind one on, in their order.</summary>
    public Task<List<ComparedStep>> StepsAsync(
        Guid tenantId, Guid left, Guid right, bool onlyDifferent, ComparedStep? after, int take,
        CancellationToken cancellationToken) => database.ReadHotAsync(
        tenantId,
        new NpgsqlBatchCommand(StepsSql)
        {
            Parameters =
            {
                Sql.Uuid(tenantId), Sql.Uuid(left), Sql.Uuid(right),
                new NpgsqlParameter<bool> { TypedValue = onlyDifferent }, Sql.IntOrNull(after?.Place),
                Sql.Text(after?.NodeId), Sql.Text(after?.Iteration), Sql.Int(take),
            },
        },
        reader => new ComparedStep(
            reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetInt32(3), Side(reader, 4),
            Side(reader, 10), reader.GetBoolean(16)),
        cancellationToken);

    public async Task<ComparedTotals> TotalsAsync(
        Guid tenantId, Guid left, Guid right, CancellationToken cancellationToken) => (await database.ReadHotAsync(
        tenantId,
        new NpgsqlBatchCommand(TotalsSql) { Parameters = { Sql.Uuid(tenantId), Sql.Uuid(left), Sql.Uuid(right) } },
        reader => new ComparedTotals(reader.GetInt32(0), reader.GetInt32(1), reader.GetInt32(2), reader.GetInt32(3)),
        cancellationToken))[0];

    private static ComparedSide? Side(NpgsqlDataReader reader, int first) => reader.IsDBNull(first)
        ? null
        : new ComparedSide(
            reader.GetString(first), reader.MaybeText(first + 1), reader.GetInt32(first + 2),
            reader.GetDouble(first + 3), reader.Maybe<int>(first + 4), reader.MaybeText(first + 5));
}
