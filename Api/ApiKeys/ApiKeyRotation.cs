using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.ApiKeys;

/// <param name="OverlapMinutes">For how long the old key still works, 0 to 43,200 (30 days); a day when it is left out.
/// It never works longer than it would have.</param>
/// <param name="ExpiresAt">When the new key ends by itself; as the old one when it is left out.</param>
internal sealed record RotateApiKeyRequest(
    int OverlapMinutes = Limits.KeyOverlapMinutes, DateTimeOffset? ExpiresAt = null) : IOptionalBody;

/// <param name="Key">The new key itself: in this answer and never again.</param>
/// <param name="Replaces">The old one.</param>
/// <param name="ReplacedWorksUntil">When the old one ends.</param>
internal sealed record RotatedApiKeyView(
    Guid Id, string Name, string Prefix, string Key, IReadOnlyList<string> Scopes, DateTimeOffset? ExpiresAt,
    Guid Replaces, DateTimeOffset ReplacedWorksUntil);

/// <summary>A new key in the place of an old one, without a moment in which neither works.</summary>
internal static class ApiKeyRotation
{
    public static async Task<ApiResponse<RotatedApiKeyView>> RotateAsync(
        Guid apiKeyId, Body<RotateApiKeyRequest> body, ApiRequest request, Invalidation invalidation)
    {
        var wanted = body.Value;
        if (Check(wanted, request) is { } problem)
        {
            return problem;
        }

        var response = await request.ChangeAsync<RotatedApiKeyView>(async token =>
        {
            var old = await request.Db.LockApiKeyAsync(apiKeyId, token);
            if (old is not { RevokedAt: null } || old.ExpiresAt <= request.Now)
            {
                return new Problem(Errors.ApiKeyNotFound);
            }

            // Whoever rotates sees the new key, and could use it.
            if (!request.Caller.May(Permissions.Of(old.Scopes)))
            {
                return new Problem(Errors.Forbidden, "The key has permissions that you lack yourself.");
            }

            if (await request.Db.ApiKeys.CountAsync(row => row.RevokedAt == null, token) >= Limits.ApiKeysPerTenant)
            {
                return new Problem(
                    Errors.LimitReached, $"A tenant has at most {Limits.ApiKeysPerTenant} keys that are not revoked.");
            }

            var secret = Tokens.NewApiKey();
            var made = Copy(old, secret, wanted, request);
            var until = request.Now.AddMinutes(wanted.OverlapMinutes);
            old.ExpiresAt = old.ExpiresAt < until ? old.ExpiresAt : until;
            request.Db.ApiKeys.Add(made);
            request.Record(
                "api_key.rotate", "api_key", old.Id, old.Name, after: new { old.ExpiresAt, by = made.Id, made.Prefix });
            return ApiResponse<RotatedApiKeyView>.Created(
                new RotatedApiKeyView(
                    made.Id, made.Name, made.Prefix, secret, made.Scopes, made.ExpiresAt, old.Id,
                    old.ExpiresAt.Value),
                $"/api/v1/api-keys/{made.Id}");
        });
        invalidation.Publish(Invalidated.ApiKey, request.Caller.TenantId, apiKeyId);
        return response;
    }

    private static ApiKey Copy(ApiKey old, string secret, RotateApiKeyRequest wanted, ApiRequest request) => new()
    {
        TenantId = old.TenantId,
        Id = Guid.CreateVersion7(request.Now),
        Name = old.Name,
        Prefix = Tokens.Shown(secret),
        Hash = Tokens.Hash(secret),
        Scopes = old.Scopes,
        OnlyGranted = old.OnlyGranted,
        CreatedBy = old.CreatedBy,
        ServiceAccountId = old.ServiceAccountId,
        CreatedAt = request.Now,
        ExpiresAt = wanted.ExpiresAt?.ToUniversalTime() ?? old.ExpiresAt,
    };

    private static Problem? Check(RotateApiKeyRequest wanted, ApiRequest request)
    {
        var checks = new Checks();
        if (wanted.OverlapMinutes is < 0 or > Limits.MaxKeyOverlapMinutes)
        {
            checks.Add(
                "overlapMinutes", "RANGE", $"The old key works for 0 to {Limits.MaxKeyOverlapMinutes} minutes more.");
        }

        return (wanted.ExpiresAt <= request.Now
            ? checks.Add("expiresAt", "PAST", "The expiry lies in the past.")
            : checks).Problem;
    }
}
