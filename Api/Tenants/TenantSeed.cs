using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.Tenants;

/// <summary>What to create a tenant with.</summary>
internal sealed record NewTenant(
    Guid Id, string Name, string Slug, string OwnerEmail, string OwnerPasswordHash, string? ApiKey)
{
    public string OwnerName { get; init; } = "Owner";

    /// <summary>Whether the owner has shown that mails to the address reach them.</summary>
    public bool OwnerVerified { get; init; }

    public string Plan { get; init; } = "free";

    /// <summary>JSON object.</summary>
    public string Settings { get; init; } = "{}";

    /// <summary>JSON object.</summary>
    public string Metadata { get; init; } = "{}";
}

/// <summary>
/// Makes a tenant whole: the tenant, its built-in roles, its owner, a first API key, and one workspace, folder and job to
/// put workflows in. In one transaction, under the rights of the API's role and the policies of the tenant that is being
/// made. Makes the platform's own tenant, which has operators and nothing else, in the same way.
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
        db.Tenants.Add(new Tenant
        {
            TenantId = id,
            Name = tenant.Name,
            Slug = tenant.Slug,
            Plan = tenant.Plan,
            Settings = tenant.Settings,
            Metadata = tenant.Metadata,
            CreatedAt = now,
            UpdatedAt = now,
        });
        var roles = AddRoles(db, id, BuiltInRoles.All, now);
        var owner = AddOwner(
            db, id, roles, (tenant.OwnerEmail, tenant.OwnerName, "owner"), tenant.OwnerPasswordHash, now);
        owner.EmailVerified = tenant.OwnerVerified;
        if (tenant.ApiKey is { } key)
        {
            db.ApiKeys.Add(new ApiKey
            {
                TenantId = id,
                Id = Guid.CreateVersion7(now),
                Name = "bootstrap",
                Prefix = Tokens.Shown(key),
                Hash = Tokens.Hash(key),
                Scopes = Permissions.OfTenants(),
                CreatedBy = owner.Id,
                CreatedAt = now,
            });
        }

        AddHierarchy(db, owner, now);
        AddCreation(db, id, tenant.Name, now);
    }

    /// <summary>Adds the tenant of the platform's operators, with one who may do everything there.</summary>
    public static void AddPlatform(
        this WorkflowsDbContext db, string slug, string email, string passwordHash, DateTimeOffset now)
    {
        const string name = "Platform";
        db.Tenants.Add(new Tenant
        {
            TenantId = PlatformTenant.Id,
            Name = name,
            Slug = slug,
            Plan = PlatformTenant.Slug,
            CreatedAt = now,
            UpdatedAt = now,
        });
        var roles = AddRoles(db, PlatformTenant.Id, BuiltInRoles.Platform, now);
        AddOwner(db, PlatformTenant.Id, roles, (email, "Operator", "operator"), passwordHash, now);
        AddCreation(db, PlatformTenant.Id, name, now);
    }

    /// <summary>The slug of the platform's own tenant: a tenant made before there were operators may have taken the
    /// usual one.</summary>
    public static async Task<string> FreePlatformSlugAsync(this WorkflowsDbContext db, CancellationToken token) =>
        await db.IsSlugTakenAsync(PlatformTenant.Slug, token) ? $"workflows-{PlatformTenant.Slug}" : PlatformTenant.Slug;

    /// <summary>One more operator of the platform.</summary>
    /// <returns>False when the address has an account there.</returns>
    public static async Task<bool> AddOperatorAsync(
        this WorkflowsDbContext db, string email, string passwordHash, DateTimeOffset now, CancellationToken token)
    {
        var lower = email.ToLowerInvariant();
#pragma warning disable CA1304, CA1311, CA1862 // translated to lower() of the database, whose index it is
        if (await db.Users.AnyAsync(user => user.Email.ToLower() == lower, token))
#pragma warning restore CA1304, CA1311, CA1862
        {
            return false;
        }

        var roles = await db.Roles.Where(role => role.BuiltIn).ToListAsync(token);
        var username = await db.FreeUsernameAsync(email[..email.IndexOf('@', StringComparison.Ordinal)], token);
        AddOwner(db, PlatformTenant.Id, roles, (email, "Operator", username), passwordHash, now);
        return true;
    }

    private static List<Role> AddRoles(
        WorkflowsDbContext db, Guid tenantId, IEnumerable<KeyValuePair<string, Permission>> builtIn, DateTimeOffset now)
    {
        var roles = builtIn.Select(role => new Role
        {
            TenantId = tenantId,
            Id = Guid.CreateVersion7(now),
            Name = role.Key,
            Permissions = Permissions.Names(role.Value),
            BuiltIn = true,
            OnlyGranted = role.Key == BuiltInRoles.Member,
            CreatedAt = now,
            UpdatedAt = now,
        }).ToList();
        db.Roles.AddRange(roles);
        return roles;
    }

    private static User AddOwner(
        WorkflowsDbContext db, Guid tenantId, List<Role> roles, (string Email, string Name, string Username) person,
        string passwordHash, DateTimeOffset now)
    {
        var owner = new User
        {
            TenantId = tenantId,
            Id = Guid.CreateVersion7(now),
            Email = person.Email,
            Username = person.Username,
            Name = person.Name,
            PasswordHash = passwordHash,
            CreatedAt = now,
            UpdatedAt = now,
        };
        var role = roles.Single(role => role.Name == BuiltInRoles.Owner);
        owner.Roles.Add(new UserRole { TenantId = tenantId, UserId = owner.Id, RoleId = role.Id });
        db.Users.Add(owner);
        return owner;
    }

    private static void AddCreation(WorkflowsDbContext db, Guid tenantId, string name, DateTimeOffset now) =>
        db.Activities.Add(new UserActivity
        {
            TenantId = tenantId,
            Id = Guid.CreateVersion7(now),
            ActorType = "system",
            ActorName = "platform",
            Action = "tenant.create",
            ObjectType = "tenant",
            ObjectId = tenantId,
            ObjectName = name,
            At = now,
        });

    private static void AddHierarchy(WorkflowsDbContext db, User owner, DateTimeOffset now)
    {
        var tenantId = owner.TenantId;
        var workspace = new Workspace
        {
            TenantId = tenantId,
            Id = Guid.CreateVersion7(now),
            Name = DefaultName,
            OwnerId = owner.Id,
            CreatedAt = now,
            UpdatedAt = now,
        };
        var folder = new Folder
        {
            TenantId = tenantId,
            Id = Guid.CreateVersion7(now),
            WorkspaceId = workspace.Id,
            Name = DefaultName,
            OwnerId = owner.Id,
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
            OwnerId = owner.Id,
            CreatedAt = now,
            UpdatedAt = now,
        });
    }
}
