using Npgsql;
using Workflows.Testing;

namespace Workflows.Data.Tests;

public sealed class EnqueueTests(PostgresServer server) : IAsyncLifetime
{
    private readonly string _role = $"shop_{Guid.CreateVersion7():N}";
    private DataStack _stack = null!;
    private TestTenant _tenant = null!;
    private NpgsqlDataSource _shop = null!;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        _tenant = await _stack.AddTenantAsync();
        await _stack.ExecuteAsync($"create role {_role} login password 'shop'");
        await _stack.ExecuteAsync("select workflows.grant_client($1, $2)", _role, _tenant.Id);
        _shop = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(_stack.Options.ConnectionString) { Username = _role, Password = "shop" }.ConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        await _shop.DisposeAsync();
        await _stack.DisposeAsync();
    }

    [Fact]
    public async Task What_an_application_enqueues_starts_with_its_commit_and_not_without()
    {
        await using var connection = await _shop.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using (var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken))
        {
            await EnqueueAsync(connection, "workflow => 'Workflow'");
            await transaction.RollbackAsync(TestContext.Current.CancellationToken);
        }

        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from executions"));
        var id = await EnqueueAsync(connection, """workflow => 'workflow', input => '{"order": 7}', correlation_id => 'o-7', priority => 'high'""");

        Assert.Equal(7, id.Version);
        Assert.Equal(
            [$$"""queued sql 1 1 o-7 {"order": 7} sql:{{_role}}"""],
            await _stack.ListAsync("select concat_ws(' ', status, trigger_type, version, priority, correlation_id, input, created_by) from executions where id = $1", id));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from executions_default"));
        Assert.Equal(id, Assert.Single(await _stack.Sweeps.ListEnqueuedAsync(10, [], TestContext.Current.CancellationToken)).Id);
    }

    [Fact]
    public async Task An_idempotency_key_starts_once_also_for_two_at_once()
    {
        var ids = await Task.WhenAll(Enumerable.Range(0, 6).Select(async _ =>
        {
            await using var connection = await _shop.OpenConnectionAsync(TestContext.Current.CancellationToken);
            return await EnqueueAsync(connection, "workflow => 'Workflow', idempotency_key => 'k'");
        }));

        Assert.Single(ids.Distinct());
        Assert.Equal(1, await _stack.ScalarAsync<long>("select count(*) from executions"));
        Assert.Equal("WF013", await FailureAsync("""workflow => 'Workflow', input => '{"other": 1}', idempotency_key => 'k'"""));
    }

    [Fact]
    public async Task A_role_reaches_its_own_tenant_and_nothing_else()
    {
        var other = await _stack.AddTenantAsync();

        Assert.Equal("WF011", await FailureAsync($"workflow => '{other.WorkflowId}'"));
        Assert.Equal("42501", await FailureAsync("workflow => 'Workflow'", "create temp table clients as select 1; select count(*) from executions"));
        Assert.Equal("42501", await FailureAsync("", $"insert into workflows.clients (tenant_id, role_name) values ('{other.Id}', '{_role}')"));
        Assert.Equal("42501", await FailureAsync("", $"select workflows.grant_client('{_role}', '{other.Id}')"));
        Assert.Equal("42501", await FailureAsync("", "select new_uuid_v7()"));
    }

    [Fact]
    public async Task Tables_of_the_caller_do_not_stand_in_for_those_of_the_platform()
    {
        var other = await _stack.AddTenantAsync();
        await using var connection = await _shop.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await RunAsync(connection, $"create temp table tenants as select '{other.Id}'::uuid as tenant_id, 'active'::text as status");
        await RunAsync(connection, "create temp table executions (tenant_id uuid)");

        var id = await EnqueueAsync(connection, "workflow => 'Workflow'");

        Assert.Equal(_tenant.Id, await _stack.ScalarAsync<Guid>("select tenant_id from public.executions where id = $1", id));
    }

    [Theory]
    [InlineData("select workflows.revoke_client($1)", "42501")]
    [InlineData("delete from workflows.clients where role_name = $1", "WF010")]
    [InlineData("update tenants set status = 'suspended' where $1 <> ''", "WF010")]
    public async Task A_role_that_is_not_mapped_any_more_starts_nothing(string change, string code)
    {
        await _stack.ExecuteAsync(change, _role);

        Assert.Equal(code, await FailureAsync("workflow => 'Workflow'"));
    }

    [Fact]
    public async Task A_role_that_is_granted_to_another_tenant_leaves_the_first()
    {
        var other = await _stack.AddTenantAsync();
        await _stack.ExecuteAsync("select workflows.grant_client($1, $2)", _role, other.Id);
        await using var connection = await _shop.OpenConnectionAsync(TestContext.Current.CancellationToken);

        var id = await EnqueueAsync(connection, "workflow => 'Workflow'");

        Assert.Equal(other.Id, await _stack.ScalarAsync<Guid>("select tenant_id from executions where id = $1", id));
    }

    [Theory]
    [InlineData("workflow => 'nothing like it'", "WF011")]
    [InlineData("workflow => null", "WF011")]
    [InlineData("workflow => 'Workflow', priority => 'urgent'", "WF012")]
    [InlineData("workflow => 'Workflow', idempotency_key => ''", "WF012")]
    [InlineData("workflow => 'Workflow', correlation_id => repeat('x', 257)", "WF012")]
    [InlineData("workflow => 'Workflow', input => to_jsonb(repeat('x', 1048577))", "WF012")]
    [InlineData("workflow => 'Workflow', input => (repeat('[', 65) || repeat(']', 65))::jsonb", "WF012")]
    [InlineData("workflow => 'Workflow', input => (repeat('{\"a\":', 300) || '1' || repeat('}', 300))::jsonb", "WF012")]
    [InlineData(
        "workflow => 'Workflow', input => jsonb_build_array((repeat('{\"a\":[', 32) || repeat(']}', 32))::jsonb)",
        "WF012")]
    public async Task What_cannot_be_started_says_why(string arguments, string code)
    {
        Assert.Equal(code, await FailureAsync(arguments));
        Assert.Equal(0, await _stack.ScalarAsync<long>("select count(*) from executions"));
    }

    [Fact]
    public async Task An_input_may_nest_as_deep_as_one_that_comes_over_HTTP()
    {
        await using var connection = await _shop.OpenConnectionAsync(TestContext.Current.CancellationToken);

        await EnqueueAsync(
            connection, "workflow => 'Workflow', input => (repeat('[', 64) || '1' || repeat(']', 64))::jsonb");

        Assert.Equal(1, await _stack.ScalarAsync<long>("select count(*) from executions"));
    }

    [Theory]
    [InlineData("enabled = false")]
    [InlineData("published_version = null")]
    [InlineData("deleted_at = now()")]
    public async Task A_workflow_that_is_off_is_not_started(string change)
    {
        await _stack.ExecuteAsync($"update workflows set {change}");

        Assert.Equal("WF011", await FailureAsync("workflow => 'Workflow'"));
    }

    [Fact]
    public async Task A_concurrency_limit_holds_for_what_sql_starts()
    {
        await _stack.ExecuteAsync("""update workflow_versions set definition = '{"settings": {"concurrency": {"limit": 1}}}'""");
        await using var connection = await _shop.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await EnqueueAsync(connection, "workflow => 'Workflow'");
        await EnqueueAsync(connection, "workflow => 'Workflow'");

        Assert.Equal(["queued", "held"], await _stack.ListAsync("select status from executions order by id"));
    }

    [Fact]
    public async Task A_rate_without_a_key_holds_for_what_sql_starts()
    {
        await _stack.ExecuteAsync("""update workflow_versions set definition = '{"settings": {"rateLimit": {"limit": 1, "perSeconds": 60}}}'""");
        await using var connection = await _shop.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await EnqueueAsync(connection, "workflow => 'Workflow'");
        await EnqueueAsync(connection, "workflow => 'Workflow'");

        Assert.Equal(["queued ", "held 1"], await _stack.ListAsync("select status || ' ' || coalesce(round(extract(epoch from not_before - now()) / 60)::text, '') from executions order by id"));
        await _stack.ExecuteAsync("""update workflow_versions set definition = '{"settings": {"overlapPolicy": "skip", "rateLimit": {"limit": 1, "perSeconds": 60}}}'""");
        Assert.Equal("WF014", await FailureAsync("workflow => 'Workflow'"));
    }

    [Fact]
    public async Task A_key_is_worked_out_after_the_commit_and_each_is_admitted_once()
    {
        await _stack.ExecuteAsync(
            """update workflow_versions set definition = '{"settings": {"concurrency": {"limit": 1, "key": "{{ input.k }}"}, "rateLimit": {"limit": 2, "perSeconds": 60, "key": "input.c"}}}'""");
        await using var connection = await _shop.OpenConnectionAsync(TestContext.Current.CancellationToken);
        var ids = new List<Guid>();
        foreach (var k in "aabc")
        {
            ids.Add(await EnqueueAsync(connection, $$"""workflow => 'Workflow', input => '{"k": "{{k}}", "c": 1}', idempotency_key => 'i{{ids.Count}}'"""));
        }

        Assert.Equal(ids[0], await EnqueueAsync(connection, """workflow => 'Workflow', input => '{"k": "a", "c": 1}', idempotency_key => 'i0'"""));
        Assert.Equal(["held 4"], await _stack.ListAsync("select status || ' ' || count(*) from executions group by status"));
        Assert.Empty(await _stack.Slots.ReleaseDueAsync(10, TestContext.Current.CancellationToken));

        var rounds = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => new Executions.EnqueuedAdmission(_stack.Worker).AdmitAsync(10, TestContext.Current.CancellationToken)));

        Assert.Equal(4, rounds.Sum(round => round.Admitted.Count));
        // Ids of one millisecond have no order, so that any two of the four may be the first of the minute. Of a key
        // one runs at most, and who is within the rate is held only for the other of its key.
        var admitted = await _stack.ListAsync(
            """
            select concat_ws(
              ' ', concurrency_key, status, concurrency_limit, case when not_before is not null then 'later' end)
            from executions order by concurrency_key, status desc
            """);
        Assert.Equal(2, admitted.Count(row => row.EndsWith(" held 1 later", StringComparison.Ordinal)));
        var within = admitted.Where(row => !row.EndsWith(" later", StringComparison.Ordinal)).ToList();
        Assert.Equal(within.Select(row => row[0]).Distinct().Count(), within.Count(row => row[1..] == " queued 1"));
        Assert.Equal(within.Count(row => row[1..] != " queued 1"), within.Count(row => row == "a held 1"));
        Assert.Equal(4, await _stack.ScalarAsync<long>("select count(*) from rate_slots where key = '1'"));
    }

    [Fact]
    public async Task What_a_key_does_not_let_in_is_asked_to_end_and_lines_up_when_it_is_retried()
    {
        await _stack.ExecuteAsync(
            """update workflow_versions set definition = '{"settings": {"overlapPolicy": "skip", "concurrency": {"limit": 1, "key": "input.k"}}}'""");
        await using var connection = await _shop.OpenConnectionAsync(TestContext.Current.CancellationToken);
        var first = await EnqueueAsync(connection, """workflow => 'Workflow', input => '{"k": "a"}'""");
        var second = await EnqueueAsync(connection, """workflow => 'Workflow', input => '{"k": "a"}'""");
        var admission = new Executions.EnqueuedAdmission(_stack.Worker);

        await admission.AdmitAsync(10, TestContext.Current.CancellationToken);

        Assert.Equal(
            [$"{first} queued a", $"{second} queued cancel Not started: as many run, or have been started, as its limits allow."],
            await _stack.ListAsync("select concat_ws(' ', id, status, concurrency_key, stop_request, stop_reason) from executions order by id"));
        await _stack.ExecuteAsync("update executions set status = 'cancelled', finished_at = now(), lease_owner = null where id = $1", second);
        await _stack.Control.RetryAsync(_tenant.Id, second, "again", new Executions.Actor("system", null, "test"), TestContext.Current.CancellationToken);
        Assert.Equal("held", await _stack.ScalarAsync<string>("select status from executions where id = $1", second));
        await _stack.ExecuteAsync("update executions set status = 'completed', finished_at = now() where id = $1", first);
        Assert.Equal(second, Assert.Single((await admission.AdmitAsync(10, TestContext.Current.CancellationToken)).Admitted).Key.Id);
    }

    private static async Task<Guid> EnqueueAsync(NpgsqlConnection connection, string arguments)
    {
        await using var command = new NpgsqlCommand($"select workflows.enqueue({arguments})", connection);
        return (Guid)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    private async Task<string?> FailureAsync(string arguments, string? statement = null)
    {
        await using var connection = await _shop.OpenConnectionAsync(TestContext.Current.CancellationToken);
        return (await Assert.ThrowsAsync<PostgresException>(() => RunAsync(connection, statement ?? $"select workflows.enqueue({arguments})"))).SqlState;
    }
}
