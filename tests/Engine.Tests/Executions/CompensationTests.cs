using Workflows.Engine.Executions;

namespace Workflows.Engine.Tests.Executions;

/// <summary>What was done is undone, in reverse order, when the execution fails.</summary>
public sealed class CompensationTests
{
    // book > charge > ship > end; a compensating node for the first three.
    private static readonly string Trip = string.Join(
        ", ", Undoable("book"), Undoable("charge"), Undoable("ship"), Flow.Effect("end"), Flow.Effect("un-book"), Flow.Effect("un-charge", Retry), Flow.Effect("un-ship"));

    private const string Retry = """, "retry": {"maxAttempts": 2, "initialDelaySeconds": 3600, "maxDelaySeconds": 3600}""";
    private const string Edges = "book>charge, charge>ship, ship>end";

    [Fact]
    public void A_failure_undoes_what_has_completed_one_after_the_other_the_last_first()
    {
        var driver = Failed();

        Assert.Equal("un-ship", Assert.Single(driver.Runs).NodeId);
        driver.Succeed("un-ship");
        Assert.Equal("un-charge", Assert.Single(driver.Runs).NodeId);
        driver.Succeed("un-charge");
        Assert.Null(driver.End);
        driver.Succeed("un-book");

        Assert.Equal("book:main charge:main ship:main end!BOOM un-ship:main un-charge:main un-book:main", driver.Story);
        Assert.Equal(new ExecutionError("BOOM", "BOOM happened.", "end", new CompensationTally(3, 0)), driver.Error);
    }

    [Fact]
    public void What_has_not_completed_is_not_undone()
    {
        var driver = ExecutionDriver.Start(Trip, Edges);
        driver.Succeed("book");
        driver.Fail("charge", "BOOM", StepErrorKind.Permanent);

        Assert.Equal("un-book", Assert.Single(driver.Runs).NodeId);
    }

    [Fact]
    public void A_completed_execution_undoes_nothing()
    {
        var driver = ExecutionDriver.Start(Trip, Edges);
        foreach (var node in new[] { "book", "charge", "ship", "end" })
        {
            driver.Succeed(node);
        }

        Assert.Equal("1", driver.Output);
    }

    [Fact]
    public void One_that_cannot_be_undone_does_not_keep_the_others_from_it()
    {
        var driver = Failed();
        driver.Succeed("un-ship");

        driver.Fail("un-charge", "AWAY", retryAfter: TimeSpan.FromHours(1));
        Assert.True(driver.State.IsParked);
        driver.Resolve("un-charge", WaitOutcome.Due);
        driver.Fail("un-charge", "AWAY");
        driver.Succeed("un-book");

        Assert.Equal(new CompensationTally(2, 1), driver.Error!.Compensation);
        Assert.EndsWith("un-ship:main un-charge!AWAY un-charge!AWAY un-book:main", driver.Story, StringComparison.Ordinal);
    }

    [Fact]
    public void What_still_ran_when_the_execution_failed_and_came_through_is_undone_too()
    {
        var driver = ExecutionDriver.Start($"{Undoable("a")}, {Flow.Effect("b")}, {Flow.Effect("un-a")}");
        driver.Fail("b", "BOOM", StepErrorKind.Permanent);
        Assert.DoesNotContain(driver.Runs, run => run.NodeId == "un-a");

        driver.Succeed("a");

        Assert.Equal("un-a", Assert.Single(driver.Runs).NodeId);
    }

    [Fact]
    public void A_compensating_node_sees_the_steps_and_the_item_of_its_round()
    {
        var driver = ExecutionDriver.Start(
            $$$"""{{{Flow.ForEach("l", "['x', 'y']", $"{Undoable("a")}, {Flow.Set("un-a", "\"{{ item & index & steps.a.output }}\"")}")}}}, {"id": "f", "type": "fail"}""", "l>f");
        driver.Succeed("a[1]", "7");
        driver.Succeed("a[0]", "8");

        Assert.Equal("a[1]:main a[0]:main l:main f!FAILED un-a[0]:main un-a[1]:main", driver.Story);
        Assert.Equal(("\"x08\"", "\"y17\""), (driver.OutputOf("un-a[0]"), driver.OutputOf("un-a[1]")));
    }

    [Fact]
    public void Another_worker_goes_on_undoing_where_the_records_end()
    {
        var driver = Failed();
        driver.Succeed("un-ship");
        driver.Crash();
        Assert.Equal("un-charge", Assert.Single(driver.Runs).NodeId);
        driver.Fail("un-charge", "AWAY", retryAfter: TimeSpan.FromHours(1));
        driver.Crash();
        Assert.True(driver.State.IsParked);
        driver.Resolve("un-charge", WaitOutcome.Due);
        driver.Fail("un-charge", "AWAY");
        driver.Crash();
        driver.Succeed("un-book");

        Assert.Equal(new ExecutionError("BOOM", "BOOM happened.", "end", new CompensationTally(2, 1)), driver.Error);
    }

