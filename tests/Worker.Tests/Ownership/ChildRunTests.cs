using Workflows.Worker.Ownership;

namespace Workflows.Worker.Tests.Ownership;

/// <summary>What a worker writes of children and of processed rows.</summary>
public sealed class ChildRunTests
{
    private const string Child = """{"id": "c", "type": "subworkflow", "parameters": {"workflow": "Check"}}""";
    private const string Call = """{"id": "a", "type": "http", "parameters": {"url": "http://x.test/"}}""";

    [Fact]
    public void The_child_goes_out_with_the_wait_that_starts_it()
    {
        using var bed = new OwnedBed(Child, change: claimed => claimed with
        {
            TriggerType = "sub_workflow",
            Trigger = """{"type": "sub_workflow", "depth": 3}"""u8.ToArray(),
        });
        bed.Begin();
        var checkpoint = bed.Writing();

        var child = Assert.Single(checkpoint.Children);
        Assert.Equal(
            (Assert.Single(checkpoint.Opened).NodeId, "Check", null, true),
            (child.Parent.NodeId, child.WorkflowName, child.WorkflowId, child.IsAwaited));
        Assert.Contains("\"depth\":4", System.Text.Encoding.UTF8.GetString(child.Trigger), StringComparison.Ordinal);
    }

    [Fact]
    public void An_execution_that_ends_before_its_child_is_started_starts_none()
    {
        using var bed = new OwnedBed(Child, change: claimed => claimed with { StopRequest = "cancel" });
        bed.Begin();
        Assert.Empty(bed.Writing().Children);
    }

    [Fact]
    public void An_execution_that_breaks_later_gives_its_child_up()
    {
        using var bed = new OwnedBed($"{Child}, {Call}");
        bed.Begin();
        bed.Commit();
        bed.Execution.Handle(new Broken("INTERNAL_ERROR", "x"));
        Assert.Equal("", Assert.Single(bed.Writing().AbandonedChildren).NodeId);
    }

    [Fact]
    public void The_end_bears_the_rows_of_all_steps()
    {
        using var bed = new OwnedBed(Call, change: claimed => claimed with { TriggerType = "sub_workflow" });
        bed.Begin();
        bed.Answer(rows: 5);
        var checkpoint = bed.Writing();

        Assert.Equal(5, Assert.Single(checkpoint.Steps).RowsProcessed);
        Assert.Equal((5, true), (Assert.Single(checkpoint.Finished).RowsProcessed, checkpoint.Finished[0].IsChild));
    }

    [Fact]
    public void The_end_bears_how_many_steps_it_had()
    {
        using var bed = new OwnedBed(Call);
        bed.Begin();
        bed.Answer();
        Assert.Equal(1, Assert.Single(bed.Writing().Finished).Steps);
    }
}
