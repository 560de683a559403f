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
            $"insert into substitutions (tenant_id, id, user_id, substitute_id, starts_at, ends_at, created_at) select '{_own.Id}', gen_random_uuid(), id, '{_otherUser}', now(), now() + interval '1 day', now() from users limit 1",
            $"insert into approval_assignees (tenant_id, request_id, kind, principal_id, created_at) values ('{_own.Id}', '{_otherUser}', 'user', '{_otherUser}', now())",
            $"insert into approval_decisions (tenant_id, request_id, user_id, decided_by, decision, decided_at) values ('{_own.Id}', '{_otherUser}', '{_otherUser}', 'x', 'approve', now())",
            $"insert into notifications (tenant_id, user_id, id, source, kind, title, created_at) values ('{_own.Id}', '{_otherUser}', gen_random_uuid(), 's', 'k', 't', now())",
            $"update workflows set checked_out_by = '{_otherUser}', checked_out_at = now() where tenant_id = '{_own.Id}'",
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
    [InlineData("substitutions")]
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

    // A row in each table: $1 the tenant, $2 an id, $3 its workflow.
    private static readonly string[] Seeds =
    [
        "insert into users (tenant_id, id, email, username, name, created_at, updated_at) values ($1, $2, 'a@b.c', 'a', 'A', now(), now())",
        "insert into roles (tenant_id, id, name, permissions, created_at, updated_at) values ($1, $2, 'owner', '{}', now(), now())",
        "insert into user_roles values ($1, $2, $2)",
        "insert into user_sessions (tenant_id, id, user_id, refresh_hash, created_at, refreshed_at, expires_at) values ($1, $2, $2, '', now(), now(), now())",
        "insert into login_failures (tenant_id, user_id, address, failures, failed_at) values ($1, $2, $2, 1, now())",
        "insert into api_keys (tenant_id, id, name, prefix, hash, scopes, created_by, created_at) values ($1, $2, '', '', '', '{}', $2, now())",
        "insert into workflow_triggers (tenant_id, workflow_id, trigger_id, version, type) values ($1, $3, 't', 1, 'manual')",
        "insert into executions (tenant_id, id, workflow_id, version, trigger_type, input, queued_at) values ($1, $2, $3, 1, 'manual', '{}', now())",
        "insert into step_executions (tenant_id, execution_id, node_id, attempt, sequence, node_type, status, started_at, finished_at) values ($1, $2, 'n', 1, 1, 'noop', 'completed', now(), now())",
        "insert into waits (tenant_id, execution_id, node_id, attempt, kind, created_at) values ($1, $2, 'n', 1, 'timer', now())",
        "insert into timers (tenant_id, execution_id, node_id, kind, due_at) values ($1, $2, 'n', 'wait', now())",
        "insert into dead_letters (tenant_id, id, execution_id, workflow_id, error, created_at) values ($1, $2, $2, $3, '{}', now())",
        "insert into idempotency_keys (tenant_id, scope, key, request_hash, created_at, expires_at) values ($1, 's', 'k', '', now(), now())",
        "insert into events (tenant_id, id, event_id, source, type, received_at) values ($1, $2, 'e', '/s', 't', now())",
        "insert into event_dedupe (tenant_id, source, event_id, id, expires_at) values ($1, '/s', 'e', $2, now())",
        "insert into event_matches (tenant_id, event_id, target, matched) values ($1, $2, 't', true)",
        "insert into events_to_route (tenant_id, id) values ($1, $2)",
        "insert into calendars (tenant_id, id, name, created_at, updated_at) values ($1, $2, 'c', now(), now())",
        "insert into calendar_days (tenant_id, calendar_id, day) values ($1, $2, '2026-12-25')",
        "insert into workflows (tenant_id, id, job_id, name, created_at, updated_at) select $1, $2, job_id, 'other', now(), now() from workflows where tenant_id = $1 and id = $3",
        "insert into workflow_dependencies (tenant_id, workflow_id, depends_on_id) values ($1, $3, $2)",
        "insert into job_packages (tenant_id, id, name, created_at, updated_at) values ($1, $2, 'p', now(), now())",
        "insert into job_package_steps (tenant_id, package_id, id, position, job_id) select $1, $2, $2, 1, job_id from workflows where tenant_id = $1 and id = $3",
        "insert into job_runs (tenant_id, id, package_id, trigger_type, started_at) values ($1, $2, $2, 'manual', now())",
        "insert into job_run_items (tenant_id, run_id, id, position, workflow_id) values ($1, $2, $3, 1, $3)",
        "insert into schedules (tenant_id, id, name, workflow_id, cron, anchor_at, created_at, updated_at) values ($1, $2, 's', $3, '@daily', now(), now(), now())",
        "insert into schedule_fires (tenant_id, schedule_id, tick, fired_at, outcome) values ($1, $2, now(), now(), 'started')",
        "insert into rules (tenant_id, id, name, definition, created_at, updated_at) values ($1, $2, 'r', '{}', now(), now())",
        "insert into rule_joins (tenant_id, rule_id, correlation_key, rule_version, expires_at) values ($1, $2, 'k', 1, now())",
        "insert into execution_families (tenant_id, root_id, descendants, expires_at) values ($1, $2, 1, now())",
        "insert into rate_slots (tenant_id, workflow_id, key, n, at, expires_at) values ($1, $2, 'k', 1, now(), now())",
        "insert into outbox (tenant_id, id, topic, subject_id, not_before) values ($1, $2, 'index_workflow', $3, now())",
        "insert into workflow_performance values ($1, $3, now(), 'manual', 'completed', 1, 1, 1)",
        "insert into performance_deltas values ($1, $2, $3, now(), 'manual', 'completed', 1, 1, 1)",
        "insert into execution_logs (tenant_id, id, execution_id, level, message, at) values ($1, $2, $2, 'info', 'x', now())",
        "insert into groups (tenant_id, id, name, created_at, updated_at) values ($1, $2, 'G', now(), now())",
        "insert into user_groups values ($1, $2, $2)",
        "insert into users (tenant_id, id, email, username, name, created_at, updated_at) values ($1, $3, 'c@b.c', 'c', 'C', now(), now())",
        "insert into substitutions (tenant_id, id, user_id, substitute_id, starts_at, ends_at, created_at) values ($1, $2, $2, $3, now(), now() + interval '1 day', now())",
        "insert into approval_requests (tenant_id, id, execution_id, workflow_id, node_id, iteration, attempt, title, mode, required, unknown_assignees, created_at) values ($1, $2, $2, $3, 'n', '', 1, 'T', 'any', 1, '{}', now())",
        "insert into approval_assignees (tenant_id, request_id, kind, principal_id, created_at) values ($1, $2, 'user', $2, now())",
        "insert into approval_decisions (tenant_id, request_id, user_id, decided_by, decision, decided_at) values ($1, $2, $2, 'a@b.c', 'approve', now())",
        "insert into approval_comments (tenant_id, request_id, id, user_id, written_by, text, created_at) values ($1, $2, $2, $2, 'a@b.c', 'x', now())",
        "insert into approval_tasks (tenant_id, request_id, kind, due_at) values ($1, $2, 'remind', now())",
        "insert into notifications (tenant_id, user_id, id, source, kind, title, created_at) values ($1, $2, $2, 's', 'k', 't', now())",
        "insert into callback_calls (tenant_id, execution_id, node_id, iteration, call, received_at, expires_at) values ($1, $2, 'n', '', '{}', now(), now())",
        "insert into user_activity (tenant_id, id, actor_type, actor_name, action, object_type, at) values ($1, $2, 'system', 'x', 'x', 'x', now())",
        "insert into tenant_keys (tenant_id, key_id, wrapped, created_at) values ($1, 'k', '', now())",
        "insert into secrets (tenant_id, id, name, key_id, sealed, created_at, updated_at) values ($1, $2, 's', 'k', '', now(), now())",
        "insert into variables (tenant_id, id, name, value, created_at, updated_at) values ($1, $2, 'v', '1', now(), now())",
        "insert into connectors (tenant_id, id, name, type, key_id, sealed, created_at, updated_at) values ($1, $2, 'c', 'http', 'k', '', now(), now())",
        "insert into context_entries (tenant_id, id, scope, scope_id, key, value, created_at, updated_at) values ($1, $2, 'tenant', $1, 'k', '1', now(), now())",
        "insert into context_writes (tenant_id, operation, expires_at) values ($1, 'o', now())",
        "insert into node_definitions (tenant_id, id, name, schema, implementation, created_at, updated_at) values ($1, $2, 'n', '{}', '{}', now(), now())",
    ];

    private async Task<Guid> SeedAsync(TestTenant tenant)
    {
        var user = Guid.CreateVersion7();
        foreach (var seed in Seeds)
        {
            object[] parameters = seed.Contains("$3", StringComparison.Ordinal) ? [tenant.Id, user, tenant.WorkflowId] : [tenant.Id, user];
            await _stack.ExecuteAsync(seed, parameters);
        }

        return user;
    }
}
