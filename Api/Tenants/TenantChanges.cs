using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.Tenants;

/// <summary>Changes of a tenant from outside of it.</summary>
internal static class TenantChanges
{
    /// <summary>
    /// One transaction under the tenant's own policies, with a row in the activity of the platform and one in the
    /// tenant's: its people see what was done, and by whom.
    /// </summary>
    /// <param name="change">Answers why it cannot be done; nothing is kept then.</param>
    public static async Task<ApiResponse<TenantView>> ChangeTenantAsync(
        this ApiRequest request, Invalidation invalidation, Guid tenantId, string action, Func<Tenant, Problem?> change)
    {
        var response = await request.ChangeAsync<TenantView>(async token =>
        {
            if (tenantId == PlatformTenant.Id)
            {
                return new Problem(Errors.TenantNotFound);
            }

            var done = await request.Db.UnderTenantAsync(
                tenantId, inside => ChangeAsync(request, tenantId, action, change, inside), token);
            if (done.Problem is not null)
            {
                return done.Problem;
            }

            request.Record(action, "tenant", tenantId, done.Name, done.Before, done.After);
            var view = (await request.Db.PlatformTenantAsync(tenantId, token))!;
            return ApiResponse<TenantView>.Ok(view, view.Version);
        });
        invalidation.Publish(Invalidated.Tenant, tenantId, tenantId);
        return response;
    }

    private static async Task<Change> ChangeAsync(
        ApiRequest request, Guid tenantId, string action, Func<Tenant, Problem?> change, CancellationToken token)
    {
        var tenant = await request.Db.Tenants.SingleOrDefaultAsync(token);
        if (tenant is null)
        {
            return new Change(new Problem(Errors.TenantNotFound));
        }

        var before = Told(tenant);
        if (change(tenant) is { } problem)
        {
            return new Change(problem);
        }

        tenant.Touch(request.Now);
        var after = Told(tenant);
        request.RecordIn(tenantId, action, "tenant", tenantId, tenant.Name, before, after);
        return new Change(null, tenant.Name, before, after);
    }

    private static object Told(Tenant tenant) => new
    {
        tenant.Name,
        tenant.Plan,
        tenant.Status,
        tenant.StatusReason,
        tenant.EraseAfter,
        settings = new RawJson(tenant.Settings),
    };

    private sealed record Change(Problem? Problem, string? Name = null, object? Before = null, object? After = null);
}
