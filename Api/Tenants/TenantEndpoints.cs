using System.Text.Json;
using System.Text.RegularExpressions;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Identity;

namespace Workflows.Api.Tenants;

/// <summary>
/// Tenants as the operators of the platform see them: what they are called, may and need, never what they hold. Who
/// calls is of the platform's own tenant; nobody else has these permissions, whatever a role or key says.
/// </summary>
internal static partial class TenantEndpoints
{
    private static readonly string[] Statuses = ["active", "suspended", "closed"];

    public static void MapTenants(this IEndpointRouteBuilder routes)
    {
        var tenants = routes.MapGroup("/tenants").WithTags("Tenants");
        tenants.MapGet("", ListAsync).Requires(Permission.PlatformRead).WithSummary("List tenants with their figures");
        tenants.MapGet("/{tenantId:guid}", GetAsync).Requires(Permission.PlatformRead).WithSummary("Get a tenant");
        tenants.MapPost("", CreateAsync).Requires(Permission.PlatformManage).WithMetadata(new SuccessStatus(201))
            .WithSummary("Create a tenant with its owner; what is secret is shown once");
        tenants.MapPatch("/{tenantId:guid}", UpdateAsync).Requires(Permission.PlatformManage)
            .WithSummary("Change a tenant's name, plan, settings or metadata");
        routes.MapGet("/platform/queues", QueuesAsync).WithTags("Tenants").Requires(Permission.PlatformRead)
            .WithSummary("Get what waits for a worker, of all tenants");
    }

    private static async Task<ApiResponse<List<TenantView>>> ListAsync(
        [AsParameters] TenantQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        if (filter.Status is { } status && !Statuses.Contains(status))
        {
            return Problem.Parameter("status", $"'status' is one of {string.Join(", ", Statuses)}.");
        }

        if (query.IncludeTotal == true)
        {
            return Problem.Parameter("include_total", "This list is not counted.");
        }

        var page = pager.Read<TextKey>(query, request.Caller.TenantId, $"tenants?{filter}");
        var rows = await request.Db.PlatformTenantsAsync(filter, page.After?.Text, page.Take, cancellationToken);
        var pagination = page.Close(rows, row => new TextKey(row.Slug, row.TenantId));
        return ApiResponse<List<TenantView>>.Page(
            rows.ConvertAll(row => row.View()), pagination, FieldSelection.Read<TenantView>(query));
    }

    private static async Task<ApiResponse<TenantView>> GetAsync(
        Guid tenantId, ApiRequest request, CancellationToken cancellationToken) =>
        await request.Db.PlatformTenantAsync(tenantId, cancellationToken) is { } view
            ? ApiResponse<TenantView>.Ok(view, view.Version)
            : new Problem(Errors.TenantNotFound);

    private static async Task<ApiResponse<CreatedTenantView>> CreateAsync(
        Body<CreateTenantRequest> body, ApiRequest request, Passwords passwords, CancellationToken cancellationToken)
    {
        var wanted = body.Value with { Name = Names.Clean(body.Value.Name) };
        if (Check(wanted) is { } problem)
        {
            return problem;
        }

        var (password, key) = (Tokens.NewPassword(), Tokens.NewApiKey());
        var hash = await passwords.HashAsync(password, cancellationToken);
        return await request.ChangeAsync<CreatedTenantView>(async token =>
        {
            await request.Db.LockTenantsAsync(token);
            if (wanted.Slug == PlatformTenant.Slug || await request.Db.IsSlugTakenAsync(wanted.Slug, token))
            {
                return new Problem(Errors.NameTaken, $"There is a tenant '{wanted.Slug}' already.");
            }

            var tenant = new NewTenant(
                Guid.CreateVersion7(request.Now), wanted.Name, wanted.Slug, wanted.OwnerEmail, hash, key)
            {
                Plan = wanted.Plan,
                Settings = TenantSettingsJson.Apply("{}", wanted.Settings),
                Metadata = wanted.Metadata is null ? "{}" : JsonSerializer.Serialize(wanted.Metadata, Envelope.Json),
            };
            request.Record(
                "tenant.create", "tenant", tenant.Id, tenant.Name,
                after: new { tenant.Slug, tenant.Plan, wanted.OwnerEmail });
            await request.Db.UnderTenantAsync(tenant.Id, _ => Task.FromResult(Add(request, tenant)), token);
            var view = (await request.Db.PlatformTenantAsync(tenant.Id, token))!;
            var made = new CreatedTenantView(view, wanted.OwnerEmail, password, key);
            return ApiResponse<CreatedTenantView>.Created(
                made, $"/api/v1/tenants/{tenant.Id}", view.Version, made with { OwnerPassword = null, ApiKey = null });
        });
    }

    private static bool Add(ApiRequest request, NewTenant tenant)
    {
        request.Db.AddTenant(tenant, request.Now);
        return true;
    }

    private static Task<ApiResponse<TenantView>> UpdateAsync(
        Guid tenantId, Body<UpdateTenantRequest> body, ApiRequest request, Invalidation invalidation)
    {
        var wanted = body.Value with { Name = body.Value.Name is { } name ? Names.Clean(name) : null };
        var checks = new Checks().Name("name", wanted.Name).Name("plan", wanted.Plan)
            .TenantSettings("settings", wanted.Settings).ObjectSize("metadata", wanted.Metadata);
        return checks.Problem is { } problem
            ? Task.FromResult<ApiResponse<TenantView>>(problem)
            : request.ChangeTenantAsync(invalidation, tenantId, "tenant.update", tenant =>
            {
                if (request.CheckMatch(tenant) is { } conflict)
                {
                    return conflict;
                }

                tenant.Name = wanted.Name ?? tenant.Name;
                tenant.Plan = wanted.Plan ?? tenant.Plan;
                tenant.Settings = TenantSettingsJson.Apply(tenant.Settings, wanted.Settings);
                tenant.Metadata = wanted.Metadata is null
                    ? tenant.Metadata
                    : JsonSerializer.Serialize(wanted.Metadata, Envelope.Json);
                return null;
            });
    }

    private static async Task<ApiResponse<List<TenantQueueView>>> QueuesAsync(
        ApiRequest request, CancellationToken cancellationToken)
    {
        var rows = await request.Db.PlatformQueuesAsync(Limits.QueuesShown, cancellationToken);
        return rows.ConvertAll(row => new TenantQueueView(
            row.TenantId,
            row.Slug,
            row.Priority switch { > 0 => "high", 0 => "normal", < 0 => "low" },
            row.Queued,
            row.OldestAt,
            Math.Max(0, (request.Now - row.OldestAt).TotalSeconds)));
    }

    private static Problem? Check(CreateTenantRequest wanted)
    {
        var checks = new Checks().Name("name", wanted.Name).Email("ownerEmail", wanted.OwnerEmail)
            .Name("plan", wanted.Plan).TenantSettings("settings", wanted.Settings)
            .ObjectSize("metadata", wanted.Metadata);
        return checks.Slug(wanted.Slug).Problem;
    }

    /// <summary>Checks what names a tenant in addresses and at logins.</summary>
    public static Checks Slug(this Checks checks, string slug) => SlugForm().IsMatch(slug)
        ? checks
        : checks.Add(
            "slug", "SLUG",
            "A slug has 1 to 63 lower-case letters, digits and hyphens, and does not begin with a hyphen.");

    /// <summary>What a slug looks like; the database asks the same.</summary>
    [GeneratedRegex("^[a-z0-9][a-z0-9-]{0,62}$")]
    public static partial Regex SlugForm();
}
