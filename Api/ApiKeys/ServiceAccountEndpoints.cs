using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.ApiKeys;

internal sealed record CreateServiceAccountRequest(string Name, string? Description = null);

/// <summary>What is left out stays as it is.</summary>
/// <param name="Active">Its keys work while it is.</param>
internal sealed record UpdateServiceAccountRequest(
    string? Name = null, string? Description = null, bool? Active = null);

/// <param name="ApiKeys">Keys that are not revoked.</param>
/// <param name="LastUsedAt">When one of its keys was used last.</param>
internal sealed record ServiceAccountView(
    Guid Id, string Name, string Description, bool Active, int ApiKeys, DateTimeOffset? LastUsedAt, Guid? CreatedBy,
    int Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>Which accounts a list shows.</summary>
internal sealed record ServiceAccountQuery([property: FromQuery(Name = "active")] bool? Active);

/// <summary>
/// Programs that have API keys of their own: no password, no session, and nothing ends with the person who made them.
/// Nobody ends one that may more than they do.
/// </summary>
internal static class ServiceAccountEndpoints
{
    public static void MapServiceAccounts(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/service-accounts").WithTags("API keys").Requires(Permission.ApiKeysManage);
        group.MapGet("", ListAsync).WithSummary("List service accounts");
        group.MapGet("/{serviceAccountId:guid}", GetAsync).WithSummary("Get a service account");
        group.MapPost("", CreateAsync).WithMetadata(new SuccessStatus(201))
            .WithSummary("Create a service account; its keys are made as API keys that name it");
        group.MapPatch("/{serviceAccountId:guid}", UpdateAsync)
            .WithSummary("Change a service account's name, description or activity");
        group.MapDelete("/{serviceAccountId:guid}", DeleteAsync)
            .WithSummary("Delete a service account; its keys end");
    }

    private static async Task<ApiResponse<List<ServiceAccountView>>> ListAsync(
        [AsParameters] ServiceAccountQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"service-accounts?{filter}");
        var accounts = request.Db.ServiceAccounts.AsNoTracking()
            .Where(row => filter.Active == null || row.Active == filter.Active);
        var total = await accounts.CountAsync(query, cancellationToken);
        var rows = await Views(
            accounts.After(page, after => row => row.Id > after.Id).OrderBy(row => row.Id).Take(page.Take), request.Db)
            .ToListAsync(cancellationToken);
        return ApiResponse<List<ServiceAccountView>>.Page(
            rows, page.Close(rows, row => new IdKey(row.Id), total), FieldSelection.Read<ServiceAccountView>(query));
    }

    private static async Task<ApiResponse<ServiceAccountView>> GetAsync(
        Guid serviceAccountId, ApiRequest request, CancellationToken cancellationToken) =>
        await Views(request.Db.ServiceAccounts.AsNoTracking().Where(row => row.Id == serviceAccountId), request.Db)
            .SingleOrDefaultAsync(cancellationToken) is { } view
            ? ApiResponse<ServiceAccountView>.Ok(view, view.Version)
            : new Problem(Errors.ServiceAccountNotFound);

    private static async Task<ApiResponse<ServiceAccountView>> CreateAsync(
        Body<CreateServiceAccountRequest> body, ApiRequest request)
    {
        var wanted = body.Value with { Name = Names.Clean(body.Value.Name) };
        if (Check(wanted.Name, wanted.Description) is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<ServiceAccountView>(async token =>
        {
            if (await request.Db.ServiceAccounts.CountAsync(token) >= Limits.ServiceAccountsPerTenant)
            {
                return new Problem(
                    Errors.LimitReached, $"A tenant has at most {Limits.ServiceAccountsPerTenant} service accounts.");
            }

            var account = new ServiceAccount
            {
                TenantId = request.Caller.TenantId,
                Id = Guid.CreateVersion7(request.Now),
                Name = wanted.Name,
                Description = wanted.Description ?? "",
                CreatedBy = request.Caller.UserId,
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            request.Db.ServiceAccounts.Add(account);
            request.Record(
                "service_account.create", "service_account", account.Id, account.Name,
                after: new { account.Name, account.Description });
            return ApiResponse<ServiceAccountView>.Created(
                View(account, 0, null), $"/api/v1/service-accounts/{account.Id}", account.Version);
        });
    }

    private static async Task<ApiResponse<ServiceAccountView>> UpdateAsync(
        Guid serviceAccountId, Body<UpdateServiceAccountRequest> body, ApiRequest request, Invalidation invalidation)
    {
        var wanted = body.Value with { Name = body.Value.Name is { } name ? Names.Clean(name) : null };
        if (Check(wanted.Name, wanted.Description) is { } problem)
        {
            return problem;
        }

        List<ApiKey> keys = [];
        var response = await request.ChangeAsync<ServiceAccountView>(async token =>
        {
            if (await request.Db.LockServiceAccountAsync(serviceAccountId, token) is not { } account)
            {
                return new Problem(Errors.ServiceAccountNotFound);
            }

            if (request.CheckMatch(account) is { } conflict)
            {
                return conflict;
            }

            keys = await KeysAsync(request, serviceAccountId, token);
            if (wanted.Active is { } active && active != account.Active && MayMore(request.Caller, keys) is { } refusal)
            {
                return refusal;
            }

            var before = new { account.Name, account.Description, account.Active };
            account.Name = wanted.Name ?? account.Name;
            account.Description = wanted.Description ?? account.Description;
            account.Active = wanted.Active ?? account.Active;
            account.Touch(request.Now);
            request.Record(
                "service_account.update", "service_account", account.Id, account.Name, before,
                new { account.Name, account.Description, account.Active });
            return ApiResponse<ServiceAccountView>.Ok(
                View(account, keys.Count, keys.Max(key => key.LastUsedAt)), account.Version);
        });
        Forget(invalidation, keys);
        return response;
    }

    private static async Task<ApiResponse<Done>> DeleteAsync(
        Guid serviceAccountId, ApiRequest request, Invalidation invalidation)
    {
        List<ApiKey> keys = [];
        var response = await request.ChangeAsync<Done>(async token =>
        {
            if (await request.Db.LockServiceAccountAsync(serviceAccountId, token) is not { } account)
            {
                return new Problem(Errors.ServiceAccountNotFound);
            }

            keys = await KeysAsync(request, serviceAccountId, token);
            if ((request.CheckMatch(account) ?? MayMore(request.Caller, keys)) is { } refusal)
            {
                return refusal;
            }

            keys.ForEach(key => key.RevokedAt = request.Now);
            (account.Active, account.DeletedAt) = (false, request.Now);
            account.Touch(request.Now);
            request.Record(
                "service_account.delete", "service_account", account.Id, account.Name,
                after: new { revokedApiKeys = keys.Count });
            return new Done(account.Id, "deleted");
        });
        Forget(invalidation, keys);
        return response;
    }

    private static Problem? Check(string? name, string? description) =>
        new Checks().Name("name", name).Text("description", description, Limits.DescriptionLength).Problem;

    private static Task<List<ApiKey>> KeysAsync(ApiRequest request, Guid account, CancellationToken token) =>
        request.Db.ApiKeys.Where(key => key.ServiceAccountId == account && key.RevokedAt == null).ToListAsync(token);

    private static Problem? MayMore(Caller caller, List<ApiKey> keys) =>
        keys.TrueForAll(key => caller.May(Permissions.Of(key.Scopes)))
            ? null
            : new Problem(Errors.Forbidden, "A key of the account has permissions that you lack yourself.");

    private static void Forget(Invalidation invalidation, List<ApiKey> keys) =>
        keys.ForEach(key => invalidation.Publish(Invalidated.ApiKey, key.TenantId, key.Id));

    private static ServiceAccountView View(ServiceAccount row, int keys, DateTimeOffset? lastUsedAt) => new(
        row.Id, row.Name, row.Description, row.Active, keys, lastUsedAt, row.CreatedBy, row.Version, row.CreatedAt,
        row.UpdatedAt);

    private static IQueryable<ServiceAccountView> Views(IQueryable<ServiceAccount> rows, WorkflowsDbContext db) =>
        rows.Select(row => new ServiceAccountView(
            row.Id, row.Name, row.Description, row.Active,
            db.ApiKeys.Count(key => key.ServiceAccountId == row.Id && key.RevokedAt == null),
            db.ApiKeys.Where(key => key.ServiceAccountId == row.Id).Max(key => key.LastUsedAt), row.CreatedBy,
            row.Version, row.CreatedAt, row.UpdatedAt));
}
