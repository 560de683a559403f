using System.Diagnostics;
using System.Text;
using Workflows.Engine.Definitions;
using Workflows.Engine.Events;

namespace Workflows.Engine.Tests.Definitions;

public sealed class CompiledWorkflowTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("a", "a each i j last")]
    [InlineData("side", "side last")]
    [InlineData("each", "each i j last")]
    [InlineData("j", "each i j last")]
    [InlineData("last", "last")]
    [InlineData("gone", "")]
    public void What_runs_again_with_a_node_is_all_after_it_and_a_loop_is_repeated_as_a_whole(string node, string again)
    {
        var workflow = Flow.Compile(
            $"{Flow.Noop("a")}, {Flow.Noop("side")}, {Flow.ForEach("each", "[1, 2]", $"{Flow.Noop("i")}, {Flow.Noop("j")}", "i>j")}, {Flow.Noop("last")}",
            "a>each, each>last, side>last");

        Assert.Equal(again.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(), workflow.DescendantsOf(node).Order());
    }

    [Fact]
    public void A_definition_is_read_as_written()
    {
        var workflow = Flow.Compile("""
            {
              "schema": 1,
              "name": "Order",
              "description": "Charges an order",
              "triggers": [
                {"id": "placed", "type": "event", "eventType": "order.*", "condition": "event.data.amount > 0"},
                {"id": "hand", "type": "manual"}
              ],
              "nodes": [
                {
                  "id": "charge", "type": "http", "name": "Charge the card",
                  "parameters": {"method": "post", "url": "https://pay.example.com/charge", "timeoutSeconds": 5},
                  "position": {"x": 10, "y": -2.5},
                  "retry": {"maxAttempts": 5, "initialDelaySeconds": 2, "multiplier": 3, "maxDelaySeconds": 60, "nonRetryableCodes": ["HTTP_402"]},
                  "timeoutSeconds": 7.5, "onError": "continue", "effect": true
                },
                {"id": "done", "type": "noop"}
              ],
              "edges": [{"from": "charge", "to": "done"}],
              "settings": {
                "timeoutSeconds": 3600, "concurrency": {"limit": 4, "key": "input.customer"}, "priority": "high",
                "overlapPolicy": "cancelOldest", "retentionDays": 90, "checkpoint": "exit"
              }
            }
            """);

        var definition = workflow.Definition;
        Assert.Equal(("Order", "Charges an order"), (definition.Name, definition.Description));
        Assert.Equal(
            new WorkflowSettings(
                3600, new ConcurrencyLimit(4, "input.customer"), ExecutionPriority.High, OverlapPolicy.CancelOldest, 90, CheckpointPolicy.Exit),
            workflow.Settings);
        Assert.Equal(new TriggerDefinition("placed", TriggerType.Event, "order.*", "event.data.amount > 0"), workflow.Triggers[0].Definition);
        Assert.Equal(TriggerType.Manual, workflow.Triggers[1].Type);

        var charge = workflow.Nodes[0].Definition;
        Assert.Equal(("charge", "http", "Charge the card"), (charge.Id, charge.Type, charge.Name));
        Assert.Equal(new NodePosition(10, -2.5), charge.Position);
        Assert.Equal((5, 2, 3, 60), (charge.Retry.MaxAttempts, charge.Retry.InitialDelaySeconds, charge.Retry.Multiplier, charge.Retry.MaxDelaySeconds));
        Assert.Equal(["HTTP_402"], charge.Retry.NonRetryableCodes);
        Assert.Equal((7.5, OnError.Continue, true), (charge.TimeoutSeconds, charge.OnError, charge.Effect));
        Assert.Equal(1, workflow.OrdinalOf("done"));
        Assert.Equal(-1, workflow.OrdinalOf("nobody"));
        Assert.True(workflow.Nodes[0].IsRunOutside);
        Assert.False(workflow.Nodes[1].IsRunOutside);
    }

    [Fact]
    public void What_is_left_out_has_documented_defaults()
    {
        var workflow = Flow.Compile(Flow.Json("""{"id": "a", "type": "set", "parameters": {"value": 1}}, {"id": "b", "type": "noop", "retry": {}}"""));

        Assert.Equal(WorkflowSettings.Default, workflow.Settings);
        Assert.Equal(RetryPolicy.None, workflow.Nodes[0].Definition.Retry);
        Assert.Equal(1, workflow.Nodes[0].Definition.Retry.MaxAttempts);
        var retry = workflow.Nodes[1].Definition.Retry;
        Assert.Equal((3, 1, 2, 300), (retry.MaxAttempts, retry.InitialDelaySeconds, retry.Multiplier, retry.MaxDelaySeconds));
        Assert.Equal(OnError.Fail, workflow.Nodes[0].Definition.OnError);
        Assert.Empty(workflow.Triggers);
    }

    [Fact]
    public void Null_fields_count_as_left_out()
    {
        Flow.Compile("""
            {"schema": 1, "name": null, "triggers": null, "edges": null, "parameters": null, "output": null, "settings": null,
             "nodes": [{"id": "a", "type": "noop", "name": null, "parameters": null, "retry": null, "onError": null, "position": null}]}
            """);
    }

    [Theory]
    [InlineData(100.0, TriggerMatchKind.Matched)]
    [InlineData(5.0, TriggerMatchKind.ConditionFalse)]
    public void A_trigger_judges_an_event_by_type_and_condition(double amount, TriggerMatchKind expected)
    {
        var trigger = Trigger("order.*", "event.data.amount > 10");

        Assert.Equal(expected, Match(trigger, "order.placed", $$"""{"amount": {{amount}}}""").Kind);
        Assert.Equal(TriggerMatchKind.OtherType, Match(trigger, "invoice.placed", $$"""{"amount": {{amount}}}""").Kind);
    }

    [Fact]
    public void A_condition_that_ends_in_an_error_does_not_match_and_says_why()
    {
        var match = Match(Trigger("order.*", "event.data.amount > 10"), "order.placed", """{"amount": "much"}""");

        Assert.Equal(TriggerMatchKind.ConditionFailed, match.Kind);
        Assert.StartsWith("T2009", match.Reason, StringComparison.Ordinal);
        Assert.False(match.IsMatch);
    }

    [Theory]
    [InlineData("input.customer", """{"customer": "c-1"}""", "c-1")]
    [InlineData("{{ input.customer }}", """{"customer": 12}""", "12")]
    [InlineData("input.customer", "{}", null)]
    public void The_concurrency_key_comes_from_the_input(string key, string input, string? expected)
    {
        var workflow = Flow.Compile(Flow.Json(Flow.Noop("a"), "", $$$""", "settings": {"concurrency": {"limit": 1, "key": "{{{key}}}"}}"""));

        Assert.Equal(expected, workflow.EvaluateConcurrencyKey(Encoding.UTF8.GetBytes(input)));
    }

    [Theory]
    [InlineData(2, "a.true>j, b.true>j")]
    [InlineData(2, "c>j, a.true>j, a.false>j")]
    [InlineData(2, "a.true>c, a.true>d, c>j, d>j")]
    [InlineData(1, "a.true>c, a.false>d, c>j, d>j")]
    [InlineData(3, "a.true>c, a.true>d, c>j, d>j, b.true>j")]
    [InlineData(2, "a.true>b, b.true>j, b.false>j, a.true>j, a.false>j")]
    public void A_join_may_wait_for_as_many_branches_as_can_arrive(int most, string edges)
    {
        string Json(int count) => Flow.Json(
            $"{Flow.If("a", "true")}, {Flow.If("b", "true")}, {Flow.Noop("c")}, {Flow.Noop("d")}, {Flow.Join("j", $"\"mode\": \"count\", \"count\": {count}")}", edges);

        Assert.DoesNotContain(Flow.Problems(Json(most)), problem => problem.Code == DefinitionProblemCodes.JoinNeverCompletes);
        Assert.Contains(Flow.Problems(Json(most + 1)), problem => problem.Code == DefinitionProblemCodes.JoinNeverCompletes);
    }

    [Fact]
    public void Ten_thousand_nodes_validate_in_well_under_a_second()
    {
        var json = LargeDefinition(10_000);
        CompiledWorkflow.TryCompile(LargeDefinition(100), out _, out _); // the code is compiled, the catalogue is there
        var best = TimeSpan.MaxValue;
        for (var round = 0; round < 3; round++)
        {
            var watch = Stopwatch.StartNew();
            Assert.True(CompiledWorkflow.TryCompile(json, out _, out var problems), string.Join('\n', problems.Take(5)));
            best = watch.Elapsed < best ? watch.Elapsed : best;
        }

        output.WriteLine($"10,000 nodes, 20,000 edges, 10,000 expressions, {json.Length / 1024} KiB: {best.TotalMilliseconds:F0} ms");
        Assert.InRange(best.TotalSeconds, 0, 5); // generous: the machine may be busy
    }

    /// <summary>A wide and deep graph: each node reads the one before it, and is wired to two others.</summary>
    private static byte[] LargeDefinition(int count)
    {
        var nodes = Enumerable.Range(0, count).Select(index => Flow.Set(
            $"n{index}", index == 0 ? "1" : $$$"""{"sum": "{{ steps.n{{{index - 1}}}.output.sum + input.amount }}", "note": "node {{ input.id }}"}"""));
        var edges = Enumerable.Range(1, count - 1).Select(index => $"n{index - 1}>n{index}")
            .Concat(Enumerable.Range(2, count - 2).Select(index => $"n{index - 2}>n{index}"));
        return Encoding.UTF8.GetBytes(Flow.Json(string.Join(',', nodes), string.Join(',', edges)));
    }

    private static CompiledTrigger Trigger(string eventType, string condition) => Flow.Compile(Flow.Json(
        Flow.Noop("a"), "", $$$""", "triggers": [{"id": "t", "type": "event", "eventType": "{{{eventType}}}", "condition": "{{{condition}}}"}]""")).Triggers[0];

    private static TriggerMatch Match(CompiledTrigger trigger, string type, string data)
    {
        var json = Encoding.UTF8.GetBytes($$"""{"specversion": "1.0", "id": "1", "source": "/t", "type": "{{type}}", "data": {{data}}}""");
        Assert.True(CloudEvent.TryParse(json, out var cloudEvent, out _));
        return trigger.Match(cloudEvent, json);
    }
}
