using Microsoft.EntityFrameworkCore;

namespace Workflows.Data.ControlPlane;

/// <summary>Usernames that nobody chose.</summary>
public static class Usernames
{
    /// <summary>
    /// The wanted name, or with the least number behind it that makes it one that nobody of the tenant has, in
    /// whatever case. Another
    /// transaction may take it before this one ends; the database then refuses the second.
    /// </summary>
    public static async Task<string> FreeUsernameAsync(this WorkflowsDbContext db, string wanted,
        CancellationToken cancellationToken)
    {
#pragma warning disable CA1304, CA1311, CA1862 // translated to lower() of the database, whose index it is
        var lower = wanted.ToLowerInvariant();
        var numbered = $"{lower}-";
        var taken = await db.Users.Where(user => user.Username.ToLower() == lower
            || user.Username.ToLower().StartsWith(numbered))
            .Select(user => user.Username.ToLower()).ToHashSetAsync(cancellationToken);
#pragma warning restore CA1304, CA1311, CA1862
        if (!taken.Contains(lower))
        {
            return wanted;
        }

        var number = 2;
        while (taken.Contains($"{lower}-{number}"))
        {
            number++;
        }

        return $"{wanted}-{number}";
    }
}
