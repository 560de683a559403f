using System.Text;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;

namespace Workflows.Engine.Tests.Executions;

/// <summary>Retries, error ports, onError, and failures that end an execution.</summary>
public sealed class FailureTests
{
    private const string Retry3 = """, "retry": {"maxAttempts": 3, "initialDelaySeconds": 0.5, "multiplier": 1, "maxDelaySeconds": 1}""";
    private const string RetryLater = """, "retry": {"maxAttempts": 3, "initialDelaySeconds": 3600, "multiplier": 2, "maxDelaySeconds": 7200}""";

    [Fact]
    public void A_failure_without_retry_fails_the_execution()
    {
        var driver = ExecutionDriver.Start($"{Flow.Effect("a")}, {Flow.Noop("b")}", "a>b");

        driver.Fail("a");

        Assert.Equal("a!HTTP_503", driver.Story);
        Assert.Equal(
            new ExecutionError("HTTP_503", "HTTP_503 happened.", "a") { Kind = StepErrorKind.Transient }, driver.Error);
        Assert.Equal(ExecutionStatus.Failed, driver.State.Status);
    }

    [Fact]
    public void A_retry_that_is_due_soon_is_a_delayed_run()
    {
        var driver = ExecutionDriver.Start(Flow.Effect("a", Retry3));

        driver.Fail("a");

        var run = driver.Run("a");
        Assert.Equal(2, run.Attempt);
        Assert.InRange(run.NotBefore!.Value, driver.Now, driver.Now.AddSeconds(0.5));
        Assert.False(driver.State.IsParked);
    }

    [Fact]
    public void A_retry_that_is_due_later_is_a_durable_timer()
    {
        var driver = ExecutionDriver.Start(Flow.Effect("a", RetryLater));

        driver.Fail("a");

        var wait = Assert.Single(driver.Waits.Values);
        Assert.Equal((WaitKind.Retry, 1), (wait.Kind, wait.Attempt));
        Assert.InRange(wait.DueAt!.Value, driver.Now.AddSeconds(1), driver.Now.AddSeconds(3600));
        Assert.True(driver.State.IsParked);
    }

    [Fact]
    public void The_next_attempt_starts_when_its_timer_fires_and_bears_the_same_key()
    {
        var driver = ExecutionDriver.Start(Flow.Effect("a", RetryLater));
        var key = driver.Run("a").IdempotencyKey;
        driver.Fail("a");

        driver.Apply(new RetryDue(0, "", 1));

        Assert.Equal((2, key), (driver.Run("a").Attempt, driver.Run("a").IdempotencyKey));
        driver.Succeed("a", "5");
        Assert.Equal("a!HTTP_503 a:main", driver.Story);
        Assert.Equal("5", driver.Output);
    }

    [Fact]
    public void Attempts_end_at_the_policy()
    {
        var driver = ExecutionDriver.Start(Flow.Effect("a", Retry3));

        driver.Fail("a");
        driver.Fail("a");
        driver.Fail("a", "HTTP_500");

        Assert.Equal("a!HTTP_503 a!HTTP_503 a!HTTP_500", driver.Story);
        Assert.Equal([1, 2, 3], driver.Steps.Select(step => step.Attempt));
        Assert.Equal("HTTP_500", driver.Error!.Code);
    }

    [Theory]
    [InlineData(StepErrorKind.Permanent, false)]
    [InlineData(StepErrorKind.Cancelled, false)]
    [InlineData(StepErrorKind.Transient, true)]
    [InlineData(StepErrorKind.Timeout, true)]
    public void Only_errors_that_may_pass_are_retried(StepErrorKind kind, bool isRetried)
    {
        var driver = ExecutionDriver.Start(Flow.Effect("a", Retry3));

        driver.Fail("a", "X", kind);

        Assert.Equal(isRetried, driver.End is null);
    }

    [Fact]
    public void A_code_that_is_named_non_retryable_ends_the_attempts()
    {
        var driver = ExecutionDriver.Start(Flow.Effect("a", """, "retry": {"maxAttempts": 5, "nonRetryableCodes": ["HTTP_501"]}"""));

        driver.Fail("a", "HTTP_501");

        Assert.Equal("HTTP_501", driver.Error!.Code);
    }

    [Fact]
    public void A_target_that_says_when_to_come_back_is_believed()
    {
        var driver = ExecutionDriver.Start(Flow.Effect("a", Retry3));

        driver.Fail("a", retryAfter: TimeSpan.FromMinutes(2));

        Assert.Equal(driver.Now.AddMinutes(2), Assert.Single(driver.Waits.Values).DueAt);
    }

