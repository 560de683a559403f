using Workflows.Engine.Executions;

namespace Workflows.Engine.Tests.Executions;

/// <summary>The words in the database, and docs/execution-states.md against the code.</summary>
public sealed class StatusTests
{
    [Fact]
    public void Every_status_has_a_word_that_reads_back()
    {
        Assert.All(Enum.GetValues<ExecutionStatus>(), status => Assert.True(ExecutionStatuses.TryParse(status.ToText(), out var read) && read == status));
        Assert.All(Enum.GetValues<StepStatus>(), status => Assert.True(StepStatuses.TryParse(status.ToText(), out var read) && read == status));
        Assert.All(Enum.GetValues<StepErrorKind>(), kind => Assert.True(StepErrorKinds.TryParse(kind.ToText(), out var read) && read == kind));
        Assert.All(Enum.GetValues<WaitKind>(), kind => Assert.True(WaitKinds.TryParse(kind.ToText(), out var read) && read == kind));
    }

    [Theory]
    [InlineData("Completed")]
    [InlineData("done")]
    [InlineData("")]
    [InlineData(null)]
    public void Another_word_is_none(string? word)
    {
        Assert.False(ExecutionStatuses.TryParse(word, out _));
        Assert.False(StepStatuses.TryParse(word, out _));
        Assert.False(StepErrorKinds.TryParse(word, out _));
        Assert.False(WaitKinds.TryParse(word, out _));
    }

    [Fact]
    public void The_documentation_has_every_legal_edge_and_no_other()
    {
        var document = File.ReadAllLines(Path.Combine(Repository.Root, "docs/execution-states.md"))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells.Length > 3 && ExecutionStatuses.TryParse(cells[2].Trim('`'), out _))
            .Select(cells => (cells[1].Trim('`'), cells[2].Trim('`')))
            .Order();
        var code =
            from first in Enum.GetValues<ExecutionStatus>()
            from next in Enum.GetValues<ExecutionStatus>()
            where first.MayBecome(next)
            select (first.ToText(), next.ToText());

        Assert.Equal(code.Order(), document);
    }

    [Fact]
    public void Nothing_leaves_a_final_state_but_a_retry()
    {
        foreach (var status in Enum.GetValues<ExecutionStatus>().Where(status => status.IsFinal()))
        {
            Assert.All(Enum.GetValues<ExecutionStatus>(), next => Assert.True(!status.MayBecome(next) || next is ExecutionStatus.Queued or ExecutionStatus.Held));
        }
    }
}
