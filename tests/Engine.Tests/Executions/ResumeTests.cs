using Workflows.Engine.Executions;

namespace Workflows.Engine.Tests.Executions;

/// <summary>What another worker makes of an execution whose worker died.</summary>
public sealed class ResumeTests
{
    private const string Later = """, "retry": {"maxAttempts": 3, "initialDelaySeconds": 3600, "multiplier": 1, "maxDelaySeconds": 3600}""";
    private const string Soon = """, "retry": {"maxAttempts": 3, "initialDelaySeconds": 0.5, "multiplier": 1, "maxDelaySeconds": 0.5}""";
    private const string Delay = """{"id": "d", "type": "delay", "parameters": {"seconds": 60}}""";
    private const string Event = """{"id": "w", "type": "waitForEvent", "parameters": {"eventType": "payment.*"}}""";

    [Fact]
    public void A_run_that_was_never_recorded_runs_again_with_the_same_attempt_and_key()
    {
        var driver = ExecutionDriver.Start($"{Flow.Noop("a")}, {Flow.Effect("b")}", "a>b");
        var run = driver.Run("b");

        driver.Crash();

        Assert.Equal((run.Attempt, run.IdempotencyKey), (driver.Run("b").Attempt, driver.Run("b").IdempotencyKey));
        Assert.Equal("a:main", driver.Story);
    }

    [Fact]
    public void What_is_recorded_is_not_run_again()
    {
        var driver = ExecutionDriver.Start($"{Flow.Effect("a")}, {Flow.Effect("b")}", "a>b");
        driver.Succeed("a", "1");

        driver.Crash();
        Assert.Equal("b", Assert.Single(driver.Runs).NodeId);
        driver.Succeed("b", "2");

        Assert.Equal("a:main b:main", driver.Story);
        Assert.Equal("2", driver.Output);
    }

    [Fact]
    public void An_execution_all_of_whose_steps_are_recorded_ends()
    {
        var driver = ExecutionDriver.Start($"{Flow.Effect("a")}, {Flow.Noop("b")}", "a>b");
        driver.Runs.Clear();
        driver.Steps.Add(new StepRecord(0, "a", "set", "", 1, StepStatus.Completed, "main", "7"u8.ToArray(), null, driver.Now, driver.Now) { Sequence = 1, Run = 1 });
        driver.Steps.Add(new StepRecord(1, "b", "noop", "", 1, StepStatus.Completed, "main", "8"u8.ToArray(), null, driver.Now, driver.Now) { Sequence = 2, Run = 1 });

        driver.Crash();

        Assert.Equal("8", driver.Output);
    }

    [Fact]
    public void An_open_wait_is_taken_over_not_opened_again()
    {
        var driver = ExecutionDriver.Start($"{Delay}, {Flow.Noop("n")}", "d>n");
        driver.Now = driver.Now.AddSeconds(50);

        driver.Crash();
        Assert.Empty(driver.Last);
        Assert.Equal(ExecutionDriver.Epoch.AddSeconds(60), Assert.Single(driver.Waits.Values).DueAt);

        driver.Resolve("d", WaitOutcome.Due);
        Assert.Equal("d:main n:main", driver.Story);
        Assert.Equal("""{"dueAt":"2026-01-31T12:01:00.000Z"}""", driver.OutputOf("d"));
    }

    [Fact]
    public void A_wait_that_resolved_while_nobody_owned_the_execution_goes_on()
    {
        var driver = ExecutionDriver.Start($"{Event}, {Flow.Noop("n")}", "w>n");
        driver.Waits.Clear();

        driver.Crash([new RecordedWait("w", "", 1, WaitKind.Event, null, WaitOutcome.Event, "{\"data\":1}"u8.ToArray(), driver.Now.AddSeconds(-5))]);

        Assert.Equal("w:main n:main", driver.Story);
        Assert.Equal("{\"data\":1}", driver.OutputOf("w"));
        Assert.Equal(5, driver.Steps[0].Duration.TotalSeconds);
    }

