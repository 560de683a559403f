using Microsoft.EntityFrameworkCore;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Http.Security;

/// <summary>Passwords and locks of other people's accounts, within the caller's transaction.</summary>
internal static class PasswordChanges
{
    /// <summary>Sets a password, takes every lock off the account and ends its sessions.</summary>
    /// <param name="reason">Why the sessions end, as their list shows it.</param>
    public static async Task SetPasswordAsync(
        this WorkflowsDbContext db, User user, string hash, string reason, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        user.PasswordHash = hash;
        await db.UnlockAsync(user, now, cancellationToken);
        await db.EndResetLinksAsync(user.Id, now, cancellationToken);
        await db.Sessions.Where(session => session.UserId == user.Id && session.RevokedAt == null).ExecuteUpdateAsync(
            session => session.SetProperty(row => row.RevokedAt, now).SetProperty(row => row.RevokeReason, reason),
            cancellationToken);
    }

    /// <summary>Ends links that would set yet another password.</summary>
    public static Task EndResetLinksAsync(
        this WorkflowsDbContext db, Guid userId, DateTimeOffset now, CancellationToken cancellationToken) =>
        db.AccountLinks
            .Where(row => row.UserId == userId && row.Kind == AccountLink.OfPasswordReset && row.EndedAt == null)
            .ExecuteUpdateAsync(row => row.SetProperty(link => link.EndedAt, now), cancellationToken);

    /// <summary>Forgets wrong passwords, from wherever they came.</summary>
    public static async Task UnlockAsync(this WorkflowsDbContext db, User user, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        user.FailedLogins = 0;
        user.LockedUntil = null;
        user.Touch(now);
        await db.Database.ExecuteSqlAsync(
            $"delete from login_failures where tenant_id = {user.TenantId} and user_id = {user.Id}", cancellationToken);
    }
}
