using System.Text;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;

namespace Workflows.Engine.Tests.Executions;

/// <summary>
/// The worker's part in memory: keeps what is durable, hands events to the decider, and checks on the way what has to hold of
/// every execution, whatever the test is about.
/// </summary>
internal sealed class ExecutionDriver
{
    private readonly HashSet<(string Node, string Iteration, int Attempt)> _recorded = [];

    private readonly HashSet<(string Node, string Iteration, int Attempt)> _retryWaits = [];

    // Until the decision that acts upon them is durable.
    private readonly List<RecordedWait> _resolved = [];

    public ExecutionDriver(CompiledWorkflow workflow, string input = "{}", Func<ExecutionFacts, ExecutionFacts>? change = null)
    {
        Workflow = workflow;
        var facts = new ExecutionFacts
        {
            ExecutionId = new Guid("01890000-0000-7000-8000-000000000001"),
            TenantId = new Guid("01890000-0000-7000-8000-000000000002"),
            WorkflowId = new Guid("01890000-0000-7000-8000-000000000003"),
            Version = 7,
            Input = Encoding.UTF8.GetBytes(input),
            TriggerType = "manual",
            CreatedAt = Now,
        };
        Facts = change is null ? facts : change(facts);
        State = new ExecutionState(workflow, Facts);
    }

    public static DateTimeOffset Epoch { get; } = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    public CompiledWorkflow Workflow { get; }

    public ExecutionFacts Facts { get; set; }

    public ExecutionState State { get; private set; }

    public DateTimeOffset Now { get; set; } = Epoch;

    // What is durable
    public List<StepRecord> Steps { get; } = [];

    public Dictionary<(string Node, string Iteration, int Attempt), WaitSpec> Waits { get; } = [];

    public List<PublishEvent> Published { get; } = [];

    public Decision? End { get; private set; }

    // What is in the worker's memory
    public List<NodeRun> Runs { get; } = [];

    public List<AbortNode> Aborts { get; } = [];

    public List<Decision> Last { get; } = [];

    public string? Output => End is CompleteExecution complete ? Encoding.UTF8.GetString(complete.Output.Span) : null;

    public ExecutionError? Error => (End as FailExecution)?.Error;

    /// <summary>The steps as <c>node:port</c>, failed attempts without a port as <c>node!code</c>; in loops <c>node[iteration]</c>.</summary>
    public string Story => string.Join(' ', Steps.Select(step =>
        step.NodeId + (step.Iteration.Length == 0 ? "" : $"[{step.Iteration}]") + (step.Error is not null && step.Port is null ? "!" + step.Error.Code : ":" + step.Port)));

    /// <summary>Hears how many decisions each call made.</summary>
    public Action<int>? OnDecided { get; init; }

    public static ExecutionDriver Start(string nodes, string edges = "", string rest = "", string input = "{}", Action<int>? onDecided = null) =>
        new ExecutionDriver(Flow.Compile(nodes, edges, rest), input) { OnDecided = onDecided }.Start();

    /// <summary>Each call decides one node only and leaves the rest to the next, as when everything is slow.</summary>
    public bool IsSlow { get; init; }

    private DecisionTurn Turn => IsSlow ? new ShortTurn(Now) : DecisionTurn.At(Now);

    public ExecutionDriver Start()
    {
        Take(decisions => Decider.Resume(State, [], [], Turn, decisions));
        return this;
    }

    /// <param name="node">The id, in loops with its iteration: <c>node[3/0]</c>.</param>
    public NodeRun Run(string node) => Assert.Single(Runs, run => Name(run.NodeId, run.Iteration) == node);

    public static string Name(string node, string iteration) => iteration.Length == 0 ? node : $"{node}[{iteration}]";

    public string OutputOf(string node) => Encoding.UTF8.GetString(Assert.Single(Steps, step => Name(step.NodeId, step.Iteration) == node && step.Port is not null).Output.Span);

