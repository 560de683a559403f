using System.Text;
using System.Text.RegularExpressions;
using Workflows.Engine.Executions;

namespace Workflows.Engine.Tests.Executions;

/// <summary>What the database would refuse, and everybody in the checkpoint with it, fails the one step.</summary>
public sealed class UnstorableTests
{
    [Theory]
    [InlineData("waitForEvent", """ "eventType": "e", "correlation": "$base64decode('AGEA')" """)]
    [InlineData("subworkflow", """ "workflow": "{{ $base64decode('AGEA') }}" """)]
    [InlineData("subworkflow", """ "workflow": "x", "input": {"a": "{{ $base64decode('AGEA') }}"} """)]
    [InlineData("subworkflow", """ "workflow": "x", "input": "{{ {$base64decode('AGEA'): 1} }}" """)]
    [InlineData("approval", """ "users": ["a@x.org"], "title": "{{ $base64decode('AGEA') }}" """)]
    [InlineData("approval", """ "users": ["a"], "title": "t", "description": "{{ $base64decode('AGEA') }}" """)]
    public void A_wait_that_asks_for_it_is_an_invalid_parameter(string type, string parameters)
    {
        var driver = ExecutionDriver.Start($$"""{"id": "w", "type": "{{type}}", "parameters": { {{parameters}} } }""");

        Assert.Equal(StepErrorCodes.ParameterInvalid, driver.Error?.Code);
        Assert.Empty(driver.Waits);
    }

    [Theory]
    [InlineData("plain", null)]
    [InlineData("", null)]
    [InlineData("\ud83d\ude00 whole", null)]
    [InlineData("a\0", "the character U+0000 at position 1")]
    // As escapes: an attribute holds no half pair.
    [InlineData("\\ud83d", "half of a surrogate pair at position 0")]
    [InlineData("\\ud83d\\ude00\\ude00", "half of a surrogate pair at position 2")]
    [InlineData("\\ud83d\\ude00x\\ud83d", "half of a surrogate pair at position 3")]
    [InlineData("\ud83d\ude00xy\0", "the character U+0000 at position 4")]
    public void Text_that_cannot_be_stored_is_found(string text, string? problem) =>
        Assert.Equal(problem, JsonText.FindCharacterProblem(Regex.Unescape(text)));

    [Fact]
    public void A_value_that_grows_deeper_than_any_may_be_fails_its_step()
    {
        const int Length = Limits.JsonDepth + 10;
        var nodes = string.Join(", ", Enumerable.Range(0, Length).Select(index => Flow.Set(
            $"n{index}", index == 0 ? "[1]" : $"[\"{{{{ steps.n{index - 1}.output }}}}\"]")));
        var edges = string.Join(", ", Enumerable.Range(1, Length - 1).Select(index => $"n{index - 1}>n{index}"));

        var driver = ExecutionDriver.Start(nodes, edges);

        Assert.Equal(StepErrorCodes.OutputInvalid, driver.Error?.Code);
        Assert.Equal($"n{Limits.JsonDepth}", driver.Error?.NodeId);
    }

    [Theory]
    [InlineData(150)]
    [InlineData(190)]
    public void A_value_that_one_expression_builds_too_deep_fails_its_step(int depth)
    {
        var driver = ExecutionDriver.Start(Flow.Set(
            "n", $$"""{"a": "{{"{{"}} $reduce([1..{{depth}}], function($v, $i) { [[$v]] }, 1) {{"}}"}}"}"""));

        Assert.Contains(driver.Error?.Code, new[] { StepErrorCodes.OutputInvalid, StepErrorCodes.ExpressionError });
    }

    [Fact]
    public void The_deepest_value_allowed_goes_through_a_child_and_back()
    {
        var deep = new string('[', Limits.JsonDepth) + new string(']', Limits.JsonDepth);
        var driver = ExecutionDriver.Start(
            """{"id": "call", "type": "subworkflow", "parameters": {"workflow": "x", "input": "{{ input }}"}}""",
            input: deep);
        Assert.Null(driver.Error);
        var request = Encoding.UTF8.GetString(Assert.Single(driver.Waits).Value.Request.Span);
        Assert.Contains(deep, request, StringComparison.Ordinal);

        driver.Resolve(
            "call", WaitOutcome.Answered, $$"""{"status": "completed", "executionId": "x", "output": {{deep}}}""");

        Assert.Equal(deep, driver.Output);
    }

    [Fact]
    public void A_child_that_no_retry_cures_is_not_tried_again_and_its_code_is_at_hand()
    {
        const string Call =
            """{"id": "call", "type": "subworkflow", "parameters": {"workflow": "x"}, "retry": {"maxAttempts": 3}}""";
        var driver = ExecutionDriver.Start(
            $$$"""{{{Call}}}, {{{Flow.Set("s", "\"{{ steps.call.output.cause.code }}\"")}}}""", "call.error>s");

        driver.Resolve("call", WaitOutcome.Answered, """
            {"status": "failed", "executionId": "x", "error": {"code": "NO_STOCK", "message": "m", "kind": "permanent"}}
            """);

        Assert.Equal("\"NO_STOCK\"", driver.Output);
        Assert.Equal("call:error s:main", driver.Story);
    }

    [Theory]
    [InlineData("true", "{\"a\":1,\"b\":2}")]
    [InlineData("false", "2")]
    public void A_way_that_leads_nowhere_adds_nothing_to_the_result(string condition, string output)
    {
        var driver = ExecutionDriver.Start(
            $$"""
            {"id": "q", "type": "if", "parameters": {"condition": "{{condition}}"} },
            {{Flow.Set("a", "1")}}, {{Flow.Set("b", "2")}}
            """,
            "q.true>a");

        Assert.Equal(output, driver.Output);
    }
}
