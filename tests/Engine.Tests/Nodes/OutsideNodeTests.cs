using System.Text;
using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Engine.Tests.Executions;

namespace Workflows.Engine.Tests.Nodes;

/// <summary>What sql, email, file, store, session and search nodes render for their runners, and what they refuse to be.</summary>
public sealed class OutsideNodeTests
{
    [Theory]
    [InlineData(
        "sql", """{"connector": "db", "statement": "select @a", "parameters": {"a": "{{ input.x }}"}, "maxRows": 5}""",
        """{"connector": "db", "statement": "select @a", "parameters": {"a": 7}, "readOnly": true, "maxRows": 5, "timeoutSeconds": 30}""")]
    [InlineData(
        "email", """{"connector": "mail", "from": "a@b.c", "to": ["{{ input.to }}"], "subject": "n {{ input.x }}", "text": "hello"}""",
        """{"connector": "mail", "from": "a@b.c", "to": ["d@e.f"], "subject": "n 7", "text": "hello"}""")]
    [InlineData(
        "file", """{"operation": "write", "path": "a/{{ input.x }}.json", "content": {"n": "{{ input.x }}"}, "format": "json"}""",
        """{"operation": "write", "format": "json", "contentType": null, "maxBytes": "MAX", "maxFiles": "1000", "path": "a/7.json", "content": {"n": 7}}""")]
    [InlineData("script", """{"script": "resize", "input": {"n": "{{ input.x }}"}}""", """{"script": "resize", "output": "json", "input": {"n": 7}}""")]
    [InlineData("script", """{"script": "resize", "output": "text"}""", """{"script": "resize", "output": "text"}""")]
    [InlineData(
        "store", """{"operation": "increment", "scope": "tenant", "key": "k{{ input.x }}", "by": "{{ input.x }}"}""",
        """{"operation": "increment", "scope": "tenant", "wired": "", "key": "k7", "by": 7}""")]
    [InlineData("sessionRead", "{}", """{"session": "s-1"}""")]
    [InlineData("sessionWrite", """{"data": {"a": "{{ input.x }}"}}""", """{"session": "s-1", "data": {"a": 7}}""")]
    [InlineData("sessionEnd", """{"session": "input.to"}""", """{"session": "d@e.f"}""")]
    [InlineData(
        "search", """{"query": "find {{ input.x }}", "limit": 3, "contentType": "workflow", "threshold": 0.5}""",
        """{"limit": "3", "query": "find 7", "type": "workflow", "threshold": 0.5}""")]
    public void It_renders_what_its_runner_reads(string type, string parameters, string expected)
    {
        var driver = ExecutionDriver.Start(Node(type, parameters), input: """{"x": 7, "to": "d@e.f", "sessionId": "s-1"}""");

        var run = driver.Run("n");

        var wanted = JsonElement.Parse(expected.Replace("\"MAX\"", $"\"{Limits.FileBytes}\"", StringComparison.Ordinal));
        var actual = Encoding.UTF8.GetString(run.Parameters.Span);
        Assert.True(JsonElement.DeepEquals(wanted, JsonElement.Parse(actual)), actual);
        Assert.False(NodeEvaluator.CanRun(driver.State, run));
    }

    [Theory]
    [InlineData("sql", """{"connector": "db", "statement": "select {{ input.x }}"}""", DefinitionProblemCodes.ParameterValue, "/statement")]
    [InlineData("sql", """{"statement": "select 1"}""", DefinitionProblemCodes.ParameterMissing, "/connector")]
    [InlineData("email", """{"connector": "m", "from": "a@b.c", "to": "d@e.f", "subject": "s"}""", DefinitionProblemCodes.ParameterConflict, "")]
    [InlineData("file", """{"operation": "read"}""", DefinitionProblemCodes.ParameterMissing, "/path")]
    [InlineData("file", """{"operation": "write", "path": "a"}""", DefinitionProblemCodes.ParameterMissing, "/content")]
    [InlineData("store", """{"operation": "write", "key": "k"}""", DefinitionProblemCodes.ParameterConflict, "/value")]
    [InlineData("store", """{"operation": "read", "key": "k", "by": 1}""", DefinitionProblemCodes.ParameterConflict, "/by")]
    [InlineData("store", """{"operation": "compareAndSet", "key": "k", "value": 1}""", DefinitionProblemCodes.ParameterConflict, "/expectedVersion")]
    [InlineData("sessionWrite", "{}", DefinitionProblemCodes.ParameterMissing, "/data")]
    [InlineData("search", """{"query": "q", "limit": 51}""", DefinitionProblemCodes.ParameterValue, "/limit")]
    [InlineData("search", "{}", DefinitionProblemCodes.ParameterMissing, "/query")]
    [InlineData("script", "{}", DefinitionProblemCodes.ParameterMissing, "/script")]
    [InlineData("script", """{"script": "s", "arguments": ["x"]}""", DefinitionProblemCodes.ParameterUnknown, "/arguments")]
    [InlineData("store", """{"operation": "write", "key": "k", "value": "{{ secrets.A }}"}""", DefinitionProblemCodes.SecretMisused, "/value")]
    public void What_cannot_work_is_refused(string type, string parameters, string code, string at)
    {
        var problem = Assert.Single(Flow.Problems(Flow.Json(Node(type, parameters))));

        Assert.Equal((code, "/nodes/0/parameters" + at), (problem.Code, problem.Pointer));
    }

    [Theory]
    [InlineData("sessionRead", "{}")]
    [InlineData("sessionReply", """{"message": "hello"}""")]
    public void A_session_that_nobody_names_is_an_error_of_the_step(string type, string parameters) =>
        Assert.Equal(StepErrorCodes.ParameterInvalid, ExecutionDriver.Start(Node(type, parameters)).Error!.Code);

    [Fact]
    public void A_reply_waits_for_the_next_message_and_the_last_one_does_not()
    {
        const string Input = """{"sessionId": "s-1"}""";
        var wait = Assert.Single(ExecutionDriver.Start(Node("sessionReply", """{"message": "more?", "timeoutSeconds": 60}"""), input: Input).Waits.Values);
        Assert.Equal((WaitKind.Session, "s-1", ExecutionDriver.Epoch.AddSeconds(60)), (wait.Kind, wait.CorrelationKey, wait.DueAt));

        var last = ExecutionDriver.Start(Node("sessionReply", """{"message": "bye", "continue": false}"""), input: Input);
        Assert.Empty(last.Waits);
        Assert.Equal("""{"message":"bye","continue":false}""", last.Output);
    }

    private static string Node(string type, string parameters) => $$"""{"id": "n", "type": "{{type}}", "parameters": {{parameters}}}""";
}