    public void Succeed(string node, string output = "1", string port = "main")
    {
        var run = Remove(node);
        Apply(new StepSucceeded(run.Ordinal, run.Iteration, run.Attempt, port, Encoding.UTF8.GetBytes(output), Now, Now));
    }

    public void Fail(string node, string code = "HTTP_503", StepErrorKind kind = StepErrorKind.Transient, TimeSpan? retryAfter = null)
    {
        var run = Remove(node);
        Apply(new StepFailed(run.Ordinal, run.Iteration, run.Attempt, new StepError(code, $"{code} happened.", kind, retryAfter), Now, Now));
    }

    /// <summary>Runs a node of a pure type as the worker does.</summary>
    public void Evaluate(string node) => Apply(NodeEvaluator.Run(State, Remove(node), Now));

    public void Resolve(string node, WaitOutcome outcome, string? payload = null)
    {
        var (key, wait) = Waits.Single(entry => Name(entry.Key.Node, entry.Key.Iteration) == node);
        Waits.Remove(key);
        var bytes = payload is null ? default : Encoding.UTF8.GetBytes(payload);
        _resolved.Add(new RecordedWait(wait.NodeId, wait.Iteration, wait.Attempt, wait.Kind, wait.DueAt, outcome, bytes));
        Apply(new WaitResolved(wait.Ordinal, wait.Iteration, wait.Attempt, outcome, bytes));
    }

    /// <summary>
    /// Set: of the next decisions only so many become durable, then the worker dies. An event stays with the step it comes from,
    /// as in the transaction.
    /// </summary>
    public int? DieAfter { get; set; }

    /// <summary>All that was applied, to be delivered once more.</summary>
    public List<ExecutionEvent> Applied { get; } = [];

    /// <summary>Whether what the event is about is neither running nor waiting any more.</summary>
    public bool IsOver(ExecutionEvent happened) => happened switch
    {
        StepSucceeded step => IsOver(step.Node, step.Iteration, step.Attempt),
        StepFailed step => IsOver(step.Node, step.Iteration, step.Attempt),
        WaitResolved wait => IsOver(wait.Node, wait.Iteration, wait.Attempt),
        _ => false,
    };

    public void Apply(ExecutionEvent happened)
    {
        Applied.Add(happened);
        Take(decisions => Decider.Apply(State, happened, Turn, decisions));
    }

    /// <summary>Something that was applied before comes once more, too late: nothing may come of it.</summary>
    public void Repeat(ExecutionEvent happened)
    {
        Take(decisions => Decider.Apply(State, happened, Turn, decisions));
        Assert.Empty(Last);
    }

    /// <summary>Takes what is durable of another execution of the same workflow.</summary>
    public void TakeOver(ExecutionDriver ended)
    {
        Steps.AddRange(ended.Steps);
        _recorded.UnionWith(ended._recorded);
    }

    private bool IsOver(int ordinal, string iteration, int attempt)
    {
        var id = Workflow.Nodes[ordinal].Id;
        return !Runs.Exists(run => (run.NodeId, run.Iteration, run.Attempt) == (id, iteration, attempt))
            && !Waits.ContainsKey((id, iteration, attempt))
            && !_resolved.Exists(wait => (wait.NodeId, wait.Iteration, wait.Attempt) == (id, iteration, attempt));
    }

    /// <summary>The worker dies: what is not durable is gone; another one takes over.</summary>
    public void Crash(IEnumerable<RecordedWait>? resolvedWaits = null)
    {
        Runs.Clear();
        Aborts.Clear();
        _resolved.AddRange(resolvedWaits ?? []);
        State = new ExecutionState(Workflow, Facts);
        var steps = Steps.Select(step => new RecordedStep(
            step.NodeId, step.Iteration, step.Attempt, step.Status, step.Port, step.Output, step.Error, step.FinishedAt, step.Sequence, step.Run)).ToList();
        var waits = Waits.Values
            .Select(wait => new RecordedWait(wait.NodeId, wait.Iteration, wait.Attempt, wait.Kind, wait.DueAt))
            .Concat(_resolved)
            .ToList();
        Take(decisions => Decider.Resume(State, steps, waits, Turn, decisions));
    }

