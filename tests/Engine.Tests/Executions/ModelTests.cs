using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Workflows.Engine.Executions;

namespace Workflows.Engine.Tests.Executions;

/// <summary>
/// Random definitions with loops in loops, in random orders of events, under crashes at any point, with any prefix of a call durable, pauses, events that
/// come twice or too late. <see cref="ExecutionDriver"/> checks after each decision what must always hold; here the ends are compared with a
/// simple model's, and <see cref="ModelChecks"/> looks at what no order of events may change. A failure names its seed.
/// </summary>
/// <remarks>
/// Shown to find, each within its default time, in the engine as it was when this was written: a join that counts a branch twice; an attempt that keeps its number, or is one
/// too many; a retry before its time, in spite of Retry-After or of a code that forbids it, or counted from before a person's retry; a list that goes on over a
/// failed round, runs too many at once, or puts results, errors or their number wrong; compensations in the order of the steps; the late result of a stopped node or of another
/// attempt; a timer that fires twice; a pause that the next attempt ignores, from memory or by its timer; a deadline that nobody looks at; a later cause that replaces the
/// first; a run that is not aborted; the outcome of a wait that is lost when another worker takes over.
/// </remarks>
public sealed partial class ModelTests(ITestOutputHelper output)
{
    private const int MaxEvents = 5_000;
    private const int RepeatedEvents = 3;
    private const int OrdersAgain = 3;

