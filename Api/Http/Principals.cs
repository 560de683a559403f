using Microsoft.EntityFrameworkCore;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Http;

/// <summary>A user, or those in a group or with a role.</summary>
/// <param name="Kind">user, group or role.</param>
internal sealed record Principal(string Kind, Guid Id)
{
    /// <summary>As they are stored: two lists of one length.</summary>
    public static Principal[] Of(string[] kinds, Guid[] ids) =>
        [.. kinds.Zip(ids, (kind, id) => new Principal(kind, id))];
}

/// <summary>Lists of people in the bodies of requests.</summary>
internal static class Principals
{
    /// <summary>The problem with such a list; null when each of them is there, once.</summary>
    /// <param name="kinds">The kinds that are possible.</param>
    public static async Task<Problem?> CheckPrincipalsAsync(
        this WorkflowsDbContext db, string field, Principal[] principals, string[] kinds, CancellationToken token)
    {
        if (principals.Length > Limits.Principals)
        {
            return Problem.Invalid($"/{field}", $"'{field}' has at most {Limits.Principals} entries.", "TOO_MANY");
        }

        for (var index = 0; index < principals.Length; index++)
        {
            if (principals[index] is not var (kind, id) || !kinds.Contains(kind))
            {
                return Problem.Invalid(
                    $"/{field}/{index}/kind", $"'kind' is one of {string.Join(", ", kinds)}.", "UNKNOWN");
            }

            var exists = kind switch
            {
                "user" => await db.Users.AnyAsync(row => row.Id == id && row.Active, token),
                "group" => await db.Groups.AnyAsync(row => row.Id == id, token),
                _ => await db.Roles.AnyAsync(row => row.Id == id, token),
            };
            if (!exists)
            {
                return Problem.Invalid($"/{field}/{index}/id", $"There is no such {kind}.", "UNKNOWN");
            }
        }

        return principals.Distinct().Count() < principals.Length
            ? Problem.Invalid($"/{field}", $"'{field}' names somebody twice.", "DUPLICATE")
            : null;
    }
}
