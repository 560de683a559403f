using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Identity;

namespace Workflows.Api.Auth;

/// <param name="RequireSecondFactor">Whether people without one may do nothing but get one.</param>
internal sealed record SecurityPolicyRequest(bool RequireSecondFactor);

/// <param name="UsersWithout">Active users without a second factor.</param>
internal sealed record SecurityPolicyView(bool RequireSecondFactor, int UsersWithout);

/// <summary>What a tenant asks of the logins of all its people.</summary>
internal static class SecurityPolicyEndpoints
{
    private const string Member = "requireSecondFactor";

    public static void MapSecurityPolicy(this IEndpointRouteBuilder routes)
    {
        var policy = routes.MapGroup("/security-policy").WithTags("Users");
        policy.MapGet("", GetAsync).Requires(Permission.UsersRead).WithSummary("Get what logins of the tenant need");
        policy.MapPut("", SetAsync).Requires(Permission.TenantManage)
            .WithSummary("Set whether everybody needs a second factor");
    }

    private static async Task<ApiResponse<SecurityPolicyView>> GetAsync(
        ApiRequest request, CancellationToken cancellationToken)
    {
        var tenant = await request.Db.Tenants.AsNoTracking().SingleAsync(cancellationToken);
        var isRequired = Read(tenant.Settings)[Member]?.GetValue<bool>() ?? false;
        return ApiResponse<SecurityPolicyView>.Ok(
            new SecurityPolicyView(isRequired, await CountAsync(request, cancellationToken)), tenant.Version);
    }

    private static async Task<ApiResponse<SecurityPolicyView>> SetAsync(
        Body<SecurityPolicyRequest> body, ApiRequest request, Invalidation invalidation)
    {
        var isRequired = body.Value.RequireSecondFactor;
        var response = await request.ChangeAsync<SecurityPolicyView>(async token =>
        {
            var tenant = await request.Db.Tenants.SingleAsync(token);
            if (request.CheckMatch(tenant) is { } conflict)
            {
                return conflict;
            }

            var me = request.Caller.UserId;
            if (isRequired && me is not null && !await request.Db.SecondFactors.AnyAsync(
                row => row.UserId == me && row.ConfirmedAt != null, token))
            {
                return new Problem(Errors.Conflict, "You have no second factor yourself: get one first.");
            }

            var settings = Read(tenant.Settings);
            var before = settings[Member]?.GetValue<bool>() ?? false;
            settings[Member] = isRequired;
            tenant.Settings = settings.ToJsonString();
            tenant.Touch(request.Now);
            request.Record(
                "tenant.security_policy", "tenant", tenant.TenantId, tenant.Name,
                new { requireSecondFactor = before }, new { requireSecondFactor = isRequired });
            return ApiResponse<SecurityPolicyView>.Ok(
                new SecurityPolicyView(isRequired, await CountAsync(request, token)), tenant.Version);
        });
        invalidation.Publish(Invalidated.Tenant, request.Caller.TenantId, request.Caller.TenantId);
        return response;
    }

    private static Task<int> CountAsync(ApiRequest request, CancellationToken token) =>
        request.Db.Users.CountAsync(
            user => user.Active && !request.Db.SecondFactors.Any(
                row => row.UserId == user.Id && row.ConfirmedAt != null), token);

    private static JsonObject Read(string settings) => JsonNode.Parse(settings) as JsonObject ?? [];
}
