using Workflows.Engine.Executions;

namespace Workflows.Engine.Tests.Executions;

/// <summary>Delays, waits for events, cancellation and time-outs.</summary>
public sealed class WaitTests
{
    private const string Delay = """{"id": "d", "type": "delay", "parameters": {"seconds": 60}}""";
    private const string Event = """{"id": "w", "type": "waitForEvent", "parameters": {"eventType": "payment.*", "timeoutSeconds": 30}}""";
    private const string Payment = """{"specversion":"1.0","id":"1","source":"/p","type":"payment.done","data":{"paid":true}}""";

    [Fact]
    public void A_delay_parks_the_execution_until_it_is_due()
    {
        var driver = ExecutionDriver.Start($"{Delay}, {Flow.Noop("n")}", "d>n");

        var wait = Assert.Single(driver.Waits.Values);
        Assert.Equal((WaitKind.Timer, driver.Now.AddSeconds(60)), (wait.Kind, wait.DueAt));
        Assert.True(driver.State.IsParked);

        driver.Now = driver.Now.AddSeconds(61);
        driver.Resolve("d", WaitOutcome.Due);
        Assert.Equal("d:main n:main", driver.Story);
        Assert.Equal("""{"dueAt":"2026-01-31T12:01:00.000Z"}""", driver.OutputOf("d"));
        Assert.Equal(61, driver.Steps[0].Duration.TotalSeconds);
    }

    [Theory]
    [InlineData("\"seconds\": 90", 90)]
    [InlineData("\"seconds\": 0.5", 0.5)]
    [InlineData("\"duration\": \"PT1M30S\"", 90)]
    [InlineData("\"duration\": \"P2DT3H\"", 183_600)]
    [InlineData("\"until\": \"2026-01-31T13:00:00Z\"", 3_600)]
    [InlineData("\"until\": \"2026-01-31T14:00:00+01:00\"", 3_600)]
    public void A_delay_can_be_said_in_several_ways(string parameters, double seconds)
    {
        var driver = ExecutionDriver.Start($$$"""{"id": "d", "type": "delay", "parameters": {{{{parameters}}}}}""");

        Assert.Equal(ExecutionDriver.Epoch.AddSeconds(seconds), Assert.Single(driver.Waits.Values).DueAt);
    }

    [Theory]
    [InlineData("\"seconds\": 0")]
    [InlineData("\"until\": \"2026-01-31T11:59:59Z\"")]
    public void A_delay_that_is_over_opens_no_wait(string parameters)
    {
        var driver = ExecutionDriver.Start($$$"""{"id": "d", "type": "delay", "parameters": {{{{parameters}}}}}""");

        Assert.Equal("d:main", driver.Story);
    }

    [Theory]
    [InlineData("\"duration\": \"90 seconds\"")]
    [InlineData("\"duration\": \"-PT5S\"")]
    [InlineData("\"duration\": \"P99999999D\"")]
    [InlineData("\"until\": \"tomorrow\"")]
    [InlineData("\"until\": \"2026-01-31T13:00:00\"")]
    [InlineData("\"until\": \"2999-01-31T13:00:00Z\"")]
    public void A_delay_that_makes_no_sense_is_an_error(string parameters)
    {
        var driver = ExecutionDriver.Start($$$"""{"id": "d", "type": "delay", "parameters": {{{{parameters}}}}}""");

        Assert.Equal(StepErrorCodes.ParameterInvalid, driver.Error!.Code);
    }

    [Fact]
    public void An_event_goes_on_with_its_payload()
    {
        var driver = ExecutionDriver.Start(Event);
        var wait = Assert.Single(driver.Waits.Values);
        Assert.Equal((WaitKind.Event, "payment.*", null), (wait.Kind, wait.EventType, wait.CorrelationKey));

        driver.Resolve("w", WaitOutcome.Event, Payment);

        Assert.Equal("w:main", driver.Story);
        Assert.Equal(Payment, driver.Output);
    }

    [Fact]
    public void Without_an_event_the_timeout_port_is_taken()
    {
        var driver = ExecutionDriver.Start($"{Event}, {Flow.Noop("paid")}, {Flow.Noop("late")}", "w>paid, w.timeout>late");

        driver.Now = driver.Now.AddSeconds(31);
        driver.Resolve("w", WaitOutcome.Timeout);

        Assert.Equal("w:timeout late:main", driver.Story);
    }

    [Fact]
    public void Without_an_event_and_a_timeout_port_the_node_fails()
    {
        var driver = ExecutionDriver.Start(Event);

        driver.Resolve("w", WaitOutcome.Timeout);

        Assert.Equal(StepErrorCodes.WaitTimedOut, driver.Error!.Code);
    }