    [Fact]
    public void A_target_cannot_postpone_a_retry_for_ever()
    {
        var driver = ExecutionDriver.Start(Flow.Effect("a", Retry3));

        driver.Fail("a", retryAfter: TimeSpan.FromDays(10_000));

        Assert.Equal(driver.Now.AddSeconds(Limits.RetryDelaySeconds), Assert.Single(driver.Waits.Values).DueAt);
    }

    [Fact]
    public void The_error_port_gets_the_error()
    {
        var driver = ExecutionDriver.Start(
            $"{Flow.Effect("a", Retry3)}, {Flow.Noop("ok")}, {Flow.Noop("bad")}", "a>ok, a.error>bad");

        driver.Fail("a");
        driver.Fail("a");
        driver.Fail("a", "HTTP_500");

        Assert.Equal("a!HTTP_503 a!HTTP_503 a:error bad:main", driver.Story);
        Assert.Equal("""{"code":"HTTP_500","message":"HTTP_500 happened.","kind":"transient"}""", driver.OutputOf("a"));
        Assert.Equal(StepStatus.Failed, driver.Steps[2].Status);
        Assert.Equal("HTTP_500", driver.Steps[2].Error!.Code);
        Assert.Equal(ExecutionStatus.Completed, driver.State.Status);
    }

    [Fact]
    public void The_error_port_is_dead_when_the_node_succeeds()
    {
        var driver = ExecutionDriver.Start(
            $"{Flow.Effect("a")}, {Flow.Noop("ok")}, {Flow.Noop("bad")}", "a>ok, a.error>bad");

        driver.Succeed("a");

        Assert.Equal("a:main ok:main", driver.Story);
    }

    [Fact]
    public void OnError_continue_goes_on_with_the_error_as_output()
    {
        var driver = ExecutionDriver.Start($"{Flow.Effect("a", ", \"onError\": \"continue\"")}, {Flow.Noop("b")}", "a>b");

        driver.Fail("a", "HTTP_404", StepErrorKind.Permanent);

