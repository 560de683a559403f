using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>Rules that hold for every table, read from the catalog, so that a new table cannot forget them.</summary>
public sealed class CatalogTests(PostgresServer server) : IAsyncLifetime
{
    /// <summary>Tables without tenant data, each with its reason.</summary>
    private static readonly string[] NotOfATenant =
    [
        "workers", // processes of the platform
        "schema_migrations", // the ledger of the schema
        "api_instances", // processes of the platform, and whether they can write
    ];

    private static readonly string[] Roles =
        ["workflows_api", "workflows_worker", "workflows_search", "workflows_auth", "workflows_member"];

    private DataStack _stack = null!;

    public async ValueTask InitializeAsync() => _stack = await DataStack.CreateAsync(server);

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task The_tables_without_a_tenant_are_the_known_ones() =>
        Assert.Empty((await _stack.ListAsync(
            """
            select c.relname from pg_class c
            where c.relnamespace::regnamespace::text in ('public', 'search') and c.relkind in ('r', 'p') and not c.relispartition
              and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and a.attnotnull)
            """)).Except(NotOfATenant));

    [Fact]
    public async Task Every_unique_rule_of_a_tenant_table_begins_with_the_tenant_except_the_slugs() =>
        Assert.Equal(["tenants_slug_unique"], await _stack.ListAsync(
            """
            select i.indexrelid::regclass::text
            from pg_index i join pg_class c on c.oid = i.indrelid
            join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
            where c.relnamespace::regnamespace::text in ('public', 'search') and i.indisunique and i.indkey[0] <> a.attnum
            """));

    [Fact]
    public async Task Every_tenant_table_has_a_primary_key() =>
        Assert.Empty(await _stack.ListAsync(
            """
            select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
            where c.relnamespace::regnamespace::text in ('public', 'search') and c.relkind in ('r', 'p')
              and not exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'p')
            """));

    [Fact]
    public async Task Every_foreign_key_among_tenant_tables_carries_the_tenant() =>
        Assert.Empty(await _stack.ListAsync(
            """
            select k.conrelid::regclass || '.' || k.conname
            from pg_constraint k
            join pg_attribute a on a.attrelid = k.conrelid and a.attname = 'tenant_id'
            join pg_attribute b on b.attrelid = k.confrelid and b.attname = 'tenant_id'
            where k.contype = 'f' and k.connamespace::regnamespace::text in ('public', 'search')
              and coalesce(k.confkey[array_position(k.conkey, a.attnum)], 0) <> b.attnum
            """));

    [Fact]
    public async Task Row_level_security_is_enabled_and_forced_on_every_tenant_table() =>
        Assert.Empty(await _stack.ListAsync(
            """
            select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
            where c.relnamespace::regnamespace::text in ('public', 'search') and c.relkind in ('r', 'p') and not c.relispartition
              and not (c.relrowsecurity and c.relforcerowsecurity)
            """));

    [Fact]
    public async Task No_policy_calls_current_setting_for_every_row() =>
        Assert.Empty(await _stack.ListAsync(
            """
            select tablename || '.' || policyname from pg_policies
            where concat(qual, with_check) ~ '(current_tenant|current_setting)' and concat(qual, with_check) !~* '\( ?select'
            """));

    [Fact]
    public async Task No_role_of_an_application_owns_relations_or_bypasses_row_level_security()
    {
        Assert.Empty(await _stack.ListAsync(
            "select rolname::text from pg_roles where rolname = any ($1) and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb)", (object)Roles));
        Assert.Empty(await _stack.ListAsync(
            "select c.relname::text from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname = any ($1)", (object)Roles));
        // The one role is taken for a transaction, and gives nothing before: "inherit" is off.
        Assert.Equal(["workflows_api is in workflows_member, inherit false"], await _stack.ListAsync(
            """
            select r.rolname || ' is in ' || g.rolname || ', inherit ' || m.inherit_option from pg_auth_members m
            join pg_roles r on r.oid = m.member join pg_roles g on g.oid = m.roleid where r.rolname = any ($1)
            """, (object)Roles));
    }

    [Fact]
    public async Task Nobody_may_touch_a_partition_beside_its_table() =>
        Assert.Empty(await _stack.ListAsync(
            """
            select c.relname || ': ' || r.rolname from pg_class c cross join pg_roles r
            where c.relnamespace::regnamespace::text in ('public', 'search') and c.relispartition and c.relkind = 'r' and r.rolname = any ($1)
              and has_table_privilege(r.oid, c.oid, 'select, insert, update, delete, truncate')
            """, (object)Roles));

    [Fact]
    public async Task The_partitions_of_a_table_made_today_reach_into_the_coming_months()
    {
        var tables = await _stack.ListAsync(
            "select relname::text from pg_class where relkind = 'p' and relnamespace = 'public'::regnamespace and relname <> 'execution_logs' order by 1");

        Assert.Equal(["event_matches", "events", "executions", "step_executions", "user_activity"], tables);
        Assert.Empty(await _stack.ListAsync(
            """
            select t || to_char(now() at time zone 'UTC' + make_interval(months => m), '_YYYY_MM')
            from unnest($1) t cross join generate_series(0, 2) m
            where to_regclass(t || to_char(now() at time zone 'UTC' + make_interval(months => m), '_YYYY_MM')) is null
            """, (object)tables.ToArray()));
        Assert.Empty(await _stack.ListAsync(
            """
            select d::text from generate_series(0, 7) d
            where to_regclass('execution_logs' || to_char(now() at time zone 'UTC' + make_interval(days => d), '_YYYY_MM_DD')) is null
            """));
    }

    [Fact]
    public async Task Functions_with_their_owners_rights_fix_their_search_path_and_are_not_for_everybody() =>
        Assert.Empty(await _stack.ListAsync(
            """
            select p.oid::regprocedure::text from pg_proc p
            where p.pronamespace::regnamespace::text in ('public', 'search') and p.prosecdef
              and (not coalesce(p.proconfig::text, '') ~ 'search_path' or p.proacl is null
                   or exists (select from aclexplode(p.proacl) a where a.grantee = 0))
            """));
}