    // As many seeds as fit, and never fewer than these. WORKFLOWS_MODEL_SECONDS has it look longer.
    private const int FewestSeeds = 400;

    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(
        int.TryParse(Environment.GetEnvironmentVariable("WORKFLOWS_MODEL_SECONDS"), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : 4);

    [Fact]
    public void Whatever_happens_the_steps_and_the_output_are_those_of_the_model()
    {
        var watch = Stopwatch.StartNew();
        var (seed, faults, rounds) = (0, 0, 0);
        for (; seed < FewestSeeds || watch.Elapsed < Budget; seed++)
        {
            var workflow = new ModelWorkflow(seed, mayFail: false);
            var expected = new ReferenceModel(workflow).Run();
            var quiet = Run(workflow, seed, new Random(seed), isQuiet: true, out _);
            Compare(expected, quiet, workflow, seed);
            Compare(expected, Run(workflow, seed, new Random(seed + 1), isQuiet: false, out var injected), workflow, seed);
            faults += injected;
            rounds += quiet.Steps.Count(step => step.Iteration.Length > 0);
        }

        output.WriteLine($"{seed} definitions, {rounds} steps in rounds, {faults} faults");
        Assert.True(faults > seed && rounds > seed, "The generator must reach loops and faults.");
    }

    [Fact]
    public void Failures_cancellations_and_compensations_keep_every_promise()
    {
        var watch = Stopwatch.StartNew();
        var ends = new Dictionary<string, int>();
        var (seed, undone) = (0, 0);
        for (; seed < FewestSeeds || watch.Elapsed < Budget; seed++)
        {
            var workflow = new ModelWorkflow(seed, mayFail: true);
            var driver = Run(workflow, seed, new Random(seed), isQuiet: seed % 4 == 0, out _, mayCancel: true);
            undone += AssertCompensated(workflow, driver, seed);
            var end = driver.End!.GetType().Name;
            ends[end] = ends.GetValueOrDefault(end) + 1;
            if (driver.End is not CompleteExecution)
            {
                for (var order = 0; order < OrdersAgain; order++)
                {
                    RunAgain(workflow, driver, seed, (seed * OrdersAgain) + order);
                }
            }
        }

        output.WriteLine($"{seed} definitions, {undone} undone; {string.Join(", ", ends)}");
        Assert.True(ends.Count == 3 && ends.Values.Min() > 10 && undone > 20, "The generator must reach all ends, and compensations.");
    }

    private static ExecutionDriver Run(
        ModelWorkflow workflow, int seed, Random order, bool isQuiet, out int faults, bool mayCancel = false)
    {
        var driver = new ExecutionDriver(workflow.Workflow) { IsSlow = seed % 2 == 1 };
        faults = 0;
        try
        {
            driver.Start();
            Drive(workflow, driver, new Random(seed * 7), order, isQuiet, mayCancel, ref faults);
            var checks = new ModelChecks(workflow);
            checks.AssertOrder(driver);
            checks.AssertLoops(driver);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw new InvalidOperationException($"Seed {seed}, {driver.Story}:\n{workflow.Json}", exception);
        }

        return driver;
    }

    private static void Drive(
        ModelWorkflow workflow, ExecutionDriver driver, Random chance, Random order, bool isQuiet, bool mayCancel, ref int faults)
    {
        var checks = new ModelChecks(workflow);
        checks.Look(driver, hasHappened: false);
        for (var events = 0; driver.End is null; events++)
        {
            Assert.True(events < MaxEvents, "The execution does not end.");
            if (driver.State.IsPaused)
            {
                driver.Crash(); // resumed by a person, taken over by a worker
                continue;
            }

            if (!isQuiet)
            {
                faults += Disturb(driver, chance, mayCancel);
                checks.Look(driver, hasHappened: false);
            }

            if (driver.End is null && !driver.State.IsPaused)
            {
                workflow.Step(driver, order);
                checks.Look(driver, hasHappened: true);
            }
        }
    }

    private static int Disturb(ExecutionDriver driver, Random chance, bool mayCancel)
    {
        // What came just now comes again: where the end of it is still under way a late result does the most harm.
        var isOverdue = driver.State.DeadlineAt <= driver.Now;
        for (var back = 1; back <= Math.Min(RepeatedEvents, driver.Applied.Count) && driver.End is null && !isOverdue && driver.DieAfter is null; back++)
        {
            if (driver.Applied[^back] is var recent && driver.IsOver(recent))
            {
                driver.Repeat(recent);
            }
        }

        switch (chance.Next(24))
        {
            case 0 or 1:
                driver.Crash();
                return 1;
            case 2 or 3 or 4 or 8 or 9 or 10:
                driver.DieAfter = chance.Next(4);
                return 1;
            case 5:
                driver.Apply(new PauseRequested());
                return 1;
            case 6 when driver.Applied.Count > 0:
                var late = driver.Applied[chance.Next(driver.Applied.Count)];
                if (driver.IsOver(late) && !isOverdue)
                {
                    driver.Repeat(late);
                }

                return 1;
            case 7 when mayCancel && chance.Next(4) == 0:
                driver.Facts = driver.Facts with { Cancellation = new CancelRequested("enough") };
                driver.Apply(driver.Facts.Cancellation);
                return 1;
            case 11 when mayCancel:
                driver.Now += TimeSpan.FromSeconds(chance.Next(ModelWorkflow.TimeoutSeconds / 2)); // its time may be over with the next event
                return 0;
            default:
                return 0;
        }
    }

    private static void Compare(string expected, ExecutionDriver driver, ModelWorkflow workflow, int seed)
    {
        var steps = driver.Steps.Select(step => ReferenceModel.Describe(
            step.NodeId, step.Iteration, step.Attempt, step.Port, workflow.NodeOf(step.NodeId).Kind == "emit" ? "…" : Encoding.UTF8.GetString(step.Output.Span)));
        var actual = ReferenceModel.Describe(steps, Events().Replace(driver.Output ?? "", "…"));
        if (Events().Replace(expected, "…") != Events().Replace(actual, "…"))
        {
            Assert.Fail($"Seed {seed}:\n{workflow.Json}\nexpected\n{expected}\nbut was\n{actual}");
        }
    }

    /// <summary>Exactly what completed and can be undone was undone, backwards, if the end calls for it. Returns how many.</summary>
    private static int AssertCompensated(ModelWorkflow workflow, ExecutionDriver driver, int seed)
    {
        var isDue = driver.End is FailExecution || (driver.End is CancelExecution && workflow.Workflow.Settings.CompensateOnCancel);
        var completed = driver.Steps
            .Where(step => step.Status == StepStatus.Completed && !IsUndoing(step) && workflow.NodeOf(step.NodeId).IsUndoable)
            .Select(step => $"un-{step.NodeId}[{step.Iteration}]");
        var undone = driver.Steps.Where(IsUndoing)
            .GroupBy(step => $"{step.NodeId}[{step.Iteration}]")
            .ToList(); // in the order of their first attempts
        Assert.True(
            (isDue ? completed.Reverse() : []).SequenceEqual(undone.Select(steps => steps.Key)),
            $"Seed {seed}: {driver.End} undid {string.Join(' ', undone.Select(steps => steps.Key))} of {string.Join(' ', completed)}\n{driver.Story}\n{workflow.Json}");
        var failed = undone.Count(steps => steps.Last().Status == StepStatus.Failed);
        var tally = undone.Count == 0 ? null : new CompensationTally(undone.Count - failed, failed);
        Assert.Equal(tally, driver.End is CancelExecution cancel ? cancel.Compensation : driver.Error?.Compensation);
        return undone.Count;
    }

    /// <summary>A person has it retried: it goes on, or starts over, and ends again.</summary>
    private static void RunAgain(ModelWorkflow workflow, ExecutionDriver ended, int seed, int order)
    {
        var driver = new ExecutionDriver(workflow.Workflow)
        {
            IsSlow = order % 2 == 1,
            Now = ended.Now.AddHours(1),
            Facts = ended.Facts with { Attempt = 2, RetriedAt = ended.Now.AddMinutes(1), Cancellation = null },
        };
        driver.TakeOver(ended);
        try
        {
            driver.Crash();
            var faults = 0;
            Drive(workflow, driver, new Random(order), new Random(order), isQuiet: false, mayCancel: false, ref faults);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw new InvalidOperationException($"Seed {seed} again, {driver.Story}:\n{workflow.Json}", exception);
        }
    }

    private static bool IsUndoing(StepRecord step) => ModelChecks.IsUndoing(step.NodeId);

    // The time and id in an emitted event are not the model's business.
    [GeneratedRegex("""\{"specversion".*?\}""")]
    private static partial Regex Events();
}
