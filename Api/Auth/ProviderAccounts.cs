using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Connectors.OpenId;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Auth;

/// <summary>
/// From whom a provider vouches for to an account of the tenant, within the caller's transaction, which holds the
/// provider's row: two logins of one person at once make one account.
/// </summary>
internal static class ProviderAccounts
{
    /// <summary>The account, with the roles and groups that the provider gives it now; else why there is none.
    /// </summary>
    public static async Task<(User? User, string? Refusal)> FindAsync(
        ApiRequest request, IdentityProvider provider, OpenIdPerson person, CancellationToken token)
    {
        var identity = await request.Db.UserIdentities.SingleOrDefaultAsync(
            row => row.ProviderId == provider.Id && row.Subject == person.Subject, token);
        var (user, refusal) = identity is not null
            ? (await request.Db.LockUserAsync(identity.UserId, token), "The account is deleted.")
            : await JoinAsync(request, provider, person, token);
        if (user is null)
        {
            return (null, refusal);
        }

        if (!user.Active)
        {
            return (null, "The account is not active.");
        }

        if (identity is not null)
        {
            (identity.Email, identity.LastLoginAt) = (Stored(person.Email), request.Now);
        }

        await GiveAsync(request, provider, user, person.Groups, token);
        return (user, null);
    }

    private static async Task<(User? User, string? Refusal)> JoinAsync(
        ApiRequest request, IdentityProvider provider, OpenIdPerson person, CancellationToken token)
    {
        if (VerifiedEmail(provider, person) is not { } email)
        {
            return (null, "The provider gives no address that it has verified.");
        }

#pragma warning disable CA1304, CA1311, CA1862 // translated to lower() of the database, whose index it is
        var lower = email.ToLowerInvariant();
        var known = await request.Db.Users.Where(row => row.Email.ToLower() == lower).Select(row => row.Id)
            .SingleOrDefaultAsync(token);
#pragma warning restore CA1304, CA1311, CA1862
        User? user;
        if (known == Guid.Empty)
        {
            if (!provider.Provision)
            {
                return (null, "Nobody has the address, and the provider makes no accounts.");
            }

            user = await AddAsync(request, provider, person, email, token);
        }
        else if (!provider.LinkByEmail)
        {
            return (null, "An account has the address, and the provider opens none by it.");
        }
        else if (await request.Db.UserIdentities.AnyAsync(
            row => row.ProviderId == provider.Id && row.UserId == known, token))
        {
            return (null, "The account with the address is somebody else of the provider.");
        }
        else
        {
            user = await request.Db.LockUserAsync(known, token);
        }

        if (user is null)
        {
            return (null, "The account is deleted.");
        }

        user.EmailVerified = true;
        request.Db.UserIdentities.Add(new UserIdentity
        {
            TenantId = user.TenantId,
            ProviderId = provider.Id,
            Subject = person.Subject,
            UserId = user.Id,
            Email = Stored(person.Email),
            CreatedAt = request.Now,
            LastLoginAt = request.Now,
        });
        request.Record("user.link", "user", user.Id, user.Email, after: new { provider = provider.Slug });
        return (user, null);
    }

    // A provider that says an address is not verified is believed, whatever is set.
    private static string? VerifiedEmail(IdentityProvider provider, OpenIdPerson person) =>
        person.Email is { } email && (person.EmailVerified ?? provider.TrustEmail)
            && new Checks().Email("email", email).Problem is null && Data.StorableText.IsStorable(email)
            ? email
            : null;

    private static string? Stored(string? email) =>
        email is { Length: <= Limits.EmailLength } && Data.StorableText.IsStorable(email) ? email : null;

