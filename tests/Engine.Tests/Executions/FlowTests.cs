using Workflows.Engine.Executions;

namespace Workflows.Engine.Tests.Executions;

/// <summary>Which nodes run, and when: edges, branches, joins, the end.</summary>
public sealed class FlowTests
{
    [Fact]
    public void A_chain_of_pure_nodes_completes_at_once()
    {
        var driver = ExecutionDriver.Start(
            $"{Flow.Noop("a")}, {Flow.Noop("b")}, {Flow.Noop("c")}", "a>b, b>c");

        Assert.Equal("a:main b:main c:main", driver.Story);
        Assert.Equal("null", driver.Output);
        Assert.Equal(ExecutionStatus.Completed, driver.State.Status);
    }

    [Fact]
    public void An_effect_starts_after_the_records_of_what_it_depends_on()
    {
        var driver = ExecutionDriver.Start($"{Flow.Noop("a")}, {Flow.Effect("b")}", "a>b");

        Assert.IsType<RecordStep>(driver.Last[0]);
        Assert.IsType<RunNode>(driver.Last[1]);
        Assert.Equal(2, driver.Last.Count);
    }

    [Fact]
    public void Effects_of_a_chain_run_one_after_the_other()
    {
        var driver = ExecutionDriver.Start($"{Flow.Effect("a")}, {Flow.Effect("b")}", "a>b");

        Assert.Equal("a", Assert.Single(driver.Runs).NodeId);
        driver.Succeed("a", "{\"x\": 1}");
        Assert.Equal("b", Assert.Single(driver.Runs).NodeId);
        driver.Succeed("b", "{\"y\": 2}");

        Assert.Equal("{\"y\": 2}", driver.Output);
    }

    [Fact]
    public void A_node_waits_for_all_edges_that_are_not_dead()
    {
        var driver = ExecutionDriver.Start(
            $"{Flow.Effect("a")}, {Flow.Effect("b")}, {Flow.Noop("c")}", "a>c, b>c");

        driver.Succeed("b");
        Assert.Equal("b:main", driver.Story);
        driver.Succeed("a");
        Assert.Equal("b:main a:main c:main", driver.Story);
    }

    [Fact]
    public void Branches_that_are_not_taken_are_dead_as_far_as_they_lead()
    {
        // if: true>a>b>j, false>c>j; d hangs on b alone.
        var driver = ExecutionDriver.Start(
            $"{SwitchTo("s", "no")}, {Flow.Noop("a")}, {Flow.Noop("b")}, {Flow.Noop("c")}, {Flow.Noop("d")}, {Flow.Noop("j")}",
            "s.yes>a, a>b, b>j, b>d, s.no>c, c>j");

        driver.Succeed("s", "\"no\"", "no");

        Assert.Equal("s:no c:main j:main", driver.Story);
    }

    [Fact]
    public void A_long_dead_chain_needs_no_deep_stack()
    {
        const int Length = 9_000;
        var nodes = string.Join(',', Enumerable.Range(0, Length).Select(index => Flow.Noop($"n{index}")));
        var edges = string.Join(',', Enumerable.Range(1, Length - 1).Select(index => $"n{index - 1}>n{index}"));
        var driver = ExecutionDriver.Start($"{SwitchTo("s", "no")}, {nodes}", $"s.no>n0, {edges}");

        driver.Succeed("s", "\"default\"", "default");

        Assert.Equal("s:default", driver.Story);
        Assert.Equal("\"default\"", driver.Output);
    }

    [Fact]
    public void A_long_live_chain_needs_no_deep_stack()
    {
        const int Length = 9_000;
        var nodes = string.Join(',', Enumerable.Range(0, Length).Select(index => Flow.Noop($"n{index}")));
        var edges = string.Join(',', Enumerable.Range(1, Length - 1).Select(index => $"n{index - 1}>n{index}"));

        Assert.Equal(Length, ExecutionDriver.Start(nodes, edges).Steps.Count);
    }

    [Fact]
    public void A_join_for_any_goes_on_with_the_first_and_ignores_the_rest()
    {
        var driver = ExecutionDriver.Start(
            $"{Flow.Effect("a")}, {Flow.Effect("b")}, {Flow.Join("j", "\"mode\": \"any\"")}, {Flow.Effect("c")}", "a>j, b>j, j>c");

