using Npgsql;
using Workflows.Data.Database;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>
/// The tenant boundary, tried on every tenant table there is: under another tenant, and with none, nothing is seen and nothing is changed. Each table is
/// first shown to hold a row of tenant B, so that an empty answer means the boundary and not an empty table.
/// </summary>
public sealed class TenantBoundaryTests(PostgresServer server) : IAsyncLifetime
{
    private const string InsufficientPrivilege = "42501";
    private const string ForeignKeyViolation = "23503";

    private DataStack _stack = null!;
    private TestTenant _own = null!;
    private TestTenant _other = null!;
    private Guid _otherUser;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        _own = await _stack.AddTenantAsync();
        _other = await _stack.AddTenantAsync();
        _otherUser = await SeedAsync(_other);
        await SeedAsync(_own);
    }

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task Every_tenant_table_holds_a_row_of_the_other_tenant()
    {
        foreach (var table in await TablesAsync())
        {
            Assert.True(
                await _stack.ScalarAsync<bool>($"select exists (select from {table} where tenant_id = $1)", _other.Id),
                $"{nameof(SeedAsync)} puts no row into {table}: then these tests show nothing for it.");
        }
    }

    [Fact]
    public async Task The_api_sees_no_row_of_another_tenant()
    {
        foreach (var table in await TablesAsync())
        {
            var ownRows = await CountAsync(_own.Id, $"select count(*) from {table}");
            Assert.True(ownRows is null or > 0, $"{table} hides the tenant's own rows");
            Assert.True(await CountAsync(_own.Id, $"select count(*) from {table} where tenant_id <> '{_own.Id}'") is null or 0, table);
        }
    }

    [Fact]
    public async Task Without_a_tenant_the_api_sees_nothing()
    {
        foreach (var table in await TablesAsync())
        {
            Assert.True(await CountAsync(null, $"select count(*) from {table}") is null or 0, table);
        }
    }

    [Fact]
    public async Task The_api_changes_and_deletes_no_row_of_another_tenant_or_without_one()
    {
        foreach (var table in await TablesAsync())
        {
            foreach (var tenant in new Guid?[] { _own.Id, null })
            {
                // Only the tenant's own condition keeps the statement away; a table that may not be updated at all refuses it.
                Assert.True(await ChangeAsync(tenant, $"update {table} set tenant_id = tenant_id where tenant_id = '{_other.Id}'") is 0, $"update {table}");
                Assert.True(await ChangeAsync(tenant, $"delete from {table} where tenant_id = '{_other.Id}'") is 0, $"delete {table}");
            }
        }
    }

    [Fact]
    public async Task The_api_moves_no_row_of_its_own_to_another_tenant()
    {
        foreach (var table in await TablesAsync())
        {
            await using var connection = await _stack.Api.Source.OpenConnectionAsync(TestContext.Current.CancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
            await SetTenantAsync(connection, _own.Id);
            await using var update = new NpgsqlCommand($"update {table} set tenant_id = '{_other.Id}'", connection);
            var error = await Assert.ThrowsAsync<PostgresException>(() => update.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
            Assert.Equal(InsufficientPrivilege, error.SqlState);
        }
    }

    [Fact]
    public async Task The_api_inserts_no_row_for_another_tenant_or_without_one()
    {
        foreach (var table in await TablesAsync())
        {
            // A copy of tenant B's own row: nothing about it is wrong but who inserts it.
            var row = await _stack.ScalarAsync<string>($"select to_jsonb(t)::text from {table} t where tenant_id = $1 limit 1", _other.Id);
            foreach (var tenant in new Guid?[] { _own.Id, null })
            {
                await using var connection = await _stack.Api.Source.OpenConnectionAsync(TestContext.Current.CancellationToken);
                await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
                await SetTenantAsync(connection, tenant);
                await using var insert = new NpgsqlCommand($"insert into {table} select * from jsonb_populate_record(null::{table}, $1::jsonb)", connection);
                insert.Parameters.Add(new() { Value = row });
                var error = await Assert.ThrowsAsync<PostgresException>(() => insert.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
                Assert.True(error.SqlState == InsufficientPrivilege, $"{table}: {error.SqlState} {error.MessageText}");
            }
        }
    }

    [Fact]
    public async Task No_foreign_key_reaches_a_row_of_another_tenant()
    {
        string[] inserts =
        [
            $"insert into user_roles values ('{_own.Id}', '{_otherUser}', '{_otherUser}')",
            $"insert into user_sessions (tenant_id, id, user_id, refresh_hash, created_at, refreshed_at, expires_at) values ('{_own.Id}', gen_random_uuid(), '{_otherUser}', '', now(), now(), now())",
            $"insert into api_keys (tenant_id, id, name, prefix, hash, scopes, created_by, created_at) values ('{_own.Id}', gen_random_uuid(), '', '', '', '{{}}', '{_otherUser}', now())",
            $"insert into workflow_versions (tenant_id, workflow_id, number, definition, change_type, created_at) values ('{_own.Id}', '{_other.WorkflowId}', 2, '{{}}', 'create', now())",
            $"insert into workflow_triggers (tenant_id, workflow_id, trigger_id, version, type) values ('{_own.Id}', '{_other.WorkflowId}', 'x', 1, 'manual')",
            $"insert into user_groups values ('{_own.Id}', '{_otherUser}', '{_otherUser}')",
            "insert into object_permissions (tenant_id, id, object_type, object_id, user_id, level, granted_at) values "
                + $"('{_own.Id}', gen_random_uuid(), 'workflow', '{_otherUser}', '{_otherUser}', 'view', now())",
            $"insert into substitutions (tenant_id, id, user_id, substitute_id, starts_at, ends_at, created_at) select '{_own.Id}', gen_random_uuid(), id, '{_otherUser}', now(), now() + interval '1 day', now() from users limit 1",
            $"insert into approval_assignees (tenant_id, request_id, kind, principal_id, created_at) values ('{_own.Id}', '{_otherUser}', 'user', '{_otherUser}', now())",
            $"insert into approval_decisions (tenant_id, request_id, user_id, decided_by, decision, decided_at) values ('{_own.Id}', '{_otherUser}', '{_otherUser}', 'x', 'approve', now())",
            $"insert into notifications (tenant_id, user_id, id, source, kind, title, created_at) values ('{_own.Id}', '{_otherUser}', gen_random_uuid(), 's', 'k', 't', now())",
            "insert into account_links (tenant_id, id, kind, user_id, email, created_at, expires_at) values "
                + $"('{_own.Id}', gen_random_uuid(), 'password_reset', '{_otherUser}', 'x', now(), now())",
            "insert into invitations (tenant_id, id, email, role_ids, group_ids, invited_by, created_at, expires_at) "
                + "values "
                + $"('{_own.Id}', gen_random_uuid(), 'x', '{{}}', '{{}}', '{_otherUser}', now(), now())",
            "insert into user_identities (tenant_id, provider_id, subject, user_id, created_at, last_login_at) select "
                + $"'{_own.Id}', id, 'x', '{_otherUser}', now(), now() from identity_providers limit 1",
            $"update api_keys set service_account_id = '{_otherUser}' where tenant_id = '{_own.Id}'",
            "insert into staged_writes (tenant_id, transaction_id, number, method, path, route, object_type, "
                + $"object_id, seed, staged_at) select '{_own.Id}', id, 1, 'POST', '/x', 'x', 'job', id, id, now() "
                + $"from (values ('{_otherUser}'::uuid)) t (id)",
            "insert into tickets (tenant_id, id, title, created_by, created_at, updated_at) values "
                + $"('{_own.Id}', gen_random_uuid(), 't', '{_otherUser}', now(), now())",
            "insert into terms_acceptances (tenant_id, user_id, terms_id, accepted_at) values "
                + $"('{_own.Id}', '{_otherUser}', gen_random_uuid(), now())",
            $"update workflows set checked_out_by = '{_otherUser}', checked_out_at = now(), checked_out_until = now() "
                + $"where tenant_id = '{_own.Id}'",
        ];
        foreach (var insert in inserts)
        {
            await using var connection = await _stack.Api.Source.OpenConnectionAsync(TestContext.Current.CancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
            await SetTenantAsync(connection, _own.Id);
            await using var command = new NpgsqlCommand(insert, connection);
            var error = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
            Assert.True(error.SqlState == ForeignKeyViolation, $"{insert}: {error.SqlState} {error.MessageText}");
        }
    }

    [Theory]
    [InlineData("users")]
    [InlineData("api_keys")]
    [InlineData("user_sessions")]
    [InlineData("user_roles")]
    [InlineData("roles")]
    [InlineData("groups")]
    [InlineData("user_groups")]
    [InlineData("object_permissions")]
    [InlineData("substitutions")]
    [InlineData("invitations")]
    [InlineData("account_links")]
    [InlineData("mails")]
    [InlineData("recovery_codes")]
    [InlineData("user_identities")]
    [InlineData("provider_logins")]
    [InlineData("service_accounts")]
    public async Task The_worker_cannot_touch_identity(string table)
    {
        foreach (var statement in new[] { $"select from {table}", $"delete from {table}", $"update {table} set tenant_id = tenant_id", $"insert into {table} default values" })
        {
            await using var command = _stack.Worker.Source.CreateCommand(statement);
            var error = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
            Assert.Equal(InsufficientPrivilege, error.SqlState);
        }
    }

    [Theory]
    [InlineData("select find_api_key('x')")]
    [InlineData("select find_logins('x')")]
    [InlineData("select find_session('x')")]
    [InlineData("select has_tenants()")]
    [InlineData("select tenant_slug_taken('x')")]
    [InlineData("select claim_mails(1, interval '1 second')")]
    [InlineData("select forget_old_mails(interval '1 day', 1)")]
    [InlineData("select find_identity_provider('x', 'y')")]
    [InlineData("select forget_provider_logins(1)")]
    public async Task Look_ups_that_precede_the_tenant_are_for_the_api_alone(string call)
    {
        await using (var allowed = _stack.Api.Source.CreateCommand(call))
        {
            await allowed.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        await using var search = new WorkflowsDatabase(_stack.Options, DatabaseRole.Search);
        foreach (var database in new[] { _stack.Worker, search })
        {
            await using var command = database.Source.CreateCommand(call);
            var error = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
            Assert.Equal(InsufficientPrivilege, error.SqlState);
        }
    }

    [Theory]
    [InlineData("update user_activity set action = 'x'")]
    [InlineData("delete from user_activity")]
    [InlineData("update workflow_versions set comment = 'x'")]
    [InlineData("delete from workflow_versions")]
    [InlineData("delete from executions")]
    [InlineData("update step_executions set output = null")]
    [InlineData("truncate user_activity")]
    public async Task Records_are_append_only_for_the_api_and_the_worker(string statement)
    {
        foreach (var database in new[] { _stack.Api, _stack.Worker })
        {
            await using var command = database.Source.CreateCommand(statement);
            var error = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
            Assert.Equal(InsufficientPrivilege, error.SqlState);
        }
    }

    [Fact]
    public async Task The_tenant_ends_with_the_transaction_on_a_pooled_connection()
    {
        await using var connection = await _stack.Api.Source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using (var batch = new NpgsqlBatch(connection) { BatchCommands = { TenantScope.SetTenant(_own.Id), new("select count(*) from workflows") } })
        await using (var reader = await batch.ExecuteReaderAsync(TestContext.Current.CancellationToken))
        {
            await reader.NextResultAsync(TestContext.Current.CancellationToken);
            await reader.ReadAsync(TestContext.Current.CancellationToken);
            Assert.Equal(2, reader.GetInt64(0));
        }

        await using var after = new NpgsqlCommand("select count(*) from workflows", connection);
        Assert.Equal(0L, await after.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }

    private Task<List<string>> TablesAsync() => _stack.ListAsync(
        """
        select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1
        """);

    /// <returns>Null when the api may not read the table at all.</returns>
    private async Task<long?> CountAsync(Guid? tenant, string sql)
    {
        try
        {
            await using var connection = await _stack.Api.Source.OpenConnectionAsync(TestContext.Current.CancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
            await SetTenantAsync(connection, tenant);
            await using var command = new NpgsqlCommand(sql, connection);
            return (long)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
        }
        catch (PostgresException exception) when (exception.SqlState == InsufficientPrivilege)
        {
            return null;
        }
    }

    /// <returns>The rows changed; 0 also when the api may not change the table at all.</returns>
    private async Task<int> ChangeAsync(Guid? tenant, string sql)
    {
        try
        {
            await using var connection = await _stack.Api.Source.OpenConnectionAsync(TestContext.Current.CancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
            await SetTenantAsync(connection, tenant);
            await using var command = new NpgsqlCommand(sql, connection);
            return await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
        catch (PostgresException exception) when (exception.SqlState == InsufficientPrivilege)
        {
            return 0;
        }
    }

    private static async Task SetTenantAsync(NpgsqlConnection connection, Guid? tenant)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(tenant is { } id ? TenantScope.SetTenant(id) : new NpgsqlBatchCommand("select 1"));
        await batch.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    private async Task<Guid> SeedAsync(TestTenant tenant)
    {
        var user = Guid.CreateVersion7();
        foreach (var seed in TenantBoundarySeeds.All)
        {
            object[] parameters = seed.Contains("$3", StringComparison.Ordinal) ? [tenant.Id, user, tenant.WorkflowId] : [tenant.Id, user];
            await _stack.ExecuteAsync(seed, parameters);
        }

        return user;
    }
}