    [Fact]
    public void A_retry_timer_is_taken_over()
    {
        var driver = ExecutionDriver.Start(Flow.Effect("a", Later));
        driver.Fail("a");

        driver.Crash();
        Assert.Empty(driver.Last);

        driver.Resolve("a", WaitOutcome.Due);
        Assert.Equal(2, driver.Run("a").Attempt);
    }

    [Fact]
    public void A_retry_timer_that_fired_starts_the_next_attempt()
    {
        var driver = ExecutionDriver.Start(Flow.Effect("a", Later));
        driver.Fail("a");
        driver.Waits.Clear();

        driver.Crash([new RecordedWait("a", "", 1, WaitKind.Retry, driver.Now, WaitOutcome.Due)]);

        Assert.Equal(2, driver.Run("a").Attempt);
    }

    [Fact]
    public void A_retry_whose_timer_was_lost_is_due_when_it_was()
    {
        var driver = ExecutionDriver.Start(Flow.Effect("a", Later));
        driver.Fail("a");
        var wait = Assert.Single(driver.Waits.Values);
        driver.Waits.Clear();
        driver.Now = driver.Now.AddSeconds(0.25);

        driver.Crash();

        Assert.Equal(wait, Assert.Single(driver.Waits.Values));
    }

    [Fact]
    public void A_retry_whose_time_has_come_meanwhile_runs_at_once()
    {
        var driver = ExecutionDriver.Start(Flow.Effect("a", Soon));
        driver.Fail("a");
        driver.Now = driver.Now.AddMinutes(1);

        driver.Crash();

        Assert.Equal((2, null), (driver.Run("a").Attempt, driver.Run("a").NotBefore));
    }

    [Fact]
    public void A_failure_that_was_recorded_still_ends_the_execution()
    {
        var driver = ExecutionDriver.Start($"{Flow.Effect("a")}, {Flow.Effect("b")}, {Delay}");
        driver.Fail("a", "BOOM", StepErrorKind.Permanent);
        Assert.Null(driver.End);

        driver.Crash();

        Assert.Equal(new ExecutionError("BOOM", "BOOM happened.", "a"), driver.Error);
        Assert.Empty(driver.Runs);
    }

    [Fact]
    public void A_failure_closes_the_waits_that_were_left_open()
    {
        var driver = ExecutionDriver.Start($"{Flow.Effect("a")}, {Delay}");
        driver.Runs.Clear();
        driver.Steps.Add(new StepRecord(0, "a", "set", "", 1, StepStatus.Failed, null, default, new StepError("BOOM", "Boom."), driver.Now, driver.Now) { Sequence = 1, Run = 1 });

        driver.Crash();

        Assert.IsType<CloseWait>(driver.Last[0]);
        Assert.Equal("BOOM", driver.Error!.Code);
    }

    [Fact]
    public void An_attempt_that_failed_and_left_by_the_error_port_is_done()
    {
        var driver = ExecutionDriver.Start($"{Flow.Effect("a")}, {Flow.Noop("ok")}, {Flow.Effect("bad")}", "a>ok, a.error>bad");
        driver.Fail("a", "BOOM", StepErrorKind.Permanent);

        driver.Crash();

        Assert.Equal("bad", Assert.Single(driver.Runs).NodeId);
        Assert.Equal("a:error", driver.Story);
    }

    [Fact]
    public void A_cancellation_asked_for_before_is_carried_out()
    {
        var driver = ExecutionDriver.Start($"{Flow.Effect("a")}, {Delay}");
        driver.Facts = driver.Facts with { Cancellation = new CancelRequested("enough") };

        driver.Crash();

        Assert.Equal(new CancelExecution("enough"), driver.End);
    }

    [Fact]
    public void An_execution_over_its_time_ends_when_it_is_taken_over()
    {
        var driver = ExecutionDriver.Start(Event, rest: """, "settings": {"timeoutSeconds": 10}""");
        driver.Now = driver.Now.AddSeconds(11);

        driver.Crash();

        Assert.Equal(ExecutionStatus.TimedOut, driver.State.Status);
        Assert.Empty(driver.Waits);
    }

