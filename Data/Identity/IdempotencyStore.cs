using Microsoft.EntityFrameworkCore;
using Workflows.Data.ControlPlane;

namespace Workflows.Data.Identity;

/// <summary>What the first request under an idempotency key was, and what it was answered.</summary>
public sealed record StoredAnswer(byte[] RequestHash, string Response);

/// <summary>Idempotency keys of changes to the control plane. Only inside <see cref="WorkflowsDbContext.TransactAsync"/>.</summary>
public static class IdempotencyStore
{
    /// <summary>Claims the key for this transaction; waits for another transaction that holds it.</summary>
    /// <returns>Null when the key is ours now; else what the first request left.</returns>
    public static async Task<StoredAnswer?> ClaimIdempotencyKeyAsync(
        this WorkflowsDbContext db, string scope, string key, byte[] requestHash, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var expires = now + Limits.IdempotencyLifetime;
        var claimed = await db.Database.ExecuteSqlAsync(
            $"""
             insert into idempotency_keys (tenant_id, scope, key, request_hash, response, created_at, expires_at)
             values ({db.TenantId}, {scope}, {key}, {requestHash}, null, {now}, {expires})
             on conflict (tenant_id, scope, key) do update
               set request_hash = excluded.request_hash, response = null, created_at = excluded.created_at, expires_at = excluded.expires_at
               where idempotency_keys.expires_at <= excluded.created_at
             """,
            cancellationToken);
        if (claimed == 1)
        {
            return null;
        }

        return await db.Database.SqlQuery<StoredAnswer>(
            $"""
             select request_hash as "RequestHash", response::text as "Response" from idempotency_keys
             where tenant_id = {db.TenantId} and scope = {scope} and key = {key}
             """).SingleAsync(cancellationToken);
    }

    /// <summary>Keeps the answer that repetitions get.</summary>
    public static Task KeepAnswerAsync(
        this WorkflowsDbContext db, string scope, string key, string response, CancellationToken cancellationToken) =>
        db.Database.ExecuteSqlAsync(
            $"""
             update idempotency_keys set response = {response}::jsonb
             where tenant_id = {db.TenantId} and scope = {scope} and key = {key}
             """,
            cancellationToken);
}
