using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Workflows.Data.Database;
using Workflows.Engine;

namespace Workflows.Data.Context;

/// <summary>Whose entry, and which.</summary>
/// <param name="Scope">tenant, workspace, workflow or execution.</param>
public sealed record ContextAddress(Guid TenantId, Guid WorkflowId, Guid ExecutionId, string Scope, string Key);

/// <summary>What became of an operation.</summary>
/// <param name="Value">UTF-8 JSON; null = there is no such entry.</param>
/// <param name="Version">0 = there is no such entry.</param>
/// <param name="Applied">False: the entry was not as expected, and nothing was changed.</param>
public sealed record ContextResult(byte[]? Value, int Version, bool Applied);

/// <summary>
/// What executions keep for later ones. Guarantees: a change made under an operation's name (an idempotency key) is made once and answers the same
/// when it is asked for again, since the name is claimed in the transaction of the change; an entry past its expiry counts as absent.
/// Lock order: context_writes, context_entries.
/// </summary>
public sealed class ContextStore(WorkflowsDatabase database, TimeProvider clock)
{
    private const string ScopeSql = """
        select case $4
          when 'tenant' then $1
          when 'workflow' then $2
          when 'execution' then $3
          when 'workspace' then (
            select f.workspace_id from workflows w join jobs j on j.tenant_id = w.tenant_id and j.id = w.job_id
            join folders f on f.tenant_id = j.tenant_id and f.id = j.folder_id
            where w.tenant_id = $1 and w.id = $2)
          end
        """;

    private const string ReadSql = """
        select c.value, c.version from context_entries c
        where c.tenant_id = $1 and c.scope = $2 and c.scope_id = $3 and c.key = $4 and (c.expires_at is null or c.expires_at > $5)
        """;

    /// <summary>The entry; version 0 when there is none.</summary>
    public async Task<ContextResult> ReadAsync(ContextAddress address, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return await ReadAsync(connection, address, await ScopeIdAsync(connection, address, cancellationToken), cancellationToken);
    }

    private const string WriteSql = """
        insert into context_entries as c (tenant_id, scope, scope_id, key, id, value, expires_at, created_at, updated_at)
        values ($1, $2, $3, $4, $6, $7, $8, $5, $5)
        on conflict (tenant_id, scope, scope_id, key) do update
          set value = excluded.value, expires_at = excluded.expires_at, updated_at = excluded.updated_at, version = c.version + 1
        returning c.value, c.version
        """;

    /// <summary>Sets the entry, whatever it was.</summary>
    public Task<ContextResult> WriteAsync(
        ContextAddress address, string operation, byte[] value, DateTimeOffset? expiresAt, CancellationToken cancellationToken) =>
        ChangeAsync(address, operation, WriteSql, Fresh(value, expiresAt), cancellationToken);

    private const string CreateSql = """
        insert into context_entries as c (tenant_id, scope, scope_id, key, id, value, expires_at, created_at, updated_at)
        values ($1, $2, $3, $4, $6, $7, $8, $5, $5)
        on conflict (tenant_id, scope, scope_id, key) do update
          set value = excluded.value, expires_at = excluded.expires_at, updated_at = excluded.updated_at, version = c.version + 1
          where c.expires_at <= $5
        returning c.value, c.version
        """;

    private const string SwapSql = """
        update context_entries c set value = $6, expires_at = $7, updated_at = $5, version = c.version + 1
        where c.tenant_id = $1 and c.scope = $2 and c.scope_id = $3 and c.key = $4 and c.version = $8 and (c.expires_at is null or c.expires_at > $5)
        returning c.value, c.version
        """;

    /// <summary>Sets the entry if it has the version expected (0 = if there is none); otherwise answers what it is.</summary>
    public Task<ContextResult> CompareAndSetAsync(
        ContextAddress address, string operation, int expectedVersion, byte[] value, DateTimeOffset? expiresAt, CancellationToken cancellationToken) =>
        expectedVersion == 0
            ? ChangeAsync(address, operation, CreateSql, Fresh(value, expiresAt), cancellationToken)
            : ChangeAsync(
                address, operation, SwapSql, [Sql.Instant(clock.GetUtcNow()), Sql.Json(value), InstantOrNull(expiresAt), Sql.Int(expectedVersion)],
                cancellationToken);

