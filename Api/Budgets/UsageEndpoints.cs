using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;

namespace Workflows.Api.Budgets;

/// <summary>What a tenant has used, by day.</summary>
internal static class UsageEndpoints
{
    private const int UsualDays = 30;

    public static void MapUsage(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/usage", GetAsync).WithTags("Budgets").Requires(Permission.UsageRead)
            .WithSummary("Get what the tenant has used, by day of UTC: executions, steps, storage");

    private static async Task<ApiResponse<UsageView>> GetAsync(
        [AsParameters] UsageQuery query, ApiRequest request, CancellationToken token)
    {
        var to = query.To ?? DateOnly.FromDateTime(request.Now.UtcDateTime);
        var from = query.From ?? to.AddDays(-Math.Min(UsualDays, to.DayNumber));
        if (from > to || to.DayNumber - from.DayNumber > Limits.UsageDays)
        {
            return Problem.Parameter("from", $"'from' lies up to {Limits.UsageDays} days before 'to'.");
        }

        var days = await request.Db.Usage.AsNoTracking().Where(row => row.Day >= from && row.Day <= to)
            .OrderBy(row => row.Day)
            .Select(row => new UsageDayView(row.Day, row.Executions, row.Failures, row.Steps, row.StorageBytes))
            .ToListAsync(token);
        return new UsageView(
            from, to, days.Sum(day => day.Executions), days.Sum(day => day.Failures), days.Sum(day => day.Steps),
            days.FindLast(day => day.StorageBytes is not null)?.StorageBytes, days);
    }
}
