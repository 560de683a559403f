using Workflows.Data.Executions;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Worker.Execution;

namespace Workflows.Worker.Tests.Execution;

/// <summary>What a worker writes of children and of processed rows.</summary>
public sealed class ChildRunTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    private readonly WorkerSession _session = new();

    public void Dispose() => _session.Dispose();

    [Fact]
    public void The_child_goes_out_with_the_wait_that_starts_it()
    {
        var run = Run("""{"id": "c", "type": "subworkflow", "parameters": {"workflow": "Check"}}""", """{"type": "sub_workflow", "depth": 3}""");
        Decider.Start(run.State, Now, run.Decisions);
        run.Translate(Now);
        var checkpoint = Taken(run);

        var child = Assert.Single(checkpoint.Children);
        Assert.Equal((Assert.Single(checkpoint.Opened).NodeId, "Check", null, true), (child.Parent.NodeId, child.WorkflowName, child.WorkflowId, child.IsAwaited));
        Assert.Contains("\"depth\":4", System.Text.Encoding.UTF8.GetString(child.Trigger), StringComparison.Ordinal);
    }

    [Fact]
    public void An_execution_that_ends_before_its_child_is_started_starts_none_and_one_that_ends_later_gives_it_up()
    {
        var early = Run("""{"id": "c", "type": "subworkflow", "parameters": {"workflow": "Check"}}""");
        Decider.Start(early.State, Now, early.Decisions);
        Decider.Apply(early.State, new CancelRequested(null), Now, early.Decisions);
        early.Translate(Now);
        Assert.Empty(Taken(early).Children);

        var late = Run("""{"id": "c", "type": "subworkflow", "parameters": {"workflow": "Check"}}""");
        Decider.Start(late.State, Now, late.Decisions);
        late.Translate(Now);
        Taken(late);
        late.FailInternally("INTERNAL_ERROR", "x", Now);
        Assert.Equal("", Assert.Single(Taken(late).AbandonedChildren).NodeId);
    }

    [Fact]
    public void The_end_bears_the_rows_of_all_steps()
    {
        var run = Run("""{"id": "a", "type": "set", "effect": true, "parameters": {"value": 1}}""", """{"type": "sub_workflow"}""");
        run.RowsProcessed = 10; // recorded before this worker took over
        Decider.Start(run.State, Now, run.Decisions);
        run.Translate(Now);
        Taken(run);
        Decider.Apply(run.State, new StepSucceeded(0, "", 1, "main", "1"u8.ToArray(), Now, Now) { RowsProcessed = 5 }, Now, run.Decisions);
        run.Translate(Now);
        var checkpoint = Taken(run);

        Assert.Equal(5, Assert.Single(checkpoint.Steps).RowsProcessed);
        Assert.Equal((15, true), (Assert.Single(checkpoint.Finished).RowsProcessed, checkpoint.Finished[0].IsChild));
    }

    private static Checkpoint Taken(ExecutionRun run)
    {
        var checkpoint = new Checkpoint();
        run.Collecting!.AddTo(checkpoint);
        run.Collecting = null;
        return checkpoint;
    }

    private ExecutionRun Run(string node, string trigger = "{}")
    {
        Assert.True(CompiledWorkflow.TryCompile(
            System.Text.Encoding.UTF8.GetBytes($$"""{"schema": 1, "nodes": [{{node}}], "edges": []}"""), out var workflow, out var problems), string.Join('\n', problems));
        var claimed = new ClaimedExecution
        {
            Key = new ExecutionKey(Guid.CreateVersion7(), Guid.CreateVersion7()),
            WorkflowId = Guid.CreateVersion7(),
            Version = 1,
            Fence = 1,
            Wakes = 0,
            Run = 1,
            Priority = Workflows.Data.Executions.ExecutionPriority.Normal,
            TriggerType = trigger.Contains("sub_workflow", StringComparison.Ordinal) ? "sub_workflow" : "manual",
            Trigger = System.Text.Encoding.UTF8.GetBytes(trigger),
            Input = "{}"u8.ToArray(),
            QueuedAt = Now,
            StartedAt = Now,
        };
        return new ExecutionRun(_session, claimed, new ExecutionState(workflow, Facts.Of(claimed, ScopeValues.None, callbacks: null)), TimeProvider.System);
    }
}
