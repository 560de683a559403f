using Npgsql;
using NpgsqlTypes;
using Workflows.Data.Database;

namespace Workflows.Data.Identity;

/// <summary>What an API key stands for. Expiry and revocation are the caller's to judge, so that it can name the reason.</summary>
/// <param name="OnlyGranted">It sees what was granted to <paramref name="CreatedBy"/>, and no more.</param>
public sealed record ApiKeyGrant(
    Guid TenantId, Guid Id, IReadOnlyList<string> Scopes, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt,
    string TenantStatus, bool OnlyGranted, Guid? CreatedBy);

/// <summary>What a session stands for at this moment.</summary>
/// <param name="Permissions">Of the user's own roles of the tenant, as they are stored.</param>
/// <param name="BuiltInRoles">Names of the user's built-in roles, whose permissions are those of the present release.</param>
/// <param name="OnlyGranted">No role of the user's sees the whole tenant.</param>
/// <param name="LacksTerms">The present terms of the tenant or the platform are required, and the user has not accepted
/// them.</param>
public sealed record SessionGrant(
    Guid TenantId,
    Guid SessionId,
    Guid UserId,
    string Email,
    bool Active,
    DateTimeOffset ExpiresAt,
    DateTimeOffset? RevokedAt,
    IReadOnlyList<string> Permissions,
    IReadOnlyList<string> BuiltInRoles,
    bool OnlyGranted,
    bool LacksTerms);

/// <summary>An account that bears an e-mail address; several tenants may each have one.</summary>
public sealed record Login(Guid TenantId, string TenantSlug, Guid UserId, string? PasswordHash, bool Active, DateTimeOffset? LockedUntil);

/// <summary>
/// Look-ups that come before anything is known of the caller, and the bookkeeping of logins. Those without a tenant call functions that answer one question each; the
/// role of the API cannot read the tables without a tenant.
/// </summary>
public sealed class GrantStore(WorkflowsDatabase database)
{
    private const string FindApiKeySql = """
        select tenant_id, id, scopes, expires_at, revoked_at, tenant_status, only_granted, created_by from find_key($1)
        """;

