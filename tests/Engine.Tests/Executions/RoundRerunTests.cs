using Workflows.Engine.Executions;

namespace Workflows.Engine.Tests.Executions;

/// <summary>What runs again when a rerun begins within a loop.</summary>
public sealed class RoundRerunTests
{
    [Fact]
    public void Of_the_round_what_follows_runs_again_and_all_other_rounds_are_kept()
    {
        var workflow = Flow.Compile(
            Flow.ForEach("l", "[1, 2]", $"{Flow.Noop("a")}, {Flow.Noop("b")}, {Flow.Noop("c")}, {Flow.Noop("d")}",
                "a>b, b>c, a>d"), "");

        var rerun = RoundRerun.From(workflow, "b", "1")!;

        Assert.Equal(["b", "c"], rerun.Again.Select(step => step.Node).Order());
        Assert.All(rerun.Again, step => Assert.Equal("1", step.Iteration));
        Assert.Empty(rerun.Later);
        Assert.Equal(["a", "b", "c", "d"], rerun.Within.Order());
        Assert.Equal("1", rerun.IterationOf(workflow, "a"));
        Assert.Equal("", rerun.IterationOf(workflow, "l"));
    }

    [Fact]
    public void Of_a_repeat_the_rounds_after_it_run_again_too()
    {
        var workflow = Flow.Compile(Flow.Repeat("r", "\"max\": 5", $"{Flow.Noop("a")}, {Flow.Noop("b")}", "a>b"), "");

        var rerun = RoundRerun.From(workflow, "b", "2")!;

        Assert.Equal([new LaterRounds("a", "", 1, 2), new LaterRounds("b", "", 1, 2)], rerun.Later);
    }

    [Fact]
    public void In_nested_loops_each_loop_around_is_cut_at_its_round()
    {
        var inner = Flow.ForEach("in", "item", $"{Flow.Noop("x")}, {Flow.Noop("y")}", "x>y");
        var beside = Flow.ForEach("beside", "item", Flow.Noop("z"));
        var workflow = Flow.Compile(
            Flow.ForEach("out", "[[1], [2]]", $"{inner}, {beside}, {Flow.Noop("before")}", "before>in, in>beside"), "");

        var rerun = RoundRerun.From(workflow, "y", "1/0")!;

        Assert.Equal(
            ["beside 1", "in 1", "y 1/0", "z 1"], rerun.Again.Select(step => $"{step.Node} {step.Iteration}").Order());
        Assert.Equal("1", rerun.IterationOf(workflow, "before"));
        Assert.Equal("1/0", rerun.IterationOf(workflow, "x"));
        Assert.Null(rerun.IterationOf(workflow, "z"));
    }

    [Theory]
    [InlineData("top", "0")]
    [InlineData("a", "")]
    [InlineData("a", "0/0")]
    [InlineData("a", "-1")]
    [InlineData("none", "0")]
    public void A_node_that_does_not_stand_there_has_none(string node, string iteration) =>
        Assert.Null(RoundRerun.From(
            Flow.Compile($"{Flow.Noop("top")}, {Flow.ForEach("l", "[1]", Flow.Noop("a"))}", ""), node, iteration));
}
