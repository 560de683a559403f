using Workflows.Data.Executions;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Worker.Execution;

namespace Workflows.Worker.Tests.Execution;

/// <summary>What a worker says when an execution goes to sleep; the database decides by it whether a wake-up came in between.</summary>
public sealed class ParkingTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    private readonly WorkerSession _session = new();

    public void Dispose() => _session.Dispose();

    [Fact]
    public void A_parking_bears_the_wakes_of_the_moment_in_which_it_was_decided()
    {
        var run = Waiting();
        run.Translate(Now);
        run.Wakes = 5; // a wait was resolved and delivered after the decision, before the checkpoint went out

        var checkpoint = new Checkpoint();
        run.Collecting!.AddTo(checkpoint);

        Assert.Equal(2, Assert.Single(checkpoint.Parked).Wakes);
    }

    [Fact]
    public void What_comes_before_the_parking_goes_out_takes_it_back()
    {
        var run = Waiting();
        run.Translate(Now);
        Decider.Apply(run.State, new WaitResolved(0, "", 1, WaitOutcome.Due), Now, run.Decisions);
        run.Translate(Now);

        Assert.False(run.Collecting!.Park);
        Assert.Equal("completed", run.Collecting.Finished?.Status);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void An_execution_does_not_park_before_the_look_back_is_done(bool must, bool isUnderWay)
    {
        var run = Waiting();
        run.MustLookBack = must;
        run.IsLookingBack = isUnderWay;

        run.Translate(Now);

        Assert.False(run.Collecting!.Park);
    }

    [Fact]
    public void An_execution_that_ends_leaves_neither_the_wait_nor_the_timer_it_had_opened()
    {
        var run = Waiting();
        run.Translate(Now);
        Decider.Apply(run.State, new CancelRequested(null), Now, run.Decisions);
        run.Translate(Now);

        var checkpoint = new Checkpoint();
        run.Collecting!.AddTo(checkpoint);

        Assert.Equal("cancelled", Assert.Single(checkpoint.Finished).Status);
        Assert.Empty(checkpoint.Opened);
        Assert.Empty(checkpoint.Timers);
    }

    private ExecutionRun Waiting()
    {
        Assert.True(CompiledWorkflow.TryCompile(
            """{"schema": 1, "nodes": [{"id": "d", "type": "delay", "parameters": {"seconds": 60}}], "edges": []}"""u8.ToArray(), out var workflow, out _));
        var claimed = new ClaimedExecution
        {
            Key = new ExecutionKey(Guid.CreateVersion7(), Guid.CreateVersion7()),
            WorkflowId = Guid.CreateVersion7(),
            Version = 1,
            Fence = 1,
            Wakes = 2,
            Run = 1,
            Priority = Workflows.Data.Executions.ExecutionPriority.Normal,
            TriggerType = "manual",
            Input = "{}"u8.ToArray(),
            QueuedAt = Now,
            StartedAt = Now,
        };
        var run = new ExecutionRun(_session, claimed, new ExecutionState(workflow, Facts.Of(claimed, ScopeValues.None, callbacks: null)), TimeProvider.System);
        Decider.Start(run.State, Now, run.Decisions);
        return run;
    }
}
