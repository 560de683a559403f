using System.Text.Json;
using Workflows.Engine.Executions;
using Workflows.Engine.Tests.Executions;

namespace Workflows.Engine.Tests.Nodes;

/// <summary>merge, validate, aggregate, split, waitUntil.</summary>
public sealed class DataNodeTests
{
    private const string Orders = """{"orders": [{"c": "DE", "n": 5}, {"c": "US", "n": 2.5}, {"c": "DE", "n": 1}, {"c": null}]}""";

    [Theory]
    [InlineData("", """{"a":1,"c":3}""")]
    [InlineData("\"mode\": \"object\"", """{"a":1,"c":3}""")]
    [InlineData("\"mode\": \"array\"", "[1,3]")]
    [InlineData("\"mode\": \"first\"", "1")]
    public void Merge_combines_what_arrived_in_the_order_of_the_edges(string parameters, string expected)
    {
        var driver = ExecutionDriver.Start(
            $$$"""{{{Flow.Set("a", "1")}}}, {{{Flow.If("i", "false")}}}, {{{Flow.Set("b", "2")}}}, {{{Flow.Set("c", "3")}}}, {"id": "m", "type": "merge", "parameters": { {{{parameters}}} }}""",
            "i.true>b, a>m, b>m, c>m");

        Assert.Equal(expected, driver.OutputOf("m"));
    }

    [Fact]
    public void Merge_waits_for_all_branches_that_are_not_dead()
    {
        var driver = ExecutionDriver.Start($$"""{{Flow.Effect("a")}}, {{Flow.Effect("b")}}, {"id": "m", "type": "merge"}""", "a>m, b>m");

        driver.Succeed("b", "\"B\"");
        Assert.Null(driver.End);
        driver.Succeed("a", "\"A\"");

        Assert.Equal("""{"a":"A","b":"B"}""", driver.Output);
    }

    [Theory]
    [InlineData("7", "v:valid y:main", "7")]
    [InlineData("\"7\"", "v:invalid n:main", """{"value":"7","problems":[{"pointer":"","keyword":"type","message":"must be integer, not text"}]}""")]
    [InlineData("-1", "v:invalid n:main", """{"value":-1,"problems":[{"pointer":"","keyword":"minimum","message":"must be at least 0"}]}""")]
    public void Validate_leaves_by_the_port_of_its_finding(string value, string story, string output)
    {
        var driver = ExecutionDriver.Start(
            $$"""{{Validate}}, {{Flow.Noop("y")}}, {{Flow.Noop("n")}}""", "v.valid>y, v.invalid>n", input: $$"""{"x": {{value}}}""");

        Assert.Equal((story, output), (driver.Story, driver.OutputOf("v")));
    }

    [Fact]
    public void Validate_fails_when_nothing_is_wired_for_a_value_that_does_not_fit()
    {
        var driver = ExecutionDriver.Start(Validate, input: """{"x": -1}""");

        Assert.Equal(new ExecutionError(StepErrorCodes.ValueInvalid, "The value does not fit its schema:  must be at least 0.", "v"), driver.Error);
    }

    [Theory]
    [InlineData("", """{"count":4}""")]
    [InlineData("""
        , "value": "item.n"
        """, """{"count":4,"sum":8.5,"avg":2.8333333333333335,"min":1,"max":5}""")]
    [InlineData("""
        , "value": "item.n", "groupBy": "item.c"
        """, """{"count":4,"sum":8.5,"avg":2.8333333333333335,"min":1,"max":5,"groups":[{"key":"DE","count":2,"sum":6,"avg":3,"min":1,"max":5},{"key":"US","count":1,"sum":2.5,"avg":2.5,"min":2.5,"max":2.5},{"key":null,"count":1,"sum":0,"avg":null,"min":null,"max":null}]}""")]
    [InlineData("""
        , "groupBy": "index > 1"
        """, """{"count":4,"groups":[{"key":false,"count":2},{"key":true,"count":2}]}""")]
    public void Aggregate_counts_and_sums_as_a_whole_and_by_groups(string parameters, string expected)
    {
        var driver = ExecutionDriver.Start(
            $$$"""{"id": "a", "type": "aggregate", "parameters": {"items": "{{ input.orders }}"{{{parameters}}}}}""", input: Orders);

        Assert.Equal(expected, driver.Output);
    }

