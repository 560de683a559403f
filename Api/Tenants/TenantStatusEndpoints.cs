using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.Tenants;

/// <summary>
/// Standing still, the end, and the way back. A suspended or closed tenant is refused within seconds and starts
/// nothing; what runs is put back into its queue as soon as its present nodes have ended, and goes on from there when
/// the tenant is active again. A closed one is erased when its time is over.
/// </summary>
internal static class TenantStatusEndpoints
{
    private const string Active = "active";
    private const string Suspended = "suspended";
    private const string Closed = "closed";

    public static void MapTenantStatus(this IEndpointRouteBuilder routes)
    {
        var tenant = routes.MapGroup("/tenants/{tenantId:guid}").WithTags("Tenants")
            .Requires(Permission.PlatformManage);
        tenant.MapPost("/suspend", SuspendAsync).WithSummary("Suspend a tenant; nothing of it is lost");
        tenant.MapPost("/resume", ResumeAsync).WithSummary("Make a suspended tenant active again");
        tenant.MapPost("/close", CloseAsync).WithSummary("Close a tenant, to be erased after a time of grace");
        tenant.MapPost("/reopen", ReopenAsync).WithSummary("Make a closed tenant active again before it is erased");
        tenant.MapDelete("", EraseAsync)
            .WithSummary("Erase a closed tenant now, without waiting for its time of grace");
    }

    private static Task<ApiResponse<TenantView>> SuspendAsync(
        Guid tenantId, Body<SuspendTenantRequest> body, ApiRequest request, Invalidation invalidation) =>
        CheckReason(body.Value.Reason) is { } problem
            ? Task.FromResult<ApiResponse<TenantView>>(problem)
            : request.ChangeTenantAsync(invalidation, tenantId, "tenant.suspend", tenant =>
            {
                if (tenant.Status == Closed)
                {
                    return InState(tenant);
                }

                (tenant.Status, tenant.StatusReason) = (Suspended, body.Value.Reason);
                return null;
            });

    private static Task<ApiResponse<TenantView>> ResumeAsync(
        Guid tenantId, ApiRequest request, Invalidation invalidation) =>
        request.ChangeTenantAsync(invalidation, tenantId, "tenant.resume", tenant =>
        {
            if (tenant.Status == Closed)
            {
                return InState(tenant);
            }

            (tenant.Status, tenant.StatusReason) = (Active, null);
            return null;
        });

    private static Task<ApiResponse<TenantView>> CloseAsync(
        Guid tenantId, Body<CloseTenantRequest> body, ApiRequest request, Invalidation invalidation)
    {
        var wanted = body.Value;
        if (CheckReason(wanted.Reason) is { } problem)
        {
            return Task.FromResult<ApiResponse<TenantView>>(problem);
        }

        if (wanted.GraceDays is < 1 or > Limits.GraceDays)
        {
            return Task.FromResult<ApiResponse<TenantView>>(new Checks()
                .Add("graceDays", "RANGE", $"'graceDays' lies between 1 and {Limits.GraceDays}.").Problem!);
        }

        return request.ChangeTenantAsync(invalidation, tenantId, "tenant.close", tenant =>
        {
            (tenant.Status, tenant.StatusReason) = (Closed, wanted.Reason);
            tenant.ClosedAt ??= request.Now;
            tenant.EraseAfter = request.Now.AddDays(wanted.GraceDays);
            return null;
        });
    }

    private static Task<ApiResponse<TenantView>> ReopenAsync(
        Guid tenantId, ApiRequest request, Invalidation invalidation) =>
        request.ChangeTenantAsync(invalidation, tenantId, "tenant.reopen", tenant =>
        {
            // Once it is over, erasing may have begun.
            if (tenant.Status != Closed || tenant.EraseAfter <= request.Now)
            {
                return InState(tenant);
            }

            (tenant.Status, tenant.StatusReason, tenant.ClosedAt, tenant.EraseAfter) = (Active, null, null, null);
            return null;
        });

    private static Task<ApiResponse<TenantView>> EraseAsync(
        Guid tenantId, [FromQuery(Name = "confirm")] string? confirm, ApiRequest request, Invalidation invalidation) =>
        request.ChangeTenantAsync(invalidation, tenantId, "tenant.erase-now", tenant =>
        {
            if (tenant.Status != Closed)
            {
                return InState(tenant);
            }

            if (confirm != tenant.Slug)
            {
                return Problem.Parameter(
                    "confirm", "'confirm' repeats the tenant's slug: what is erased is gone for good.");
            }

            tenant.EraseAfter = request.Now;
            return null;
        });

    private static Problem InState(Tenant tenant) => new(
        Errors.TenantState, $"The tenant is {tenant.Status}.", [new ErrorDetail("", "STATUS", tenant.Status)]);

    private static Problem? CheckReason(string reason) =>
        new Checks().Name("reason", reason, Limits.CommentLength).Problem;
}
