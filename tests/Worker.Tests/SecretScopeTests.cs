using Microsoft.AspNetCore.Http;
using Workflows.Testing;

namespace Workflows.Worker.Tests;

/// <summary>Secrets, variables and context in executions of a real worker: used, and found nowhere afterwards.</summary>
public sealed class SecretScopeTests(PostgresServer server) : IAsyncLifetime
{
    private const string Secret = "s3cret \"value\"";
    private const string Password = "the-password-of-the-connector";

    private WorkerBed _bed = null!;
    private TargetServer _target = null!;

    public async ValueTask InitializeAsync()
    {
        _bed = await WorkerBed.CreateAsync(server, redis: null);
        _target = await TargetServer.StartAsync();
        _target.On("/echo", (context, _) => context.Response.WriteAsJsonAsync(new
        {
            header = context.Request.Headers["X-Token"].ToString(), authorization = context.Request.Headers.Authorization.ToString(),
        }));
        _target.On("/fail", (context, _) =>
        {
            context.Response.StatusCode = 400;
            return context.Response.WriteAsync($"bad token {context.Request.Headers["X-Token"]} {context.Request.Headers.Authorization}");
        });
        await _bed.AddSecretAsync("TOKEN", Secret);
        await _bed.AddConnectorAsync("basic", "http", ("baseUrl", _target.Url("/")), ("auth", "basic"), ("username", "u"), ("password", Password));
    }

    public async ValueTask DisposeAsync()
    {
        await _bed.DisposeAsync();
        await _target.DisposeAsync();
    }

    [Fact]
    public async Task A_secret_reaches_the_target_and_stays_in_no_row_when_the_target_echoes_it()
    {
        var worker = await _bed.StartWorkerAsync();
        var execution = await _bed.StartAsync(await _bed.PublishAsync(Node("call", "/echo"), "", """, "output": "{{ steps.call.output.body }}" """));

        var (status, output) = await _bed.EndOfAsync(execution);

        Assert.Equal("completed", status);
        Assert.Equal(Secret, Assert.Single(_target.Calls).Headers["X-Token"]);
        Assert.Equal("""{"header": "***", "authorization": "Basic ***"}""", output);
        await AssertNowhereAsync(worker);
    }

    [Fact]
    public async Task A_secret_in_an_error_stays_in_no_row_and_no_log()
    {
        var worker = await _bed.StartWorkerAsync();
        var execution = await _bed.StartAsync(await _bed.PublishAsync(Node("call", "/fail")));

        Assert.Equal(("failed", "HTTP_400"), await _bed.EndOfAsync(execution));

        Assert.Contains("bad token ***", await _bed.ScalarAsync<string>("select error ->> 'message' from executions where id = $1", execution), StringComparison.Ordinal);
        Assert.Contains("bad token ***", await _bed.ScalarAsync<string>("select error ->> 'message' from dead_letters where execution_id = $1", execution), StringComparison.Ordinal);
        await AssertNowhereAsync(worker);
    }

    [Fact]
    public async Task A_secret_that_cannot_be_opened_fails_the_execution_before_anything_goes_out()
    {
        await _bed.ExecuteAsync("update secrets set sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1)");
        await _bed.StartWorkerAsync();

        Assert.Equal(("failed", "SECRETS_UNREADABLE"), await _bed.EndOfAsync(await _bed.StartAsync(await _bed.PublishAsync(Node("call", "/echo")))));
        Assert.Empty(_target.Calls);
    }

    [Fact]
    public async Task A_worker_without_a_master_key_does_not_start()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => _bed.StartWorkerAsync(settings: ("Secrets__MasterKeys__test", "")));

        Assert.Contains("Secrets:MasterKeys names no key", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Variables_of_the_workflow_win_over_those_of_the_tenant()
    {
        var workflow = await _bed.PublishAsync("""{"id": "s", "type": "set", "parameters": {"value": "{{ vars }}"}}""");
        foreach (var (owner, name, value) in new[] { (false, "a", "1"), (false, "b", "{\"x\": 2}"), (true, "a", "\"own\"") })
        {
            await _bed.ExecuteAsync(
                "insert into variables (tenant_id, id, workflow_id, name, value, created_at, updated_at) values ($1, $2, nullif($3, $1), $4, $5::jsonb, now(), now())",
                _bed.TenantId, Guid.CreateVersion7(), owner ? workflow : _bed.TenantId, name, value);
        }

        await _bed.StartWorkerAsync();

        Assert.Equal(("completed", """{"a": "own", "b": {"x": 2}}"""), await _bed.EndOfAsync(await _bed.StartAsync(workflow)));
    }

    [Fact]
    public async Task What_one_execution_stores_the_next_one_sees_as_context()
    {
        var write = await _bed.PublishAsync(
            """{"id": "s", "type": "store", "parameters": {"operation": "write", "scope": "tenant", "key": "limit", "value": {"n": "{{ input.n }}"}}}""");
        var read = await _bed.PublishAsync("""{"id": "s", "type": "set", "parameters": {"value": "{{ context.tenant.limit.n + 1 }}"}}""");
        await _bed.StartWorkerAsync();
        await _bed.EndOfAsync(await _bed.StartAsync(write, """{"n": 4}"""));

        Assert.Equal(("completed", "5"), await _bed.EndOfAsync(await _bed.StartAsync(read)));
    }

    private static string Node(string id, string path) =>
        $$$$"""{"id": "{{{{id}}}}", "type": "http", "parameters": {"connector": "basic", "url": "{{{{path}}}}", "headers": {"X-Token": "{{ secrets.TOKEN }}"}}}""";

    // Every column of every table, as text; and what the worker printed.
    private async Task AssertNowhereAsync(WorkerProcess worker)
    {
        var columns = await _bed.ListAsync(
            """
            select c.table_name || '.' || c.column_name from information_schema.columns c
            join information_schema.tables t on t.table_name = c.table_name and t.table_schema = c.table_schema and t.table_type = 'BASE TABLE'
            where c.table_schema = 'public'
            """);
        Assert.True(columns.Count > 150);
        foreach (var column in columns)
        {
            var (table, name) = (column.Split('.')[0], column.Split('.')[1]);
            var found = await _bed.ScalarAsync<long>(
                $"select count(*) from {table} where {name}::text like '%s3cret%' or {name}::text like '%{Password}%' or {name}::text like '%{Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"u:{Password}"))}%'");
            Assert.True(found == 0, $"{column} holds a secret");
        }

        Assert.DoesNotContain("s3cret", worker.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, worker.Output, StringComparison.Ordinal);
    }
}
