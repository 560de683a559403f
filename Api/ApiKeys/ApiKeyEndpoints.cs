using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.ApiKeys;

/// <param name="Scopes">Permissions of the key; none that its maker lacks.</param>
/// <param name="ExpiresAt">When it ends by itself; null = never.</param>
internal sealed record CreateApiKeyRequest(string Name, string[] Scopes, DateTimeOffset? ExpiresAt = null);

/// <param name="CreatedBy">The user who made it; null when a key did.</param>
internal sealed record ApiKeyView(
    Guid Id,
    string Name,
    string Prefix,
    IReadOnlyList<string> Scopes,
    ApiKeyMaker? CreatedBy,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? LastUsedAt,
    DateTimeOffset? RevokedAt);

/// <param name="Key">The key itself: in this answer and never again. Null in the repetition of an earlier request.</param>
internal sealed record NewApiKeyView(Guid Id, string Name, string Prefix, string? Key, IReadOnlyList<string> Scopes, DateTimeOffset? ExpiresAt);

/// <param name="Active">False of who has left: the key works on, and should be looked at.</param>
internal sealed record ApiKeyMaker(Guid Id, string Email, bool Active);

/// <summary>Which keys a list shows.</summary>
internal sealed record ApiKeyQuery([property: FromQuery(Name = "createdBy")] Guid? CreatedBy);

internal static class ApiKeyEndpoints
{
    public static void MapApiKeys(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api-keys").WithTags("API keys").Requires(Permission.ApiKeysManage);
        group.MapGet("", ListAsync).WithSummary("List API keys, newest first");
        group.MapPost("", CreateAsync).WithMetadata(new SuccessStatus(201)).WithSummary("Create an API key; its secret is shown once");
        group.MapDelete("/{apiKeyId:guid}", RevokeAsync).WithSummary("Revoke an API key at once");
    }

    private static async Task<ApiResponse<List<ApiKeyView>>> ListAsync(
        [AsParameters] ApiKeyQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"api-keys?{filter}");
        var keys = request.Db.ApiKeys.AsNoTracking()
            .Where(key => filter.CreatedBy == null || key.CreatedBy == filter.CreatedBy);
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
                request.Db.Users.Where(user => user.Id == key.CreatedBy)
                    .Select(user => new ApiKeyMaker(user.Id, user.Email, user.Active)).FirstOrDefault(),
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

            // A key that a key makes is of the same person.
            var maker = request.Caller.UserId
                ?? await request.Db.ApiKeys.Where(row => row.Id == request.Caller.Id).Select(row => row.CreatedBy)
                    .SingleOrDefaultAsync(token);
            var secret = Tokens.NewApiKey();
            var key = new ApiKey
            {
                TenantId = request.Caller.TenantId,
                Id = Guid.CreateVersion7(request.Now),
                Name = wanted.Name,
                Prefix = Tokens.Shown(secret),
                Hash = Tokens.Hash(secret),
                Scopes = [.. wanted.Scopes.Distinct()],
                CreatedBy = maker,
                CreatedAt = request.Now,
                ExpiresAt = wanted.ExpiresAt?.ToUniversalTime(),
            };
            request.Db.ApiKeys.Add(key);
            request.Record("api_key.create", "api_key", key.Id, key.Name, after: new { key.Name, key.Prefix, key.Scopes, key.ExpiresAt });
            var view = new NewApiKeyView(key.Id, key.Name, key.Prefix, secret, key.Scopes, key.ExpiresAt);
            return ApiResponse<NewApiKeyView>.Created(view, $"/api/v1/api-keys/{key.Id}", repeatable: view with { Key = null });
        });
    }

    private static Problem? Check(CreateApiKeyRequest wanted, ApiRequest request)
    {
        var checks = new Checks().Name("name", wanted.Name);
        if (wanted.Scopes.Length == 0)
        {
            checks.Add("scopes", "EMPTY", "A key needs at least one scope.");
        }

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

            var isOwn = key.Id == request.Caller.Id || (request.Caller.UserId is { } me && key.CreatedBy == me);
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
