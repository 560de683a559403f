using System.Text;
using System.Text.Json;
using Workflows.Engine.Events;
using Workflows.Engine.Executions;
using Workflows.Engine.Tests.Executions;

namespace Workflows.Engine.Tests.Nodes;

/// <summary>What nodes make of their parameters: expressions, scope, ports, outputs.</summary>
public sealed class NodeTests
{
    private const string Order = """{"id": "o-1", "amount": 120.50, "tags": ["a", "b"], "customer": {"name": "Ada"}, "note": null}""";

    [Theory]
    [InlineData("\"{{ input.amount }}\"", "120.50")]
    [InlineData("\"{{ input.amount * 2 }}\"", "241")]
    [InlineData("\"{{ input.customer }}\"", "{\"name\": \"Ada\"}")]
    [InlineData("\"Order {{ input.id }} of {{ input.customer.name }}\"", "\"Order o-1 of Ada\"")]
    [InlineData("{\"a\": [\"{{ input.tags }}\", 1, true, null], \"b\": {\"c\": \"{{ $count(input.tags) }}\"}}", "{\"a\":[[\"a\",\"b\"],1,true,null],\"b\":{\"c\":2}}")]
    [InlineData("{\"gone\": \"{{ input.nothing }}\", \"null\": \"{{ input.note }}\"}", "{\"null\":null}")]
    [InlineData("\"{{ input.nothing }}\"", "null")]
    [InlineData("\"no expression\"", "\"no expression\"")]
    [InlineData("\"{{ execution.id }}\"", "\"01890000-0000-7000-8000-000000000001\"")]
    [InlineData("\"{{ execution.version & '/' & execution.attempt }}\"", "\"7/1\"")]
    [InlineData("\"{{ execution.createdAt }}\"", "\"2026-01-31T12:00:00.000Z\"")]
    [InlineData("\"{{ execution.correlationId }}\"", "null")]
    [InlineData("\"{{ trigger.type }}\"", "\"manual\"")]
    [InlineData("\"{{ event }}\"", "null")]
    [InlineData("\"{{ vars.rate }}\"", "0.19")]
    [InlineData("\"{{ $now() }}\"", "\"2026-01-31T12:00:00.000Z\"")]
    [InlineData("\"{{ $keys($) }}\"", "[\"input\",\"steps\",\"trigger\",\"execution\",\"vars\"]")]
    public void Set_computes_from_what_is_in_scope(string value, string expected)
    {
        var driver = new ExecutionDriver(
            Flow.Compile(Flow.Set("a", value), ""), Order, facts => facts with { Variables = "{\"rate\": 0.19}"u8.ToArray() }).Start();

        AssertJson(expected, driver.Output);
    }

    [Fact]
    public void An_event_that_started_the_execution_is_in_scope()
    {
        var driver = new ExecutionDriver(
            Flow.Compile(Flow.Set("a", "\"{{ event.type & ' ' & event.data.amount & ' ' & trigger.id }}\""), ""),
            change: facts => facts with
            {
                TriggerType = "event",
                TriggerId = "placed",
                TriggerEvent = """{"specversion": "1.0", "type": "order.placed", "data": {"amount": 3}}"""u8.ToArray(),
                CorrelationId = "c-1",
            }).Start();

        Assert.Equal("\"order.placed 3 placed\"", driver.Output);
    }

    [Fact]
    public void Steps_show_output_port_and_status()
    {
        var driver = ExecutionDriver.Start(
            $"{Flow.Effect("a")}, {Flow.Set("b", "[\"{{ steps.a.output.code }}\", \"{{ steps.a.port }}\", \"{{ steps.a.status }}\"]")}", "a.error>b");

        driver.Fail("a", "HTTP_404", StepErrorKind.Permanent);

        Assert.Equal("[\"HTTP_404\",\"error\",\"failed\"]", driver.Output);
    }

    [Fact]
    public void A_step_that_was_skipped_yields_nothing()
    {
        var driver = ExecutionDriver.Start(
            $"{Flow.If("i", "true")}, {Flow.Set("yes", "1")}, {Flow.Set("no", "2")}, {Flow.Set("end", "[\"{{ steps.yes.output }}\", \"{{ $exists(steps.no) }}\"]")}",
            "i.true>yes, i.false>no, yes>end, no>end");

