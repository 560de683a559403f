using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.Tenants;

/// <summary>The accounts by which operators of the platform are in a tenant that lets them in.</summary>
internal static class OperatorAccounts
{
    /// <summary>Opens a session under the present access, with its role and until its end. Runs under the
    /// tenant.</summary>
    public static async Task<ApiResponse<EnteredView>> EnterAsync(
        ApiRequest request, Guid tenantId, Tokens tokens, string reason, CancellationToken token)
    {
        var db = request.Db;
        var tenant = await db.Tenants.AsNoTracking().SingleOrDefaultAsync(token);
        if (tenant is null || tenantId == PlatformTenant.Id)
        {
            return new Problem(Errors.TenantNotFound);
        }

        var access = await db.OperatorAccesses.AsNoTracking()
            .Where(row => row.RevokedAt == null && row.ExpiresAt > request.Now)
            .OrderByDescending(row => row.ExpiresAt).FirstOrDefaultAsync(token);
        if (access is null || tenant.Status != "active")
        {
            return new Problem(Errors.OperatorAccessNeeded);
        }

        var user = await AccountAsync(request, tenantId, access.Role, token);
        var sessionId = Guid.CreateVersion7(request.Now);
        var refresh = tokens.NewRefreshToken(new RefreshToken(tenantId, sessionId, 0));
        db.Sessions.Add(new UserSession
        {
            TenantId = tenantId,
            Id = sessionId,
            UserId = user.Id,
            RefreshHash = Tokens.Hash(refresh),
            Ip = request.Http.Connection.RemoteIpAddress?.ToString(),
            UserAgent = Caller.UserAgent(request.Http.Request),
            CreatedAt = request.Now,
            RefreshedAt = request.Now,
            ExpiresAt = access.ExpiresAt,
        });
        request.RecordIn(
            tenantId, "operator.enter", "operator_access", access.Id, user.Name,
            after: new { reason, access.Role, access.ExpiresAt });
        var lifetime = Limits.AccessTokenLifetime < access.ExpiresAt - request.Now
            ? Limits.AccessTokenLifetime
            : access.ExpiresAt - request.Now;
        return new EnteredView(
            tokens.NewAccessToken(new AccessToken(tenantId, sessionId, request.Now + lifetime)), "Bearer",
            (int)lifetime.TotalSeconds, refresh, sessionId, tenantId, access.Role, access.ExpiresAt);
    }

    // One account per operator, whose role is that of the present access. Without a password nobody logs into it.
    private static async Task<User> AccountAsync(
        ApiRequest request, Guid tenantId, string role, CancellationToken token)
    {
        var db = request.Db;
        var email = $"{request.Caller.Id:n}{PlatformTenant.OperatorDomain}";
        var user = await db.Users.Include(row => row.Roles).SingleOrDefaultAsync(row => row.Email == email, token);
        if (user is null)
        {
            user = new User
            {
                TenantId = tenantId,
                Id = Guid.CreateVersion7(request.Now),
                Email = email,
                Username = await db.FreeUsernameAsync("platform-operator", token),
                Name = $"Operator {request.Caller.Name}",
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            db.Users.Add(user);
        }

        var roleId = await db.Roles.Where(row => row.BuiltIn && row.Name == role).Select(row => row.Id)
            .SingleAsync(token);
        user.Active = true;
        user.Roles.RemoveAll(row => row.RoleId != roleId);
        if (user.Roles.Count == 0)
        {
            user.Roles.Add(new UserRole { TenantId = tenantId, UserId = user.Id, RoleId = roleId });
        }

        return user;
    }
}
