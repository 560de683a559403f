using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.Tenants;

/// <summary>A tenant as its own people see it.</summary>
internal static class OwnTenantEndpoints
{
    public static void MapOwnTenant(this IEndpointRouteBuilder routes)
    {
        var tenant = routes.MapGroup("/tenant").WithTags("Tenants").Requires(Permission.TenantManage);
        tenant.MapGet("", GetAsync).WithSummary("Get one's own tenant: plan, status, settings");
        tenant.MapPatch("", UpdateAsync)
            .WithSummary("Change the name of one's own tenant, and how long it keeps conversations");
        tenant.MapGet("/export", ExportAsync)
            .WithSummary("Download everything of one's own tenant, without secrets: JSON lines, gzipped");
    }

    private static async Task<ApiResponse<OwnTenantView>> GetAsync(ApiRequest request, CancellationToken token)
    {
        var tenant = await request.Db.Tenants.AsNoTracking().SingleAsync(token);
        return ApiResponse<OwnTenantView>.Ok(View(tenant), tenant.Version);
    }

    private static Task<ApiResponse<OwnTenantView>> UpdateAsync(
        Body<UpdateOwnTenantRequest> body, ApiRequest request)
    {
        var name = Names.Clean(body.Value.Name);
        var days = body.Value.ConversationDays;
        var checks = new Checks().Name("name", name);
        if (days is < 1 or > Limits.ConversationDays)
        {
            checks.Add(
                "conversationDays", "RANGE", $"'conversationDays' lies between 1 and {Limits.ConversationDays}.");
        }

        return checks.Problem is { } problem
            ? Task.FromResult<ApiResponse<OwnTenantView>>(problem)
            : request.ChangeAsync<OwnTenantView>(async token =>
            {
                var tenant = await request.Db.Tenants.SingleAsync(token);
                if (request.CheckMatch(tenant) is { } conflict)
                {
                    return conflict;
                }

                var before = new { tenant.Name, Settings = new RawJson(tenant.Settings) };
                tenant.Name = name;
                tenant.Settings = days is { } kept
                    ? TenantSettingsJson.KeepFor(tenant.Settings, kept)
                    : tenant.Settings;
                tenant.Touch(request.Now);
                request.Record(
                    "tenant.rename", "tenant", tenant.TenantId, name, before,
                    new { tenant.Name, Settings = new RawJson(tenant.Settings) });
                return ApiResponse<OwnTenantView>.Ok(View(tenant), tenant.Version);
            });
    }

    // What is sent cannot be taken back: the row of the activity is written before the first byte goes out.
    private static async Task<IResult> ExportAsync(ApiRequest request, TenantExport export)
    {
        var recorded = await request.ChangeAsync<Done>(_ =>
        {
            request.Record("tenant.export", "tenant", request.Caller.TenantId, null);
            return Task.FromResult<ApiResponse<Done>>(new Done(request.Caller.TenantId, "exported"));
        });
        return recorded.Problem is { } problem
            ? (IResult)problem
            : Results.Stream(
                output => export.WriteAsync(request.Caller.TenantId, output, request.Http.RequestAborted),
                "application/gzip", $"tenant-{request.Now:yyyy-MM-dd}.jsonl.gz");
    }

    private static OwnTenantView View(Tenant tenant) => new(
        tenant.TenantId, tenant.Slug, tenant.Name, tenant.Plan, tenant.Status, new RawJson(tenant.Settings),
        tenant.Version, tenant.CreatedAt, tenant.UpdatedAt);
}
