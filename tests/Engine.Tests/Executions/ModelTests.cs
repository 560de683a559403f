using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Workflows.Engine.Executions;

namespace Workflows.Engine.Tests.Executions;

/// <summary>
/// Random definitions with loops in loops, in random orders of events, under crashes at any point, with any prefix of a call durable, pauses, events that
/// come twice or too late. <see cref="ExecutionDriver"/> checks after each decision what must always hold; here the ends are compared with a
/// simple model's. A failure names its seed.
/// </summary>
public sealed partial class ModelTests(ITestOutputHelper output)
{
    private const int MaxEvents = 5_000;

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
            AssertOrder(workflow, driver, seed);
            undone += AssertCompensated(workflow, driver, seed);
            var end = driver.End!.GetType().Name;
            ends[end] = ends.GetValueOrDefault(end) + 1;
            if (driver.End is not CompleteExecution && seed % 3 == 0)
            {
                RunAgain(workflow, driver, seed);
            }
        }

        output.WriteLine($"{seed} definitions, {undone} undone; {string.Join(", ", ends)}");
        Assert.True(ends.Count == 3 && ends.Values.Min() > 10 && undone > 20, "The generator must reach all ends, and compensations.");
    }

    private static ExecutionDriver Run(
        ModelWorkflow workflow, int seed, Random order, bool isQuiet, out int faults, bool mayCancel = false)
    {
        var driver = new ExecutionDriver(workflow.Workflow);
        faults = 0;
        try
        {
            driver.Start();
            Drive(workflow, driver, new Random(seed * 7), order, isQuiet, mayCancel, ref faults);
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
            }

            if (driver.End is null && !driver.State.IsPaused)
            {
                workflow.Step(driver, order);
            }
        }
    }

    private static int Disturb(ExecutionDriver driver, Random chance, bool mayCancel)
    {
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
                if (driver.IsOver(late))
                {
                    driver.Apply(late);
                    Assert.Empty(driver.Last);
                }

                return 1;
            case 7 when mayCancel && chance.Next(4) == 0:
                driver.Facts = driver.Facts with { Cancellation = new CancelRequested("enough") };
                driver.Apply(driver.Facts.Cancellation);
                return 1;
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

    /// <summary>No step before one of those that lead to it, no loop before the rounds it has on record.</summary>
    private static void AssertOrder(ModelWorkflow workflow, ExecutionDriver driver, int seed)
    {
        var done = new HashSet<(string Node, string Iteration, string Port)>();
        var loops = new HashSet<(string Loop, string Iteration)>();
        foreach (var step in driver.Steps.Where(step => !IsUndoing(step)))
        {
            var (graph, loop) = GraphOf(workflow.Root, null, step.NodeId)!.Value;
            var node = graph.Nodes.Find(node => node.Id == step.NodeId)!;
            Assert.True(
                node.Incoming.Count == 0 || node.Incoming.Exists(edge => done.Contains((graph.Nodes[edge.From].Id, step.Iteration, edge.Port))),
                $"Seed {seed}: {step.NodeId}[{step.Iteration}] has no step before it.\n{driver.Story}\n{workflow.Json}");
            var outer = step.Iteration.Contains('/', StringComparison.Ordinal) ? step.Iteration[..step.Iteration.LastIndexOf('/')] : "";
            Assert.False(loop is not null && loops.Contains((loop, outer)), $"Seed {seed}: {step.NodeId}[{step.Iteration}] comes after its loop.");
            if (step.Port is { } port)
            {
                done.Add((step.NodeId, step.Iteration, port));
            }

            if (node.Body is not null)
            {
                loops.Add((step.NodeId, step.Iteration));
            }
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
    private static void RunAgain(ModelWorkflow workflow, ExecutionDriver ended, int seed)
    {
        var driver = new ExecutionDriver(workflow.Workflow)
        {
            Now = ended.Now.AddHours(1),
            Facts = ended.Facts with { Attempt = 2, RetriedAt = ended.Now.AddMinutes(1), Cancellation = null },
        };
        driver.TakeOver(ended);
        try
        {
            driver.Crash();
            var faults = 0;
            Drive(workflow, driver, new Random(seed), new Random(seed), isQuiet: false, mayCancel: false, ref faults);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw new InvalidOperationException($"Seed {seed} again, {driver.Story}:\n{workflow.Json}", exception);
        }
    }

    private static (ModelGraph Graph, string? Loop)? GraphOf(ModelGraph graph, string? loop, string node)
    {
        if (graph.Nodes.Exists(other => other.Id == node))
        {
            return (graph, loop);
        }

        foreach (var inner in graph.Nodes.Where(other => other.Body is not null))
        {
            if (GraphOf(inner.Body!, inner.Id, node) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private static bool IsUndoing(StepRecord step) => step.NodeId.StartsWith("un-", StringComparison.Ordinal);

    // The time and id in an emitted event are not the model's business.
    [GeneratedRegex("""\{"specversion".*?\}""")]
    private static partial Regex Events();
}
