using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.Tenants;

/// <summary>
/// How a tenant lets operators of the platform see what it holds: for a stated reason and time, with a role that it
/// chooses. An operator enters as an account of his own in the tenant, which cannot log in otherwise; all that he does
/// is in the tenant's activity under his name.
/// </summary>
internal static class OperatorAccessEndpoints
{
    // Whoever makes API keys or accounts makes a way in that outlives the access. Nothing is granted to an operator.
    private static readonly KeyValuePair<string, Permission>[] Roles =
    [
        .. BuiltInRoles.All.Where(role =>
            (role.Value & (Permission.ApiKeysManage | Permission.UsersManage)) == Permission.None
            && role.Key != BuiltInRoles.Member),
    ];

    public static void MapOperatorAccess(this IEndpointRouteBuilder routes)
    {
        var own = routes.MapGroup("/tenant/operator-access").WithTags("Tenants").Requires(Permission.TenantManage);
        own.MapGet("", ListAsync).WithSummary("List when operators of the platform were let in, newest first");
        own.MapPost("", GrantAsync).WithMetadata(new SuccessStatus(201))
            .WithSummary("Let operators of the platform in for some hours");
        own.MapDelete("/{accessId:guid}", RevokeAsync).WithSummary("Turn operators of the platform out at once");
        routes.MapPost("/tenants/{tenantId:guid}/enter", EnterAsync).WithTags("Tenants")
            .Requires(Permission.PlatformManage).WithMetadata(new NotRepeatable())
            .WithSummary("Open a session in a tenant that lets operators in");
    }

    private static async Task<ApiResponse<List<OperatorAccessView>>> ListAsync(
        [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, "operator-access");
        var total = await request.Db.OperatorAccesses.CountAsync(query, cancellationToken);
        var rows = await request.Db.OperatorAccesses.AsNoTracking().After(page, after => row => row.Id < after.Id)
            .OrderByDescending(row => row.Id).Take(page.Take).ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new IdKey(row.Id), total);
        return ApiResponse<List<OperatorAccessView>>.Page(
            rows.ConvertAll(View), pagination, FieldSelection.Read<OperatorAccessView>(query));
    }

    private static Task<ApiResponse<OperatorAccessView>> GrantAsync(Body<GrantAccessRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        var role = Roles.FirstOrDefault(known => known.Key == wanted.Role);
        var checks = new Checks().Name("reason", wanted.Reason, Limits.CommentLength);
        if (role.Key is null)
        {
            checks.Add("role", "UNKNOWN", $"'role' is one of {string.Join(", ", Roles.Select(known => known.Key))}.");
        }
        else if (!request.Caller.May(role.Value))
        {
            checks.Add(
                "role", "NOT_YOURS", $"You cannot give the role '{role.Key}', which has more permissions than you.");
        }

        if (wanted.Hours is < 1 or > Limits.OperatorAccessHours)
        {
            checks.Add("hours", "RANGE", $"'hours' lies between 1 and {Limits.OperatorAccessHours}.");
        }

        return checks.Problem is { } problem
            ? Task.FromResult<ApiResponse<OperatorAccessView>>(problem)
            : request.ChangeAsync<OperatorAccessView>(_ =>
            {
                var access = new OperatorAccess
                {
                    TenantId = request.Caller.TenantId,
                    Id = Guid.CreateVersion7(request.Now),
                    Reason = wanted.Reason,
                    Role = wanted.Role,
                    GrantedBy = request.Caller.UserId,
                    CreatedAt = request.Now,
                    ExpiresAt = request.Now.AddHours(wanted.Hours),
                };
                request.Db.OperatorAccesses.Add(access);
                request.Record(
                    "operator-access.grant", "operator_access", access.Id, access.Reason,
                    after: new { access.Role, access.ExpiresAt });
                return Task.FromResult(ApiResponse<OperatorAccessView>.Created(
                    View(access), $"/api/v1/tenant/operator-access/{access.Id}"));
            });
    }

    private static async Task<ApiResponse<OperatorAccessView>> RevokeAsync(
        Guid accessId, ApiRequest request, Invalidation invalidation)
    {
        List<Guid> turnedOut = [];
        var response = await request.ChangeAsync<OperatorAccessView>(async token =>
        {
            var access = await request.Db.OperatorAccesses.SingleOrDefaultAsync(row => row.Id == accessId, token);
            if (access is null)
            {
                return new Problem(Errors.OperatorAccessNotFound);
            }

            access.RevokedAt ??= request.Now;
            turnedOut = await TurnOutAsync(request, token);
            request.Record("operator-access.revoke", "operator_access", access.Id, access.Reason);
            return View(access);
        });
        foreach (var user in turnedOut)
        {
            invalidation.Publish(Invalidated.User, request.Caller.TenantId, user);
        }

        return response;
    }

    // Of all operators, whichever access they entered by: who turns one out wants nobody in, and another access lets
    // them in again.
    private static async Task<List<Guid>> TurnOutAsync(ApiRequest request, CancellationToken token)
    {
        var users = await request.Db.Users.Where(user => user.Email.EndsWith(PlatformTenant.OperatorDomain))
            .Select(user => user.Id).ToListAsync(token);
        await request.Db.Sessions.Where(session => users.Contains(session.UserId) && session.RevokedAt == null)
            .ExecuteUpdateAsync(
                session => session.SetProperty(row => row.RevokedAt, request.Now)
                    .SetProperty(row => row.RevokeReason, "operators turned out"),
                token);
        return users;
    }

    private static Task<ApiResponse<EnteredView>> EnterAsync(
        Guid tenantId, Body<EnterTenantRequest> body, ApiRequest request, Tokens tokens)
    {
        if (new Checks().Name("reason", body.Value.Reason, Limits.CommentLength).Problem is { } problem)
        {
            return Task.FromResult<ApiResponse<EnteredView>>(problem);
        }

        if (!request.Caller.IsUser)
        {
            return Task.FromResult<ApiResponse<EnteredView>>(
                new Problem(
                    Errors.Forbidden, "Only a person can enter a tenant; an API key has no name to answer for it."));
        }

        return request.ChangeAsync<EnteredView>(async token =>
        {
            var entered = await request.Db.UnderTenantAsync(
                tenantId, inside => OperatorAccounts.EnterAsync(request, tenantId, tokens, body.Value.Reason, inside),
                token);
            if (entered.Problem is null)
            {
                request.Record("tenant.enter", "tenant", tenantId, null, after: new { body.Value.Reason });
            }

            return entered;
        });
    }

    private static OperatorAccessView View(OperatorAccess row) =>
        new(row.Id, row.Reason, row.Role, row.GrantedBy, row.CreatedAt, row.ExpiresAt, row.RevokedAt);
}