    private NodeRun Remove(string node)
    {
        var run = Run(node);
        Runs.Remove(run);
        return run;
    }

    private void Take(Action<ICollection<Decision>> decide)
    {
        Last.Clear();
        decide(Last);
        OnDecided?.Invoke(Last.Count);
        if (DieAfter is { } durable)
        {
            DieAfter = null;
            var kept = Math.Min(durable, Last.Count);
            kept += kept < Last.Count && Last[kept] is PublishEvent ? 1 : 0;
            Last.Take(kept).Where(decision => decision is not (RunNode or AbortNode)).ToList().ForEach(Take);
            if (End is null)
            {
                Crash();
            }

            return;
        }

        Last.ForEach(Take);
        Last.OfType<RecordStep>().ToList().ForEach(AssertTriedAgain);
        if (State.HasMore)
        {
            Assert.IsType<ContinueLater>(Last[^1]);
            Apply(new Continued());
            return;
        }

        Assert.True(Runs.Count == State.RunningCount, $"{State.RunningCount} runs, but there are {string.Join(' ', Runs)}");
        Assert.True(Waits.Count == State.OpenWaitCount, $"{State.OpenWaitCount} open waits, but there are {string.Join(' ', Waits.Values)} after {string.Join('|', Last)}");
        Assert.Equal(End is not null, State.IsEnded);
        Assert.Equal(End is null && Runs.Count == 0 && Waits.Count > 0 && !State.IsPaused, State.IsParked);
        Assert.True(End is not null || Runs.Count + Waits.Count > 0 || State.IsPaused, "The execution neither ended nor can go on.");
    }

    private void Take(Decision decision)
    {
        Assert.True(End is null, $"{decision} comes after the end.");
        switch (decision)
        {
            case RecordStep { Step: var step }:
                Assert.True(_recorded.Add((step.NodeId, step.Iteration, step.Attempt)), $"Step {step} is recorded twice.");
                Assert.Equal(Steps.Count == 0 ? 1 : Steps[^1].Sequence + 1, step.Sequence);
                Assert.Equal(Workflow.OrdinalOf(step.NodeId), step.Ordinal);
                AssertJson(step.Output);
                Steps.Add(step);
                break;
            case RunNode { Run: var run }:
                AssertNotDone(run.NodeId, run.Iteration);
                Assert.False(State.IsPausing, $"{run} begins although the execution is to pause.");
                AssertWaitedFor(run);
                Assert.DoesNotContain(Runs, other => other.NodeId == run.NodeId && other.Iteration == run.Iteration);
                Runs.Add(run);
                break;
            case OpenWait { Wait: var wait }:
                Assert.True(wait.Kind == WaitKind.Retry || !IsDone(wait.NodeId, wait.Iteration));
                Assert.True(wait.Kind == WaitKind.Retry || !State.IsPausing, $"{wait} begins although the execution is to pause.");
                if (wait.Kind == WaitKind.Retry)
                {
                    AssertDue(wait.NodeId, wait.Iteration, wait.DueAt!.Value);
                    _retryWaits.Add((wait.NodeId, wait.Iteration, wait.Attempt));
                }

                Assert.True(Waits.TryAdd((wait.NodeId, wait.Iteration, wait.Attempt), wait), $"Wait {wait} is opened twice.");
                break;
            case CloseWait close:
                Assert.True(
                    Waits.Remove((close.NodeId, close.Iteration, close.Attempt))
                    || _resolved.RemoveAll(wait => (wait.NodeId, wait.Iteration, wait.Attempt) == (close.NodeId, close.Iteration, close.Attempt)) == 1,
                    $"{close} closes a wait that is neither open nor resolved.");
                break;
            case AbortNode abort:
                Assert.Contains(Runs, run => run.NodeId == abort.NodeId && run.Iteration == abort.Iteration && run.Attempt == abort.Attempt);
                Aborts.Add(abort);
                break;
            case PublishEvent publish:
                Assert.Equal(Steps[^1].Output, publish.Event);
                Published.Add(publish);
                break;
            case ContinueLater:
                break;
            default:
                End = decision;
                Assert.Empty(Runs);
                Assert.Empty(Waits);
                break;
        }
    }

