using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Approvals;
using Workflows.Data.Executions;

namespace Workflows.Api.Executions;

/// <param name="Hours">How far back the figures go, 1 to 744; 24 when left out.</param>
/// <param name="Since">Failures are counted from here on; where the figures begin when left out.</param>
internal sealed record DashboardQuery(
    [property: FromQuery(Name = "hours")] int? Hours, [property: FromQuery(Name = "since")] DateTimeOffset? Since);

/// <summary>How many there are; each counted up to 10,000.</summary>
internal sealed record ObjectCounts(
    int Workspaces, int Folders, int Jobs, int Workflows, int Published, int Schedules, int Rules, int Connectors);

internal sealed record RecentFailure(
    Guid Id,
    Guid WorkflowId,
    string? WorkflowName,
    [property: OneOf(ClosedList.ExecutionStatus)] string Status,
    string? ErrorCode,
    string? Message,
    DateTimeOffset? FinishedAt);

internal sealed record NextFire(
    Guid ScheduleId, string Name, Guid? WorkflowId, Guid? JobId, Guid? PackageId, DateTimeOffset At);

/// <summary>What somebody who comes in wants to see first. Parts that the caller may not read are null.</summary>
/// <param name="Before">The same time before, to compare with.</param>
/// <param name="OpenFailures">Unsuccessful and not resolved since the instant asked for; counted up to 10,000.</param>
/// <param name="WaitingForMe">Approval requests; counted up to 100.</param>
/// <param name="NextFires">Of schedules that are switched on, the soonest first.</param>
internal sealed record DashboardView(
    DateTimeOffset From, DateTimeOffset To, LiveCounts? Live, StatsView? Ended, StatsView? Before,
    IReadOnlyList<HourView>? Hours, int? OpenFailures, IReadOnlyList<RecentFailure>? RecentFailures,
    int? WaitingForMe, int UnreadNotifications, IReadOnlyList<NextFire>? NextFires, ObjectCounts? Counts);

/// <summary>The first page: sums that are kept, and bounded reads by index.</summary>
internal static class DashboardEndpoints
{
    private const int UsualHours = 24;
    private const int MostHours = 31 * 24;
    private const int Shown = 10;
    private const int CountedApprovals = 100;

