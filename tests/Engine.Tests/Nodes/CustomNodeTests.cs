using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Engine.Nodes;
using Workflows.Engine.Tests.Executions;

namespace Workflows.Engine.Tests.Nodes;

/// <summary>Nodes of a tenant's own types: what they render, what they are made of, what they may read.</summary>
public sealed class CustomNodeTests
{
    private const string Schema = """{"type": "object", "properties": {"name": {"type": "string"}, "n": {"type": "integer"}}, "required": ["name"], "additionalProperties": false}""";
    private const string Post = """{"type": "http", "method": "post", "url": "https://example.com/{{ input.name }}", "body": {"r": "{{ $random() }}"}, "timeoutSeconds": 7}""";

    [Fact]
    public void It_renders_its_parameters_and_becomes_a_call_under_its_own_key()
    {
        var run = Run("""{"name": "{{ input.who }}", "n": 1}""");
        Assert.Equal("custom:greet", run.Type);

        Assert.True(Compile(Schema, Post).TryPrepare(run, Guid.Empty, ExecutionDriver.Epoch, out var http, out _));

        var call = HttpCall.Read(http.Parameters);
        Assert.Equal(("http", "POST", "https://example.com/ada", 7d), (http.Type, call.Method, call.Url, http.TimeoutSeconds));
        Assert.Equal(run.IdempotencyKey, http.IdempotencyKey);
        Assert.True(Compile(Schema, Post).TryPrepare(run with { Attempt = 2 }, Guid.Empty, ExecutionDriver.Epoch, out var again, out _));
        Assert.Equal(http.Parameters.ToArray(), again.Parameters.ToArray()); // the same call on each attempt, random numbers included
    }

    [Theory]
    [InlineData("""{"n": 1}""")]
    [InlineData("""{"name": "{{ input.nothing }}"}""")]
    [InlineData("""{"name": 5}""")]
    [InlineData("""{"name": "a", "other": 1}""")]
    public void Parameters_that_break_the_schema_are_an_error_of_the_step(string parameters)
    {
        Assert.False(Compile(Schema, Post).TryPrepare(Run(parameters), Guid.Empty, ExecutionDriver.Epoch, out _, out var error));

        Assert.Equal((StepErrorCodes.ParameterInvalid, StepErrorKind.Permanent), (error.Code, error.Kind));
    }

    [Fact]
    public void A_call_that_cannot_be_made_is_an_error_of_the_step()
    {
        var call = Compile("{}", """{"type": "http", "url": "{{ input.name }}"}""");

        Assert.False(call.TryPrepare(Run("""{"name": "ftp://x"}"""), Guid.Empty, ExecutionDriver.Epoch, out _, out var error));

        Assert.Equal(StepErrorCodes.ParameterInvalid, error.Code);
    }

    [Theory]
    [InlineData("""{"type": "http", "url": "http://x/{{ execution.id }}"}""", "/implementation/url")]
    [InlineData("""{"type": "http", "url": "http://x", "body": "{{ vars.a }}"}""", "/implementation/body")]
    [InlineData("""{"type": "http", "url": "http://x", "body": "{{ $ }}"}""", "/implementation/body")]
    [InlineData("""{"type": "http", "url": "http://x", "body": "{{ secrets.A }}"}""", "/implementation/body")]
    public void It_reads_its_parameters_alone(string implementation, string pointer)
    {
        Assert.False(CustomNodeCall.TryCompile(JsonElement.Parse("{}"), JsonElement.Parse(implementation), out _, out var problems));

        Assert.Equal(pointer, Assert.Single(problems).Pointer);
    }

    [Fact]
    public void Its_parameters_never_see_secrets() =>
        Assert.Equal(DefinitionProblemCodes.SecretMisused, Assert.Single(Flow.Problems(Flow.Json(Node("""{"name": "{{ secrets.TOKEN }}"}""")))).Code);

    [Theory]
    [InlineData("custom:")]
    [InlineData("custom:Upper")]
    [InlineData("custom:a b")]
    [InlineData("custom")]
    public void A_type_that_no_custom_node_can_have_is_unknown(string type) => Assert.Null(NodeCatalogue.Find(type));

    [Fact]
    public void A_definition_says_what_it_needs_of_its_tenant()
    {
        var workflow = Flow.Compile(
            $$$"""{{{Node("{}")}}}, {"id": "l", "type": "forEach", "parameters": {"items": "{{ [1] }}"}, "body": {"nodes": [{"id": "s", "type": "sql", "parameters": {"connector": "db", "statement": "select 1"}}]}}""",
            "c>l");

        Assert.Equal(
            [new(ResourceKind.CustomNode, "greet", "/nodes/0/type"), new(ResourceKind.Connector, "db", "/nodes/1/body/nodes/0/parameters/connector")],
            workflow.Resources);
        Assert.Equal(
            [DefinitionProblemCodes.ConnectorUnknown],
            ResourceUse.FindMissing(workflow.Resources, [], ["greet"]).Select(problem => problem.Code));
    }

    private static string Node(string parameters) => $$"""{"id": "c", "type": "custom:greet", "parameters": {{parameters}}}""";

    private static NodeRun Run(string parameters) => ExecutionDriver.Start(Node(parameters), input: """{"who": "ada"}""").Run("c");

    private static CustomNodeCall Compile(string schema, string implementation)
    {
        Assert.True(CustomNodeCall.TryCompile(JsonElement.Parse(schema), JsonElement.Parse(implementation), out var call, out var problems), string.Join('\n', problems));
        return call;
    }
}