    [Fact]
    public void A_wait_that_fires_twice_counts_once()
    {
        var driver = ExecutionDriver.Start($"{Delay}, {Flow.Effect("n")}", "d>n");
        driver.Resolve("d", WaitOutcome.Due);

        driver.Apply(new WaitResolved(0, "", 1, WaitOutcome.Due));

        Assert.Empty(driver.Last);
        Assert.Equal("d:main", driver.Story);
    }

    [Fact]
    public void An_execution_that_runs_and_waits_is_not_parked()
    {
        var driver = ExecutionDriver.Start($"{Delay}, {Flow.Effect("a")}");
        Assert.False(driver.State.IsParked);

        driver.Succeed("a");
        Assert.True(driver.State.IsParked);
    }

    [Fact]
    public void Cancel_closes_waits_and_ends()
    {
        var driver = ExecutionDriver.Start($"{Delay}, {Event}");

        driver.Apply(new CancelRequested("changed my mind"));

        Assert.Equal(new CancelExecution("changed my mind"), driver.End);
        Assert.Equal(2, driver.Last.OfType<CloseWait>().Count());
        Assert.Equal(ExecutionStatus.Cancelled, driver.State.Status);
    }

    [Fact]
    public void Cancel_waits_for_the_runs_it_aborts()
    {
        var driver = ExecutionDriver.Start($"{Flow.Effect("a")}, {Flow.Noop("b")}", "a>b");

        driver.Apply(new CancelRequested(null));
        Assert.Single(driver.Aborts);
        Assert.Null(driver.End);

        driver.Fail("a", StepErrorCodes.Aborted, StepErrorKind.Cancelled);
        Assert.Equal(StepStatus.Cancelled, driver.Steps[0].Status);
        Assert.IsType<CancelExecution>(driver.End);
    }

    [Fact]
    public void Cancel_ends_a_retry_that_is_waiting_in_memory_or_on_a_timer()
    {
        var driver = ExecutionDriver.Start(
            $"{Flow.Effect("a", ", \"retry\": {\"initialDelaySeconds\": 0.1}")}, {Flow.Effect("b", ", \"retry\": {\"initialDelaySeconds\": 3600, \"maxDelaySeconds\": 3600}")}");
        driver.Fail("a");
        driver.Fail("b", retryAfter: TimeSpan.FromHours(1));

        driver.Apply(new CancelRequested(null));
        Assert.Equal(WaitKind.Retry, Assert.Single(driver.Last.OfType<CloseWait>()).Kind);
        Assert.Equal(2, Assert.Single(driver.Aborts).Attempt);

        driver.Fail("a", StepErrorCodes.Aborted, StepErrorKind.Cancelled);
        Assert.IsType<CancelExecution>(driver.End);
    }

    [Fact]
    public void Cancel_twice_is_cancel_once()
    {
        var driver = ExecutionDriver.Start(Flow.Effect("a"));

        driver.Apply(new CancelRequested("one"));
        driver.Apply(new CancelRequested("two"));
        Assert.Empty(driver.Last);
        driver.Succeed("a");

        Assert.Equal(new CancelExecution("one"), driver.End);
    }

    [Fact]
    public void After_the_end_nothing_changes_any_more()
    {
        var driver = ExecutionDriver.Start(Flow.Noop("a"));

        driver.Apply(new CancelRequested(null));
        driver.Apply(new TimedOut());

        Assert.Empty(driver.Last);
        Assert.Equal(ExecutionStatus.Completed, driver.State.Status);
    }

    [Fact]
    public void A_timeout_ends_the_execution_as_timed_out()
    {
        var driver = ExecutionDriver.Start(Event, rest: """, "settings": {"timeoutSeconds": 10}""");
        Assert.Equal(driver.Now.AddSeconds(10), driver.State.DeadlineAt);

        driver.Apply(new TimedOut());

        Assert.Equal(ExecutionStatus.TimedOut, driver.State.Status);
        Assert.Equal(StepErrorCodes.ExecutionTimedOut, driver.Error!.Code);
        Assert.Null(driver.Error.NodeId);
    }

    [Fact]
    public void An_execution_over_its_time_starts_nothing_more_even_if_nobody_says_so()
    {
        var driver = ExecutionDriver.Start($"{Flow.Effect("a")}, {Flow.Effect("b")}", "a>b", """, "settings": {"timeoutSeconds": 10}""");

        driver.Now = driver.Now.AddSeconds(10);
        driver.Succeed("a");

        Assert.Equal("a:main", driver.Story);
        Assert.Equal(ExecutionStatus.TimedOut, driver.State.Status);
    }

    [Fact]
    public void A_result_that_completes_the_execution_in_its_last_moment_counts()
    {
        var driver = ExecutionDriver.Start(Flow.Effect("a"), rest: """, "settings": {"timeoutSeconds": 10}""");

        driver.Now = driver.Now.AddSeconds(9.9);
        driver.Succeed("a", "42");

        Assert.Equal("42", driver.Output);
    }
}
