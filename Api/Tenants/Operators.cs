using Microsoft.EntityFrameworkCore;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.Tenants;

/// <summary>Operators of the platform, as a command makes them.</summary>
internal static class Operators
{
    /// <summary>Makes an operator, and the platform's own tenant if there is none yet.</summary>
    /// <param name="handOver">Gets to work before the commit: if it fails, there is no operator.</param>
    /// <exception cref="InvalidOperationException">The address has an account there already, or
    /// nothing was started yet.</exception>
    public static async Task EnsureOperatorAsync(
        this WorkflowsDbContext db, string email, string passwordHash, DateTimeOffset now,
        Func<CancellationToken, Task> handOver, CancellationToken cancellationToken)
    {
        db.TenantId = PlatformTenant.Id;
        await db.TransactAsync(
            async token =>
            {
                await db.LockTenantsAsync(token);
                if (!await db.HasTenantsAsync(token))
                {
                    throw new InvalidOperationException("The first start of the API makes the first operator.");
                }

                if (!await db.Tenants.AnyAsync(token))
                {
                    db.AddPlatform(await db.FreePlatformSlugAsync(token), email, passwordHash, now);
                }
                else if (!await db.AddOperatorAsync(email, passwordHash, now, token))
                {
                    throw new InvalidOperationException($"'{email}' is an operator already.");
                }

                await db.SaveChangesAsync(token); // whatever can fail has failed before anybody sees the credentials
                await handOver(token);
                return true;
            },
            _ => true,
            cancellationToken);
    }
}
