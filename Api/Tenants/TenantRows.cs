using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Tenants;

/// <summary>A row of <c>platform_tenants()</c>.</summary>
internal sealed class TenantFiguresRow
{
    public Guid TenantId { get; set; }

    public string Slug { get; set; } = "";

    public string Name { get; set; } = "";

    public string Plan { get; set; } = "";

    public string Status { get; set; } = "";

    public string? StatusReason { get; set; }

    public string Settings { get; set; } = "{}";

    public string Metadata { get; set; } = "{}";

    public int Version { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }

    public DateTimeOffset? ClosedAt { get; set; }

    public DateTimeOffset? EraseAfter { get; set; }

    public DateTimeOffset? OperatorAccessUntil { get; set; }

    public int Users { get; set; }

    public int Workspaces { get; set; }

    public int Workflows { get; set; }

    public int Queued { get; set; }

    public int Waiting { get; set; }

    public long Executions { get; set; }

    public long Failures { get; set; }

    public TenantView View() => new(
        TenantId, Slug, Name, Plan, Status, StatusReason, new RawJson(Settings), new RawJson(Metadata),
        new TenantFigures(Users, Workspaces, Workflows, Queued, Waiting, Executions, Failures),
        OperatorAccessUntil, ClosedAt, EraseAfter, Version, CreatedAt, UpdatedAt);
}

/// <summary>A row of <c>platform_queues()</c>.</summary>
internal sealed record TenantQueueRow(Guid TenantId, string Slug, int Priority, int Queued, DateTimeOffset OldestAt);

/// <summary>The questions about all tenants, which functions of the database answer with figures only.</summary>
internal static class TenantRows
{
    /// <summary>Tenants by slug.</summary>
    /// <param name="afterSlug">The last one of the page before.</param>
    public static Task<List<TenantFiguresRow>> PlatformTenantsAsync(
        this WorkflowsDbContext db, TenantQuery filter, string? afterSlug, int most, CancellationToken token) =>
        ReadAsync(db, null, filter, afterSlug, most, token);

    /// <returns>Null when there is none.</returns>
    public static async Task<TenantView?> PlatformTenantAsync(
        this WorkflowsDbContext db, Guid tenantId, CancellationToken token) =>
        (await ReadAsync(db, tenantId, new(null, null, null), null, 1, token)).FirstOrDefault()?.View();

    public static Task<List<TenantQueueRow>> PlatformQueuesAsync(
        this WorkflowsDbContext db, int most, CancellationToken token) =>
        db.Database.SqlQuery<TenantQueueRow>(
            $"""
             select tenant_id as "TenantId", slug as "Slug", priority as "Priority", queued as "Queued",
               oldest_at as "OldestAt"
             from platform_queues({most})
             """).ToListAsync(token);

    private static Task<List<TenantFiguresRow>> ReadAsync(
        WorkflowsDbContext db, Guid? wanted, TenantQuery filter, string? afterSlug, int most,
        CancellationToken token) =>
        db.Database.SqlQuery<TenantFiguresRow>(
            $"""
             select tenant_id as "TenantId", slug as "Slug", name as "Name", plan as "Plan", status as "Status",
               status_reason as "StatusReason", settings::text as "Settings", metadata::text as "Metadata",
               version as "Version", created_at as "CreatedAt", updated_at as "UpdatedAt", closed_at as "ClosedAt",
               erase_after as "EraseAfter", operator_access_until as "OperatorAccessUntil", users as "Users",
               workspaces as "Workspaces", workflows as "Workflows", queued as "Queued", waiting as "Waiting",
               executions as "Executions", failures as "Failures"
             from platform_tenants({wanted}, {filter.Status}, {filter.Plan}, {filter.Query}, {afterSlug}, {most})
             """).ToListAsync(token);
}
