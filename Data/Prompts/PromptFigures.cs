using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Prompts;

/// <summary>How a question of a run ended.</summary>
/// <param name="Model">As the run was asked for it.</param>
public sealed record RunResult(
    string Case, int Version, string Model, int Repeat, bool Passed, int? Milliseconds, decimal Cost);

/// <summary>A day (UTC) of a workspace.</summary>
/// <param name="AvgExecutionTime">Milliseconds; so is the next.</param>
/// <param name="PrevDayCount">Of the day before among those with executions; null on the first.</param>
/// <param name="SuccessRate">0 to 1.</param>
public sealed record PromptDay(
    Guid WorkspaceId, DateOnly Day, long DailyExecutions, double? AvgExecutionTime, double? P95ExecutionTime,
    long? PrevDayCount, double? SuccessRate, decimal Cost);

/// <summary>One execution in the history of a card.</summary>
public sealed record CardMoment(DateTimeOffset Timestamp, bool? Passed, decimal Cost);

/// <summary>What a card's executions were like.</summary>
/// <param name="RecentExecutionTimes">Milliseconds of the last 100, newest first.</param>
/// <param name="UsedProviders">Of the last 10,000.</param>
/// <param name="ExecutionHistory">The last 50, newest first.</param>
public sealed record CardFigures(
    IReadOnlyList<int> RecentExecutionTimes, IReadOnlyList<string> UsedProviders,
    IReadOnlyList<CardMoment> ExecutionHistory);

/// <summary>Numbers of prompt cards, under the caller's tenant and grants.</summary>
public sealed class PromptFigures(WorkflowsDatabase database)
{
    private const string ResultsSql = """
        select e.case_name, e.card_number, e.model, e.repeat, coalesce(e.passed, false), e.execution_time_ms, e.cost_usd
        from test_executions e
        where e.tenant_id = $1 and e.run_id = $2 and e.status = 'done'
        order by e.id
        """;

    private const string DaysSql = """
        select d.workspace_id, d.day, d.n, d.average, d.p95,
          lag(d.n) over (partition by d.workspace_id order by d.day), d.success, d.cost
        from (
          select e.workspace_id, (e.created_at at time zone 'UTC')::date as day, count(*) as n,
            avg(e.execution_time_ms)::float8 as average,
            percentile_cont(0.95) within group (order by e.execution_time_ms) as p95,
            (count(*) filter (where e.passed))::float8 / nullif(count(e.passed), 0) as success,
            sum(e.cost_usd) as cost
          from test_executions e
          where e.tenant_id = $1 and e.workspace_id = any ($2) and e.created_at >= $3 and e.status = 'done'
          group by 1, 2
        ) d
        order by d.workspace_id, d.day
        """;

    private const string TimesSql = """
        select e.created_at, e.execution_time_ms, e.passed, e.cost_usd
        from test_executions e
        where e.tenant_id = $1 and e.prompt_card_id = $2 and e.status = 'done'
        order by e.created_at desc
        limit 100
        """;

    private const string ProvidersSql = """
        select distinct x.llm_provider
        from (
          select e.llm_provider from test_executions e
          where e.tenant_id = $1 and e.prompt_card_id = $2 and e.status = 'done' order by e.created_at desc limit 10000
        ) x
        where x.llm_provider is not null
        order by 1
        """;

    /// <summary>The questions of a run that have ended.</summary>
    public async Task<IReadOnlyList<RunResult>> ResultsAsync(
        Guid tenantId, Guid runId, CancellationToken cancellationToken) => await database.ReadAsync(
        tenantId,
        new NpgsqlBatchCommand(ResultsSql) { Parameters = { Sql.Uuid(tenantId), Sql.Uuid(runId) } },
        reader => new RunResult(
            reader.GetString(0), reader.GetInt32(1), reader.GetString(2), reader.GetInt32(3), reader.GetBoolean(4),
            reader.Maybe<int>(5), reader.GetDecimal(6)),
        cancellationToken);

    /// <summary>Days with executions, by workspace.</summary>
    public Task<List<PromptDay>> DaysAsync(
        Guid tenantId, IReadOnlyList<Guid> workspaces, DateTimeOffset from, CancellationToken cancellationToken) =>
        database.ReadAsync(
            tenantId,
            new NpgsqlBatchCommand(DaysSql)
            {
                Parameters = { Sql.Uuid(tenantId), Sql.Uuids(workspaces, id => id), Sql.Instant(from) },
            },
            reader => new PromptDay(
                reader.GetGuid(0), reader.GetFieldValue<DateOnly>(1), reader.GetInt64(2), reader.Maybe<double>(3),
                reader.Maybe<double>(4), reader.Maybe<long>(5), reader.Maybe<double>(6), reader.GetDecimal(7)),
            cancellationToken);

    /// <summary>The newest executions of a card.</summary>
    public async Task<CardFigures> OfCardAsync(Guid tenantId, Guid cardId, CancellationToken cancellationToken)
    {
        var newest = await database.ReadAsync(
            tenantId,
            new NpgsqlBatchCommand(TimesSql) { Parameters = { Sql.Uuid(tenantId), Sql.Uuid(cardId) } },
            reader => (
                At: reader.GetFieldValue<DateTimeOffset>(0), Milliseconds: reader.Maybe<int>(1),
                Passed: reader.Maybe<bool>(2), Cost: reader.GetDecimal(3)),
            cancellationToken);
        var providers = await database.ReadAsync(
            tenantId,
            new NpgsqlBatchCommand(ProvidersSql) { Parameters = { Sql.Uuid(tenantId), Sql.Uuid(cardId) } },
            reader => reader.GetString(0),
            cancellationToken);
        return new CardFigures(
            [.. newest.Where(row => row.Milliseconds is not null).Select(row => row.Milliseconds!.Value)],
            providers,
            [.. newest.Take(50).Select(row => new CardMoment(row.At, row.Passed, row.Cost))]);
    }
}
