using System.Text;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http.Security;
using Workflows.Api.Http;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;
using Workflows.Data.Secrets;

namespace Workflows.Api.Secrets;

/// <param name="Name">What expressions read as <c>secrets.NAME</c>; stays as it is.</param>
/// <param name="Value">Write-only: no answer ever holds it.</param>
internal sealed record CreateSecretRequest(string Name, string Value, string Description = "");

internal sealed record UpdateSecretRequest(string? Value = null, string? Description = null);

/// <param name="KeyId">The master key it is protected under.</param>
internal sealed record SecretView(Guid Id, string Name, string Description, string KeyId, int Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>Secrets of a tenant. A value goes in and never comes out again, except into a call that an execution makes.</summary>
internal static partial class SecretEndpoints
{
    public static void MapSecrets(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/secrets").WithTags("Secrets").Requires(Permission.SecretsManage);
        group.MapGet("", ListAsync).WithSummary("List secrets: names, never values");
        group.MapPost("", CreateAsync).WithMetadata(new SuccessStatus(201)).WithSummary("Store a secret");
        group.MapGet("/{secretId:guid}", GetAsync).WithSummary("Get a secret's name and description");
        group.MapPatch("/{secretId:guid}", UpdateAsync).WithSummary("Change a secret's value or description");
        group.MapDelete("/{secretId:guid}", DeleteAsync).WithSummary("Delete a secret");
    }

    private static async Task<ApiResponse<List<SecretView>>> ListAsync(
        [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, "secrets");
        var total = await request.Db.Secrets.CountAsync(query, cancellationToken);
        var rows = await Views(request.Db.Secrets.After(page, after => row => row.Id > after.Id).OrderBy(row => row.Id).Take(page.Take))
            .ToListAsync(cancellationToken);
        return ApiResponse<List<SecretView>>.Page(rows, page.Close(rows, row => new IdKey(row.Id), total), FieldSelection.Read<SecretView>(query));
    }

    private static async Task<ApiResponse<SecretView>> GetAsync(Guid secretId, ApiRequest request, CancellationToken cancellationToken) =>
        await Views(request.Db.Secrets.Where(row => row.Id == secretId)).SingleOrDefaultAsync(cancellationToken) is { } view
            ? ApiResponse<SecretView>.Ok(view, view.Version)
            : new Problem(Errors.SecretNotFound);

    private static async Task<ApiResponse<SecretView>> CreateAsync(
        Body<CreateSecretRequest> body, ApiRequest request, SecretSealer sealer, Invalidation invalidation, CancellationToken cancellationToken)
    {
        var (name, value, description) = body.Value;
        var checks = Check(value, description);
        if (!NameForm().IsMatch(name))
        {
            checks.Add("name", "NAME", "A name begins with a letter and has at most 100 letters, digits and '_'.");
        }

        if (checks.Problem is { } problem)
        {
            return problem;
        }

        var @sealed = await SealAsync(sealer, request, name, value, cancellationToken);
        var response = await request.ChangeAsync<SecretView>(async token =>
        {
            if (await request.Db.Secrets.CountAsync(token) >= Limits.SecretsPerTenant)
            {
                return new Problem(Errors.LimitReached, $"A tenant has at most {Limits.SecretsPerTenant} secrets.");
            }

            var secret = new Secret
            {
                TenantId = request.Caller.TenantId,
                Id = Guid.CreateVersion7(request.Now),
                Name = name,
                Description = description,
                KeyId = @sealed.KeyId,
                Sealed = @sealed.Bytes,
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            request.Db.Secrets.Add(secret);
            request.Record("secret.create", "secret", secret.Id, name, after: new { name, description });
            return ApiResponse<SecretView>.Created(View(secret), $"/api/v1/secrets/{secret.Id}", secret.Version);
        });
        invalidation.Publish(Invalidated.Secret, request.Caller.TenantId, Guid.Empty);
        return response;
    }

    private static async Task<ApiResponse<SecretView>> UpdateAsync(
        Guid secretId, Body<UpdateSecretRequest> body, ApiRequest request, SecretSealer sealer, Invalidation invalidation, CancellationToken cancellationToken)
    {
        var (value, description) = body.Value;
        if (Check(value, description).Problem is { } problem)
        {
            return problem;
        }

        var response = await request.ChangeAsync<SecretView>(async token =>
        {
            var secret = await request.Db.Secrets.SingleOrDefaultAsync(row => row.Id == secretId, token);
            if (secret is null)
            {
                return new Problem(Errors.SecretNotFound);
            }

            if (request.CheckMatch(secret) is { } conflict)
            {
                return conflict;
            }

            var before = new { secret.Description };
            if (value is not null)
            {
                var @sealed = await SealAsync(sealer, request, secret.Name, value, token);
                (secret.KeyId, secret.Sealed) = (@sealed.KeyId, @sealed.Bytes);
            }

            secret.Description = description ?? secret.Description;
            secret.Touch(request.Now);
            request.Record("secret.update", "secret", secret.Id, secret.Name, before, new { secret.Description, valueChanged = value is not null });
            return ApiResponse<SecretView>.Ok(View(secret), secret.Version);
        });
        invalidation.Publish(Invalidated.Secret, request.Caller.TenantId, secretId);
        return response;
    }

    private static async Task<ApiResponse<Done>> DeleteAsync(Guid secretId, ApiRequest request, Invalidation invalidation)
    {
        var response = await request.ChangeAsync<Done>(async token =>
        {
            var secret = await request.Db.Secrets.SingleOrDefaultAsync(row => row.Id == secretId, token);
            if (secret is null)
            {
                return new Problem(Errors.SecretNotFound);
            }

            if (request.CheckMatch(secret) is { } conflict)
            {
                return conflict;
            }

            if (await ResourceUsers.OfSecretAsync(request.Db, secret.Name, token) is { } inUse)
            {
                return inUse;
            }

            request.Db.Secrets.Remove(secret);
            request.Record("secret.delete", "secret", secret.Id, secret.Name);
            return new Done(secret.Id, "deleted");
        });
        invalidation.Publish(Invalidated.Secret, request.Caller.TenantId, secretId);
        return response;
    }

    private static ValueTask<SealedBytes> SealAsync(
        SecretSealer sealer, ApiRequest request, string name, string value, CancellationToken cancellationToken) =>
        sealer.SealAsync(request.Caller.TenantId, SecretStore.PurposeOf(name), Encoding.UTF8.GetBytes(value), cancellationToken);

    private static Checks Check(string? value, string? description)
    {
        var checks = new Checks().Text("description", description, Limits.DescriptionLength);
        return value?.Length is 0 or > Data.Limits.SecretLength
            ? checks.Add("value", "LENGTH", $"A secret has 1 to {Data.Limits.SecretLength} characters.")
            : checks;
    }

    private static SecretView View(Secret row) => new(row.Id, row.Name, row.Description, row.KeyId, row.Version, row.CreatedAt, row.UpdatedAt);

    private static IQueryable<SecretView> Views(IQueryable<Secret> rows) => rows.AsNoTracking().Select(
        row => new SecretView(row.Id, row.Name, row.Description, row.KeyId, row.Version, row.CreatedAt, row.UpdatedAt));

    [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9_]{0,99}\z")]
    internal static partial Regex NameForm();
}