    // After a failed attempt: from memory, unless a timer was opened for it.
    private void AssertWaitedFor(NodeRun run)
    {
        if (!_retryWaits.Contains((run.NodeId, run.Iteration, run.Attempt - 1)))
        {
            AssertDue(run.NodeId, run.Iteration, run.NotBefore ?? Now);
        }
    }

    /// <summary>The next attempt comes when the policy and the target say. Attempts that a person has made void say nothing.</summary>
    private void AssertDue(string node, string iteration, DateTimeOffset due)
    {
        var failed = Steps.FindLast(step => step.NodeId == node && step.Iteration == iteration);
        if (Facts.Attempt == 1 && failed is { Status: StepStatus.Failed, Error: { } error })
        {
            var seed = Backoff.Seed(Facts.ExecutionId, node, iteration, failed.Attempt);
            var delay = Backoff.Delay(Workflow.Nodes[failed.Ordinal].Definition.Retry, failed.Attempt, seed, error.RetryAfter);
            var wished = Math.Min(error.RetryAfter?.TotalSeconds ?? 0, Limits.RetryDelaySeconds);
            Assert.True(delay.TotalSeconds >= wished, $"{node} is tried again after {delay}, {error.RetryAfter} was asked for.");
            Assert.True(due >= failed.FinishedAt + delay, $"{node}[{iteration}] is tried again at {due:O}, {delay} after {failed.FinishedAt:O} is due.");
        }
    }

    /// <summary>A failed attempt outside all loops that the policy has another one for is followed by it.</summary>
    private void AssertTriedAgain(RecordStep recorded)
    {
        var step = recorded.Step;
        var node = Workflow.Nodes[step.Ordinal];
        var policy = node.Definition.Retry;
        if (step is not { Iteration.Length: 0, Status: StepStatus.Failed, Error.Kind: StepErrorKind.Transient } || State.Ending is not null || policy.NonRetryableCodes.Contains(step.Error.Code))
        {
            return;
        }

        var made = Steps.Count(other => other.NodeId == step.NodeId && other.Iteration.Length == 0 && other.Run > State.UndoneRun
            && !(other is { Port: null, Status: not StepStatus.Completed } && other.FinishedAt <= Facts.RetriedAt));
        Assert.True(
            made >= policy.MaxAttempts || Runs.Exists(run => run.NodeId == step.NodeId) || Waits.Keys.Any(wait => wait.Node == step.NodeId),
            $"{step.NodeId} was given up after {made} of {policy.MaxAttempts} attempts.");
    }

    private bool IsDone(string node, string iteration) =>
        Steps.Exists(step => step.NodeId == node && step.Iteration == iteration && step.Port is not null && step.Run > State.UndoneRun);

    private void AssertNotDone(string node, string iteration) =>
        Assert.False(IsDone(node, iteration), $"{node}[{iteration}] runs although its step is recorded.");

    private static void AssertJson(ReadOnlyMemory<byte> output)
    {
        if (!output.IsEmpty)
        {
            using var document = JsonText.Parse(output);
        }
    }

    private sealed class ShortTurn(DateTimeOffset now) : DecisionTurn
    {
        public override DateTimeOffset Now => now;

        public override bool IsOver => true;
    }
}