        driver.Succeed("b");
        Assert.Equal("{\"arrived\":[\"b\"]}", driver.OutputOf("j"));
        driver.Succeed("a");
        Assert.Equal("b:main j:main a:main", driver.Story);
        driver.Succeed("c", "3");
        Assert.Equal("3", driver.Output);
    }

    [Fact]
    public void A_join_for_a_count_goes_on_when_so_many_have_arrived()
    {
        var driver = ExecutionDriver.Start(
            $"{Flow.Effect("a")}, {Flow.Effect("b")}, {Flow.Effect("c")}, {Flow.Join("j", "\"mode\": \"count\", \"count\": 2")}", "a>j, b>j, c>j");

        driver.Succeed("c");
        driver.Succeed("a");
        Assert.Equal("{\"arrived\":[\"a\",\"c\"]}", driver.OutputOf("j"));
        driver.Succeed("b");
        Assert.Equal("c:main a:main j:main b:main", driver.Story);
        Assert.Equal("{\"arrived\":[\"a\",\"c\"]}", driver.Output);
    }

    [Fact]
    public void A_join_for_a_count_that_cannot_be_reached_any_more_fails()
    {
        // Three edges may be taken as far as validation can see; only one is.
        var driver = ExecutionDriver.Start(
            $"{SwitchTo("s", "x")}, {SwitchTo("t", "x")}, {Flow.Join("j", "\"mode\": \"count\", \"count\": 2")}", "s.x>j, t.x>j");

        driver.Succeed("s", "\"x\"", "x");
        driver.Succeed("t", "\"default\"", "default");

        Assert.Equal(StepErrorCodes.JoinIncomplete, driver.Error!.Code);
        Assert.Equal("j", driver.Error.NodeId);
    }

    [Fact]
    public void A_join_none_of_whose_branches_arrives_is_skipped()
    {
        var driver = ExecutionDriver.Start(
            $"{SwitchTo("s", "x")}, {Flow.Join("j", "\"mode\": \"any\"")}, {Flow.Noop("k")}", "s.x>j, j>k");

        driver.Succeed("s", "\"default\"", "default");

        Assert.Equal("s:default", driver.Story);
        Assert.Equal(ExecutionStatus.Completed, driver.State.Status);
    }

    [Fact]
    public void A_join_for_all_names_the_branches_that_arrived()
    {
        var driver = ExecutionDriver.Start(
            $"{SwitchTo("s", "x")}, {Flow.Noop("a")}, {Flow.Noop("b")}, {Flow.Join("j", "")}", "s.x>a, s.default>b, a>j, b>j");

        driver.Succeed("s", "\"x\"", "x");

        Assert.Equal("{\"arrived\":[\"a\"]}", driver.OutputOf("j"));
    }

    [Fact]
    public void Two_edges_from_one_node_by_different_ports_count_once()
    {
        var driver = ExecutionDriver.Start($"{SwitchTo("s", "x")}, {Flow.Noop("a")}", "s.x>a, s.default>a");

        driver.Succeed("s", "\"x\"", "x");

        Assert.Equal("s:x a:main", driver.Story);
    }

    [Fact]
    public void The_output_of_several_terminal_steps_is_an_object_by_node()
    {
        var driver = ExecutionDriver.Start($"{Flow.Noop("a")}, {Flow.Set("b", "{\"x\": 1}")}, {Flow.Set("c", "[2]")}", "a>b, a>c");

        Assert.Equal("{\"b\":{\"x\":1},\"c\":[2]}", driver.Output);
    }

    [Fact]
    public void A_node_that_left_by_an_unwired_port_is_terminal()
    {
        var driver = ExecutionDriver.Start($"{SwitchTo("s", "x")}, {Flow.Noop("a")}", "s.x>a");

        driver.Succeed("s", "\"default\"", "default");

        Assert.Equal("\"default\"", driver.Output);
    }

    [Fact]
    public void A_constant_output_template_is_the_result()
    {
        var driver = ExecutionDriver.Start(Flow.Noop("a"), rest: """, "output": {"done": true}""");

        Assert.Equal("{\"done\":true}", driver.Output);
    }

    [Fact]
    public void A_runner_that_leaves_by_an_unknown_port_fails_the_step()
    {
        var driver = ExecutionDriver.Start(Flow.Effect("a"));

        driver.Succeed("a", "1", "sideways");

        Assert.Equal(StepErrorCodes.PortUnknown, driver.Error!.Code);
    }

    [Fact]
    public void Start_twice_is_refused()
    {
        var driver = ExecutionDriver.Start(Flow.Effect("a"));

        Assert.Throws<InvalidOperationException>(() => driver.Start());
    }

    [Fact]
    public void An_event_before_the_start_is_refused()
    {
        var driver = new ExecutionDriver(Flow.Compile(Flow.Effect("a"), ""));

        Assert.Throws<InvalidOperationException>(() => driver.Apply(new CancelRequested(null)));
    }

    /// <summary>A switch run by the worker, so that a test picks the port without an expression.</summary>
    internal static string SwitchTo(string id, string port)
    {
        var cases = new[] { port, "yes", "no" }.Distinct().Select(name => $$"""{"port": "{{name}}", "when": true}""");
        return $$$"""{"id": "{{{id}}}", "type": "switch", "effect": true, "parameters": {"cases": [{{{string.Join(", ", cases)}}}]}}""";
    }
}
