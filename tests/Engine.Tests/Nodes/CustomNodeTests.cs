using System.Text;
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
    private const string Strict = """
        {"type": "object", "required": ["name"], "additionalProperties": false, "properties": {
          "name": {"type": "string"}, "n": {"type": "integer", "maximum": 10}, "list": {"type": "array", "items": {"type": "string"}, "maxItems": 3, "uniqueItems": true},
          "size": {"enum": [{"unit": "cm"}], "maxProperties": 1}}}
        """;
    private const string Called = """{"type": "workflow", "workflow": "Check", "timeoutSeconds": 60}""";
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

    // The version keeps the custom node: nothing is looked up when it runs, and the runner of http nodes makes the call.
    [Fact]
    public void A_version_that_keeps_it_renders_the_call_itself()
    {
        var driver = Start(Kept(Post), """{"name": "{{ input.who }}", "n": 1}""");

        var run = driver.Run("c");
        var call = HttpCall.Read(run.Parameters);
        Assert.Equal(("http", "POST", "https://example.com/ada", 7d), (run.Type, call.Method, call.Url, run.TimeoutSeconds));
        driver.Crash();
        Assert.Equal(run.Parameters.ToArray(), driver.Run("c").Parameters.ToArray()); // random numbers and all
        Assert.Equal(run.IdempotencyKey, driver.Run("c").IdempotencyKey);
        driver.Succeed("c", """{"status": 200}""");
        Assert.Equal("custom:greet", Assert.Single(driver.Steps).Type);
        Assert.Equal(3, driver.Workflow.CustomNodes.Versions["greet"]);
    }

    [Fact]
    public void What_a_version_keeps_is_read_back_as_it_was()
    {
        var kept = CustomNodeSet.Read(Kept(Post, "{}").ToJson());

        Assert.Equal(Kept(Post, "{}").ToJson(), kept.ToJson());
        Assert.Equal("https://example.com/ada", HttpCall.Read(Start(kept, """{"name": "ada"}""").Run("c").Parameters).Url);
    }

    [Theory]
    [InlineData("""{"name": "{{ input.nothing }}"}""")]
    [InlineData("""{"name": "{{ input.n }}"}""")]
    public void What_expressions_yield_is_checked_when_it_runs(string parameters)
    {
        foreach (var implementation in new[] { Post, Called })
        {
            var driver = Start(Kept(implementation), parameters);

            Assert.Equal((StepErrorCodes.ParameterInvalid, "c"), (driver.Error!.Code, driver.Error.NodeId));
            Assert.Empty(driver.Runs);
            Assert.Empty(driver.Waits);
        }
    }

    [Theory]
    [InlineData("""{"n": 1}""", "PARAMETER_MISSING", "/name")]
    [InlineData("""{"name": 5}""", "PARAMETER_TYPE", "/name")]
    [InlineData("""{"name": "a", "nme": 1}""", "PARAMETER_UNKNOWN", "/nme")]
    [InlineData("""{"name": "a", "nme": "{{ input.x }}"}""", "PARAMETER_UNKNOWN", "/nme")]
    [InlineData("""{"name": "a", "n": 11}""", "PARAMETER_VALUE", "/n")]
    [InlineData("""{"name": "a", "list": ["x", 1, "{{ 2 }}"]}""", "PARAMETER_TYPE", "/list/1")]
    [InlineData("""{"name": "a", "list": ["{{ 1 }}", "{{ 1 }}", "x", "y"]}""", "PARAMETER_VALUE", "/list")]
    [InlineData("""{"name": "a", "list": ["x", "x"]}""", "PARAMETER_VALUE", "/list")]
    [InlineData("""{"name": "a", "size": {"unit": "m"}}""", "PARAMETER_VALUE", "/size")]
    public void Constants_that_break_the_schema_are_problems_of_the_definition(string parameters, string code, string at)
    {
        CompiledWorkflow.TryCompile(Json(parameters), Kept(Post, Strict), out var workflow, out var problems);

        Assert.Null(workflow);
        var problem = Assert.Single(problems);
        Assert.Equal((code, "/nodes/0/parameters" + at), (problem.Code, problem.Pointer));
        Assert.Contains("'greet'", problem.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"name": "{{ 5 }}"}""")]
    [InlineData("""{"name": "x{{ 5 }}", "n": "{{ input.n }}", "list": "{{ input.list }}"}""")]
    [InlineData("""{"name": "a", "list": ["{{ 1 }}", "{{ 1 }}"]}""")]
    [InlineData("""{"name": "a", "size": {"unit": "{{ 1 }}"}}""")]
    [InlineData("""{"name": "a", "size": {"unit": "cm", "a": "{{ 1 }}", "b": "{{ 1 }}"}}""")]
    public void Of_expressions_nothing_is_said_before_they_run(string parameters) =>
        Assert.True(CompiledWorkflow.TryCompile(Json(parameters), Kept(Post, Strict), out _, out var problems), string.Join('\n', problems));

    [Fact]
    public void It_may_be_a_workflow_that_is_started_with_its_parameters()
    {
        var driver = Start(Kept(Called), """{"name": "{{ input.who }}"}""", facts => facts with { Depth = 4 });

        var (key, wait) = Assert.Single(driver.Waits);
        Assert.Equal((("c", "", 1), WaitKind.Child, ExecutionDriver.Epoch.AddSeconds(60)), (key, wait.Kind, wait.DueAt));
        Assert.Equal("""{"workflow":"Check","mode":"wait","depth":5,"input":{"name":"ada"}}""", Encoding.UTF8.GetString(wait.Request.Span));
        driver.Crash();
        Assert.Equal(key, Assert.Single(driver.Waits).Key);
        driver.Resolve("c", WaitOutcome.Answered, """{"status": "completed", "executionId": "x", "output": {"ok": true}}""");
        Assert.Equal(("c:main", """{"ok":true}"""), (driver.Story, driver.Output));
    }

    [Theory]
    [InlineData(WaitOutcome.Answered, """{"status": "failed", "executionId": "x", "error": {"code": "E", "message": "m"}}""", "CHILD_FAILED")]
    [InlineData(WaitOutcome.Answered, """{"status": "refused", "error": {"code": "WORKFLOW_NOT_FOUND", "message": "m"}}""", "WORKFLOW_NOT_FOUND")]
    [InlineData(WaitOutcome.Timeout, "null", "WAIT_TIMED_OUT")]
    public void The_failure_of_its_workflow_is_its_own(WaitOutcome outcome, string answer, string code)
    {
        var driver = Start(Kept(Called), """{"name": "a"}""");
        driver.Resolve("c", outcome, answer);

        Assert.Equal((code, "c"), (driver.Error!.Code, driver.Error.NodeId));
    }

    [Fact]
    public void Its_workflows_do_not_start_each_other_without_end() => Assert.Equal(
        StepErrorCodes.SubworkflowTooDeep,
        Start(Kept(Called), """{"name": "a"}""", facts => facts with { Depth = Limits.SubworkflowDepth }).Error!.Code);

    [Fact]
    public void The_time_of_the_node_comes_before_that_of_the_custom_node()
    {
        var driver = new ExecutionDriver(Compile(Kept(Called), """{"id": "c", "type": "custom:greet", "parameters": {"name": "a"}, "timeoutSeconds": 5}""")).Start();

        Assert.Equal(ExecutionDriver.Epoch.AddSeconds(5), Assert.Single(driver.Waits).Value.DueAt);
    }

    [Fact]
    public void In_a_loop_each_round_waits_for_its_own()
    {
        var driver = new ExecutionDriver(Compile(Kept(Called), Flow.ForEach("l", "['a', 'b']", """{"id": "c", "type": "custom:greet", "parameters": {"name": "{{ item }}"}}""", parameters: ", \"maxParallel\": 2"))).Start();

        Assert.Equal([("c", "0", 1), ("c", "1", 1)], driver.Waits.Keys.Order());
        Assert.Equal(["a", "b"], driver.Waits.OrderBy(wait => wait.Key).Select(wait => JsonElement.Parse(wait.Value.Request.Span).GetProperty("input").GetProperty("name").GetString()));
    }

    [Theory]
    [InlineData("""{"type": "workflow"}""", "/implementation/workflow")]
    [InlineData("""{"type": "workflow", "workflow": "{{ input.name }}"}""", "/implementation/workflow")]
    [InlineData("""{"type": "workflow", "workflow": 5}""", "/implementation/workflow")]
    [InlineData("""{"type": "workflow", "workflow": "w", "mode": "fire"}""", "/implementation/mode")]
    [InlineData("""{"type": "workflow", "workflow": "w", "version": 2}""", "/implementation/version")]
    [InlineData("""{"type": "workflow", "workflow": "w", "timeoutSeconds": 0}""", "/implementation/timeoutSeconds")]
    [InlineData("""{"type": "workflow", "workflow": "w", "timeoutSeconds": "{{ vars.a }}"}""", "/implementation/timeoutSeconds")]
    [InlineData("""{"type": "script"}""", "/implementation/type")]
    public void A_workflow_that_cannot_be_run_is_a_problem_of_the_custom_node(string implementation, string pointer)
    {
        Assert.False(CustomNodeCall.TryCompile(JsonElement.Parse("{}"), JsonElement.Parse(implementation), out _, out var problems));

        Assert.Equal(pointer, Assert.Single(problems).Pointer);
    }

    [Theory]
    [InlineData("""{"nodes": [{"type": "custom:a", "body": {"nodes": [{"\u0074ype": "custom:b"}]}}], "name": "custom:c", "type": ["custom:d"]}""", "a b")]
    [InlineData("""{"nodes": [{"type": "custom:a"}, """, "a")]
    [InlineData("""{"nodes": [{"type": "custom:A"}, {"type": 5}, {"type": "http"}]}""", "")]
    [InlineData("nonsense", "")]
    public void The_names_in_a_definition_are_found_before_it_is_read(string definition, string names) =>
        Assert.Equal(names, string.Join(' ', CustomNodes.NamesIn(Encoding.UTF8.GetBytes(definition)).Order()));

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
            ResourceUse.FindMissing(workflow.Resources, [], ["greet"], []).Select(problem => problem.Code));
    }

    private static CustomNodeSet Kept(string implementation, string schema = Schema) =>
        CustomNodeSet.Of([new CustomNodeDefinition("greet", 3, JsonElement.Parse(schema), JsonElement.Parse(implementation))]);

    private static ReadOnlyMemory<byte> Json(string parameters) => Encoding.UTF8.GetBytes(Flow.Json(Node(parameters)));

    private static CompiledWorkflow Compile(CustomNodeSet kept, string nodes)
    {
        Assert.True(CompiledWorkflow.TryCompile(Encoding.UTF8.GetBytes(Flow.Json(nodes)), kept, out var workflow, out var problems), string.Join('\n', problems));
        return workflow;
    }

    private static ExecutionDriver Start(CustomNodeSet kept, string parameters, Func<ExecutionFacts, ExecutionFacts>? change = null) =>
        new ExecutionDriver(Compile(kept, Node(parameters)), """{"who": "ada", "n": 1}""", change).Start();

    private static string Node(string parameters) => $$"""{"id": "c", "type": "custom:greet", "parameters": {{parameters}}}""";

    private static NodeRun Run(string parameters) => ExecutionDriver.Start(Node(parameters), input: """{"who": "ada"}""").Run("c");

    private static CustomNodeCall Compile(string schema, string implementation)
    {
        Assert.True(CustomNodeCall.TryCompile(JsonElement.Parse(schema), JsonElement.Parse(implementation), out var call, out var problems), string.Join('\n', problems));
        return call;
    }
}
