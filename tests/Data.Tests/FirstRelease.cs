using Npgsql;
using Workflows.Data.Database;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>A database as the first release left it: its schema, and in each of its tables rows as that release wrote them.</summary>
internal static class FirstRelease
{
    public const string LastMigration = "0009_bounded_maintenance";

    // Executions are told apart by their correlation id.
    private const string Data = """
        create function pg_temp.id(n int) returns uuid language sql as
          'select (left(uuid_at(now() - interval ''10 minutes'')::text, 14) || ''7000-8000-'' || lpad($1::text, 12, ''0''))::uuid';

        insert into tenants (tenant_id, name, slug, created_at, updated_at) values (pg_temp.id(1), 'First', 'first', now(), now()), (pg_temp.id(2), 'Other', 'other', now(), now());
        insert into users (tenant_id, id, email, username, name, password_hash, created_at, updated_at)
          values (pg_temp.id(1), pg_temp.id(10), 'owner@first.example', 'owner', 'Owner', 'hash', now(), now());
        insert into roles (tenant_id, id, name, permissions, built_in, created_at, updated_at)
          values (pg_temp.id(1), pg_temp.id(11), 'owner', '{*}', true, now(), now()), (pg_temp.id(1), pg_temp.id(12), 'Starters', '{executions.execute}', false, now(), now());
        insert into user_roles (tenant_id, user_id, role_id) values (pg_temp.id(1), pg_temp.id(10), pg_temp.id(11));
        insert into user_sessions (tenant_id, id, user_id, refresh_hash, created_at, refreshed_at, expires_at)
          values (pg_temp.id(1), pg_temp.id(13), pg_temp.id(10), '\xaa', now(), now(), now() + interval '1 day');
        insert into api_keys (tenant_id, id, name, prefix, hash, scopes, created_by, created_at)
          values (pg_temp.id(1), pg_temp.id(14), 'first', 'wf_', '\xbb', '{*}', pg_temp.id(10), now());

        insert into workspaces (tenant_id, id, name, created_at, updated_at) values (pg_temp.id(1), pg_temp.id(20), 'Workspace', now(), now());
        insert into folders (tenant_id, id, workspace_id, parent_id, name, created_at, updated_at)
          values (pg_temp.id(1), pg_temp.id(21), pg_temp.id(20), null, 'Folder', now(), now()), (pg_temp.id(1), pg_temp.id(22), pg_temp.id(20), pg_temp.id(21), 'Within', now(), now());
        insert into jobs (tenant_id, id, folder_id, name, created_at, updated_at) values (pg_temp.id(1), pg_temp.id(23), pg_temp.id(22), 'Job', now(), now());
        insert into workflows (tenant_id, id, job_id, name, tags, draft_version, published_version, created_by, created_at, updated_at)
          values (pg_temp.id(1), pg_temp.id(24), pg_temp.id(23), 'Published', '{a,b}', 2, 1, pg_temp.id(10), now(), now()), (pg_temp.id(1), pg_temp.id(25), pg_temp.id(23), 'Draft', '{}', 1, null, null, now(), now());
        insert into workflow_versions (tenant_id, workflow_id, number, definition, change_type, author_id, created_at)
          select pg_temp.id(1), pg_temp.id(24), n, '{"schema": 1, "settings": {"priority": "high"}, "triggers": [{"id": "placed", "type": "event", "eventType": "order.placed"}], "nodes": [{"id": "a", "type": "noop"}], "edges": []}',
            c, pg_temp.id(10), now() from (values (1, 'publish'), (2, 'update')) v (n, c);
        insert into workflow_versions (tenant_id, workflow_id, number, definition, change_type, created_at) values (pg_temp.id(1), pg_temp.id(25), 1, '{}', 'create', now());
        insert into workflow_triggers (tenant_id, workflow_id, trigger_id, version, type, event_type) values (pg_temp.id(1), pg_temp.id(24), 'placed', 1, 'event', 'order.placed');

        insert into workers (id, name, status, started_at, heartbeat_at, in_flight)
          values (pg_temp.id(30), 'old', 'active', now() - interval '1 hour', now() - interval '10 minutes', 1), (pg_temp.id(31), 'gone', 'fenced', now(), now(), 0);
        insert into executions (tenant_id, id, workflow_id, version, status, priority, trigger_type, trigger, correlation_id, input, output, error, lease_owner, fence, stop_request, created_by, queued_at, started_at, finished_at)
          select pg_temp.id(1), pg_temp.id(n), pg_temp.id(24), 1, s, p, t, '{"id": "placed"}', name, '{"n": 1}', o::jsonb, e::jsonb, case when s = 'running' then pg_temp.id(30) end, f, stop, 'owner',
            now() - interval '10 minutes', case when f > 0 then now() - interval '9 minutes' end, case when s in ('completed', 'failed', 'cancelled', 'timed_out') then now() end
          from (values
            (40, 'queued', 'queued', 0, 'manual', null, null, 0, null),
            (41, 'swept', 'queued', 1, 'event', null, null, 0, null),
            (42, 'running', 'running', 0, 'manual', null, null, 3, null),
            (43, 'awaits-event', 'waiting', 0, 'manual', null, null, 1, null),
            (44, 'awaits-timer', 'waiting', 0, 'manual', null, null, 1, null),
            (45, 'awaits-retry', 'waiting', -1, 'event', null, null, 2, null),
            (46, 'completed', 'completed', 0, 'manual', '{"done": true}', null, 1, null),
            (47, 'failed', 'failed', 0, 'manual', null, '{"code": "BOOM", "message": "no"}', 1, null),
            (48, 'cancelled', 'cancelled', 0, 'manual', null, null, 1, 'cancel'),
            (49, 'timed-out', 'timed_out', 0, 'manual', null, '{"code": "TIMEOUT", "message": "late"}', 1, 'timeout')) v (n, name, s, p, t, o, e, f, stop);
        insert into step_executions (tenant_id, execution_id, node_id, attempt, sequence, node_type, status, port, output, error, started_at, finished_at)
          select pg_temp.id(1), pg_temp.id(n), 'a', 1, 1, 'set', case when n = 47 then 'failed' else 'completed' end, case when n <> 47 then 'main' end, '{"n": 1}', null, now(), now() from generate_series(42, 49) n;
        insert into waits (tenant_id, execution_id, node_id, attempt, kind, status, event_type, correlation_key, due_at, outcome, created_at, resolved_at) values
          (pg_temp.id(1), pg_temp.id(43), 'w', 1, 'event', 'open', 'order.paid', 'o-1', now() + interval '1 day', null, now(), null),
          (pg_temp.id(1), pg_temp.id(44), 'w', 1, 'timer', 'open', null, null, now() - interval '1 minute', null, now(), null),
          (pg_temp.id(1), pg_temp.id(45), 'w', 2, 'retry', 'open', null, null, now() - interval '1 minute', null, now(), null),
          (pg_temp.id(1), pg_temp.id(42), 'w', 1, 'timer', 'resolved', null, null, now(), 'due', now(), now());
        insert into timers (tenant_id, execution_id, node_id, attempt, kind, due_at) values
          (pg_temp.id(1), pg_temp.id(43), 'w', 1, 'wait', now() + interval '1 day'), (pg_temp.id(1), pg_temp.id(43), '', 0, 'execution_timeout', now() + interval '2 days'),
          (pg_temp.id(1), pg_temp.id(44), 'w', 1, 'wait', now() - interval '1 minute'), (pg_temp.id(1), pg_temp.id(45), 'w', 2, 'wait', now() - interval '1 minute');
        insert into dead_letters (tenant_id, id, execution_id, workflow_id, node_id, error, input, created_at) values (pg_temp.id(1), pg_temp.id(50), pg_temp.id(47), pg_temp.id(24), 'a', '{"code": "BOOM"}', '{}', now());
        insert into idempotency_keys (tenant_id, scope, key, request_hash, response, created_at, expires_at)
          values (pg_temp.id(1), 'scope', 'key', '\xcc', jsonb_build_object('executionId', pg_temp.id(46)), now(), now() + interval '1 day');

        insert into events (tenant_id, id, event_id, source, type, subject, correlation_key, data, received_at)
          values (pg_temp.id(1), pg_temp.id(60), 'e-1', '/shop', 'order.placed', 'o-1', 'o-1', '{"n": 1}', now()), (pg_temp.id(1), pg_temp.id(61), 'e-2', '/shop', 'order.placed', 'o-2', 'o-2', '{"n": 2}', now());
        insert into event_dedupe (tenant_id, source, event_id, id, expires_at) select tenant_id, source, event_id, id, now() + interval '1 day' from events;
        insert into event_matches (tenant_id, event_id, target, workflow_id, execution_id, matched) values (pg_temp.id(1), pg_temp.id(60), 'trigger:placed', pg_temp.id(24), pg_temp.id(41), true);
        insert into events_to_route (tenant_id, id) values (pg_temp.id(1), pg_temp.id(61));
        insert into outbox (tenant_id, id, topic, subject_id, not_before) values (pg_temp.id(1), pg_temp.id(62), 'index_workflow', pg_temp.id(24), now());
        insert into user_activity (tenant_id, id, actor_type, actor_id, actor_name, action, object_type, object_id, at)
          values (pg_temp.id(1), pg_temp.id(63), 'user', pg_temp.id(10), 'owner', 'workflow.publish', 'workflow', pg_temp.id(24), now());

        insert into search.corpora (tenant_id, revision, model, updated_at) values (pg_temp.id(1), 1, 'm', now());
        insert into search.documents (tenant_id, id, content_type, content_id, title, content_hash, source_version, content_at, revision, indexed_at)
          values (pg_temp.id(1), pg_temp.id(70), 'workflow', pg_temp.id(24), 'Published', '\xdd', 1, now(), 1, now());
        insert into search.chunks (tenant_id, document_id, number, label, text, terms, content_hash) values (pg_temp.id(1), pg_temp.id(70), 0, 'all', 'text', '\x00', '\x00');
        insert into search.embeddings (tenant_id, document_id, chunk, model, dimension, embedding, content_type, tags, content_at)
          values (pg_temp.id(1), pg_temp.id(70), 0, 'm', 384, array_fill(0.1::float4, array[384])::halfvec, 'workflow', '{}', now());
        insert into search.models (tenant_id, name, chunks, directions, energies, created_at) values (pg_temp.id(1), 'm', 1, 1, '\x00', now());
        insert into search.model_parts (tenant_id, name, part, terms, idf, vectors) values (pg_temp.id(1), 'm', 0, '\x00', '\x00', '\x00');
        insert into search.parked_work (tenant_id, id, topic, subject_id, payload, attempts, error, parked_at) values (pg_temp.id(1), pg_temp.id(71), 'index_workflow', pg_temp.id(24), '{}', 9, 'no', now());
        """;

    /// <summary>Makes a database of the first release, with data.</summary>
    public static async Task<TestDatabase> CreateAsync(PostgresServer server, CancellationToken cancellationToken)
    {
        var database = await server.CreateDatabaseAsync();
        var runner = new MigrationRunner(DataStack.OptionsFor(database.ConnectionString));
        await runner.MigrateAsync(cancellationToken); // for the roles, which scripts do not make
        await runner.RevertAsync(null, cancellationToken);
        foreach (var migration in Migration.All().TakeWhile(migration => string.CompareOrdinal(migration.Name, LastMigration) <= 0))
        {
            await ExecuteAsync(database, migration.UpScript, cancellationToken);
            await ExecuteAsync(database, $"insert into schema_migrations (name, checksum) values ('{migration.Name}', '{migration.Checksum}')", cancellationToken);
        }

        await ExecuteAsync(database, "select make_partitions_ahead(now(), 2)", cancellationToken);
        await ExecuteAsync(database, Data, cancellationToken);
        return database;
    }

    private static async Task ExecuteAsync(TestDatabase database, string sql, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(cancellationToken);
#pragma warning disable CA2100 // constants above and embedded migrations
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
