using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Tenants;

/// <summary>What to create a tenant with.</summary>
internal sealed record NewTenant(Guid Id, string Name, string Slug, string OwnerEmail, string OwnerPasswordHash, string ApiKey);

/// <summary>
/// Makes a tenant whole: the tenant, its built-in roles, its owner, a first API key, and one workspace, folder and job to put workflows in. In one transaction, under
/// the rights of the API's role and the policies of the tenant that is being made.
/// </summary>
internal static class TenantSeed
{
    private const string DefaultName = "Default";
    private const long TenantLock = 0x74656E616E7473; // "tenants"

    /// <summary>One creation of a tenant at a time, on all instances.</summary>
    public static Task LockTenantsAsync(this WorkflowsDbContext db, CancellationToken cancellationToken) =>
        db.Database.ExecuteSqlAsync($"select pg_advisory_xact_lock({TenantLock})", cancellationToken);

    public static Task<bool> HasTenantsAsync(this WorkflowsDbContext db, CancellationToken cancellationToken) =>
        db.Database.SqlQuery<bool>($"select has_tenants() as \"Value\"").SingleAsync(cancellationToken);

    public static Task<bool> IsSlugTakenAsync(this WorkflowsDbContext db, string slug, CancellationToken cancellationToken) =>
        db.Database.SqlQuery<bool>($"select tenant_slug_taken({slug}) as \"Value\"").SingleAsync(cancellationToken);

    /// <summary>Adds all rows; the caller's transaction saves them.</summary>
    public static void AddTenant(this WorkflowsDbContext db, NewTenant tenant, DateTimeOffset now)
    {
        var id = tenant.Id;
        db.Tenants.Add(new Tenant { TenantId = id, Name = tenant.Name, Slug = tenant.Slug, CreatedAt = now, UpdatedAt = now });
        var roles = BuiltInRoles.All.Select(role => new Role
        {
            TenantId = id,
            Id = Guid.CreateVersion7(now),
            Name = role.Key,
            Permissions = Permissions.Names(role.Value),
            BuiltIn = true,
            CreatedAt = now,
            UpdatedAt = now,
        }).ToList();
        db.Roles.AddRange(roles);
        var owner = new User
        {
            TenantId = id,
            Id = Guid.CreateVersion7(now),
            Email = tenant.OwnerEmail,
            Username = "owner",
            Name = "Owner",
            PasswordHash = tenant.OwnerPasswordHash,
            CreatedAt = now,
            UpdatedAt = now,
        };
        owner.Roles.Add(new UserRole { TenantId = id, UserId = owner.Id, RoleId = roles.Single(role => role.Name == BuiltInRoles.Owner).Id });
        db.Users.Add(owner);
        db.ApiKeys.Add(new ApiKey
        {
            TenantId = id,
            Id = Guid.CreateVersion7(now),
            Name = "bootstrap",
            Prefix = Tokens.Shown(tenant.ApiKey),
            Hash = Tokens.Hash(tenant.ApiKey),
            Scopes = [.. Permissions.All.Select(permission => permission.Key)],
            CreatedBy = owner.Id,
            CreatedAt = now,
        });
        AddHierarchy(db, id, now);
        db.Activities.Add(new UserActivity
        {
            TenantId = id,
            Id = Guid.CreateVersion7(now),
            ActorType = "system",
            ActorName = "platform",
            Action = "tenant.create",
            ObjectType = "tenant",
            ObjectId = id,
            ObjectName = tenant.Name,
            At = now,
        });
    }

    private static void AddHierarchy(WorkflowsDbContext db, Guid tenantId, DateTimeOffset now)
    {
        var workspace = new Workspace { TenantId = tenantId, Id = Guid.CreateVersion7(now), Name = DefaultName, CreatedAt = now, UpdatedAt = now };
        var folder = new Folder
        {
            TenantId = tenantId,
            Id = Guid.CreateVersion7(now),
            WorkspaceId = workspace.Id,
            Name = DefaultName,
            CreatedAt = now,
            UpdatedAt = now,
        };
        db.Workspaces.Add(workspace);
        db.Folders.Add(folder);
        db.Jobs.Add(new Job
        {
            TenantId = tenantId,
            Id = Guid.CreateVersion7(now),
            FolderId = folder.Id,
            Name = DefaultName,
            CreatedAt = now,
            UpdatedAt = now,
        });
    }
}