    private const string IncrementSql = """
        insert into context_entries as c (tenant_id, scope, scope_id, key, id, value, expires_at, created_at, updated_at)
        values ($1, $2, $3, $4, $6, $7, $8, $5, $5)
        on conflict (tenant_id, scope, scope_id, key) do update
          set value = case when c.expires_at <= $5 then excluded.value
                           else to_jsonb((c.value #>> '{}')::numeric + (excluded.value #>> '{}')::numeric) end,
              expires_at = excluded.expires_at, updated_at = excluded.updated_at, version = c.version + 1
          where c.expires_at <= $5 or jsonb_typeof(c.value) = 'number'
        returning c.value, c.version
        """;

    /// <summary>Adds to a number; an entry that is not there counts as 0. Not applied when the entry is no number.</summary>
    /// <param name="by">A JSON number.</param>
    public Task<ContextResult> IncrementAsync(
        ContextAddress address, string operation, byte[] by, DateTimeOffset? expiresAt, CancellationToken cancellationToken) =>
        ChangeAsync(address, operation, IncrementSql, Fresh(by, expiresAt), cancellationToken);

    private const string DeleteSql = """
        delete from context_entries c
        where c.tenant_id = $1 and c.scope = $2 and c.scope_id = $3 and c.key = $4
        returning c.value, c.version
        """;

    /// <summary>Removes the entry. Not applied when there is none.</summary>
    public Task<ContextResult> DeleteAsync(ContextAddress address, string operation, CancellationToken cancellationToken) =>
        ChangeAsync(address, operation, DeleteSql, [], cancellationToken);

    private const string SharedSnapshotSql = """
        select c.scope, c.key, c.value from context_entries c
        where c.tenant_id = $1 and (c.expires_at is null or c.expires_at > $3) and (
          (c.scope = 'tenant' and c.scope_id = $1) or (c.scope = 'workflow' and c.scope_id = $2)
          or (c.scope = 'workspace' and c.scope_id = (
            select f.workspace_id from workflows w join jobs j on j.tenant_id = w.tenant_id and j.id = w.job_id
            join folders f on f.tenant_id = j.tenant_id and f.id = j.folder_id
            where w.tenant_id = $1 and w.id = $2)))
        order by c.scope, c.key
        limit $4
        """;

    private const string OwnSnapshotSql = """
        select e.id, c.key, c.value
        from unnest($2::uuid[]) as e (id) cross join lateral (
          select o.key, o.value from context_entries o
          where o.tenant_id = $1 and o.scope = 'execution' and o.scope_id = e.id
            and (o.expires_at is null or o.expires_at > $3)
          order by o.key
          limit $4) c
        """;

