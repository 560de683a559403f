using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Executions;

namespace Workflows.Api.Executions;

/// <summary>What became of executions: their logs, their relatives, how long they take.</summary>
internal static class HistoryEndpoints
{
    private static readonly string[] Levels = ["debug", "info", "warning", "error"];
    private static readonly string[] OriginRelations = ["parent", "origin", "cause"];

    public static void MapHistory(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/executions").WithTags("Executions");
        group.MapGet("/{executionId:guid}/logs", LogsAsync).Requires(Permission.ExecutionsRead).WithSummary("List the logs of an execution, oldest first");
        group.MapGet("/{executionId:guid}/lineage", LineageAsync).Requires(Permission.ExecutionsRead)
            .WithSummary("Get what an execution comes from and what came of it");
        group.MapGet("/stats", StatsAsync).Requires(Permission.ExecutionsRead).WithSummary("Get how many executions there are by status and how long they take");
        routes.MapGet("/workflows/{workflowId:guid}/stats", WorkflowStatsAsync).WithTags("Workflows").Requires(Permission.ExecutionsRead)
            .WithSummary("Get success and durations of a workflow by hour and trigger");
    }

    private static async Task<ApiResponse<List<LogView>>> LogsAsync(
        Guid executionId, [AsParameters] LogQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        if (filter.Level is { } asked && !Levels.Contains(asked))
        {
            return Problem.Parameter("level", $"'level' is one of {string.Join(", ", Levels)}.");
        }

        if (filter.Text is { Length: 0 or > Limits.LogTextLength })
        {
            return Problem.Parameter(
                "text", $"'text' is a part of the message: 1 to {Limits.LogTextLength} characters.");
        }

        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"logs:{executionId}?{filter}");
        if (!await request.Db.Executions.AnyAsync(row => row.Id == executionId, cancellationToken))
        {
            return new Problem(Errors.ExecutionNotFound);
        }

        var logs = request.Db.ExecutionLogs.AsNoTracking().Where(row => row.ExecutionId == executionId);
        logs = filter.Level is { } level ? logs.Where(row => row.Level == level) : logs;
        logs = filter.Node is { } node ? logs.Where(row => row.NodeId == node) : logs;
        logs = filter.Text is { } text
            ? logs.Where(row => EF.Functions.ILike(row.Message, Contains(text), @"\"))
            : logs;
        var total = await logs.CountAsync(query, cancellationToken);
        var rows = await logs.After(page, after => row => row.Id > after.Id).OrderBy(row => row.Id).Take(page.Take)
            .Select(row => new LogView(row.Id, row.Level, row.NodeId, row.Message, row.Metadata == null ? null : new RawJson(row.Metadata), row.At))
            .ToListAsync(cancellationToken);
        return ApiResponse<List<LogView>>.Page(rows, page.Close(rows, row => new IdKey(row.Id), total), FieldSelection.Read<LogView>(query));
    }

    private static string Contains(string text) => $"%{text.Replace(@"\", @"\\", StringComparison.Ordinal)
        .Replace("%", @"\%", StringComparison.Ordinal).Replace("_", @"\_", StringComparison.Ordinal)}%";

    private static async Task<ApiResponse<LineageView>> LineageAsync(
        Guid executionId, ApiRequest request, LineageQueries lineage, CancellationToken cancellationToken)
    {
        if (!await request.Db.Executions.AnyAsync(row => row.Id == executionId, cancellationToken))
        {
            return new Problem(Errors.ExecutionNotFound);
        }

        var relatives = (await lineage.FindAsync(request.Caller.TenantId, executionId, cancellationToken)).OrderBy(relative => relative.Distance).ToList();
        return new LineageView(
            executionId,
            [.. relatives.Where(relative => OriginRelations.Contains(relative.Relation))],
            [.. relatives.Where(relative => !OriginRelations.Contains(relative.Relation))]);
    }