    public static void MapDashboard(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/dashboard", GetAsync).WithTags("Analytics").Requires(Permission.None)
            .WithSummary("Get what runs, waits, failed and comes next: what the caller may see of it");

    private static async Task<ApiResponse<DashboardView>> GetAsync(
        [AsParameters] DashboardQuery query, ApiRequest request, OperatorQueries queries, ApprovalInbox inbox,
        CancellationToken cancellationToken)
    {
        var hours = query.Hours ?? UsualHours;
        if (hours is < 1 or > MostHours)
        {
            return Problem.Parameter("hours", $"'hours' lies between 1 and {MostHours}.");
        }

        var to = request.Now.ToUniversalTime();
        var from = to.AddHours(-hours);
        from = from.AddTicks(-(from.Ticks % TimeSpan.TicksPerHour));
        if (query.Since is { } since && (since > to || to - since > Limits.StatsRange))
        {
            return Problem.Parameter("since", $"'since' lies up to {Limits.StatsRange.TotalDays} days ago.");
        }

        var runs = request.Caller.May(Permission.ExecutionsRead)
            ? await RunsAsync(request, queries, from, to, query.Since ?? from, cancellationToken)
            : null;
        var me = request.Caller.UserId;
        var waiting = request.Caller.May(Permission.ApprovalsRead) && me is { } userId
            ? (await inbox.ListAsync(
                request.Caller.TenantId, userId, ApprovalListing.Open, null, CountedApprovals, cancellationToken)).Count
            : (int?)null;
        var unread = me is null ? 0 : await request.Db.Notifications
            .Where(row => row.UserId == me && row.ReadAt == null).Take(Limits.CountedTotal)
                .CountAsync(cancellationToken);
        return new DashboardView(
            from, to, runs?.Live, runs?.Ended, runs?.Before, runs?.Hours, runs?.Open, runs?.Failures, waiting, unread,
            request.Caller.May(Permission.SchedulesRead) ? await NextFiresAsync(request, cancellationToken) : null,
            request.Caller.May(Permission.WorkflowsRead | Permission.WorkspacesRead)
                ? await CountsAsync(request, cancellationToken)
                : null);
    }

    private sealed record Runs(
        LiveCounts Live, StatsView Ended, StatsView Before, IReadOnlyList<HourView> Hours, int Open,
        IReadOnlyList<RecentFailure> Failures);

    private static async Task<Runs> RunsAsync(
        ApiRequest request, OperatorQueries queries, DateTimeOffset from, DateTimeOffset to, DateTimeOffset since,
        CancellationToken token)
    {
        var tenantId = request.Caller.TenantId;
        var rows = await queries.PerformanceAsync(tenantId, from - (to - from), to, token);
        var present = rows.Where(row => row.Hour >= from).ToList();
        var lowest = TimeIds.Lowest(since);
        var open = request.Db.Executions.AsNoTracking().Where(
            row => (row.Status == EF.Constant("failed") || row.Status == EF.Constant("timed_out"))
                && row.Id >= lowest && row.ResolvedAt == null && row.TriggerType != "test");
        var failures = await (
            from row in open.OrderByDescending(row => row.Id).Take(Shown)
            join name in request.Db.WorkflowNames on row.WorkflowId equals name.Id into names
            from name in names.DefaultIfEmpty()
            orderby row.Id descending
            select new
            {
                row.Id, row.WorkflowId, Name = name == null ? null : name.Name, row.Status, row.Error,
                row.FinishedAt
            })
            .ToListAsync(token);
        return new Runs(
            await queries.LiveAsync(tenantId, token), Stats.Of(present),
                Stats.Of([.. rows.Where(row => row.Hour < from)]),
            Stats.ByHour(present), await open.Take(Limits.CountedTotal).CountAsync(token),
            failures.ConvertAll(row =>
            {
                var (code, message) = CauseOf(row.Error);
                return new RecentFailure(row.Id, row.WorkflowId, row.Name, row.Status, code, message, row.FinishedAt);
            }));
    }

    private static (string? Code, string? Message) CauseOf(string? error)
    {
        if (error is null)
        {
            return (null, null);
        }

        using var document = System.Text.Json.JsonDocument.Parse(error);
        return (Text("code"), Text("message"));

        string? Text(string name) => document.RootElement.TryGetProperty(name, out var value)
            && value.ValueKind == System.Text.Json.JsonValueKind.String ? value.GetString() : null;
    }

    private static async Task<IReadOnlyList<NextFire>> NextFiresAsync(ApiRequest request, CancellationToken token) =>
        await request.Db.Schedules.AsNoTracking().Where(row => row.Enabled && row.NextFireAt != null)
            .OrderBy(row => row.NextFireAt).ThenBy(row => row.Id).Take(Shown)
            .Select(row =>
                new NextFire(row.Id, row.Name, row.WorkflowId, row.JobId, row.PackageId, row.NextFireAt!.Value))
            .ToListAsync(token);

    private static async Task<ObjectCounts> CountsAsync(ApiRequest request, CancellationToken token)
    {
        var db = request.Db;
        return new ObjectCounts(
            await db.Workspaces.Take(Limits.CountedTotal).CountAsync(token),
            await db.Folders.Take(Limits.CountedTotal).CountAsync(token),
            await db.Jobs.Take(Limits.CountedTotal).CountAsync(token),
            await db.Workflows.Take(Limits.CountedTotal).CountAsync(token),
            await db.Workflows.Where(row => row.PublishedVersion != null).Take(Limits.CountedTotal).CountAsync(token),
            await db.Schedules.Take(Limits.CountedTotal).CountAsync(token),
            await db.Rules.Take(Limits.CountedTotal).CountAsync(token),
            await db.Connectors.Take(Limits.CountedTotal).CountAsync(token));
    }
}