    public async Task<ApiKeyGrant?> FindApiKeyAsync(byte[] hash, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(FindApiKeySql);
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = hash });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new ApiKeyGrant(
                reader.GetGuid(0), reader.GetGuid(1), reader.GetFieldValue<string[]>(2), Instant(reader, 3), Instant(reader, 4),
                reader.GetString(5), reader.GetBoolean(6), reader.IsDBNull(7) ? null : reader.GetGuid(7))
            : null;
    }

    // An operator of the platform who was let in has his second factor at home, if any. Beside a role that sees the whole
    // tenant one that sees what was granted adds nothing: its permissions would reach further than they were given.
    private const string FindSessionSql = $"""
        select s.user_id, u.email, u.active and u.deleted_at is null and t.status = 'active', s.expires_at, s.revoked_at,
          coalesce((select array_agg(distinct p) from user_roles ur join roles r on r.tenant_id = ur.tenant_id and r.id = ur.role_id
                    cross join unnest(r.permissions) p
                    where ur.tenant_id = s.tenant_id and ur.user_id = s.user_id and not r.built_in
                      and r.only_granted = g.only_granted and not x.lacks_factor), array[]::text[]),
          coalesce((select array_agg(r.name) from user_roles ur join roles r on r.tenant_id = ur.tenant_id and r.id = ur.role_id
                    where ur.tenant_id = s.tenant_id and ur.user_id = s.user_id and r.built_in
                      and r.only_granted = g.only_granted and not x.lacks_factor), array[]::text[]),
          g.only_granted,
          u.email not like '%{PlatformTenant.OperatorDomain}' and exists (
            select from unnest(array[s.tenant_id, '{PlatformTenant.IdText}'::uuid]) as whose (id)
            cross join lateral (
              select v.id, v.required from terms v where v.tenant_id = whose.id and v.valid_from <= now()
              order by v.valid_from desc, v.number desc limit 1) present
            where present.required and not exists (
              select from terms_acceptances a
              where a.tenant_id = s.tenant_id and a.user_id = s.user_id and a.terms_id = present.id))
        from user_sessions s
        cross join lateral (
          select not exists (
            select from user_roles ur join roles r on r.tenant_id = ur.tenant_id and r.id = ur.role_id
            where ur.tenant_id = s.tenant_id and ur.user_id = s.user_id and not r.only_granted) as only_granted) g
        join users u on u.tenant_id = s.tenant_id and u.id = s.user_id
        join tenants t on t.tenant_id = s.tenant_id
        cross join lateral (
          select t.settings -> 'requireSecondFactor' = 'true'::jsonb
            and u.email not like '%{PlatformTenant.OperatorDomain}' and not exists (
            select from second_factors f
            where f.tenant_id = s.tenant_id and f.user_id = s.user_id and f.confirmed_at is not null) as lacks_factor) y
        cross join lateral (select coalesce(y.lacks_factor, false) as lacks_factor) x
        where s.tenant_id = $1 and s.id = $2
        """;

    /// <summary>Where the tenant wants a second factor of all, who has none may nothing but get one.</summary>
    public async Task<SessionGrant?> FindSessionAsync(Guid tenantId, Guid sessionId, CancellationToken cancellationToken)
    {
        await using var batch = database.Source.CreateBatch();
        batch.BatchCommands.Add(TenantScope.SetTenant(tenantId));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(FindSessionSql) { Parameters = { Sql.Uuid(tenantId), Sql.Uuid(sessionId) } });
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new SessionGrant(
                tenantId,
                sessionId,
                reader.GetGuid(0),
                reader.GetString(1),
                reader.GetBoolean(2),
                reader.GetFieldValue<DateTimeOffset>(3),
                Instant(reader, 4),
                reader.GetFieldValue<string[]>(5),
                reader.GetFieldValue<string[]>(6),
                reader.GetBoolean(7),
                reader.GetBoolean(8))
            : null;
    }

    private const string FindLoginsSql = """
        select tenant_id, tenant_slug, user_id, password_hash, active, locked_until from find_logins_at($1, $4, $5)
        where $2::text is null or tenant_slug = $2 order by tenant_id limit $3
        """;

    /// <summary>The accounts of an e-mail address, in one tenant if <paramref name="tenantSlug"/> names it.</summary>
    /// <param name="from">Where the login comes from: an account is locked for one address, or for all that it does not
    /// know.</param>
    public async Task<IReadOnlyList<Login>> FindLoginsAsync(
        string email, string? tenantSlug, int limit, LoginAddress from, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(FindLoginsSql);
        command.Parameters.Add(Sql.Text(email));
        command.Parameters.Add(Sql.Text(tenantSlug));
        command.Parameters.Add(Sql.Int(limit));
        command.Parameters.Add(Sql.Uuid(from.Key));
        command.Parameters.Add(Sql.Text(from.Ip));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var logins = new List<Login>();
        while (await reader.ReadAsync(cancellationToken))
        {
            logins.Add(new Login(
                reader.GetGuid(0),
                reader.GetString(1),
                reader.GetGuid(2),
                reader.IsDBNull(3) ? null : reader.GetString(3),
                reader.GetBoolean(4),
                Instant(reader, 5)));
        }

        return logins;
    }

    // One statement, so that guesses in parallel all count. A lock doubles with each further wrong password; failures
    // of long ago are forgotten.
    private const string RecordFailureSql = """
        with stale as (
          delete from login_failures where tenant_id = $1 and user_id = $2 and address <> $3 and failed_at < $4::timestamptz - $8::interval
        ),
        here as (
          insert into login_failures as f (tenant_id, user_id, address, failures, failed_at) values ($1, $2, $3, 1, $4)
          on conflict (tenant_id, user_id, address) do update set
            failures = case when f.failed_at < $4::timestamptz - $8::interval then 1 else f.failures + 1 end,
            locked_until = case when f.failed_at >= $4::timestamptz - $8::interval and f.failures + 1 >= $5
              then $4::timestamptz + least($7::interval, $6::interval * power(2, least(f.failures + 1 - $5, 20)))
              else f.locked_until end,
            failed_at = $4
        )
        update users set
          failed_logins = failed_logins + 1,
          locked_until = case when failed_logins + 1 >= $9
            then $4::timestamptz + least($7::interval, $6::interval * power(2, least(failed_logins + 1 - $9, 20)))
            else locked_until end
        where tenant_id = $1 and id = $2
        """;

    /// <summary>
    /// Counts a wrong password: from the <paramref name="locks"/>' number on the account is locked for the address it
    /// came from, and from a much higher number on, over all addresses, for every address from which nobody has logged
    /// into it yet.
    /// </summary>
    public Task RecordFailureAsync(
        Guid tenantId, Guid userId, Guid address, LoginLocks locks, DateTimeOffset now,
        CancellationToken cancellationToken) =>
        ExecuteAsync(
            tenantId,
            new NpgsqlBatchCommand(RecordFailureSql)
            {
                Parameters =
                {
                    Sql.Uuid(tenantId), Sql.Uuid(userId), Sql.Uuid(address), Sql.Instant(now), Sql.Int(locks.Tolerated),
                        Interval(locks.First),
                    Interval(locks.Longest), Interval(locks.Memory), Sql.Int(locks.ToleratedAnywhere),
                },
            },
            cancellationToken);

    private const string ForgetFailuresSql =
        "delete from login_failures where tenant_id = $1 and user_id = $2 and address = $3";

    /// <summary>Forgets the wrong passwords that came from an address, after a right one.</summary>
    public Task ForgetFailuresAsync(Guid tenantId, Guid userId, Guid address, CancellationToken cancellationToken) =>
        ExecuteAsync(
            tenantId,
            new NpgsqlBatchCommand(ForgetFailuresSql)
            {
                Parameters = { Sql.Uuid(tenantId), Sql.Uuid(userId),
            Sql.Uuid(address) }
            },
            cancellationToken);

    private const string TouchKeysSql = """
        update api_keys k set last_used_at = greatest(k.last_used_at, u.at)
        from unnest($2::uuid[], $3::timestamptz[]) as u (id, at)
        where k.tenant_id = $1 and k.id = u.id
        """;

    /// <summary>Remembers when keys were used last.</summary>
    public Task TouchApiKeysAsync(Guid tenantId, IReadOnlyList<KeyValuePair<Guid, DateTimeOffset>> uses, CancellationToken cancellationToken) =>
        ExecuteAsync(
            tenantId,
            new NpgsqlBatchCommand(TouchKeysSql)
            {
                Parameters = { Sql.Uuid(tenantId), Sql.Uuids(uses, use => use.Key), Sql.Instants(uses, use => use.Value) },
            },
            cancellationToken);

    private async Task ExecuteAsync(Guid tenantId, NpgsqlBatchCommand command, CancellationToken cancellationToken)
    {
        await using var batch = database.Source.CreateBatch();
        batch.BatchCommands.Add(TenantScope.SetTenant(tenantId));
        batch.BatchCommands.Add(command);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlParameter Interval(TimeSpan value) => new() { Value = value, NpgsqlDbType = NpgsqlDbType.Interval };

    private static DateTimeOffset? Instant(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
}
