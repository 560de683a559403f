using System.Text;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Engine.Nodes;

namespace Workflows.Engine.Tests.Executions;

/// <summary>Where expressions see <c>secrets</c> and <c>context</c>.</summary>
public sealed class SecretTests
{
    private const string Url = "\"url\": \"https://api.example.com\"";

    [Fact]
    public void A_secret_is_in_scope_in_a_parameter_marked_secret()
    {
        var driver = Start($$$"""{{{Url}}}, "headers": {"Authorization": "Bearer {{ secrets.TOKEN }}"}, "query": {"k": "{{ secrets.`api-key` }}"}, "body": {"p": "{{ secrets.PASS }}"}""");

        var call = HttpCall.Read(driver.Run("h").Parameters);
        Assert.Equal([new("Authorization", "Bearer t0ken")], call.Headers);
        Assert.Equal("https://api.example.com?k=k3y", call.Url);
        Assert.Equal("{\"p\":\"pa55\"}", Encoding.UTF8.GetString(call.Body.Span));
        Assert.Equal(["PASS", "TOKEN", "api-key"], driver.Workflow.SecretNames.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("$string($$)")]
    [InlineData("$string($keys($$))")]
    [InlineData("$string($lookup($$, 'sec' & 'rets'))")]
    [InlineData("$string($lookup($lookup($$, 'sec' & 'rets'), 'TOKEN'))")]
    [InlineData("$string($$.*)")]
    [InlineData("$string(**)")]
    public void No_other_parameter_can_reach_a_secret(string expression)
    {
        var driver = Start($$$"""{{{Url}}}, "headers": {"A": "{{ secrets.TOKEN }}"}, "body": "{{ secrets.TOKEN }}" """, $"\"{{{{ {expression} }}}}\"");

        Assert.DoesNotContain("t0ken", driver.OutputOf("s"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_parameters_beside_one_that_reads_a_secret_do_not_see_it()
    {
        var driver = Start("""
            "url": "https://api.example.com/{{ $string($lookup($lookup($$, 'sec' & 'rets'), 'TOKEN')) }}", "headers": {"A": "{{ secrets.TOKEN }}"}
            """);

        Assert.Equal("https://api.example.com/", HttpCall.Read(driver.Run("h").Parameters).Url);
    }

    [Fact]
    public void A_parameter_that_reads_one_secret_cannot_list_the_others()
    {
        var driver = Start($$$"""{{{Url}}}, "headers": {"A": "{{ secrets.TOKEN & $string($lookup($$, 'sec' & 'rets')) }}"}""");

        Assert.Equal("t0ken{}", HttpCall.Read(driver.Run("h").Parameters).Headers[0].Value);
    }

    [Fact]
    public void A_secret_that_does_not_exist_fails_the_step_instead_of_leaving_the_credentials_out()
    {
        var driver = Start($$$"""{{{Url}}}, "headers": {"A": "{{ secrets.NOBODY }}"}""");

        Assert.Equal(new ExecutionError(StepErrorCodes.SecretUnknown, "There is no secret 'NOBODY'.", "h"), driver.Error);
    }

    [Theory]
    [InlineData("secrets")]
    [InlineData("secrets.*")]
    [InlineData("$lookup(secrets, input.name)")]
    [InlineData("$each(secrets, function($v) {$v})")]
    [InlineData("($s := secrets; $s.TOKEN)")]
    public void A_secret_is_read_by_its_literal_name_only(string expression)
    {
        var problems = Flow.Problems(Flow.Json($$$"""{"id": "h", "type": "http", "parameters": {{{{Url}}}, "body": "{{ {{{expression}}} }}"}}"""));

        Assert.Contains(problems, problem => problem is { Code: DefinitionProblemCodes.SecretMisused, Pointer: "/nodes/0/parameters/body" });
    }

    [Fact]
    public void The_context_is_in_scope_everywhere()
    {
        var workflow = Flow.Compile($"{Flow.Set("a", "\"{{ context.limit + 1 }}\"")}", "", """, "output": {"was": "{{ context.limit }}", "is": "{{ steps.a.output }}"}""");
        Assert.True(workflow.UsesContext);
        Assert.Empty(workflow.SecretNames);

        var driver = new ExecutionDriver(workflow, change: facts => facts with { Context = "{\"limit\": 4}"u8.ToArray() }).Start();

        Assert.Equal("""{"was":4,"is":5}""", driver.Output);
        Assert.False(Flow.Compile(Flow.Set("a", "\"{{ input.context }}\""), "").UsesContext);
    }

    private static ExecutionDriver Start(string parameters, string value = "1")
    {
        var workflow = Flow.Compile($$$"""{{{Flow.Set("s", value)}}}, {"id": "h", "type": "http", "parameters": { {{{parameters}}} }}""", "s>h");
        return new ExecutionDriver(workflow, change: facts => facts with
        {
            Secrets = new Dictionary<string, string> { ["TOKEN"] = "t0ken", ["api-key"] = "k3y", ["PASS"] = "pa55" },
        }).Start();
    }
}
