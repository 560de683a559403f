using System.Diagnostics;
using Workflows.Engine.Executions;

namespace Workflows.Engine.Tests.Executions;

/// <summary>forEach and repeat: rounds, results, failures, and what another worker makes of them.</summary>
public sealed class LoopTests(ITestOutputHelper output)
{
    private const string Three = """{"list": ["a", "b", "c"]}""";

    [Fact]
    public void The_results_are_in_the_order_of_the_items_whatever_ends_first()
    {
        var driver = Each(Flow.Effect("e"));

        driver.Succeed("e[2]", "\"C\"");
        driver.Succeed("e[0]", "\"A\"");
        driver.Succeed("e[1]", "\"B\"");

        Assert.Equal("""{"results":["A","B","C"],"count":3,"failed":0,"errors":[]}""", driver.OutputOf("l"));
        Assert.Equal("e[2]:main e[0]:main e[1]:main l:main n:main", driver.Story);
    }

    [Fact]
    public void All_rounds_begin_in_one_call_as_far_as_maxParallel_allows()
    {
        var driver = Each(Flow.Effect("e"), parameters: ", \"maxParallel\": 2");
        Assert.Equal(["0", "1"], driver.Runs.Select(run => run.Iteration));

        driver.Succeed("e[1]");

        Assert.Equal(["0", "2"], driver.Runs.Select(run => run.Iteration));
    }

    [Fact]
    public void The_body_sees_item_index_and_earlier_steps_outside_and_inside()
    {
        var driver = ExecutionDriver.Start(
            $"{Flow.Set("x", "10")}, {Flow.ForEach("l", "input.list", $"{Flow.Set("i", "\"{{ index + steps.x.output }}\"")}, {Flow.Set("j", "\"{{ item }}{{ steps.i.output }}\"")}", "i>j")}",
            "x>l",
            input: Three);

        Assert.Equal("""{"results":["a10","b11","c12"],"count":3,"failed":0,"errors":[]}""", driver.OutputOf("l"));
    }

    [Fact]
    public void Loops_nest_and_the_inner_item_hides_the_outer_one()
    {
        var inner = Flow.ForEach("in", "item", Flow.Set("v", "\"{{ item * 10 + index }}\""), rest: """, "output": "{{ steps.v.output }}" """);
        var driver = ExecutionDriver.Start(
            Flow.ForEach("out", "input.list", $"{inner}, {Flow.Set("sum", "\"{{ $sum(steps.in.output.results) }}\"")}", "in>sum"),
            input: """{"list": [[1, 2], [3]]}""");