        Assert.Equal("a:main b:main", driver.Story);
        Assert.Equal("""{"error":{"code":"HTTP_404","message":"HTTP_404 happened.","kind":"permanent"}}""", driver.OutputOf("a"));
        Assert.Equal(StepStatus.Failed, driver.Steps[0].Status);
    }

    [Fact]
    public void A_fail_node_fails_the_execution_with_its_own_words()
    {
        var driver = ExecutionDriver.Start("""{"id": "f", "type": "fail", "parameters": {"code": "REFUSED", "message": "No."}}""");

        Assert.Equal(new ExecutionError("REFUSED", "No.", "f"), driver.Error);
    }

    [Fact]
    public void A_fail_node_has_words_of_its_own()
    {
        var driver = ExecutionDriver.Start("""{"id": "f", "type": "fail"}""");

        Assert.Equal(StepErrorCodes.Failed, driver.Error!.Code);
    }

    [Fact]
    public void A_failure_closes_waits_aborts_runs_and_ends_when_they_are_back()
    {
        var driver = ExecutionDriver.Start(
            $$$"""{{{Flow.Effect("a")}}}, {{{Flow.Effect("b")}}}, {{{Flow.Noop("after")}}}, {"id": "w", "type": "delay", "parameters": {"seconds": 60}}""",
            "b>after");

        driver.Fail("a", "BOOM", StepErrorKind.Permanent);

        Assert.Empty(driver.Waits);
        Assert.Equal("b", Assert.Single(driver.Aborts).NodeId);
        Assert.Null(driver.End);

        driver.Succeed("b"); // it was too late to stop it: recorded, but starts nothing
        Assert.Equal("a!BOOM b:main", driver.Story);
        Assert.Equal(new ExecutionError("BOOM", "BOOM happened.", "a"), driver.Error);
    }

    [Fact]
    public void The_first_failure_is_the_one_that_counts()
    {
        var driver = ExecutionDriver.Start($"{Flow.Effect("a")}, {Flow.Effect("b", Retry3)}");

        driver.Fail("a", "FIRST", StepErrorKind.Permanent);
        driver.Fail("b", "SECOND", StepErrorKind.Transient); // no further attempt either

        Assert.Equal("a!FIRST b!SECOND", driver.Story);
        Assert.Equal("FIRST", driver.Error!.Code);
    }

    [Fact]
    public void An_output_over_the_limit_is_an_error_of_the_step()
    {
        var driver = ExecutionDriver.Start($"{Flow.Effect("a")}, {Flow.Noop("bad")}", "a.error>bad");

        driver.Succeed("a", $"\"{new string('x', Limits.StepOutputBytes - 1)}\"");

        Assert.Equal(StepErrorCodes.OutputTooLarge, driver.Steps[0].Error!.Code);
        Assert.Equal("a:error bad:main", driver.Story);
    }

    [Fact]
    public void An_output_at_the_limit_is_kept()
    {
        var driver = ExecutionDriver.Start(Flow.Effect("a"));

        driver.Succeed("a", $"\"{new string('x', Limits.StepOutputBytes - 2)}\"");

        Assert.Equal(Limits.StepOutputBytes, driver.Steps[0].Output.Length);
    }

    [Fact]
    public void Several_outputs_that_are_too_large_together_fail_the_execution()
    {
        var driver = ExecutionDriver.Start($"{Flow.Effect("a")}, {Flow.Effect("b")}");
        var half = $"\"{new string('x', Limits.StepOutputBytes * 2 / 3)}\"";

        driver.Succeed("a", half);
        driver.Succeed("b", half);

        Assert.Equal(StepErrorCodes.OutputTooLarge, driver.Error!.Code);
        Assert.Null(driver.Error.NodeId);
    }

    [Theory]
    [InlineData("{\"x\": ")]
    [InlineData("\"\\u0000\"")]
    [InlineData("\"\\udc00\"")]
    [InlineData("1e999999")]
    public void A_runner_that_hands_over_what_cannot_be_stored_fails_its_step(string output)
    {
        var driver = ExecutionDriver.Start("""{"id": "h", "type": "http", "parameters": {"url": "http://example.com"}}""");

        driver.Succeed("h", output);

        Assert.Equal(StepErrorCodes.OutputInvalid, driver.Error!.Code);
    }

    [Fact]
    public void An_error_message_is_cut_and_cleaned()
    {
        var driver = ExecutionDriver.Start(Flow.Effect("a"));
        var run = driver.Run("a");
        driver.Runs.Clear();

        driver.Apply(new StepFailed(
            run.Ordinal, "", 1, new StepError("X", "a\0b" + new string('x', Limits.ErrorMessageLength)), driver.Now, driver.Now));

        Assert.Equal(Limits.ErrorMessageLength, driver.Error!.Message.Length);
        Assert.StartsWith("a\uFFFDb", driver.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_late_result_of_an_earlier_attempt_changes_nothing()
    {
        var driver = ExecutionDriver.Start(Flow.Effect("a", Retry3));
        driver.Fail("a");

        driver.Apply(new StepSucceeded(0, "", 1, "main", Encoding.UTF8.GetBytes("1"), driver.Now, driver.Now));

        Assert.Empty(driver.Last);
        Assert.Equal("a!HTTP_503", driver.Story);
    }

    [Theory]
    [InlineData(-1, "")]
    [InlineData(5, "")]
    [InlineData(0, "loop[3]")]
    public void An_event_for_what_does_not_exist_changes_nothing(int node, string iteration)
    {
        var driver = ExecutionDriver.Start(Flow.Effect("a"));

        driver.Apply(new StepSucceeded(node, iteration, 1, "main", default, driver.Now, driver.Now));
        driver.Apply(new WaitResolved(node, iteration, 1, WaitOutcome.Due));

        Assert.Empty(driver.Last);
    }

    [Fact]
    public void The_same_execution_always_decides_the_same_delay_and_others_differ()
    {
        var policy = new RetryPolicy(5, 10, 2, 100, []);
        var delays = Enumerable.Range(0, 1_000)
            .Select(index => Backoff.Delay(policy, 1, Backoff.Seed(new Guid(index, 0, 0, new byte[8]), "a", "", 1)).TotalSeconds)
            .ToList();

        Assert.Equal(delays[5], Backoff.Delay(policy, 1, Backoff.Seed(new Guid(5, 0, 0, new byte[8]), "a", "", 1)).TotalSeconds);
        Assert.InRange(delays.Min(), 0, 0.5);
        Assert.InRange(delays.Max(), 9.5, 10);
        Assert.InRange(delays.Average(), 4.5, 5.5);
        Assert.True(delays.Distinct().Count() > 990);
    }

    [Theory]
    [InlineData(1, 10)]
    [InlineData(2, 20)]
    [InlineData(3, 40)]
    [InlineData(4, 80)]
    [InlineData(5, 100)]
    [InlineData(500, 100)]
    public void Back_off_grows_up_to_its_cap(int attempt, double ceiling)
    {
        var policy = new RetryPolicy(100, 10, 2, 100, []);
        var most = Enumerable.Range(0, 2_000).Max(seed =>
            Backoff.Delay(policy, attempt, Backoff.Seed(new Guid(seed, 0, 0, new byte[8]), "a", "", attempt)).TotalSeconds);

        Assert.InRange(most, ceiling * 0.98, ceiling);
    }
}
