using System.Text.Json;
using Workflows.Engine.Executions;

namespace Workflows.Engine.Tests.Executions;

/// <summary>What has to hold of an execution of a random definition, whatever happens to it: at every moment of it, and of its records at the end.</summary>
internal sealed class ModelChecks(ModelWorkflow workflow)
{
    private ExecutionState? _state;
    private Decision? _cause;

    /// <param name="driver">The execution.</param>
    /// <param name="hasHappened">Whether the last thing that happened was an event: its time is compared with the deadline then.</param>
    public void Look(ExecutionDriver driver, bool hasHappened)
    {
        AssertFirstCauseCounts(driver);
        if (driver.End is not null)
        {
            return;
        }

        Assert.True(!hasHappened || driver.State.Ending is not null || driver.State.DeadlineAt is null || driver.State.DeadlineAt > driver.Now, "The time is over and the execution goes on.");
        if (driver.State.Ending is not null)
        {
            var forgotten = driver.Runs.Find(run => !IsUndoing(run.NodeId) && !IsAborted(driver, run));
            Assert.True(forgotten is null, $"The execution ends, and {forgotten} is not aborted.");
        }

        var rounds = driver.Runs.Select(run => (run.NodeId, run.Iteration)).Concat(driver.Waits.Keys.Select(wait => (NodeId: wait.Node, wait.Iteration)))
            .Where(place => place.Iteration.Length > 0 && !IsUndoing(place.NodeId))
            .Select(place => (Loop: workflow.LoopOf(place.NodeId)!, place.Iteration)).Distinct();
        foreach (var loop in rounds.GroupBy(round => (round.Loop.Id, Outer(round.Iteration))))
        {
            Assert.True(loop.Count() <= loop.First().Loop.MaxParallel, $"{loop.Count()} rounds of {loop.Key} are under way; at most {loop.First().Loop.MaxParallel} may be.");
        }
    }

    public static bool IsAborted(ExecutionDriver driver, NodeRun run) =>
        driver.Aborts.Exists(abort => abort.NodeId == run.NodeId && abort.Iteration == run.Iteration && abort.Attempt == run.Attempt);

    // A crash forgets a cause that is on no record; within one state it stays.
    private void AssertFirstCauseCounts(ExecutionDriver driver)
    {
        if (driver.State != _state)
        {
            (_state, _cause) = (driver.State, null);
        }

        _cause ??= driver.State.Ending;
        if (driver.End is { } end && _cause is { } cause)
        {
            Assert.Equal(cause.GetType(), end.GetType());
            Assert.Equal((cause as FailExecution)?.Error.NodeId, (end as FailExecution)?.Error.NodeId);
            Assert.Equal((cause as FailExecution)?.Error.Code, (end as FailExecution)?.Error.Code);
        }
    }

    /// <summary>Every step came after all that leads to it was decided (a join for a number: or that number of them), and every loop after its rounds.</summary>
    public void AssertOrder(ExecutionDriver driver)
    {
        var ports = new Dictionary<(string Node, string Iteration), string>();
        var loops = new HashSet<(string Loop, string Iteration)>();
        var seen = new HashSet<(string Node, string Iteration)>();
        foreach (var step in driver.Steps.Where(step => !IsUndoing(step.NodeId)))
        {
            var node = workflow.NodeOf(step.NodeId);
            if (seen.Add((step.NodeId, step.Iteration)))
            {
                AssertTurn(node, step.Iteration, ports);
            }

            Assert.False(
                step.Iteration.Length > 0 && loops.Contains((workflow.LoopOf(step.NodeId)!.Id, Outer(step.Iteration))), $"{step.NodeId}[{step.Iteration}] comes after its loop.");
            if (step.Port is { } port)
            {
                ports.Add((step.NodeId, step.Iteration), port);
            }

            if (node.Body is not null)
            {
                loops.Add((step.NodeId, step.Iteration));
            }
        }
    }

    private void AssertTurn(ModelNode node, string iteration, Dictionary<(string Node, string Iteration), string> ports)
    {
        if (node.Incoming.Count == 0)
        {
            return;
        }

        var graph = workflow.GraphOf(node.Id);
        var edges = node.Incoming.ConvertAll(edge => Taken(graph, edge, iteration, ports));
        var taken = edges.Count(edge => edge == true);
        var isEnough = workflow.HasQuorums && node.Quorum > 0 && taken >= node.Quorum;
        Assert.True(taken > 0, $"{node.Id}[{iteration}] has no step before it.");
        Assert.True(isEnough || edges.TrueForAll(edge => edge is not null), $"{node.Id}[{iteration}] did not wait for all that leads to it.");
    }

    /// <summary>Null = not decided.</summary>
    private static bool? Taken(ModelGraph graph, (int From, string Port) edge, string iteration, Dictionary<(string Node, string Iteration), string> ports)
    {
        var from = graph.Nodes[edge.From];
        if (ports.TryGetValue((from.Id, iteration), out var port))
        {
            return port == edge.Port;
        }

        return from.Incoming.Count > 0 && from.Incoming.TrueForAll(before => Taken(graph, before, iteration, ports) == false) ? false : null;
    }

    /// <summary>A list that fails fast has not completed over a failed round; one that collects has counted all of them.</summary>
    public void AssertLoops(ExecutionDriver driver)
    {
        var last = driver.Steps.Where(step => !IsUndoing(step.NodeId)).GroupBy(step => (step.NodeId, step.Iteration)).Select(attempts => attempts.MaxBy(step => step.Attempt)!).ToList();
        foreach (var step in last.Where(step => step.Status == StepStatus.Completed && workflow.NodeOf(step.NodeId).Kind is "forEach" or "risky"))
        {
            var loop = workflow.NodeOf(step.NodeId);
            var failed = last.Where(other => other is { Status: StepStatus.Failed, Port: null } && other.Iteration.Length > 0
                    && workflow.LoopOf(other.NodeId) == loop && Outer(other.Iteration) == step.Iteration)
                .Select(other => other.Iteration).Distinct().Count();
            Assert.False(loop.IsFailFast && failed > 0, $"{step.NodeId}[{step.Iteration}] completed although {failed} of its rounds failed.");
            using var output = JsonDocument.Parse(step.Output);
            Assert.Equal(failed, output.RootElement.GetProperty("failed").GetInt32());
        }
    }

    private static string Outer(string iteration) => iteration.LastIndexOf('/') is > 0 and var slash ? iteration[..slash] : "";

    public static bool IsUndoing(string node) => node.StartsWith("un-", StringComparison.Ordinal);
}