    private static async Task<ApiResponse<ExecutionStatsView>> StatsAsync(
        [AsParameters] StatsQuery query, ApiRequest request, OperatorQueries queries, CancellationToken cancellationToken)
    {
        if (Check(query, request.Now, out var from, out var to) is { } problem)
        {
            return problem;
        }

        var live = await queries.LiveAsync(request.Caller.TenantId, cancellationToken);
        var rows = await queries.PerformanceAsync(request.Caller.TenantId, from, to, cancellationToken);
        return new ExecutionStatsView(from, to, live, Data.Limits.CountedQueue, Stats.Of(rows), Stats.ByHour(rows));
    }

    private static async Task<ApiResponse<WorkflowStatsView>> WorkflowStatsAsync(
        Guid workflowId, [AsParameters] StatsQuery query, ApiRequest request, OperatorQueries queries, CancellationToken cancellationToken)
    {
        if (Check(query, request.Now, out var from, out var to) is { } problem)
        {
            return problem;
        }

        if (!await request.Db.Workflows.AnyAsync(row => row.Id == workflowId, cancellationToken))
        {
            return new Problem(Errors.WorkflowNotFound);
        }

        var rows = await queries.PerformanceAsync(request.Caller.TenantId, workflowId, from, to, cancellationToken);
        return new WorkflowStatsView(from, to, Stats.Of(rows), Stats.ByTrigger(rows), Stats.ByHour(rows));
    }

    private static Problem? Check(StatsQuery query, DateTimeOffset now, out DateTimeOffset from, out DateTimeOffset to)
    {
        to = (query.To ?? now).ToUniversalTime();
        from = (query.From ?? (to > DateTimeOffset.UnixEpoch.AddDays(1) ? to.AddDays(-1) : DateTimeOffset.UnixEpoch)).ToUniversalTime();
        from = from.AddTicks(-(from.Ticks % TimeSpan.TicksPerHour));
        return from >= to ? Problem.Parameter("from", "'from' must come before 'to'.")
            : to - from > Limits.StatsRange ? Problem.Parameter("from", $"At most {Limits.StatsRange.TotalDays} days are added up in one call.")
            : null;
    }
}

/// <summary>Adds up hourly figures.</summary>
internal static class Stats
{
    private const double BucketsPerDoubling = 4;

    public static StatsView Of(IReadOnlyCollection<PerformanceRow> rows)
    {
        var byStatus = rows.GroupBy(row => row.Status).ToDictionary(group => group.Key, group => group.Sum(row => row.Executions));
        var all = byStatus.Values.Sum();
        var (completed, cancelled) = (byStatus.GetValueOrDefault("completed"), byStatus.GetValueOrDefault("cancelled"));
        var buckets = rows.GroupBy(row => row.Bucket).OrderBy(group => group.Key).Select(group => (group.Key, Count: group.Sum(row => row.Executions))).ToList();
        return new StatsView(
            all,
            completed,
            byStatus.GetValueOrDefault("failed"),
            byStatus.GetValueOrDefault("timed_out"),
            cancelled,
            all == cancelled ? null : (double)completed / (all - cancelled),
            all == 0 ? null : (double)rows.Sum(row => row.TotalMs) / all,
            Percentile(buckets, all, 0.50),
            Percentile(buckets, all, 0.95),
            Percentile(buckets, all, 0.99));
    }

    public static IReadOnlyList<HourView> ByHour(IEnumerable<PerformanceRow> rows) =>
        [.. rows.GroupBy(row => row.Hour).OrderBy(group => group.Key).Select(group => new HourView(group.Key, Of([.. group])))];

    public static IReadOnlyList<TriggerStatsView> ByTrigger(IEnumerable<PerformanceRow> rows) =>
        [.. rows.GroupBy(row => row.TriggerType).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => new TriggerStatsView(group.Key, Of([.. group])))];

    // The middle of the range in which it lies.
    private static double? Percentile(List<(short Bucket, long Count)> buckets, long all, double share)
    {
        var rank = (long)Math.Ceiling(all * share);
        foreach (var (bucket, count) in buckets)
        {
            rank -= count;
            if (rank <= 0)
            {
                return Math.Round(Math.Pow(2, (bucket + 0.5) / BucketsPerDoubling), 1);
            }
        }

        return null;
    }
}