    [Fact]
    public void Rounds_that_were_over_long_ago_are_undone_after_a_crash_too()
    {
        var inner = Flow.ForEach("in", "item", $"{Undoable("a")}, {Flow.Effect("un-a")}");
        var driver = ExecutionDriver.Start($"{Flow.ForEach("out", "[[1, 2], [3]]", inner)}, {Flow.Effect("e")}", "out>e");
        driver.Succeed("a[0/1]");
        driver.Succeed("a[1/0]");
        driver.Succeed("a[0/0]");
        driver.Crash();
        driver.Fail("e", "BOOM", StepErrorKind.Permanent);

        foreach (var round in new[] { "0/0", "1/0", "0/1" })
        {
            Assert.Equal(round, Assert.Single(driver.Runs).Iteration);
            driver.Crash();
            driver.Succeed($"un-a[{round}]");
        }

        Assert.Equal(new CompensationTally(3, 0), driver.Error!.Compensation);
    }

    [Fact]
    public void Rounds_of_a_repeat_are_undone_after_a_crash()
    {
        var driver = ExecutionDriver.Start(
            $"{Flow.Repeat("r", "\"while\": \"index < 2\"", $"{Undoable("a")}, {Flow.Effect("b")}, {Flow.Effect("un-a")}", "a>b")}, {Flow.Noop("n")}", "r>n");
        driver.Succeed("a[0]");
        driver.Succeed("b[0]");
        driver.Succeed("a[1]");
        driver.Fail("b[1]", "BOOM", StepErrorKind.Permanent);

        driver.Crash();
        driver.Succeed("un-a[1]");
        driver.Crash();
        driver.Succeed("un-a[0]");

        Assert.Equal((new CompensationTally(2, 0), "r"), (driver.Error!.Compensation, driver.Error.NodeId));
    }

    [Fact]
    public void A_cancelled_execution_is_undone_only_if_it_says_so()
    {
        foreach (var (settings, isUndone) in new[] { ("", false), (""", "settings": {"compensateOnCancel": true}""", true) })
        {
            var driver = ExecutionDriver.Start($"{Undoable("a")}, {Flow.Effect("b")}, {Flow.Effect("un-a")}", "a>b", settings);
            driver.Succeed("a");
            driver.Apply(new CancelRequested("enough"));
            driver.Fail("b", StepErrorCodes.Aborted, StepErrorKind.Cancelled);

            Assert.Equal(isUndone, driver.Runs.Count == 1);
            if (isUndone)
            {
                driver.Facts = driver.Facts with { Cancellation = new CancelRequested("enough") };
                driver.Crash();
                driver.Succeed("un-a");
            }

            Assert.Equal(new CancelExecution("enough", isUndone ? new CompensationTally(1, 0) : null), driver.End);
        }
    }

    [Fact]
    public void A_time_out_undoes_as_a_failure_does()
    {
        var driver = ExecutionDriver.Start($"{Undoable("a")}, {Flow.Effect("b")}, {Flow.Effect("un-a")}", "a>b", """, "settings": {"timeoutSeconds": 10}""");
        driver.Succeed("a");
        driver.Now = driver.Now.AddSeconds(10);
        driver.Apply(new TimedOut());
        driver.Fail("b", StepErrorCodes.Aborted, StepErrorKind.Cancelled);

        driver.Succeed("un-a");

        Assert.Equal((ExecutionStatus.TimedOut, 1), (driver.State.Status, driver.Error!.Compensation!.Completed));
    }

    [Fact]
    public void After_it_was_undone_a_retry_starts_over_under_other_names()
    {
        var driver = Failed();
        var key = $"{driver.Facts.ExecutionId:N}.book";
        driver.Succeed("un-ship");
        driver.Succeed("un-charge");
        driver.Succeed("un-book");

        var retried = new ExecutionDriver(driver.Workflow)
        {
            Now = driver.Now.AddHours(1),
            Facts = driver.Facts with { Attempt = 2, RetriedAt = driver.Now.AddMinutes(1) },
        };
        retried.Steps.AddRange(driver.Steps);
        retried.Crash();
        Assert.Equal(("book", 2, key + "~1"), (Assert.Single(retried.Runs).NodeId, retried.Runs[0].Attempt, retried.Runs[0].IdempotencyKey));

        retried.Succeed("book");
        retried.Fail("charge", "AGAIN", StepErrorKind.Permanent);
        retried.Crash();
        Assert.Equal(("un-book", 2), (Assert.Single(retried.Runs).NodeId, retried.Runs[0].Attempt));
        retried.Succeed("un-book");
        Assert.Equal(new ExecutionError("AGAIN", "AGAIN happened.", "charge", new CompensationTally(1, 0)), retried.Error);
    }

    private static string Undoable(string id) => Flow.Effect(id, $$""", "compensate": "un-{{id}}" """);

    private static ExecutionDriver Failed()
    {
        var driver = ExecutionDriver.Start(Trip, Edges);
        driver.Succeed("book");
        driver.Succeed("charge");
        driver.Succeed("ship");
        driver.Fail("end", "BOOM", StepErrorKind.Permanent);
        return driver;
    }
}
