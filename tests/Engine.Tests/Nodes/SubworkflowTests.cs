using System.Text;
using System.Text.Json;
using Workflows.Engine.Executions;
using Workflows.Engine.Tests.Executions;

namespace Workflows.Engine.Tests.Nodes;

public sealed class SubworkflowTests
{
    private const string Call = """{"id": "call", "type": "subworkflow", "parameters": {"workflow": "{{ input.w }}", "version": 3, "input": {"a": "{{ input.a }}"}}""";

    [Fact]
    public void The_wait_says_what_to_start()
    {
        var driver = ExecutionDriver.Start(Call + "}", input: """{"w": "Check", "a": 7}""");

        var (_, wait) = Assert.Single(driver.Waits);
        Assert.Equal((WaitKind.Child, null), (wait.Kind, wait.DueAt));
        Assert.Equal("""{"workflow":"Check","version":3,"mode":"wait","depth":1,"input":{"a":7}}""", Encoding.UTF8.GetString(wait.Request.Span));
    }

    [Fact]
    public void The_chain_of_events_goes_on_through_it()
    {
        var driver = new ExecutionDriver(Flow.Compile(Call + "}", ""), """{"w": "Check"}""", facts => facts with { EventHops = 4 }).Start();

        Assert.Equal(4, JsonElement.Parse(Assert.Single(driver.Waits).Value.Request.Span).GetProperty("hops").GetInt32());
    }

    [Theory]
    [InlineData("""{"status": "completed", "executionId": "x", "output": {"n": 1}}""", "call:main", """{"n":1}""")]
    [InlineData("""{"status": "completed", "executionId": "x", "output": null}""", "call:main", "null")]
    [InlineData("""{"status": "started", "executionId": "x"}""", "call:main", """{"executionId":"x"}""")]
    public void The_end_of_the_child_is_the_end_of_the_node(string answer, string story, string output)
    {
        var driver = ExecutionDriver.Start(Call + "}", input: """{"w": "Check"}""");
        driver.Resolve("call", WaitOutcome.Answered, answer);

        Assert.Equal((story, output), (driver.Story, driver.Output));
    }

    [Theory]
    [InlineData("""{"status": "failed", "executionId": "x", "error": {"code": "E", "message": "m"}}""", "CHILD_FAILED", "Execution x is failed: E: m")]
    [InlineData("""{"status": "cancelled", "executionId": "x", "error": null}""", "CHILD_FAILED", "Execution x is cancelled: unknown: unknown")]
    [InlineData("""{"status": "refused", "error": {"code": "WORKFLOW_NOT_FOUND", "message": "m"}}""", "WORKFLOW_NOT_FOUND", "m")]
    public void A_child_that_does_not_complete_fails_the_node(string answer, string code, string message)
    {
        var driver = ExecutionDriver.Start(Call + "}", input: """{"w": "Check"}""");
        driver.Resolve("call", WaitOutcome.Answered, answer);

        Assert.Equal((code, message), (driver.Error!.Code, driver.Error.Message));
    }

    // The next attempt waits already when the worker dies: it is taken up again, not begun anew.
    [Fact]
    public void The_wait_of_a_further_attempt_survives_a_crash()
    {
        var driver = ExecutionDriver.Start(Call + """, "retry": {"maxAttempts": 3, "initialDelaySeconds": 0.01}}""", input: """{"w": "Check"}""");
        driver.Resolve("call", WaitOutcome.Answered, """{"status": "failed", "executionId": "x", "error": {"code": "E", "message": "m"}}""");
        Assert.Equal(("call", "", 2), Assert.Single(driver.Waits).Key);

        driver.Crash();
        Assert.Equal(("call", "", 2), Assert.Single(driver.Waits).Key);
        Assert.Empty(driver.Last);
        driver.Resolve("call", WaitOutcome.Answered, """{"status": "completed", "executionId": "y", "output": 5}""");
        Assert.Equal("5", driver.Output);
    }

    [Fact]
    public void Beyond_the_depth_nothing_is_started()
    {
        var driver = new ExecutionDriver(Flow.Compile(Call + "}", ""), """{"w": "Check"}""", facts => facts with { Depth = Limits.SubworkflowDepth }).Start();

        Assert.Equal("SUBWORKFLOW_TOO_DEEP", driver.Error!.Code);
        Assert.Empty(driver.Waits);
    }

    [Theory]
    [InlineData("""{"w": null}""", StepErrorCodes.ParameterInvalid)]
    [InlineData("""{"w": ""}""", StepErrorCodes.ParameterInvalid)]
    [InlineData("""{"w": 7}""", StepErrorCodes.ParameterInvalid)]
    public void A_workflow_must_be_named(string input, string code) => Assert.Equal(code, ExecutionDriver.Start(Call + "}", input: input).Error!.Code);

    [Fact]
    public void An_input_beyond_the_limit_is_refused()
    {
        var input = JsonSerializer.Serialize(new { w = "Check", a = new string('x', Limits.InputBytes) });

        Assert.Equal(StepErrorCodes.ParametersTooLarge, ExecutionDriver.Start(Call + "}", input: input).Error!.Code);
    }

    [Fact]
    public void A_time_out_leaves_by_its_port_or_fails()
    {
        const string Timed = """{"id": "call", "type": "subworkflow", "parameters": {"workflow": "w", "timeoutSeconds": 5}}""";
        var wired = ExecutionDriver.Start($"{Timed}, {Flow.Noop("late")}", "call.timeout>late");
        var unwired = ExecutionDriver.Start(Timed);

        Assert.Equal(ExecutionDriver.Epoch.AddSeconds(5), Assert.Single(wired.Waits).Value.DueAt);
        wired.Resolve("call", WaitOutcome.Timeout);
        unwired.Resolve("call", WaitOutcome.Timeout);
        Assert.Equal("call:timeout late:main", wired.Story);
        Assert.Equal(StepErrorCodes.WaitTimedOut, unwired.Error!.Code);
    }
}
