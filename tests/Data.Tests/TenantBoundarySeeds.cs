namespace Workflows.Data.Tests;

/// <summary>Rows of a tenant for the tests of its boundary.</summary>
internal static class TenantBoundarySeeds
{
    /// <summary>A row in each table: $1 the tenant, $2 an id, $3 its workflow.</summary>
    public static readonly string[] All =
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
        """
        insert into object_permissions (tenant_id, id, object_type, object_id, user_id, level, granted_at)
        values ($1, $2, 'workflow', $2, $2, 'view', now())
        """,
        """
        insert into operator_accesses (tenant_id, id, reason, role, created_at, expires_at)
        values ($1, $2, 'r', 'viewer', now(), now() + interval '1 day')
        """,
        "insert into approval_requests (tenant_id, id, execution_id, workflow_id, node_id, iteration, attempt, title, mode, required, unknown_assignees, created_at) values ($1, $2, $2, $3, 'n', '', 1, 'T', 'any', 1, '{}', now())",
        "insert into approval_assignees (tenant_id, request_id, kind, principal_id, created_at) values ($1, $2, 'user', $2, now())",
        "insert into approval_decisions (tenant_id, request_id, user_id, decided_by, decision, decided_at) values ($1, $2, $2, 'a@b.c', 'approve', now())",
        "insert into approval_comments (tenant_id, request_id, id, user_id, written_by, text, created_at) values ($1, $2, $2, $2, 'a@b.c', 'x', now())",
        "insert into approval_tasks (tenant_id, request_id, kind, due_at) values ($1, $2, 'remind', now())",
        "insert into notifications (tenant_id, user_id, id, source, kind, title, created_at) values ($1, $2, $2, 's', 'k', 't', now())",
        "insert into callback_calls (tenant_id, execution_id, node_id, iteration, call, received_at, expires_at) values ($1, $2, 'n', '', '{}', now(), now())",
        "insert into saved_views (tenant_id, id, list, name, owner_id, content, created_at, updated_at) "
            + "values ($1, $2, 'executions', 'v', $2, '{}', now(), now())",
        "insert into metric_minutes values ($1, 'm', now(), '{}', 1, 1, 1, 1, 1, now())",
        "insert into metric_names values ($1, 'm', now(), now())",
        """
        insert into knowledge_articles (tenant_id, id, title, created_at, updated_at)
        values ($1, $2, 'a', now(), now())
        """,
        """
        insert into knowledge_versions (tenant_id, article_id, number, title, content, category, tags, change,
          created_at)
        values ($1, $2, 1, 'a', '', '', '{}', 'create', now())
        """,
        """
        insert into knowledge_files (tenant_id, article_id, name, format, size, hash, bytes, created_at)
        values ($1, $2, 'f', 'text', 0, '', '', now())
        """,
        "insert into own_embedding_types values ($1, 't', 1, now())",
        """
        insert into own_embeddings (tenant_id, content_type, content_id, dimension, embedding, created_at, updated_at)
        values ($1, 't', 'c', 1, '[1]', now(), now())
        """,
        "insert into user_activity (tenant_id, id, actor_type, actor_name, action, object_type, at) values ($1, $2, 'system', 'x', 'x', 'x', now())",
        "insert into edit_transactions (tenant_id, id, holder_type, holder_id, created_at, expires_at) "
            + "values ($1, $2, 'user', $2, now(), now() + interval '1 hour')",
        """
        insert into staged_writes (tenant_id, transaction_id, number, method, path, route, object_type, object_id, seed,
          staged_at)
        values ($1, $2, 1, 'PATCH', '/x', 'x', 'workflow', $3, $2, now())
        """,
        "insert into second_factors (tenant_id, user_id, key_id, sealed, created_at) values ($1, $2, 'k', '', now())",
        "insert into recovery_codes (tenant_id, user_id, hash) values ($1, $2, '')",
        "insert into invitations (tenant_id, id, email, role_ids, group_ids, created_at, expires_at) "
            + "values ($1, $2, 'i@b.c', '{}', '{}', now(), now())",
        "insert into account_links (tenant_id, id, kind, user_id, email, created_at, expires_at) "
            + "values ($1, $2, 'password_reset', $2, 'a@b.c', now(), now())",
        "insert into mails (tenant_id, id, kind, recipient, subject, text, link_id, not_before, created_at) "
            + "values ($1, $2, 'password_reset', 'a@b.c', 's', 't', $2, now(), now())",
        "insert into identity_providers (tenant_id, id, slug, name, issuer, client_id, scopes, enabled, trust_email, "
            + "link_by_email, provision, default_roles, mappings, created_at, updated_at) "
            + "values ($1, $2, 'p', 'P', 'i', 'c', '{}', true, false, false, false, '{}', '[]', now(), now())",
        "insert into user_identities (tenant_id, provider_id, subject, user_id, created_at, last_login_at) "
            + "values ($1, $2, 's', $2, now(), now())",
        "insert into provider_logins (tenant_id, id, provider_id, state_hash, browser_hash, nonce, code_verifier, "
            + "created_at, expires_at) values ($1, $2, $2, '', '', 'n', 'v', now(), now() + interval '1 day')",
        "insert into service_accounts (tenant_id, id, name, created_at, updated_at) values ($1, $2, 'S', now(), now())",
        "insert into tenant_keys (tenant_id, key_id, wrapped, created_at) values ($1, 'k', '', now())",
        "insert into secrets (tenant_id, id, name, key_id, sealed, created_at, updated_at) values ($1, $2, 's', 'k', '', now(), now())",
        "insert into variables (tenant_id, id, name, value, created_at, updated_at) values ($1, $2, 'v', '1', now(), now())",
        "insert into connectors (tenant_id, id, name, type, key_id, sealed, created_at, updated_at) values ($1, $2, 'c', 'http', 'k', '', now(), now())",
        "insert into context_entries (tenant_id, id, scope, scope_id, key, value, created_at, updated_at) values ($1, $2, 'tenant', $1, 'k', '1', now(), now())",
        "insert into context_writes (tenant_id, operation, expires_at) values ($1, 'o', now())",
        "insert into node_definitions (tenant_id, id, name, schema, implementation, created_at, updated_at) values ($1, $2, 'n', '{}', '{}', now(), now())",
        "insert into billing_profiles (tenant_id, company, address, country, contact_email, created_at, updated_at) "
            + "values ($1, 'c', '{}', 'DE', 'a@b.c', now(), now())",
        "insert into invoices (tenant_id, id, number, currency, period_start, period_end, lines, net, tax, total, "
            + "created_at, updated_at) "
            + "values ($1, $2, '1', 'EUR', '2026-01-01', '2026-01-31', '[]', 1, 0, 1, now(), now())",
        "insert into terms (tenant_id, id, number, title, text, valid_from, created_at, updated_at) "
            + "values ($1, $2, 1, 't', 't', now(), now(), now())",
        "insert into terms_acceptances (tenant_id, user_id, terms_id, accepted_at) values ($1, $2, $2, now())",
        "insert into ticket_labels (tenant_id, id, name, created_at, updated_at) values ($1, $2, 'l', now(), now())",
        "insert into tickets (tenant_id, id, addressed_to, title, created_at, updated_at) "
            + "values ($1, $2, 'platform', 't', now(), now())",
        "insert into ticket_comments (tenant_id, ticket_id, id, text, created_at) values ($1, $2, $2, 'x', now())",
        "insert into announcements (tenant_id, id, title, starts_at, created_at, updated_at) "
            + "values ($1, $2, 't', now(), now(), now())",
        "insert into announcement_reads (tenant_id, user_id, announcement_id, read_at) values ($1, $2, $2, now())",
        "insert into usage_daily (tenant_id, day) values ($1, '2026-01-01')",
        "insert into budgets (tenant_id, id, name, kind, period, amount, thresholds, created_at, updated_at) "
            + "values ($1, $2, 'b', 'steps', 'day', 1, '{80}', now(), now())",
        "insert into budget_alerts (tenant_id, budget_id, period_start, threshold, used, amount, at) "
            + "values ($1, $2, now(), 80, 1, 1, now())",
        "insert into budget_stops (tenant_id, budget_id, name, until) values ($1, $2, 'b', now())",
        "insert into models (tenant_id, id, name, kind, connector_id, model, created_at, updated_at) "
            + "values ($1, $2, 'm', 'chat', $2, 'x', now(), now())",
        "insert into model_calls (tenant_id, id, model_id, model_name, provider, purpose, started_at) "
            + "values ($1, $2, $2, 'm', 'ollama', 'node', now())",
        "insert into model_usage_daily (tenant_id, day, model_id, workspace_id, purpose) "
            + "values ($1, '2026-01-01', $2, $2, 'node')",
        "insert into conversations (tenant_id, id, kind, owner_id, expires_at, created_at, updated_at) "
            + "values ($1, $2, 'chat', $2, now(), now(), now())",
        "insert into conversation_messages (tenant_id, conversation_id, number, role, content, created_at, updated_at) "
            + "values ($1, $2, 1, 'user', 'x', now(), now())",
        "insert into told_workflows (tenant_id, workflow_id, on_failure, on_success) values ($1, $3, true, true)",
        "insert into subscriptions (tenant_id, id, user_id, object_type, object_id, events, channels, created_at, "
            + "updated_at) values ($1, $2, $2, 'workflow', $3, '{failure}', '{in_app}', now(), now())",
        "insert into notification_settings (tenant_id, user_id, updated_at) values ($1, $2, now())",
        "insert into notification_outbox (tenant_id, id, event, workflow_id, execution_id, due_at) "
            + "values ($1, $2, 'failure', $3, $2, now())",
        "insert into working_copies (tenant_id, workflow_id, user_id, definition, base_version, created_at, "
            + "updated_at) values ($1, $3, $2, '{}', 1, now(), now())",
        "insert into workflow_pins (tenant_id, workflow_id, pins, created_at, updated_at) "
            + "values ($1, $3, '{}', now(), now())",
        "insert into test_runs (tenant_id, execution_id, workflow_id, source, definition, plan, created_at) "
            + "values ($1, $2, $3, 'inline', '{}', '{}', now())",
        "insert into prompt_cards (tenant_id, id, workspace_id, title, messages, created_at, updated_at) "
            + "select $1, $2, id, 't', '[]', now(), now() from workspaces where tenant_id = $1 limit 1",
        "insert into prompt_versions (tenant_id, card_id, number, messages, variables, settings, created_at) "
            + "values ($1, $2, 1, '[]', '[]', '{}', now())",
        "insert into prompt_test_sets (tenant_id, id, card_id, name, cases, created_at, updated_at) "
            + "values ($1, $2, $2, 's', '[]', now(), now())",
        "insert into prompt_test_runs (tenant_id, id, card_id, workspace_id, set_id, set_name, cases, models, "
            + "versions, repeats, total, created_at) "
            + "select $1, $2, $2, workspace_id, $2, 's', '[]', '{m}', '{1}', 1, 1, now() from prompt_cards "
            + "where tenant_id = $1",
        "insert into test_executions (tenant_id, id, kind, prompt_card_id, workspace_id, run_id, card_number, model, "
            + "status, created_at) select $1, $2, 'test', $2, workspace_id, $2, 1, 'm', 'pending', now() "
            + "from prompt_cards where tenant_id = $1",
        "insert into deliveries (tenant_id, id, user_id, channel, event, source, workflow_id, execution_id, title, "
            + "link, due_at, created_at) values ($1, $2, $2, 'email', 'failure', 's', $3, $2, 't', '/', now(), now())",
    ];
}
