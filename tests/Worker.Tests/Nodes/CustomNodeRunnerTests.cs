using Workflows.Engine.Executions;
using Workflows.Testing;

namespace Workflows.Worker.Tests.Nodes;

/// <summary>Nodes of a tenant's own types are calls of http nodes: with the same guard, key and connectors.</summary>
public sealed class CustomNodeRunnerTests(PostgresServer server) : IAsyncLifetime
{
    private const string Schema = """{"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}""";

    private ConnectorBed _bed = null!;
    private TargetServer _target = null!;

    public async ValueTask InitializeAsync()
    {
        _bed = await ConnectorBed.CreateAsync(server);
        _target = await TargetServer.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _bed.DisposeAsync();
        await _target.DisposeAsync();
    }

    [Fact]
    public async Task Its_call_bears_the_credentials_of_its_connector_and_one_key_on_every_attempt()
    {
        await _bed.Bed.AddConnectorAsync("crm", "http", ("baseUrl", _target.Url("/base")), ("auth", "bearer"), ("token", "the-token"));
        await DefineAsync("greet", """{"type": "http", "connector": "crm", "method": "post", "url": "greet/{{ input.name }}", "body": {"to": "{{ input.name }}"}}""");
        var execution = Guid.CreateVersion7();

        var output = await _bed.SucceedAsync("custom:greet", new { name = "ada" }, execution);
        await _bed.SucceedAsync("custom:greet", new { name = "ada" }, execution);

        Assert.Equal(200, output["status"]!.GetValue<int>());
        var calls = _target.Calls.ToList();
        Assert.Equal(("POST", "/base/greet/ada", """{"to":"ada"}"""), (calls[0].Method, calls[0].Path, calls[0].Body));
        Assert.Equal("Bearer the-token", calls[0].Headers["Authorization"]);
        Assert.Equal(calls[0].IdempotencyKey, calls[1].IdempotencyKey);
    }

    [Fact]
    public async Task Parameters_that_break_the_schema_call_nobody()
    {
        await DefineAsync("greet", $$"""{"type": "http", "url": "{{_target.Url("/x")}}"}""");

        Assert.Equal(StepErrorCodes.ParameterInvalid, (await _bed.FailAsync("custom:greet", new { name = 5 })).Code);
        Assert.Empty(_target.Calls);
    }

    [Fact]
    public async Task It_reaches_no_private_network_that_the_tenant_does_not_allow()
    {
        await DefineAsync("greet", """{"type": "http", "url": "http://169.254.169.254/{{ input.name }}"}""");

        Assert.Equal("HTTP_TARGET_REFUSED", (await _bed.FailAsync("custom:greet", new { name = "latest" })).Code);
    }

    [Fact]
    public async Task A_type_that_is_gone_or_another_tenants_is_not_found()
    {
        await DefineAsync("theirs", $$"""{"type": "http", "url": "{{_target.Url("/x")}}"}""", await _bed.Bed.AddTenantAsync());

        var error = await _bed.FailAsync("custom:theirs", new { name = "ada" });

        Assert.Equal(("NODE_DEFINITION_NOT_FOUND", StepErrorKind.Permanent), (error.Code, error.Kind));
        Assert.Empty(_target.Calls);
    }

    [Fact]
    public async Task It_is_given_up_when_the_time_of_its_call_is_over()
    {
        _target.On("/slow", (context, _) => Task.Delay(Timeout.Infinite, context.RequestAborted));
        await DefineAsync("greet", $$"""{"type": "http", "url": "{{_target.Url("/slow")}}", "timeoutSeconds": 0.2}""");

        Assert.Equal(StepErrorKind.Timeout, (await _bed.FailAsync("custom:greet", new { name = "ada" })).Kind);
    }

    private Task<int> DefineAsync(string name, string implementation, Guid? tenant = null) => _bed.Bed.ExecuteAsync(
        """
        insert into node_definitions (tenant_id, id, name, schema, implementation, created_at, updated_at)
        values ($1, gen_random_uuid(), $2, $3::jsonb, $4::jsonb, now(), now())
        """,
        tenant ?? _bed.Bed.TenantId, name, Schema, implementation);
}