    private static async Task<User> AddAsync(
        ApiRequest request, IdentityProvider provider, OpenIdPerson person, string email, CancellationToken token)
    {
        var part = email[..email.IndexOf('@', StringComparison.Ordinal)];
        var user = new User
        {
            TenantId = request.Caller.TenantId,
            Id = Guid.CreateVersion7(request.Now),
            Email = email,
            EmailVerified = true,
            Username = await request.Db.FreeUsernameAsync(Usable(person.Username) ?? part, token),
            Name = Usable(person.Name) ?? part,
            CreatedAt = request.Now,
            UpdatedAt = request.Now,
        };
        var roles = await request.Db.Roles.Where(row => provider.DefaultRoles.Contains(row.Id)).ToListAsync(token);
        user.Roles.AddRange(roles.Select(role => Grant(user, role)));
        request.Db.Users.Add(user);
        request.Record(
            "user.create", "user", user.Id, user.Email,
            after: new
            {
                user.Email, user.Name, provider = provider.Slug, roles = roles.Select(role => role.Name),
            });
        return user;
    }

    private static string? Usable(string? name) =>
        name is not null && new Checks().Name("name", name).Problem is null ? name : null;

    // What some mapping gives is the provider's to give and to take; what none names stays as people set it.
    private static async Task GiveAsync(
        ApiRequest request, IdentityProvider provider, User user, IReadOnlyList<string> memberOf,
        CancellationToken token)
    {
        var mappings = StoredMapping.Of(provider);
        if (provider.GroupsClaim is null || mappings.Count == 0)
        {
            return;
        }

        var earned = mappings.FindAll(mapping => memberOf.Contains(mapping.Value));
        var roles = await GiveRolesAsync(request, mappings, earned, user, token);
        var groups = await GiveGroupsAsync(request, mappings, earned, user, token);
        if (roles || groups)
        {
            user.Touch(request.Now);
            request.Record(
                "user.provider_groups", "user", user.Id, user.Email,
                after: new
                {
                    provider = provider.Slug, roles = user.Roles.Select(row => row.Role!.Name).Order(),
                    values = earned.ConvertAll(mapping => mapping.Value),
                });
        }
    }

    private static async Task<bool> GiveRolesAsync(
        ApiRequest request, List<StoredMapping> all, List<StoredMapping> earned, User user, CancellationToken token)
    {
        HashSet<Guid> managed = [.. all.SelectMany(mapping => mapping.Roles)];
        HashSet<Guid> wanted = [.. earned.SelectMany(mapping => mapping.Roles)];
        var removed = user.Roles.RemoveAll(row => managed.Contains(row.RoleId) && !wanted.Contains(row.RoleId));
        Guid[] missing = [.. wanted.Where(id => !user.Roles.Exists(row => row.RoleId == id))];
        var added = await request.Db.Roles.Where(row => missing.Contains(row.Id)).ToListAsync(token);
        user.Roles.AddRange(added.Select(role => Grant(user, role)));
        return removed > 0 || added.Count > 0;
    }

    private static async Task<bool> GiveGroupsAsync(
        ApiRequest request, List<StoredMapping> all, List<StoredMapping> earned, User user, CancellationToken token)
    {
        HashSet<Guid> managed = [.. all.SelectMany(mapping => mapping.Groups)];
        HashSet<Guid> wanted = [.. earned.SelectMany(mapping => mapping.Groups)];
        var present = await request.Db.UserGroups.Where(row => row.UserId == user.Id).ToListAsync(token);
        var lost = present.FindAll(row => managed.Contains(row.GroupId) && !wanted.Contains(row.GroupId));
        request.Db.UserGroups.RemoveRange(lost);
        Guid[] missing = [.. wanted.Where(id => !present.Exists(row => row.GroupId == id))];
        var added = await request.Db.Groups.Where(row => missing.Contains(row.Id)).Select(row => row.Id)
            .ToListAsync(token);
        request.Db.UserGroups.AddRange(
            added.Select(id => new UserGroup { TenantId = user.TenantId, UserId = user.Id, GroupId = id }));
        return lost.Count > 0 || added.Count > 0;
    }

    private static UserRole Grant(User user, Role role) =>
        new() { TenantId = user.TenantId, UserId = user.Id, RoleId = role.Id, Role = role };
}
