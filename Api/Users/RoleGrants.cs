using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Users;

/// <summary>Which roles a caller gives to others, and that a tenant keeps an owner.</summary>
internal static class RoleGrants
{
    /// <summary>The roles of these names; a problem when one is unknown or has more permissions than the
    /// caller.</summary>
    /// <param name="field">The field that names them.</param>
    public static async Task<(List<Role> Roles, Problem? Problem)> FindAsync(
        ApiRequest request, string field, string[] names, CancellationToken token)
    {
        var roles = await request.Db.Roles.Where(role => names.Contains(role.Name)).ToListAsync(token);
        var checks = new Checks();
        for (var index = 0; index < names.Length; index++)
        {
            var role = roles.Find(role => role.Name == names[index]);
            if (role is null)
            {
                checks.Add($"{field}/{index}", "UNKNOWN", $"There is no role '{names[index]}'.");
            }
            else if (!request.Caller.May(BuiltInRoles.Of(role)))
            {
                checks.Add(
                    $"{field}/{index}", "NOT_YOURS",
                    $"You cannot give the role '{role.Name}', which has more permissions than you.");
            }
        }

        return (roles, checks.Problem);
    }

    /// <summary>Whether the tenant has an active owner once the user is as the object says. Holds the lock under which
    /// owners are counted, the tenant's row, so that two owners cannot remove each other at once.</summary>
    public static async Task<bool> KeepsOwnerAsync(this ApiRequest request, User user, CancellationToken token)
    {
        if (user is { Active: true, DeletedAt: null } && user.Roles.Exists(row => row.Role!.Name == BuiltInRoles.Owner))
        {
            return true;
        }

        await request.Db.Tenants.ExecuteUpdateAsync(
            tenant => tenant.SetProperty(row => row.UpdatedAt, request.Now), token);
        return await request.Db.Users.AnyAsync(
            other => other.Id != user.Id && other.Active
                && other.Roles.Any(row => row.Role!.Name == BuiltInRoles.Owner), token);
    }
}
