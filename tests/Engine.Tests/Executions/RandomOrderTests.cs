using System.Text;

namespace Workflows.Engine.Tests.Executions;

/// <summary>
/// Random workflows, random orders of events, crashes anywhere. <see cref="ExecutionDriver"/> checks after each decision what must
/// always hold; here the ends are compared. A failure names its seed.
/// </summary>
public sealed class RandomOrderTests
{
    private const int MaxEvents = 500;

    [Fact]
    public void Any_order_of_events_ends_in_the_same_steps()
    {
        for (var seed = 0; seed < 2_000; seed++)
        {
            var workflow = new RandomWorkflow(seed, isOrderFree: true);
            var expected = Result(Run(workflow, new Random(1)));
            for (var order = 2; order < 5; order++)
            {
                AssertSame(expected, Result(Run(workflow, new Random(order))), seed, workflow);
            }
        }
    }

    [Fact]
    public void A_crash_after_any_event_ends_in_the_same_steps()
    {
        for (var seed = 0; seed < 1_000; seed++)
        {
            var workflow = new RandomWorkflow(seed, isOrderFree: true);
            var expected = Result(Run(workflow, new Random(seed)));
            for (var crashAt = 0; ; crashAt++)
            {
                var events = 0;
                var driver = Run(workflow, new Random(seed), driver =>
                {
                    if (events++ == crashAt)
                    {
                        driver.Crash();
                    }
                });
                AssertSame(expected, Result(driver), seed, workflow);
                if (events <= crashAt)
                {
                    break;
                }
            }
        }
    }

    [Fact]
    public void A_crash_in_the_midst_of_a_flush_ends_in_the_same_steps()
    {
        for (var seed = 0; seed < 1_000; seed++)
        {
            var workflow = new RandomWorkflow(seed, isOrderFree: true);
            var expected = Result(Run(workflow, new Random(seed)));
            for (var round = 0; round < 5; round++)
            {
                var faults = new Random((seed * 31) + round);
                var driver = Run(workflow, new Random(seed), driver => driver.DieAfter = faults.Next(3) == 0 ? faults.Next(4) : null);
                AssertSame(expected, Result(driver), seed, workflow);
            }
        }
    }

    [Fact]
    public void Races_and_failures_under_crashes_keep_every_promise()
    {
        var ends = new Dictionary<string, int>();
        for (var seed = 0; seed < 3_000; seed++)
        {
            var workflow = new RandomWorkflow(seed, isOrderFree: false);
            var faults = new Random(seed);
            var driver = Run(workflow, new Random(seed + 1), driver =>
            {
                if (faults.Next(4) == 0)
                {
                    driver.Crash();
                }
                else if (faults.Next(4) == 0)
                {
                    driver.DieAfter = faults.Next(4);
                }
            });

            var end = driver.End!.GetType().Name;
            ends[end] = ends.GetValueOrDefault(end) + 1;
            Assert.Equal(driver.Published.Count, driver.Published.Select(published => published.Id).Distinct().Count());
        }

        // The generator must reach both ends, or the test says nothing of one of them.
        Assert.True(ends.Count == 2 && ends.Values.Min() > 100, string.Join(", ", ends));
    }

    private static ExecutionDriver Run(RandomWorkflow workflow, Random order, Action<ExecutionDriver>? before = null)
    {
        var driver = new ExecutionDriver(workflow.Workflow).Start();
        for (var events = 0; driver.End is null; events++)
        {
            Assert.True(events < MaxEvents, "The execution does not end: " + workflow.Json);
            before?.Invoke(driver);
            workflow.Step(driver, order);
        }

        return driver;
    }

    private static string Result(ExecutionDriver driver)
    {
        var text = new StringBuilder();
        foreach (var step in driver.Steps.OrderBy(step => step.Ordinal).ThenBy(step => step.Attempt))
        {
            text.Append($"{step.NodeId}/{step.Attempt} {step.Status} {step.Port} {Encoding.UTF8.GetString(step.Output.Span)}\n");
        }

        foreach (var published in driver.Published.OrderBy(published => published.Id, StringComparer.Ordinal))
        {
            text.Append($"{published.Id} {published.Type}\n");
        }

        return text.Append(driver.Output ?? driver.End!.ToString()).ToString();
    }

    private static void AssertSame(string expected, string actual, int seed, RandomWorkflow workflow)
    {
        if (expected != actual)
        {
            Assert.Fail($"Seed {seed}:\n{workflow.Json}\nexpected\n{expected}\nbut was\n{actual}");
        }
    }
}