        Assert.Equal("""{"results":[31,30],"count":2,"failed":0,"errors":[]}""", driver.OutputOf("out"));
        Assert.Equal("v[0/0]:main v[0/1]:main in[0]:main", string.Join(' ', driver.Story.Split(' ').Where(step => step.Contains("[0", StringComparison.Ordinal)).Take(3)));
    }

    [Theory]
    [InlineData("[]", 0)]
    [InlineData("null", 0)]
    [InlineData("input.nothing", 0)]
    [InlineData("5", 1)]
    [InlineData("{'a': 1}", 1)]
    [InlineData("[[]]", 1)]
    [InlineData("[1..7]", 7)]
    public void A_single_value_counts_as_one_item_and_nothing_as_none(string items, int count)
    {
        var driver = ExecutionDriver.Start(Flow.ForEach("l", items, Flow.Noop("n")));

        Assert.Equal(count, driver.Steps.Count(step => step.NodeId == "n"));
        Assert.Contains($"\"count\":{count},", driver.OutputOf("l"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_round_stops_the_others_and_fails_the_loop()
    {
        var driver = Each($"{Flow.Effect("e")}, {Flow.Noop("after")}", "e>after");

        driver.Fail("e[1]", "HTTP_404", StepErrorKind.Permanent);
        Assert.Equal(["0", "2"], driver.Aborts.Select(abort => abort.Iteration));
        Assert.Null(driver.End);
        driver.Fail("e[0]", StepErrorCodes.Aborted, StepErrorKind.Cancelled);
        driver.Succeed("e[2]");

        Assert.Equal("e[1]!HTTP_404 e[0]!ABORTED e[2]:main l!HTTP_404", driver.Story);
        Assert.Equal(new ExecutionError("HTTP_404", "Round 1, node 'e': HTTP_404 happened.", "l"), driver.Error);
    }

    [Fact]
    public void The_error_port_of_a_loop_gets_the_failure_of_a_round()
    {
        var driver = ExecutionDriver.Start(
            $"{Flow.ForEach("l", "input.list", Flow.Effect("e"))}, {Flow.Noop("ok")}, {Flow.Noop("bad")}", "l>ok, l.error>bad", input: Three);

        driver.Fail("e[0]", "X", StepErrorKind.Permanent);
        driver.Fail("e[1]", StepErrorCodes.Aborted, StepErrorKind.Cancelled);
        driver.Fail("e[2]", StepErrorCodes.Aborted, StepErrorKind.Cancelled);

        Assert.EndsWith("l:error bad:main", driver.Story, StringComparison.Ordinal);
        Assert.Equal("""{"code":"X","message":"Round 0, node 'e': X happened.","kind":"permanent"}""", driver.OutputOf("l"));
    }

    [Fact]
    public void Collected_failures_leave_the_other_rounds_alone()
    {
        var driver = Each(Flow.Effect("e"), parameters: ", \"onItemError\": \"collect\"");

        driver.Fail("e[1]", "X", StepErrorKind.Permanent);
        driver.Succeed("e[2]", "2");
        driver.Fail("e[0]", "Y", StepErrorKind.Permanent);

        Assert.Equal(
            """{"results":[null,null,2],"count":3,"failed":2,"errors":[{"index":0,"code":"Y","message":"Y happened.","node":"e"},{"index":1,"code":"X","message":"X happened.","node":"e"}]}""",
            driver.OutputOf("l"));
        Assert.Equal(ExecutionStatus.Completed, driver.State.Status);
    }

    [Fact]
    public void A_failure_in_a_round_closes_what_waits_in_it_and_in_the_loops_within()
    {
        const string Delay = """{"id": "d", "type": "delay", "parameters": {"seconds": 60}}""";
        var driver = Each($"{Flow.Effect("e")}, {Flow.ForEach("in", "[1, 2]", Delay)}", parameters: ", \"onItemError\": \"collect\"");
        Assert.Equal(6, driver.Waits.Count);

        driver.Fail("e[1]", "X", StepErrorKind.Permanent);

        Assert.Equal(["0/0", "0/1", "2/0", "2/1"], driver.Waits.Keys.Select(key => key.Iteration).Order());
        Assert.Equal(2, driver.Runs.Count);
    }

    [Fact]
    public void Retries_waits_and_error_ports_work_in_a_round_as_anywhere()
    {
        const string Retried = """, "retry": {"maxAttempts": 2, "initialDelaySeconds": 3600, "maxDelaySeconds": 3600}""";
        var driver = Each($"{Flow.Effect("e", Retried)}, {Flow.Noop("bad")}", "e.error>bad");
        driver.Fail("e[1]", retryAfter: TimeSpan.FromHours(1));
        driver.Succeed("e[0]", "0");
        driver.Succeed("e[2]", "2");
        Assert.True(driver.State.IsParked);

        driver.Resolve("e[1]", WaitOutcome.Due);
        Assert.Equal("01890000000070008000000000000001.e.1", driver.Run("e[1]").IdempotencyKey);
        driver.Fail("e[1]");

        Assert.EndsWith("e[1]:error bad[1]:main l:main n:main", driver.Story, StringComparison.Ordinal);
        Assert.Contains("[0,null,2]", driver.OutputOf("l"), StringComparison.Ordinal);
    }

    [Fact]
    public void Results_that_cannot_fit_fail_the_loop_before_they_are_all_gathered()
    {
        var big = $"\"{new string('x', Limits.StepOutputBytes / 2)}\"";
        var driver = Each(Flow.Effect("e"));

        driver.Succeed("e[0]", big);
        driver.Succeed("e[1]", big);
        driver.Fail("e[2]", StepErrorCodes.Aborted, StepErrorKind.Cancelled);

        Assert.Equal(StepErrorCodes.OutputTooLarge, driver.Error!.Code);
    }

    [Fact]
    public void Without_collectResults_the_output_only_counts()
    {
        var driver = Each(Flow.Noop("e"), parameters: ", \"collectResults\": false");

        Assert.Equal("""{"count":3,"failed":0,"errors":[]}""", driver.OutputOf("l"));
    }

    [Fact]
    public void One_item_too_many_is_an_error()
    {
        var driver = ExecutionDriver.Start(Flow.ForEach("l", $"[1..{Limits.LoopItems + 1}]", Flow.Noop("n")));

        Assert.Equal((StepErrorCodes.TooManyItems, "l"), (driver.Error!.Code, driver.Error.NodeId));
    }

    [Fact]
    public void Repeat_runs_until_the_condition_no_longer_holds()
    {
        var driver = ExecutionDriver.Start($"{Flow.Repeat("r", "\"while\": \"item < 3\"", Flow.Set("s", "\"{{ (item ? item : 0) + index + 1 }}\""))}, {Flow.Noop("n")}", "r>n");

        Assert.Equal("""{"result":3,"rounds":2}""", driver.OutputOf("r"));
        Assert.Equal("s[0]:main s[1]:main r:main n:main", driver.Story);
    }

    [Theory]
    [InlineData("\"max\": 4", 4)]
    [InlineData("\"max\": 4, \"while\": \"index < 1\"", 2)]
    [InlineData("\"while\": \"false\"", 1)]
    public void Repeat_has_as_many_rounds_as_it_says(string parameters, int rounds) =>
        Assert.Equal($$"""{"result":null,"rounds":{{rounds}}}""", ExecutionDriver.Start(Flow.Repeat("r", parameters, Flow.Noop("n"))).OutputOf("r"));

    [Fact]
    public void A_repeat_whose_rounds_are_used_up_leaves_by_its_port_or_fails()
    {
        var repeat = Flow.Repeat("r", "\"while\": \"true\", \"max\": 3", Flow.Noop("b"));

        Assert.Equal(StepErrorCodes.LoopExhausted, ExecutionDriver.Start(repeat).Error!.Code);
        Assert.EndsWith("r:exhausted n:main", ExecutionDriver.Start($"{repeat}, {Flow.Noop("n")}", "r.exhausted>n").Story, StringComparison.Ordinal);
    }

    [Fact]
    public void Terminate_ends_everything_from_within_a_loop()
    {
        const string End = """{"id": "t", "type": "terminate", "parameters": {"output": "{{ item }}"}}""";
        var driver = Each($"{Flow.Effect("e")}, {End}", "e>t");

        driver.Succeed("e[1]");
        Assert.Equal(2, driver.Aborts.Count);
        driver.Crash();

        Assert.Equal("\"b\"", driver.Output);
    }

    [Fact]
    public void Terminate_may_fail_the_execution_past_every_error_port()
    {
        const string End = """{"id": "t", "type": "terminate", "parameters": {"status": "failed", "code": "STOP", "message": "At {{ index }}."}}""";
        var driver = ExecutionDriver.Start(
            $"{Flow.ForEach("l", "[1]", End, parameters: ", \"onItemError\": \"collect\"")}, {Flow.Noop("n")}", "l.error>n");

        Assert.Equal(new ExecutionError("STOP", "At 0.", "t"), driver.Error);
    }

    [Fact]
    public void Another_worker_takes_over_the_rounds_where_they_are()
    {
        var driver = Each($"{Flow.Effect("e")}, {Flow.Effect("f")}", "e>f");
        driver.Succeed("e[0]", "1");
        driver.Succeed("e[1]", "2");
        driver.Succeed("f[1]", "3");

        driver.Crash();

        Assert.Equal(["e[2]", "f[0]"], driver.Runs.Select(run => ExecutionDriver.Name(run.NodeId, run.Iteration)).Order());
        driver.Succeed("e[2]");
        driver.Succeed("f[2]", "5");
        driver.Succeed("f[0]", "4");
        Assert.Contains("[4,3,5]", driver.OutputOf("l"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_loop_that_is_recorded_is_taken_over_without_its_rounds()
    {
        var driver = ExecutionDriver.Start($"{Flow.ForEach("l", "input.list", Flow.Noop("b"))}, {Flow.Effect("e")}", "l>e", input: Three);
        driver.Steps.RemoveAll(step => step.NodeId == "b"); // were they looked for, they would run again

        driver.Crash();

        Assert.Equal("e", Assert.Single(driver.Runs).NodeId);
    }

    [Fact]
    public void A_round_that_had_failed_for_good_fails_the_loop_again_when_it_is_taken_over()
    {
        var driver = Each(Flow.Effect("e"));
        driver.Fail("e[1]", "X", StepErrorKind.Permanent);

        driver.Crash();

        // What began before the failure was come upon is stopped again; what follows it does not begin.
        Assert.Equal("0", Assert.Single(driver.Aborts).Iteration);
        driver.Fail("e[0]", StepErrorCodes.Aborted, StepErrorKind.Cancelled);
        Assert.Equal(("X", "l"), (driver.Error!.Code, driver.Error.NodeId));
    }

    [Fact]
    public void A_loop_of_pure_rounds_goes_on_in_portions()
    {
        var calls = 0;
        var driver = ExecutionDriver.Start(Flow.ForEach("l", "[1..5000]", Flow.Noop("n"), parameters: ", \"collectResults\": false"), onDecided: decisions =>
        {
            calls++;
            Assert.InRange(decisions, 0, Limits.DecisionsPerCall + 10);
        });

        Assert.Equal(5_001, driver.Steps.Count);
        Assert.InRange(calls, 3, 4);
    }

    [Fact]
    public void A_hundred_thousand_rounds_hold_only_those_under_way_and_are_resumed_in_linear_time()
    {
        var workflow = Flow.Compile(Flow.ForEach("l", "[1..100000]", Flow.Effect("e"), parameters: ", \"maxParallel\": 1000"), "");
        var watch = Stopwatch.StartNew();
        var facts = new ExecutionDriver(workflow).Facts;
        var state = new ExecutionState(workflow, facts);
        var decisions = new List<Decision>();
        var recorded = new List<RecordedStep>();
        Decider.Start(state, ExecutionDriver.Epoch, decisions);
        for (var next = 0; recorded.Count < 99_000; next++)
        {
            if (decisions[next] is RunNode { Run: var run })
            {
                Decider.Apply(state, new StepSucceeded(run.Ordinal, run.Iteration, run.Attempt, "main", "1"u8.ToArray(), ExecutionDriver.Epoch, ExecutionDriver.Epoch), ExecutionDriver.Epoch, decisions);
            }
            else if (decisions[next] is RecordStep { Step: var step })
            {
                recorded.Add(new RecordedStep(step.NodeId, step.Iteration, step.Attempt, step.Status, step.Port, step.Output, step.Error, step.FinishedAt, step.Sequence));
            }
        }

        Assert.InRange(state.RunningCount, 1, 1_000);
        output.WriteLine($"99,000 rounds: {watch.ElapsedMilliseconds} ms");
        watch.Restart();
        decisions.Clear();
        var resumed = new ExecutionState(workflow, facts);
        Decider.Resume(resumed, recorded, [], ExecutionDriver.Epoch, decisions);

        Assert.Equal(1_000, resumed.RunningCount);
        Assert.Equal(1_000, decisions.Count);
        output.WriteLine($"resumed: {watch.ElapsedMilliseconds} ms");
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 5); // generous: the machine may be busy
    }

    /// <summary>A loop over a, b, c, and a node after it.</summary>
    private static ExecutionDriver Each(string nodes, string edges = "", string parameters = "") => ExecutionDriver.Start(
        $"{Flow.ForEach("l", "input.list", nodes, edges, parameters: parameters)}, {Flow.Noop("n")}", "l>n", input: Three);
}
