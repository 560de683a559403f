using System.Text;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Connectors.OpenId;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;
using Workflows.Data.Secrets;

namespace Workflows.Api.Auth;

/// <summary>The OpenID Connect providers whose people log in to the tenant.</summary>
internal static class IdentityProviderEndpoints
{
    private static readonly string[] UsualScopes = ["openid", "email", "profile"];

    public static void MapIdentityProviders(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/identity-providers").WithTags("Identity providers")
            .Requires(Permission.TenantManage);
        group.MapGet("", ListAsync).WithSummary("List identity providers; none with its secret");
        group.MapGet("/{providerId:guid}", GetAsync).WithSummary("Get an identity provider");
        group.MapPost("", CreateAsync).WithMetadata(new SuccessStatus(201)).WithSummary("Add an identity provider");
        group.MapPatch("/{providerId:guid}", UpdateAsync).WithSummary("Change an identity provider");
        group.MapDelete("/{providerId:guid}", DeleteAsync)
            .WithSummary("Delete an identity provider; sessions of its people end");
        group.MapPost("/{providerId:guid}/test", TestAsync).WithMetadata(new NotRepeatable())
            .WithSummary("Read the provider's discovery document and keys");
    }

    private static async Task<ApiResponse<List<IdentityProviderView>>> ListAsync(
        [AsParameters] PageQuery query, ApiRequest request, Pager pager, MailSettings settings,
        CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, "identity-providers");
        var total = await request.Db.IdentityProviders.CountAsync(query, cancellationToken);
        var rows = await request.Db.IdentityProviders.AsNoTracking()
            .After(page, after => row => row.Id > after.Id).OrderBy(row => row.Id).Take(page.Take)
            .ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new IdKey(row.Id), total);
        return ApiResponse<List<IdentityProviderView>>.Page(
            await ViewsAsync(request, rows, settings, cancellationToken), pagination,
            FieldSelection.Read<IdentityProviderView>(query));
    }

    private static async Task<ApiResponse<IdentityProviderView>> GetAsync(
        Guid providerId, ApiRequest request, MailSettings settings, CancellationToken cancellationToken) =>
        await request.Db.IdentityProviders.AsNoTracking()
            .SingleOrDefaultAsync(row => row.Id == providerId, cancellationToken) is { } found
            ? ApiResponse<IdentityProviderView>.Ok(
                await ViewAsync(request, found, settings, cancellationToken), found.Version)
            : new Problem(Errors.IdentityProviderNotFound);

    private static async Task<ApiResponse<IdentityProviderView>> CreateAsync(
        Body<CreateIdentityProviderRequest> body, ApiRequest request, SecretSealer sealer, MailSettings settings,
        CancellationToken cancellationToken)
    {
        var wanted = body.Value;
        if (new Checks().Provider(wanted).Problem is { } problem)
        {
            return problem;
        }

        var id = Guid.CreateVersion7(request.Now);
        var secret = await SealAsync(sealer, request, id, wanted.ClientSecret, cancellationToken);
        return await request.ChangeAsync<IdentityProviderView>(async token =>
        {
            if (await request.Db.IdentityProviders.CountAsync(token) >= Limits.IdentityProvidersPerTenant)
            {
                return new Problem(
                    Errors.LimitReached,
                    $"A tenant has at most {Limits.IdentityProvidersPerTenant} identity providers.");
            }

            var (roles, refusal) = await ProviderGrants.RolesAsync(request, wanted.DefaultRoles ?? [], token);
            var (mappings, other) = await ProviderGrants.MappingsAsync(request, wanted.Mappings ?? [], token);
            if ((refusal ?? other) is { } refused)
            {
                return refused;
            }

            var provider = new IdentityProvider
            {
                TenantId = request.Caller.TenantId,
                Id = id,
                Slug = wanted.Slug,
                Name = wanted.Name,
                Issuer = wanted.Issuer,
                ClientId = wanted.ClientId,
                KeyId = secret?.KeyId,
                Sealed = secret?.Bytes,
                Scopes = wanted.Scopes ?? UsualScopes,
                Enabled = wanted.Enabled,
                TrustEmail = wanted.TrustEmail,
                LinkByEmail = wanted.LinkByEmail,
                Provision = wanted.Provision,
                GroupsClaim = wanted.GroupsClaim is "" ? null : wanted.GroupsClaim,
                DefaultRoles = roles,
                Mappings = mappings,
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            request.Db.IdentityProviders.Add(provider);
            var view = await ViewAsync(request, provider, settings, token);
            request.Record(
                "identity_provider.create", "identity_provider", id, provider.Name, after: Snapshot(provider, view));
            return ApiResponse<IdentityProviderView>.Created(
                view, $"/api/v1/identity-providers/{id}", provider.Version);
        });
    }

    private static async Task<ApiResponse<IdentityProviderView>> UpdateAsync(
        Guid providerId, Body<UpdateIdentityProviderRequest> body, ApiRequest request, SecretSealer sealer,
        MailSettings settings, CancellationToken cancellationToken)
    {
        var wanted = body.Value;
        if (new Checks().Provider(wanted).Problem is { } problem)
        {
            return problem;
        }

        var secret = await SealAsync(sealer, request, providerId, wanted.ClientSecret, cancellationToken);
        return await request.ChangeAsync<IdentityProviderView>(async token =>
        {
            if (await request.Db.LockIdentityProviderAsync(providerId, token) is not { } provider)
            {
                return new Problem(Errors.IdentityProviderNotFound);
            }

            if (request.CheckMatch(provider) is { } conflict)
            {
                return conflict;
            }

            var before = Snapshot(provider, await ViewAsync(request, provider, settings, token));
            if (await ApplyGrantsAsync(request, provider, wanted, token) is { } refused)
            {
                return refused;
            }

            Apply(wanted, provider, secret);
            provider.Touch(request.Now);
            var view = await ViewAsync(request, provider, settings, token);
            request.Record(
                "identity_provider.update", "identity_provider", provider.Id, provider.Name, before,
                Snapshot(provider, view, wanted.ClientSecret is not null));
            return ApiResponse<IdentityProviderView>.Ok(view, provider.Version);
        });
    }

    // Whoever came by the provider only would come back by nothing: their sessions end with it.
    private static async Task<ApiResponse<Done>> DeleteAsync(
        Guid providerId, ApiRequest request, Invalidation invalidation)
    {
        var response = await request.ChangeAsync<Done>(async token =>
        {
            if (await request.Db.LockIdentityProviderAsync(providerId, token) is not { } provider)
            {
                return new Problem(Errors.IdentityProviderNotFound);
            }

            if (request.CheckMatch(provider) is { } conflict)
            {
                return conflict;
            }

            var ended = await request.Db.Sessions
                .Where(row => row.RevokedAt == null && request.Db.UserIdentities.Any(
                    identity => identity.ProviderId == providerId && identity.UserId == row.UserId))
                .ExecuteUpdateAsync(
                    row => row.SetProperty(session => session.RevokedAt, request.Now)
                        .SetProperty(session => session.RevokeReason, "identity provider deleted"), token);
            request.Db.IdentityProviders.Remove(provider);
            request.Record(
                "identity_provider.delete", "identity_provider", provider.Id, provider.Name, after: new { ended });
            return new Done(provider.Id, "deleted");
        });
        invalidation.Publish(Invalidated.Tenant, request.Caller.TenantId, request.Caller.TenantId);
        return response;
    }

    private static async Task<ApiResponse<ProviderTestView>> TestAsync(
        Guid providerId, ApiRequest request, OpenIdClient client, CancellationToken cancellationToken)
    {
        if (await request.Db.IdentityProviders.AsNoTracking()
            .SingleOrDefaultAsync(row => row.Id == providerId, cancellationToken) is not { } found)
        {
            return new Problem(Errors.IdentityProviderNotFound);
        }

        try
        {
            await client.TestAsync(
                new OpenIdProvider(found.TenantId, found.Issuer, found.ClientId, ClientSecret: null),
                cancellationToken);
            return new ProviderTestView(true, "The provider describes itself, and has keys that sign.");
        }
        catch (OpenIdException exception)
        {
            return new ProviderTestView(false, exception.Message);
        }
    }

    private static async Task<Problem?> ApplyGrantsAsync(
        ApiRequest request, IdentityProvider provider, UpdateIdentityProviderRequest wanted, CancellationToken token)
    {
        if (wanted.DefaultRoles is not null)
        {
            var (roles, problem) = await ProviderGrants.RolesAsync(request, wanted.DefaultRoles, token);
            if (problem is not null)
            {
                return problem;
            }

            provider.DefaultRoles = roles;
        }

        if (wanted.Mappings is not null)
        {
            var (mappings, problem) = await ProviderGrants.MappingsAsync(request, wanted.Mappings, token);
            if (problem is not null)
            {
                return problem;
            }

            provider.Mappings = mappings;
        }

        return null;
    }

    private static void Apply(UpdateIdentityProviderRequest wanted, IdentityProvider provider, SealedBytes? secret)
    {
        provider.Name = wanted.Name ?? provider.Name;
        provider.ClientId = wanted.ClientId ?? provider.ClientId;
        provider.Scopes = wanted.Scopes ?? provider.Scopes;
        provider.Enabled = wanted.Enabled ?? provider.Enabled;
        provider.TrustEmail = wanted.TrustEmail ?? provider.TrustEmail;
        provider.LinkByEmail = wanted.LinkByEmail ?? provider.LinkByEmail;
        provider.Provision = wanted.Provision ?? provider.Provision;
        provider.GroupsClaim = wanted.GroupsClaim switch
        {
            null => provider.GroupsClaim,
            "" => null,
            var claim => claim,
        };
        if (wanted.ClientSecret is not null)
        {
            (provider.KeyId, provider.Sealed) = (secret?.KeyId, secret?.Bytes);
        }
    }

    private static async Task<SealedBytes?> SealAsync(
        SecretSealer sealer, ApiRequest request, Guid id, string? secret, CancellationToken token) =>
        secret is null or ""
            ? null
            : await sealer.SealAsync(
                request.Caller.TenantId, IdentityProvider.PurposeOf(id), Encoding.UTF8.GetBytes(secret), token);

    private static object Snapshot(IdentityProvider row, IdentityProviderView view, bool? secretChanged = null) => new
    {
        row.Slug, row.Name, row.Issuer, row.ClientId, view.HasSecret, row.Scopes, row.Enabled, row.TrustEmail,
        row.LinkByEmail, row.Provision, row.GroupsClaim, view.DefaultRoles, view.Mappings, secretChanged,
    };

    private static async Task<IdentityProviderView> ViewAsync(
        ApiRequest request, IdentityProvider row, MailSettings settings, CancellationToken token) =>
        (await ViewsAsync(request, [row], settings, token))[0];

    private static async Task<List<IdentityProviderView>> ViewsAsync(
        ApiRequest request, List<IdentityProvider> rows, MailSettings settings, CancellationToken token)
    {
        var names = await ProviderGrants.NamesAsync(request, rows, token);
        var tenant = await request.Db.Tenants.Select(row => row.Slug).SingleAsync(token);
        return rows.ConvertAll(row => new IdentityProviderView(
            row.Id, row.Slug, row.Name, row.Issuer, row.ClientId, row.Sealed is not null, row.Scopes, row.Enabled,
            row.TrustEmail, row.LinkByEmail, row.Provision, row.GroupsClaim, Known(row.DefaultRoles),
            [.. StoredMapping.Of(row).Select(
                mapping => new ProviderMapping(mapping.Value, Known(mapping.Roles), Known(mapping.Groups)))],
            ProviderAddresses.Callback(settings, tenant, row.Slug),
            ProviderAddresses.Start(settings, tenant, row.Slug), row.Version, row.CreatedAt, row.UpdatedAt));

        // What was deleted meanwhile is not shown: it gives nothing any more.
        string[] Known(Guid[] ids) => [.. ids.Where(names.ContainsKey).Select(id => names[id])];
    }
}
