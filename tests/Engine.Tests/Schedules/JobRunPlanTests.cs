using Workflows.Engine.Jobs;
using static Workflows.Engine.Jobs.JobItemStatus;

namespace Workflows.Engine.Tests.Schedules;

public sealed class JobRunPlanTests
{
    private static readonly Guid[] Ids = [.. Enumerable.Range(1, 9).Select(n => new Guid(n, 0, 0, new byte[8]))];

    [Fact]
    public void What_waits_for_nothing_starts_first_and_the_rest_in_order()
    {
        Assert.Equal([1, 2], Start((1, Pending, []), (2, Pending, []), (3, Pending, [1, 2])));
        Assert.Empty(Start((1, Completed, []), (2, Running, []), (3, Pending, [1, 2])));
        Assert.Equal([3], Start((1, Completed, []), (2, Completed, []), (3, Pending, [1, 2])));
    }

    [Fact]
    public void A_run_is_completed_when_all_of_it_is()
    {
        Assert.Equal("completed", Plan([(1, Completed, []), (2, Completed, [1])]).End);
        Assert.Null(Plan([(1, Completed, []), (2, Running, [1])]).End);
        Assert.Equal("completed", Plan([]).End);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void After_a_failure_the_policy_decides_what_still_runs(bool continues)
    {
        var plan = Plan([(1, Failed, []), (2, Pending, [1]), (3, Pending, [2]), (4, Pending, []), (5, Running, [])], continues);

        Assert.Equal(continues ? [4] : [], Numbers(plan.Start));
        Assert.Equal(continues ? [2, 3] : [2, 3, 4], Numbers(plan.Skip).Order());
        Assert.Null(plan.End);
    }

    // The store lists items by name, whatever they wait for.
    [Fact]
    public void A_failure_reaches_items_that_are_listed_before_what_they_wait_for()
    {
        var plan = Plan([(1, Pending, [2]), (2, Pending, [3]), (3, Failed, [])], continues: true);

        Assert.Equal([1, 2], Numbers(plan.Skip).Order());
        Assert.Equal("failed", plan.End);
    }

    [Fact]
    public void A_run_that_was_stopped_by_a_failure_has_failed() =>
        Assert.Equal("failed", Plan([(1, Failed, []), (2, Pending, [1]), (3, Completed, [])]).End);

    [Fact]
    public void A_package_that_continues_goes_on_to_the_next_step()
    {
        Assert.Equal([2], Numbers(Plan([(1, Failed, []), (2, Pending, [1]), (3, Pending, [2])], continues: true, isSequence: true).Start));
        Assert.Equal([2, 3], Numbers(Plan([(1, Failed, []), (2, Pending, [1]), (3, Pending, [2])], continues: false, isSequence: true).Skip));
    }

    [Fact]
    public void A_cancelled_run_starts_nothing_and_ends_with_what_runs()
    {
        var plan = Plan([(1, Running, []), (2, Pending, [])], isCancelled: true);
        Assert.Empty(plan.Start);
        Assert.Equal([2], Numbers(plan.Skip));
        Assert.Null(plan.End);
        Assert.Equal("cancelled", Plan([(1, Cancelled, []), (2, Skipped, [])], isCancelled: true).End);
    }

    // Whatever the graph and the luck: each item starts after all it waits for, and the run ends.
    [Fact]
    public void Random_runs_end_with_every_item_after_what_it_waits_for()
    {
        var random = new Random(4);
        for (var round = 0; round < 500; round++)
        {
            var status = new JobItemStatus[9];
            var graph = Enumerable.Range(0, 9).Select(item => Enumerable.Range(0, item).Where(_ => random.Next(3) == 0).Select(other => Ids[other]).ToArray()).ToArray();
            var (continues, isSequence) = (random.Next(2) == 0, random.Next(4) == 0);
            for (var turn = 0; ; turn++)
            {
                Assert.True(turn < 100, "The run does not end.");
                var plan = JobRunPlan.Of([.. Enumerable.Range(0, 9).Select(item => new JobItem(Ids[item], status[item], graph[item]))], continues, isSequence, random.Next(50) == 0);
                foreach (var item in Numbers(plan.Start))
                {
                    Assert.Equal(Pending, status[item - 1]);
                    Assert.All(graph[item - 1], id => Assert.NotEqual(Pending, status[Array.IndexOf(Ids, id)]));
                    Assert.All(graph[item - 1], id => Assert.True(status[Array.IndexOf(Ids, id)] == Completed || (continues && isSequence)));
                    status[item - 1] = Running;
                }

                foreach (var item in Numbers(plan.Skip))
                {
                    status[item - 1] = Skipped;
                }

                if (plan.End is not null)
                {
                    Assert.DoesNotContain(status, value => value is Pending or Running);
                    break;
                }

                var running = Array.FindIndex(status, value => value == Running);
                if (running >= 0)
                {
                    status[running] = random.Next(4) == 0 ? Failed : Completed;
                }
            }
        }
    }

    private static int[] Start(params (int Id, JobItemStatus Status, int[] DependsOn)[] items) => Numbers(Plan(items).Start);

    private static JobRunPlan Plan(
        (int Id, JobItemStatus Status, int[] DependsOn)[] items, bool continues = false, bool isSequence = false, bool isCancelled = false) =>
        JobRunPlan.Of(
            [.. items.Select(item => new JobItem(Ids[item.Id - 1], item.Status, [.. item.DependsOn.Select(id => Ids[id - 1])]))], continues, isSequence, isCancelled);

    private static int[] Numbers(IReadOnlyList<Guid> ids) => [.. ids.Select(id => Array.IndexOf(Ids, id) + 1)];
}