        Assert.Equal("i:true yes:main end:main", driver.Story);
        Assert.Equal("[1,false]", driver.Output);
    }

    [Fact]
    public void An_expression_may_walk_over_all_steps()
    {
        var driver = ExecutionDriver.Start(
            $"{Flow.Set("a", "1")}, {Flow.Set("b", "2")}, {Flow.Set("c", "\"{{ $sum(steps.*.output) }}\"")}", "a>b, b>c");

        Assert.Equal("3", driver.Output);
    }

    [Fact]
    public void An_expression_that_fails_is_an_error_of_the_step_with_code_and_position()
    {
        var driver = ExecutionDriver.Start(
            $"{Flow.Set("a", "{\"x\": \"{{ input.amount + 'x' }}\"}")}, {Flow.Noop("bad")}", "a.error>bad", input: Order);

        Assert.Equal("a:error bad:main", driver.Story);
        var error = driver.Steps[0].Error!;
        Assert.Equal((StepErrorCodes.ExpressionError, StepErrorKind.Permanent), (error.Code, error.Kind));
        Assert.Matches(@"^T2002 at position \d+: ", error.Message);
    }

    [Fact]
    public void An_output_expression_that_fails_fails_the_execution()
    {
        var driver = ExecutionDriver.Start(Flow.Noop("a"), rest: """, "output": "{{ 1 + 'x' }}" """);

        Assert.Equal((StepErrorCodes.ExpressionError, null), (driver.Error!.Code, driver.Error.NodeId));
    }

    [Fact]
    public void An_output_template_reads_the_steps()
    {
        var driver = ExecutionDriver.Start(Flow.Set("a", "{\"x\": 5}"), rest: """, "output": {"total": "{{ steps.a.output.x * 2 }}"}""");

        Assert.Equal("{\"total\":10}", driver.Output);
    }

    [Fact]
    public void An_expression_without_end_is_stopped()
    {
        var driver = ExecutionDriver.Start(Flow.Set("a", "\"{{ ($f := function($x) { $f($x + 1) }; $f(0)) }}\""));

        Assert.Equal(StepErrorCodes.ExpressionError, driver.Error!.Code);
    }

    [Fact]
    public void An_expression_that_builds_too_much_is_stopped()
    {
        var driver = ExecutionDriver.Start(Flow.Set("a", "\"{{ [1..1000000] }}\""));

        Assert.Equal(StepErrorCodes.OutputTooLarge, driver.Error!.Code);
    }

    [Fact]
    public void Text_that_cannot_be_stored_is_an_error_of_the_step()
    {
        var driver = ExecutionDriver.Start(Flow.Set("a", """ "{{ \"a\\u0000b\" }}" """));

        Assert.Equal(StepErrorCodes.OutputInvalid, driver.Error!.Code);
    }

    [Fact]
    public void Random_numbers_are_the_same_when_a_step_is_derived_again()
    {
        var definition = Flow.Compile($"{Flow.Set("a", "\"{{ $random() }}\"")}, {Flow.Set("b", "\"{{ $random() }}\"")}", "a>b");
        var first = new ExecutionDriver(definition).Start();
        var again = new ExecutionDriver(definition).Start();
        var other = new ExecutionDriver(definition, change: facts => facts with { ExecutionId = Guid.CreateVersion7() }).Start();

        Assert.Equal(first.OutputOf("a"), again.OutputOf("a"));
        Assert.NotEqual(first.OutputOf("a"), first.OutputOf("b"));
        Assert.NotEqual(first.OutputOf("a"), other.OutputOf("a"));
    }

    [Theory]
    [InlineData("input.amount > 100", "true")]
    [InlineData("{{ input.amount > 100 }}", "true")]
    [InlineData("input.amount > 1000", "false")]
    [InlineData("input.nothing", "false")]
    [InlineData("input.tags", "true")]
    [InlineData("true", "true")]
    public void If_goes_by_the_truth_of_its_condition(string condition, string port)
    {
        var driver = ExecutionDriver.Start(Flow.If("i", condition), input: Order);

        Assert.Equal($"i:{port}", driver.Story);
        Assert.Equal(port, driver.Output);
    }

    [Theory]
    [InlineData(5, "small")]
    [InlineData(50, "medium")]
    [InlineData(500, "default")]
    public void Switch_goes_by_the_first_case_that_holds(int amount, string port)
    {
        var driver = ExecutionDriver.Start($"{Switch}, {Flow.Noop("n")}", "s.default>n", input: $$"""{"amount": {{amount}}}""");

        Assert.Equal(port, driver.Steps[0].Port);
        Assert.Equal($"\"{port}\"", driver.OutputOf("s"));
    }

    [Fact]
    public void Switch_without_a_case_that_holds_and_without_default_fails()
    {
        var driver = ExecutionDriver.Start(Switch, input: """{"amount": 500}""");

        Assert.Equal(StepErrorCodes.NoCaseMatches, driver.Error!.Code);
    }

    [Theory]
    [InlineData("if", "\"condition\": \"input.amount > 100\"", "true", "true")]
    [InlineData("set", "\"value\": \"{{ input.id }}\"", "main", "\"o-1\"")]
    [InlineData("noop", "", "main", "null")]
    public void A_pure_node_with_an_effect_is_evaluated_by_the_worker(string type, string parameters, string port, string output)
    {
        var driver = ExecutionDriver.Start(
            $$$"""{"id": "a", "type": "{{{type}}}", "effect": true, "parameters": {{{{parameters}}}}}""", input: Order);
        Assert.True(NodeEvaluator.CanRun(driver.State, driver.Run("a")));
        Assert.True(driver.Run("a").Parameters.IsEmpty);

        driver.Evaluate("a");

        Assert.Equal($"a:{port}", driver.Story);
        Assert.Equal(output, driver.Output);
    }

    [Fact]
    public void A_pure_node_with_an_effect_that_fails_reports_its_failure()
    {
        var driver = ExecutionDriver.Start("""{"id": "a", "type": "set", "effect": true, "parameters": {"value": "{{ 1 + 'x' }}"}}""");

        driver.Evaluate("a");

        Assert.Equal(StepErrorCodes.ExpressionError, driver.Error!.Code);
    }

    [Fact]
    public void A_fail_node_words_its_message()
    {
        var driver = ExecutionDriver.Start(
            """{"id": "f", "type": "fail", "parameters": {"code": "REFUSED", "message": "Order {{ input.id }} is refused."}}""", input: Order);

        Assert.Equal(new ExecutionError("REFUSED", "Order o-1 is refused.", "f"), driver.Error);
    }

    [Theory]
    [InlineData("\"seconds\": \"{{ input.amount }}\"", 120.5)]
    [InlineData("\"duration\": \"PT{{ $count(input.tags) }}M\"", 120)]
    [InlineData("\"until\": \"{{ '2026-01-31T13:00:00Z' }}\"", 3_600)]
    public void A_delay_may_be_computed(string parameters, double seconds)
    {
        var driver = ExecutionDriver.Start($$$"""{"id": "d", "type": "delay", "parameters": {{{{parameters}}}}}""", input: Order);

        Assert.Equal(ExecutionDriver.Epoch.AddSeconds(seconds), Assert.Single(driver.Waits.Values).DueAt);
    }

    [Theory]
    [InlineData("\"seconds\": \"{{ input.id }}\"")]
    [InlineData("\"seconds\": \"{{ input.nothing }}\"")]
    [InlineData("\"seconds\": \"{{ -1 }}\"")]
    [InlineData("\"duration\": \"{{ input.amount }}\"")]
    [InlineData("\"until\": \"{{ input.nothing }}\"")]
    public void A_delay_that_computes_to_nonsense_is_an_error(string parameters)
    {
        var driver = ExecutionDriver.Start($$$"""{"id": "d", "type": "delay", "parameters": {{{{parameters}}}}}""", input: Order);

        Assert.Equal(StepErrorCodes.ParameterInvalid, driver.Error!.Code);
    }

    [Theory]
    [InlineData("input.id", "o-1")]
    [InlineData("input.amount", "120.50")]
    [InlineData("'k-' & input.id", "k-o-1")]
    public void An_event_is_correlated_by_a_key(string correlation, string key)
    {
        var driver = ExecutionDriver.Start(WaitFor(correlation), input: Order);

        Assert.Equal(key, Assert.Single(driver.Waits.Values).CorrelationKey);
    }

    [Theory]
    [InlineData("input.nothing")]
    [InlineData("input.note")]
    [InlineData("''")]
    [InlineData("$pad('x', 600)")]
    public void A_key_that_is_missing_never_means_any_event(string correlation)
    {
        var driver = ExecutionDriver.Start(WaitFor(correlation), input: Order);

        Assert.Equal(StepErrorCodes.ParameterInvalid, driver.Error!.Code);
    }

    [Fact]
    public void EmitEvent_publishes_what_it_records()
    {
        var driver = ExecutionDriver.Start(
            """{"id": "e", "type": "emitEvent", "parameters": {"type": "order.{{ 'done' }}", "subject": "{{ input.id }}", "data": {"amount": "{{ input.amount }}"}}}""",
            input: Order);

        var published = Assert.Single(driver.Published);
        Assert.Equal("01890000000070008000000000000001.e", published.Id);
        Assert.Equal(("order.done", "/workflows/01890000-0000-7000-8000-000000000003", "o-1"), (published.Type, published.Source, published.Subject));
        Assert.True(CloudEvent.TryParse(published.Event, out var cloudEvent, out _));
        AssertJson("""{"amount": 120.50}""", Encoding.UTF8.GetString(cloudEvent.Data.Span));
        Assert.Equal(driver.Now, cloudEvent.Time);
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(1, "1")]
    [InlineData(10, "10")]
    public void An_event_bears_its_number_in_the_chain_that_led_to_it(int hops, string expected)
    {
        var driver = new ExecutionDriver(
            Flow.Compile("""{"id": "e", "type": "emitEvent", "parameters": {"type": "x"}}""", ""), change: facts => facts with { EventHops = hops }).Start();

        var published = JsonElement.Parse(Assert.Single(driver.Published).Event.Span);
        Assert.Equal(expected, published.TryGetProperty("hops", out var number) ? number.GetRawText() : "");
    }

    [Fact]
    public void A_chain_of_events_without_end_is_an_error_of_the_node_and_nothing_is_published()
    {
        var driver = new ExecutionDriver(
            Flow.Compile("""{"id": "e", "type": "emitEvent", "parameters": {"type": "x"}}""", ""), change: facts => facts with { EventHops = Limits.RuleHops + 1 }).Start();

        Assert.Equal(("e!EVENT_CHAIN_TOO_LONG", 0), (driver.Story, driver.Published.Count));
    }

    [Theory]
    [InlineData("""{"type": "x"}""", 1)]
    [InlineData("""{"hops": 3}""", 4)]
    [InlineData("""{"hops": 9}""", 10)]
    [InlineData("""{"hops": 10}""", 11)]
    [InlineData("""{"hops": 2147483647}""", 11)]
    [InlineData("""{"hops": -1}""", 11)]
    public void An_event_that_follows_from_another_has_the_next_number(string before, int hops) =>
        Assert.Equal(hops, EventHops.After(JsonElement.Parse(before)));

    [Fact]
    public void EmitEvent_with_an_effect_publishes_with_its_record()
    {
        var driver = ExecutionDriver.Start("""{"id": "e", "type": "emitEvent", "effect": true, "parameters": {"type": "x"}}""");
        Assert.Empty(driver.Published);

        driver.Evaluate("e");

        Assert.Equal("x", Assert.Single(driver.Published).Type);
    }

    [Theory]
    [InlineData("{{ input.nothing }}")]
    [InlineData("{{ input.amount }}")]
    [InlineData("{{ $pad('x', 300) }}")]
    public void EmitEvent_of_no_valid_type_is_an_error(string type)
    {
        var driver = ExecutionDriver.Start($$$"""{"id": "e", "type": "emitEvent", "parameters": {"type": "{{{type}}}"}}""", input: Order);

        Assert.Equal(StepErrorCodes.ParameterInvalid, driver.Error!.Code);
        Assert.Empty(driver.Published);
    }

    [Theory]
    [InlineData("approval.decided", "/shop")]
    [InlineData("Approval.Decided", "/shop")]
    [InlineData("approval.{{ 'decided' }}", "/shop")]
    [InlineData("order.done", "/approvals")]
    [InlineData("order.done", "{{ '/appro' & 'vals' }}")]
    [InlineData("order.done", "/rules/1")]
    [InlineData("order.done", "/workflows/01890000-0000-7000-8000-00000000000f")]
    public void EmitEvent_does_not_say_what_only_the_platform_may(string type, string source)
    {
        var driver = ExecutionDriver.Start(
            $$$"""
            {"id": "e", "type": "emitEvent",
             "parameters": {"type": "{{{type}}}", "source": "{{{source}}}", "data": {"outcome": "approved"} } }
            """,
            input: Order);

        Assert.Equal(StepErrorCodes.ParameterInvalid, driver.Error!.Code);
        Assert.Empty(driver.Published);
    }

    [Fact]
    public void EmitEvent_may_name_its_own_workflow_as_source()
    {
        var driver = ExecutionDriver.Start(
            """
            {"id": "e", "type": "emitEvent",
              "parameters": {"type": "order.done", "source": "/workflows/01890000-0000-7000-8000-000000000003"}}
            """,
            input: Order);

        Assert.Single(driver.Published);
    }

    private const string Switch =
        """{"id": "s", "type": "switch", "parameters": {"cases": [{"port": "small", "when": "input.amount < 10"}, {"port": "medium", "when": "{{ input.amount < 100 }}"}]}}""";

    private static string WaitFor(string correlation) =>
        $$$"""{"id": "w", "type": "waitForEvent", "parameters": {"eventType": "payment", "correlation": {{{JsonSerializer.Serialize(correlation)}}}}}""";

    private static void AssertJson(string expected, string? actual)
    {
        Assert.NotNull(actual);
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(expected), JsonElement.Parse(actual)), $"Expected {expected} but was {actual}.");
    }
}