    /// <summary>What executions of one workflow see as <c>context.SCOPE.KEY</c>, read together.</summary>
    /// <param name="tenantId">Whose they are.</param>
    /// <param name="workflowId">Their workflow.</param>
    /// <param name="executionIds">The executions; one at least.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    public async Task<ContextSnapshots> SnapshotsAsync(
        Guid tenantId, Guid workflowId, IReadOnlyList<Guid> executionIds, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var shared = new NpgsqlBatchCommand(SharedSnapshotSql);
        shared.Parameters.Add(Sql.Uuid(tenantId));
        shared.Parameters.Add(Sql.Uuid(workflowId));
        shared.Parameters.Add(Sql.Instant(now));
        shared.Parameters.Add(Sql.Int(Limits.ContextEntriesInScope));
        var entries = await database.ReadAsync(
            tenantId, shared, row => new ContextSnapshots.Entry(row.GetString(0), row.GetString(1), ValueOf(row)), cancellationToken);
        var own = new NpgsqlBatchCommand(OwnSnapshotSql);
        own.Parameters.Add(Sql.Uuid(tenantId));
        own.Parameters.Add(Sql.Uuids(executionIds, id => id));
        own.Parameters.Add(Sql.Instant(now));
        own.Parameters.Add(Sql.Int(Limits.ContextEntriesInScope));
        return new ContextSnapshots(entries, await database.ReadAsync(
            tenantId,
            own,
            row => (row.GetGuid(0), new ContextSnapshots.Entry("execution", row.GetString(1), ValueOf(row))),
            cancellationToken));
    }

    private static JsonElement ValueOf(NpgsqlDataReader row) => JsonText.ParseElement(row.GetFieldValue<byte[]>(2));

    private const string ClaimSql = """
        insert into context_writes (tenant_id, operation, expires_at) values ($1, $2, $3) on conflict do nothing
        """;

    private const string DoneSql = "select w.result from context_writes w where w.tenant_id = $1 and w.operation = $2";
    private const string KeepSql = "update context_writes w set result = $3 where w.tenant_id = $1 and w.operation = $2";

    private async Task<ContextResult> ChangeAsync(
        ContextAddress address, string operation, string sql, NpgsqlParameter[] further, CancellationToken cancellationToken)
    {
        await using var connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var expires = clock.GetUtcNow() + Limits.ContextWriteLifetime;
        if (await ExecuteAsync(connection, ClaimSql, cancellationToken, Sql.Uuid(address.TenantId), Sql.Text(operation), Sql.Instant(expires)) == 0)
        {
            return await FindDoneAsync(connection, address.TenantId, operation, cancellationToken);
        }

        var scopeId = await ScopeIdAsync(connection, address, cancellationToken);
#pragma warning disable CA2100 // a constant of this class
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        AddKey(command, address, scopeId);
        command.Parameters.AddRange(further);
        var changed = await ReadAsync(command, cancellationToken);
        if (changed is null)
        {
            await transaction.RollbackAsync(cancellationToken); // nothing was done under this name, so it stays free for another attempt
            return await ReadAsync(connection, address, scopeId, cancellationToken) with { Applied = false };
        }

        await ExecuteAsync(connection, KeepSql, cancellationToken, Sql.Uuid(address.TenantId), Sql.Text(operation), Sql.Json(Pack(changed)));
        await transaction.CommitAsync(cancellationToken);
        return changed;
    }

    private static async Task<ContextResult> FindDoneAsync(NpgsqlConnection connection, Guid tenantId, string operation, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(DoneSql, connection);
        command.Parameters.Add(Sql.Uuid(tenantId));
        command.Parameters.Add(Sql.Text(operation));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var result = JsonText.ParseElement(reader.GetFieldValue<byte[]>(0));
        return new ContextResult(
            JsonText.BytesOf(result.GetProperty("value")), result.GetProperty("version").GetInt32(), true);
    }

    private static async Task<Guid> ScopeIdAsync(NpgsqlConnection connection, ContextAddress address, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(ScopeSql, connection);
        command.Parameters.Add(Sql.Uuid(address.TenantId));
        command.Parameters.Add(Sql.Uuid(address.WorkflowId));
        command.Parameters.Add(Sql.Uuid(address.ExecutionId));
        command.Parameters.Add(Sql.Text(address.Scope));
        return await command.ExecuteScalarAsync(cancellationToken) is Guid id
            ? id
            : throw new InvalidOperationException($"There is no scope '{address.Scope}' for this execution.");
    }

    private async Task<ContextResult> ReadAsync(NpgsqlConnection connection, ContextAddress address, Guid scopeId, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(ReadSql, connection);
        AddKey(command, address, scopeId);
        command.Parameters.Add(Sql.Instant(clock.GetUtcNow()));
        return await ReadAsync(command, cancellationToken) ?? new ContextResult(null, 0, true);
    }

    private NpgsqlParameter[] Fresh(byte[] value, DateTimeOffset? expiresAt)
    {
        var now = clock.GetUtcNow();
        return [Sql.Instant(now), Sql.Uuid(Guid.CreateVersion7(now)), Sql.Json(value), InstantOrNull(expiresAt)];
    }

    private static NpgsqlParameter InstantOrNull(DateTimeOffset? instant) =>
        new() { Value = (object?)instant?.UtcDateTime ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz };

    private static void AddKey(NpgsqlCommand command, ContextAddress address, Guid scopeId)
    {
        command.Parameters.Add(Sql.Uuid(address.TenantId));
        command.Parameters.Add(Sql.Text(address.Scope));
        command.Parameters.Add(Sql.Uuid(scopeId));
        command.Parameters.Add(Sql.Text(address.Key));
    }

    private static async Task<ContextResult?> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? new ContextResult(reader.GetFieldValue<byte[]>(0), reader.GetInt32(1), true) : null;
    }

    private static async Task<int> ExecuteAsync(
        NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
#pragma warning disable CA2100 // a constant of this class
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        command.Parameters.AddRange(parameters);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static byte[] Pack(ContextResult result) =>
        JsonSerializer.SerializeToUtf8Bytes(
            new { value = JsonText.ParseElement(result.Value!), version = result.Version }, JsonText.HeldSerialization);
}