    [Fact]
    public void A_retry_by_a_person_goes_on_from_the_failed_node()
    {
        var driver = ExecutionDriver.Start($"{Flow.Effect("a")}, {Flow.Effect("b", Soon)}", "a>b");
        driver.Succeed("a");
        driver.Fail("b");
        driver.Fail("b", "BOOM", StepErrorKind.Permanent);
        Assert.NotNull(driver.End);

        var retried = Continue(driver);
        Assert.Equal((3, "b"), (Assert.Single(retried.Runs).Attempt, retried.Runs[0].NodeId));

        // The policy begins anew: two more attempts may fail.
        retried.Fail("b");
        retried.Fail("b");
        Assert.Null(retried.End);
        retried.Succeed("b", "9");
        Assert.Equal("9", retried.Output);
        Assert.Equal("a:main b!HTTP_503 b!BOOM b!HTTP_503 b!HTTP_503 b:main", retried.Story);
    }

    [Fact]
    public void A_retry_by_a_person_after_a_cancellation_runs_the_aborted_nodes_again()
    {
        var driver = ExecutionDriver.Start($"{Flow.Effect("a")}, {Flow.Effect("b")}");
        driver.Apply(new CancelRequested(null));
        driver.Succeed("a");
        driver.Fail("b", StepErrorCodes.Aborted, StepErrorKind.Cancelled);

        var retried = Continue(driver);

        Assert.Equal(("b", 2), (Assert.Single(retried.Runs).NodeId, retried.Runs[0].Attempt));
    }

    [Fact]
    public void A_failure_after_the_retry_ends_the_execution_again_when_it_is_taken_over()
    {
        var driver = ExecutionDriver.Start($"{Flow.Effect("a")}, {Flow.Effect("b")}");
        driver.Fail("a", "ONE", StepErrorKind.Permanent);
        driver.Succeed("b");
        var retried = Continue(driver);
        retried.Now = retried.Now.AddSeconds(1);
        retried.Fail("a", "TWO", StepErrorKind.Permanent);

        var rescued = new ExecutionDriver(retried.Workflow) { Facts = retried.Facts, Now = retried.Now };
        rescued.Steps.AddRange(retried.Steps);
        rescued.Crash();

        Assert.Equal("TWO", rescued.Error!.Code);
    }

    [Fact]
    public void A_step_of_a_node_that_the_version_does_not_have_is_refused()
    {
        var driver = ExecutionDriver.Start(Flow.Effect("a"));
        driver.Runs.Clear();
        driver.Steps.Add(new StepRecord(0, "x", "set", "", 1, StepStatus.Completed, "main", default, null, driver.Now, driver.Now) { Sequence = 1, Run = 1 });

        Assert.Throws<InvalidOperationException>(() => driver.Crash());
    }

    [Fact]
    public void A_join_for_any_keeps_the_branch_it_was_recorded_with()
    {
        var driver = ExecutionDriver.Start(
            $"{Flow.Effect("a")}, {Flow.Effect("b")}, {Flow.Join("j", "\"mode\": \"any\"")}, {Flow.Effect("c")}", "a>j, b>j, j>c");
        driver.Succeed("b");

        driver.Crash();
        driver.Succeed("a");

        Assert.Equal("{\"arrived\":[\"b\"]}", driver.OutputOf("j"));
        Assert.Equal("b:main j:main a:main", driver.Story);
        Assert.Equal("c", Assert.Single(driver.Runs).NodeId);
    }

    /// <summary>A person has the ended execution retried: it is queued again, and a worker takes it.</summary>
    private static ExecutionDriver Continue(ExecutionDriver ended)
    {
        var retried = new ExecutionDriver(ended.Workflow)
        {
            Now = ended.Now.AddHours(1),
            Facts = ended.Facts with { Attempt = 2, RetriedAt = ended.Now.AddMinutes(1) },
        };
        retried.Steps.AddRange(ended.Steps);
        retried.Crash();
        return retried;
    }
}
