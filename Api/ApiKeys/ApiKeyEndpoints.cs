using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.ApiKeys;

/// <param name="Scopes">Permissions of the key; none that its maker lacks.</param>
/// <param name="ExpiresAt">When it ends by itself; null = never.</param>
/// <param name="ServiceAccountId">The program whose key it is; left out: it is the caller's.</param>
/// <param name="Objects">all (the default): the key sees every object of the tenant; granted: what was granted to its
/// maker.</param>
internal sealed record CreateApiKeyRequest(
    string Name, string[] Scopes, DateTimeOffset? ExpiresAt = null, Guid? ServiceAccountId = null,
    string Objects = RoleReach.All);

/// <param name="CreatedBy">The user who made it; null when a key did.</param>
/// <param name="ServiceAccountId">The program whose key it is; such a key stays when its maker leaves.</param>
internal sealed record ApiKeyView(
    Guid Id,
    string Name,
    string Prefix,
    IReadOnlyList<string> Scopes,
    string Objects,
    ApiKeyMaker? CreatedBy,
    Guid? ServiceAccountId,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? LastUsedAt,
    DateTimeOffset? RevokedAt);

/// <param name="Key">The key itself: in this answer and never again. Null in the repetition of an earlier request.</param>
internal sealed record NewApiKeyView(Guid Id, string Name, string Prefix, string? Key, IReadOnlyList<string> Scopes, DateTimeOffset? ExpiresAt);

/// <param name="Active">False of who has left: the key works on, and should be looked at.</param>
internal sealed record ApiKeyMaker(Guid Id, string Email, bool Active);

/// <summary>Which keys a list shows.</summary>
internal sealed record ApiKeyQuery(
    [property: FromQuery(Name = "createdBy")] Guid? CreatedBy,
    [property: FromQuery(Name = "serviceAccount")] Guid? ServiceAccount);

internal static class ApiKeyEndpoints
{
    public static void MapApiKeys(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api-keys").WithTags("API keys").Requires(Permission.ApiKeysManage);
        group.MapGet("", ListAsync).WithSummary("List API keys, newest first");
        group.MapPost("", CreateAsync).WithMetadata(new SuccessStatus(201)).WithSummary("Create an API key; its secret is shown once");
        group.MapPost("/{apiKeyId:guid}/rotate", ApiKeyRotation.RotateAsync)
            .WithMetadata(new SuccessStatus(201), new NotRepeatable())
            .WithSummary("Replace an API key by a new one that may the same; the old one works for a while");
        group.MapDelete("/{apiKeyId:guid}", RevokeAsync).WithSummary("Revoke an API key at once");
    }

