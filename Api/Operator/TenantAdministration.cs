using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Api.Tenants;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.Operator;

/// <summary>What a new tenant, or an owner whose password was set anew, is handed once.</summary>
internal sealed record HandedCredentials(Guid TenantId, string Tenant, string OwnerEmail, string? OwnerPassword,
    string? ApiKey);

/// <summary>
/// Tenants as the operator manages them, outside of every tenant. Each change is one transaction under the policies of
/// the tenant concerned, and leaves a row in its activity. Running instances follow within seconds, when what they have
/// in memory is looked up again.
/// </summary>
internal sealed class TenantAdministration(WorkflowsDbContext db, Passwords passwords, TimeProvider clock)
{
    /// <summary>All tenants, by slug.</summary>
    public Task<List<TenantRow>> ListAsync(CancellationToken cancellationToken) =>
        db.Database.SqlQuery<TenantRow>(
            $"""
             select tenant_id as "TenantId", slug as "Slug", name as "Name", status as "Status",
               settings::text as "Settings", created_at as "CreatedAt"
             from list_tenants()
             """).ToListAsync(cancellationToken);

    /// <summary>Makes a tenant with all that the first one has.</summary>
    /// <param name="handOver">Gets the credentials before the commit: if it fails, there is no tenant.</param>
    /// <exception cref="OperatorCommandException">The slug is taken, or a value cannot be used.</exception>
    public async Task AddAsync(
        string slug, string name, string ownerEmail, Func<HandedCredentials, CancellationToken, Task> handOver,
        CancellationToken cancellationToken)
    {
        if (!TenantEndpoints.SlugForm().IsMatch(slug) || slug == PlatformTenant.Slug)
        {
            throw new OperatorCommandException(
                $"'{slug}' is no slug: 1 to 63 lower-case letters, digits and hyphens, not beginning with a hyphen, "
                    + $"and not '{PlatformTenant.Slug}'.",
                isUsage: true);
        }

        if (new Checks().Name("name", name).Email("owner", ownerEmail).Problem is { } problem)
        {
            throw new OperatorCommandException(problem.Message, isUsage: true);
        }

        var now = clock.NowStored();
        var made = new HandedCredentials(Guid.CreateVersion7(now), slug, ownerEmail, Tokens.NewPassword(),
            Tokens.NewApiKey());
        var hash = await passwords.HashAsync(made.OwnerPassword!, cancellationToken);
        db.TenantId = made.TenantId;
        await db.TransactAsync(
            async token =>
            {
                await db.LockTenantsAsync(token);
                if (await db.IsSlugTakenAsync(slug, token))
                {
                    throw new OperatorCommandException($"There is a tenant '{slug}' already.");
                }

                db.AddTenant(new NewTenant(made.TenantId, name, slug, ownerEmail, hash, made.ApiKey!), now);
                await db.SaveChangesAsync(token); // whatever can fail has failed before anybody sees the credentials
                await handOver(made, token);
                return true;
            },
            _ => true,
            cancellationToken);
    }

    /// <summary>Changes a tenant; a suspended one starts nothing, and its callers are refused.</summary>
    /// <exception cref="OperatorCommandException">There is no such tenant.</exception>
    public async Task ChangeAsync(string slug, string action, Action<Tenant> change,
        CancellationToken cancellationToken)
    {
        var found = await FindAsync(slug, cancellationToken);
        if (found.TenantId == PlatformTenant.Id || found.Status == "closed")
        {
            throw new OperatorCommandException(
                $"'{slug}' is closed, or the platform's own: this cannot be done to it.");
        }

        db.TenantId = found.TenantId;
        await db.TransactAsync(
            async token =>
            {
                var tenant = await db.Tenants.SingleAsync(token);
                var before = new { tenant.Name, tenant.Status, tenant.Settings };
                change(tenant);
                tenant.Touch(clock.NowStored());
                Record(tenant, action, before, new { tenant.Name, tenant.Status, tenant.Settings });
                return true;
            },
            _ => true,
            cancellationToken);
    }

    /// <summary>Gives a user a new password, unlocks the account, makes it active and ends its sessions: the way back
    /// in for a tenant's last owner.</summary>
    /// <exception cref="OperatorCommandException">There is no such tenant or user.</exception>
    public async Task ResetPasswordAsync(
        string slug, string email, Func<HandedCredentials, CancellationToken, Task> handOver,
        CancellationToken cancellationToken)
    {
        var found = await FindAsync(slug, cancellationToken);
        var handed = new HandedCredentials(found.TenantId, slug, email, Tokens.NewPassword(), null);
        var hash = await passwords.HashAsync(handed.OwnerPassword!, cancellationToken);
        db.TenantId = found.TenantId;
        await db.TransactAsync(
            async token =>
            {
                var wanted = email.ToUpperInvariant();
#pragma warning disable CA1304, CA1311, CA1862 // becomes upper(email) in SQL
                var user = await db.Users.SingleOrDefaultAsync(row =>
                    row.Email.ToUpper() == wanted && row.DeletedAt == null, token)
#pragma warning restore CA1304, CA1311, CA1862
                    ?? throw new OperatorCommandException($"Tenant '{slug}' has no user '{email}'.");
                user.Active = true;
                await db.SetPasswordAsync(user, hash, "password set anew by the operator", clock.NowStored(), token);
                var tenant = await db.Tenants.SingleAsync(token);
                Record(tenant, "user.password", null, new { user.Email });
                await db.SaveChangesAsync(token);
                await handOver(handed, token);
                return true;
            },
            _ => true,
            cancellationToken);
    }

    private async Task<TenantRow> FindAsync(string slug, CancellationToken cancellationToken) =>
        (await ListAsync(cancellationToken)).Find(tenant => tenant.Slug == slug)
        ?? throw new OperatorCommandException($"There is no tenant '{slug}'; 'tenant list' shows all.");

    private void Record(Tenant tenant, string action, object? before, object after)
    {
        var now = clock.NowStored();
        db.Activities.Add(new UserActivity
        {
            TenantId = tenant.TenantId,
            Id = Guid.CreateVersion7(now),
            ActorType = "system",
            ActorName = "operator",
            Action = action,
            ObjectType = "tenant",
            ObjectId = tenant.TenantId,
            ObjectName = tenant.Name,
            Before = before is null ? null : System.Text.Json.JsonSerializer.Serialize(before, Envelope.Json),
            After = System.Text.Json.JsonSerializer.Serialize(after, Envelope.Json),
            At = now,
        });
    }
}