    [Fact]
    public void Aggregate_keeps_the_digits_of_what_it_does_not_calculate_with()
    {
        var driver = ExecutionDriver.Start(
            """
            {"id": "a", "type": "aggregate",
             "parameters": {"items": "{{ input.l }}", "value": "item", "groupBy": "item"}}
            """,
            input: """
            {"l": [8202522731445525543, 8202522731445525542, 1.0, 1, 1e0, 0.1234567890123456789, 8202522731445525543]}
            """);
        var output = JsonElement.Parse(driver.Output!);

        Assert.Equal("8202522731445525543", output.GetProperty("max").GetRawText());
        Assert.Equal("0.1234567890123456789", output.GetProperty("min").GetRawText());
        Assert.Equal(
            ["8202522731445525543 2", "8202522731445525542 1", "1.0 3", "0.1234567890123456789 1"],
            output.GetProperty("groups").EnumerateArray().Select(group =>
            $"{group.GetProperty("key").GetRawText()} {group.GetProperty("count")}"));
    }

    [Theory]
    [InlineData("\"value\": \"item.c\"", StepErrorCodes.ParameterInvalid)]
    [InlineData("\"groupBy\": \"item\"", StepErrorCodes.ParameterInvalid)]
    [InlineData("\"value\": \"1e308\"", StepErrorCodes.ParameterInvalid)]
    public void Aggregate_refuses_what_it_cannot_count(string parameters, string code)
    {
        var driver = ExecutionDriver.Start(
            $$$"""{"id": "a", "type": "aggregate", "parameters": {"items": "{{ input.orders }}", {{{parameters}}}}}""", input: Orders);

        Assert.Equal(code, driver.Error!.Code);
    }

    [Theory]
    [InlineData("[1..5]", 2, "[[1,2],[3,4],[5]]")]
    [InlineData("[1..4]", 2, "[[1,2],[3,4]]")]
    [InlineData("'x'", 2, "[[\"x\"]]")]
    [InlineData("[]", 2, "[]")]
    [InlineData("null", 2, "[]")]
    public void Split_makes_batches(string items, int size, string expected)
    {
        var driver = ExecutionDriver.Start($$$"""{"id": "s", "type": "split", "parameters": {"items": "{{ {{{items}}} }}", "size": {{{size}}}}}""");

        Assert.Equal(expected, driver.Output);
    }

    [Theory]
    [InlineData("\"2026-01-31T12:00:30Z\"", 30)]
    [InlineData("\"2026-01-31T13:01:00+01:00\"", 60)]
    [InlineData("\"{{ $millis() + 90000 }}\"", 90)]
    public void WaitUntil_waits_for_an_instant_as_text_or_number(string instant, int seconds)
    {
        var driver = ExecutionDriver.Start($$$"""{"id": "w", "type": "waitUntil", "parameters": {"instant": {{{instant}}}}}""");

        var wait = Assert.Single(driver.Waits.Values);
        Assert.Equal((WaitKind.Timer, driver.Now.AddSeconds(seconds)), (wait.Kind, wait.DueAt));
        driver.Now = driver.Now.AddSeconds(seconds);
        driver.Resolve("w", WaitOutcome.Due);
        Assert.Equal($$"""{"dueAt":"{{driver.Now.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}}"}""", driver.Output);
    }

    [Theory]
    [InlineData("\"2026-01-31T11:59:59Z\"", "w:main")]
    [InlineData("\"{{ 0 }}\"", "w:main")]
    [InlineData("\"tomorrow\"", "w!PARAMETER_INVALID")]
    [InlineData("\"{{ -1 }}\"", "w!PARAMETER_INVALID")]
    [InlineData("\"{{ 1e300 }}\"", "w!PARAMETER_INVALID")]
    [InlineData("\"2999-01-01T00:00:00Z\"", "w!PARAMETER_INVALID")]
    public void WaitUntil_does_not_wait_for_the_past_nor_for_nonsense(string instant, string story) =>
        Assert.Equal(story, ExecutionDriver.Start($$$"""{"id": "w", "type": "waitUntil", "parameters": {"instant": {{{instant}}}}}""").Story);

    private const string Validate =
        """{"id": "v", "type": "validate", "parameters": {"value": "{{ input.x }}", "schema": {"type": "integer", "minimum": 0}}}""";
}
