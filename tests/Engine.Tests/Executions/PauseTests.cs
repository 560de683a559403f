using Workflows.Engine.Executions;

namespace Workflows.Engine.Tests.Executions;

/// <summary>A pause lets what runs end and starts nothing new; another worker goes on from the records.</summary>
public sealed class PauseTests
{
    private const string Delay = """{"id": "d", "type": "delay", "parameters": {"seconds": 60}}""";

    [Fact]
    public void What_runs_ends_and_is_recorded_and_nothing_new_starts()
    {
        var driver = ExecutionDriver.Start($"{Flow.Effect("a")}, {Flow.Effect("b")}, {Flow.Noop("c")}, {Flow.Effect("z")}", "a>b, a>c");

        driver.Apply(new PauseRequested());
        Assert.False(driver.State.IsPaused);
        driver.Succeed("a");
        Assert.False(driver.State.IsPaused);
        driver.Succeed("z");

        Assert.True(driver.State.IsPaused);
        Assert.Equal("a:main z:main", driver.Story);
        Assert.Empty(driver.Runs);

        driver.Crash(); // a person has it resumed; whoever takes it over knows of no pause
        Assert.Equal("b", Assert.Single(driver.Runs).NodeId);
        driver.Succeed("b");
        Assert.Equal(ExecutionStatus.Completed, driver.State.Status);
    }

    [Fact]
    public void Waits_stay_open_and_the_execution_is_paused_rather_than_parked()
    {
        var driver = ExecutionDriver.Start($"{Delay}, {Flow.Effect("a")}");
        driver.Apply(new PauseRequested());
        driver.Succeed("a");

        Assert.True(driver.State.IsPaused);
        Assert.False(driver.State.IsParked);
        Assert.Single(driver.Waits);

        driver.Resolve("d", WaitOutcome.Due);
        Assert.Equal(ExecutionStatus.Completed, driver.State.Status);
    }

    [Fact]
    public void A_failure_while_pausing_is_retried_after_the_pause()
    {
        var driver = ExecutionDriver.Start(Flow.Effect("a", """, "retry": {"maxAttempts": 3, "initialDelaySeconds": 0.1}"""));
        driver.Apply(new PauseRequested());

        driver.Fail("a");

        Assert.True(driver.State.IsPaused);
        Assert.Equal(WaitKind.Retry, Assert.Single(driver.Waits.Values).Kind);
        driver.Now = driver.Now.AddMinutes(1);
        driver.Resolve("a", WaitOutcome.Due);
        Assert.Empty(driver.Runs);
        driver.Crash();
        Assert.Equal(2, driver.Run("a").Attempt);
    }

    [Fact]
    public void An_execution_that_ends_is_not_paused()
    {
        var driver = ExecutionDriver.Start($"{Flow.Effect("a")}, {Flow.Effect("b")}");
        driver.Apply(new PauseRequested());
        driver.Fail("a", "BOOM", StepErrorKind.Permanent);
        Assert.False(driver.State.IsPaused);
        driver.Apply(new PauseRequested());
        Assert.False(driver.State.IsPaused);

        driver.Succeed("b");

        Assert.Equal("BOOM", driver.Error!.Code);
    }

    [Fact]
    public void A_cancellation_ends_a_pause()
    {
        var driver = ExecutionDriver.Start($"{Delay}, {Flow.Noop("n")}", "d>n");
        driver.Apply(new PauseRequested());
        Assert.True(driver.State.IsPaused);

        driver.Apply(new CancelRequested("enough"));

        Assert.Equal(new CancelExecution("enough"), driver.End);
    }

    [Fact]
    public void A_loop_pauses_between_its_rounds()
    {
        var driver = ExecutionDriver.Start(Flow.ForEach("l", "[1..10]", Flow.Effect("e"), parameters: ", \"maxParallel\": 2"));
        driver.Succeed("e[0]");
        driver.Apply(new PauseRequested());
        driver.Succeed("e[2]");
        driver.Succeed("e[1]");

        Assert.True(driver.State.IsPaused);
        driver.Crash();
        Assert.Equal(["3", "4"], driver.Runs.Select(run => run.Iteration));
    }
}
