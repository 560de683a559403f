using Npgsql;
using Workflows.Data.Database;
using Workflows.Data.Executions;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>
/// The role of those who see only what was granted to them: what it is kept from, that no table forgets it, and what
/// its
/// policies cost beside 200,000 workflows.
/// </summary>
public sealed class ObjectPermissionTests(PostgresServer server) : IAsyncLifetime
{
    /// <summary>Tables that hold something of a workflow and are open to the role, each with its reason.</summary>
    private static readonly string[] Open =
    [
        "budgets", // asked before each call of a model, which is everybody's; shown to who may see the tenant's usage
        "callback_calls", // read by who has the one-time address
        "model_calls", // as budgets
        "model_usage_daily", // as budgets
        "rate_slots", // counted by starts, which are everybody's
    ];

    private DataStack _stack = null!;
    private TestTenant _tenant = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        _tenant = await _stack.AddTenantAsync();
    }

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task Every_table_that_holds_something_of_an_object_shows_what_was_granted() =>
        Assert.Equal(Open, await _stack.ListAsync(
            """
            select distinct c.relname::text from pg_class c
            join pg_attribute a on a.attrelid = c.oid and not a.attisdropped and a.attname = any (array[
              'workspace_id', 'folder_id', 'job_id', 'workflow_id', 'execution_id', 'run_id', 'package_id',
                'schedule_id', 'request_id'])
            where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
              and has_table_privilege('workflows_member', c.oid, 'select')
              and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'member_sees')
            order by 1
            """));

    [Fact]
    public async Task The_role_has_the_grants_of_the_api_and_not_one_more()
    {
        const string Grants = """
            select c.relname || ' ' || a.privilege_type from pg_class c cross join lateral aclexplode(c.relacl) a
            where a.grantee = '{0}'::regrole
            union all
            select t.attrelid::regclass || '.' || t.attname || ' ' || a.privilege_type
            from pg_attribute t cross join lateral aclexplode(t.attacl) a where a.grantee = '{0}'::regrole
            union all
            select p.oid::regprocedure || ' ' || a.privilege_type from pg_proc p cross join lateral
              aclexplode(p.proacl) a
            where a.grantee = '{0}'::regrole
            order by 1
            """;

        Assert.Equal(
            await _stack.ListAsync(Grants.Replace("{0}", "workflows_api", StringComparison.Ordinal)),
            await _stack.ListAsync(Grants.Replace("{0}", "workflows_member", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_api_has_no_right_of_the_role_before_it_takes_it() =>
        Assert.False(await _stack.ScalarAsync<bool>(
            "select pg_has_role('workflows_api', 'workflows_member', 'usage')"));

    // Without the API's own judgement, which comes before.
    [Fact]
    public async Task The_database_refuses_a_change_of_what_may_only_be_viewed_and_hides_the_rest()
    {
        var user = await AddUserAsync();
        await GrantAsync(user, "workflow", _tenant.WorkflowId, "view");
        const string Change = "update workflows set name = name where tenant_id = $1 and id = $2";

        var refused = await Assert.ThrowsAsync<PostgresException>(() => ChangeAsync(_tenant.WorkflowId));
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
        await _stack.ExecuteAsync("update object_permissions set level = 'edit' where tenant_id = $1", _tenant.Id);
        Assert.Equal(1, await ChangeAsync(_tenant.WorkflowId));
        await _stack.ExecuteAsync("update object_permissions set expires_at = now() where tenant_id = $1", _tenant.Id);
        Assert.Equal(0, await ChangeAsync(_tenant.WorkflowId));

        async Task<int> ChangeAsync(Guid workflow)
        {
            ObjectScope.Enter(user);
            return await _stack.Api.ExecuteAsync(
                _tenant.Id,
                new NpgsqlBatchCommand(Change) { Parameters = { Sql.Uuid(_tenant.Id), Sql.Uuid(workflow) } }, Token);
        }
    }

    [Fact]
    public async Task The_queue_is_the_tenants_whoever_asks_how_long_it_is()
    {
        var user = await AddUserAsync();
        await _stack.StartAsync(_tenant);
        await _stack.ExecuteAsync(
            """update tenants set settings = '{"limits": {"maxQueued": 1}}' where tenant_id = $1""", _tenant.Id);
        ObjectScope.Enter(user);

        Assert.False(await new QueueBudget(_stack.Api, TimeProvider.System).TryTakeAsync(_tenant.Id, 1, Token));
    }

    [Fact]
    public async Task Beside_200_000_workflows_a_list_of_the_few_granted_ones_reads_them_by_index()
    {
        var user = await FillAsync();
        await _stack.ExecuteAsync(
            """
            insert into object_permissions (tenant_id, id, object_type, object_id, user_id, level, granted_at)
            select tenant_id, gen_random_uuid(), 'job', id, $2, 'view', now() from jobs where tenant_id = $1 order by
              id limit 3
            """, _tenant.Id, user);

        var (plan, rows) = await ListAsync(user);

        Assert.Equal(51, rows);
        Assert.DoesNotContain("Seq Scan on workflows", plan, StringComparison.Ordinal);
        Assert.Contains("workflows_pkey", plan, StringComparison.Ordinal);
        var time = double.Parse(
            plan.Split("Execution Time: ")[1].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
        TestContext.Current.TestOutputHelper?.WriteLine(plan);
        Assert.True(time < 250, plan);
    }

    private async Task<Guid> AddUserAsync()
    {
        var user = Guid.CreateVersion7();
        await _stack.ExecuteAsync(
            """
            insert into users (tenant_id, id, email, username, name, created_at, updated_at)
            values ($1, $2, 'p@example.com', 'p', 'P', now(), now())
            """,
            _tenant.Id, user);
        return user;
    }

    private Task<int> GrantAsync(Guid user, string type, Guid id, string level) => _stack.ExecuteAsync(
        """
        insert into object_permissions (tenant_id, id, object_type, object_id, user_id, level, granted_at)
        values ($1, gen_random_uuid(), $2, $3, $4, $5, now())
        """,
        _tenant.Id, type, id, user, level);

    private async Task<Guid> FillAsync()
    {
        var user = await AddUserAsync();
        await _stack.ExecuteAsync(
            """
            insert into workspaces (tenant_id, id, name, created_at, updated_at)
            select $1, gen_random_uuid(), 'w ' || n, now(), now() from generate_series(1, 100) n
            """,
            _tenant.Id);
        await _stack.ExecuteAsync(
            """
            insert into folders (tenant_id, id, workspace_id, name, created_at, updated_at)
            select tenant_id, gen_random_uuid(), id, 'f ' || n, now(), now() from workspaces, generate_series(1, 10)
              n where tenant_id = $1
            """, _tenant.Id);
        await _stack.ExecuteAsync(
            """
            insert into jobs (tenant_id, id, folder_id, name, created_at, updated_at)
            select tenant_id, gen_random_uuid(), id, 'j ' || n, now(), now() from folders, generate_series(1, 10) n
              where tenant_id = $1
            """, _tenant.Id);
        await _stack.ExecuteAsync(
            """
            insert into workflows (tenant_id, id, job_id, name, created_at, updated_at)
            select tenant_id, gen_random_uuid(), id, 'x ' || n, now(), now() - n * interval '1 s' from jobs,
              generate_series(1, 20) n where tenant_id = $1
            """, _tenant.Id);
        await using var analyze = _stack.Owner.CreateCommand(
            "analyze workflows, jobs, folders, workspaces, object_permissions");
        await analyze.ExecuteNonQueryAsync(Token);
        return user;
    }

    // What the API asks for a page, as the person.
    private async Task<(string Plan, long Rows)> ListAsync(Guid user)
    {
        ObjectScope.Enter(user);
        const string Query = "select id, name from workflows where tenant_id = $1 and deleted_at is null "
            + "order by updated_at desc, id desc limit 51";
        var plan = await _stack.Api.ReadAsync(
            _tenant.Id, new NpgsqlBatchCommand("explain (analyze, buffers) " + Query)
            {
                Parameters = { Sql.Uuid(
                _tenant.Id) }
            },
            reader => reader.GetString(0), Token);
        var rows = await _stack.Api.ReadAsync(
            _tenant.Id, new NpgsqlBatchCommand(Query) { Parameters = { Sql.Uuid(_tenant.Id) } },
                reader => reader.GetGuid(0), Token);
        return (string.Join('\n', plan), rows.Count);
    }
}