    private static async Task<ApiResponse<List<ApiKeyView>>> ListAsync(
        [AsParameters] ApiKeyQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"api-keys?{filter}");
        var keys = request.Db.ApiKeys.AsNoTracking()
            .Where(key => filter.CreatedBy == null || key.CreatedBy == filter.CreatedBy)
            .Where(key => filter.ServiceAccount == null || key.ServiceAccountId == filter.ServiceAccount);
        var total = await keys.CountAsync(query, cancellationToken);
        var rows = await keys
            .After(page, after => key => key.Id < after.Id)
            .OrderByDescending(key => key.Id)
            .Take(page.Take)
            .Select(key => new ApiKeyView(
                key.Id,
                key.Name,
                key.Prefix,
                key.Scopes,
                RoleReach.Of(key.OnlyGranted),
                request.Db.Users.Where(user => user.Id == key.CreatedBy)
                    .Select(user => new ApiKeyMaker(user.Id, user.Email, user.Active)).FirstOrDefault(),
                key.ServiceAccountId,
                key.CreatedAt,
                key.ExpiresAt,
                key.LastUsedAt,
                key.RevokedAt))
            .ToListAsync(cancellationToken);
        return ApiResponse<List<ApiKeyView>>.Page(rows, page.Close(rows, row => new IdKey(row.Id), total), FieldSelection.Read<ApiKeyView>(query));
    }

    private static async Task<ApiResponse<NewApiKeyView>> CreateAsync(Body<CreateApiKeyRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        if (Check(wanted, request) is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<NewApiKeyView>(async token =>
        {
            if (await request.Db.ApiKeys.CountAsync(row => row.RevokedAt == null, token) >= Limits.ApiKeysPerTenant)
            {
                return new Problem(Errors.LimitReached, $"A tenant has at most {Limits.ApiKeysPerTenant} keys that are not revoked.");
            }

            var (maker, account) = await OwnerAsync(request, wanted.ServiceAccountId, token);
            if (wanted.ServiceAccountId is not null && account is null)
            {
                return new Problem(Errors.ServiceAccountNotFound);
            }

            var secret = Tokens.NewApiKey();
            var key = new ApiKey
            {
                TenantId = request.Caller.TenantId,
                Id = Guid.CreateVersion7(request.Now),
                Name = wanted.Name,
                Prefix = Tokens.Shown(secret),
                Hash = Tokens.Hash(secret),
                Scopes = [.. wanted.Scopes.Distinct()],
                OnlyGranted = wanted.Objects == RoleReach.Granted,
                CreatedBy = maker,
                ServiceAccountId = account,
                CreatedAt = request.Now,
                ExpiresAt = wanted.ExpiresAt?.ToUniversalTime(),
            };
            request.Db.ApiKeys.Add(key);
            request.Record(
                "api_key.create", "api_key", key.Id, key.Name,
                after: new
                {
                    key.Name, key.Prefix, key.Scopes, wanted.Objects, key.ExpiresAt, key.ServiceAccountId,
                });
            var view = new NewApiKeyView(key.Id, key.Name, key.Prefix, secret, key.Scopes, key.ExpiresAt);
            return ApiResponse<NewApiKeyView>.Created(view, $"/api/v1/api-keys/{key.Id}", repeatable: view with { Key = null });
        });
    }

    // A key that a key makes is of the same person, and of the same program. The program is held: it does not end while
    // it gets a key.
    private static async Task<(Guid? Maker, Guid? Account)> OwnerAsync(
        ApiRequest request, Guid? wanted, CancellationToken token)
    {
        var own = request.Caller.UserId is not null
            ? null
            : await request.Db.ApiKeys.AsNoTracking().Where(row => row.Id == request.Caller.Id)
                .Select(row => new { row.CreatedBy, row.ServiceAccountId }).SingleOrDefaultAsync(token);
        var account = wanted ?? own?.ServiceAccountId;
        var found = account is { } id ? await request.Db.LockServiceAccountAsync(id, token) : null;
        return (request.Caller.UserId ?? own?.CreatedBy, found?.Id);
    }

    private static Problem? Check(CreateApiKeyRequest wanted, ApiRequest request)
    {
        var checks = new Checks().Name("name", wanted.Name);
        if (wanted.Scopes.Length == 0)
        {
            checks.Add("scopes", "EMPTY", "A key needs at least one scope.");
        }

        if (wanted.Objects is not (RoleReach.All or RoleReach.Granted))
        {
            checks.Add("objects", "VALUE", "'objects' is all or granted.");
        }

        if (wanted is { ServiceAccountId: not null, Objects: RoleReach.Granted })
        {
            checks.Add("objects", "VALUE", "Nothing is granted to service accounts: their keys see all objects.");
        }

        RoleReach.Check(wanted.Scopes, wanted.Objects == RoleReach.Granted, checks, "scopes");
        for (var index = 0; index < wanted.Scopes.Length; index++)
        {
            var scope = wanted.Scopes[index];
            if (scope is null || !Permissions.IsKnown(scope))
            {
                checks.Add($"scopes/{index}", "UNKNOWN", $"There is no scope '{scope}'; known are {string.Join(", ", Permissions.All.Select(known => known.Key))}.");
            }
            else if (!request.Caller.May(Permissions.Of([scope])))
            {
                checks.Add($"scopes/{index}", "NOT_YOURS", $"You cannot give away '{scope}', which you lack yourself.");
            }
        }

        return (wanted.ExpiresAt <= request.Now ? checks.Add("expiresAt", "PAST", "The expiry lies in the past.") : checks).Problem;
    }

    private static async Task<ApiResponse<Done>> RevokeAsync(Guid apiKeyId, ApiRequest request, Invalidation invalidation)
    {
        var response = await request.ChangeAsync<Done>(async token =>
        {
            var key = await request.Db.ApiKeys.SingleOrDefaultAsync(row => row.Id == apiKeyId && row.RevokedAt == null, token);
            if (key is null)
            {
                return new Problem(Errors.ApiKeyNotFound);
            }

            var isOwn = key.Id == request.Caller.Id
                || (request.Caller.UserId is { } me && key.CreatedBy == me && key.ServiceAccountId is null);
            if (!isOwn && !request.Caller.May(Permissions.Of(key.Scopes)))
            {
                return new Problem(Errors.Forbidden, "The key has permissions that you lack yourself.");
            }

            key.RevokedAt = request.Now;
            request.Record("api_key.revoke", "api_key", key.Id, key.Name);
            return new Done(key.Id, "revoked");
        });
        invalidation.Publish(Invalidated.ApiKey, request.Caller.TenantId, apiKeyId);
        return response;
    }
}
