using Workflows.Engine.Definitions;
using Workflows.Engine.Schedules;
using Workflows.Jsonata;

namespace Workflows.Engine.Executions;

/// <summary>
/// Where one execution stands, in the memory of the worker that owns it. Single-threaded; changed by <see cref="Decider"/> alone.
/// </summary>
public sealed class ExecutionState
{
    private static readonly DecisionTurn NotBegun = DecisionTurn.At(default);

    private readonly StepRandom _random = new();
    private JsonataOptions? _options;

    public ExecutionState(CompiledWorkflow workflow, ExecutionFacts facts)
    {
        Workflow = workflow;
        Facts = facts;
        Mask = SecretMask.Of(facts.Secrets.Values);
        Root = new Frame(this, workflow.Root);
        Shared = new SharedScope(facts);
        Compensation = new Compensation(this);
        DeadlineAt = workflow.Settings.TimeoutSeconds is { } seconds
            ? (facts.RetriedAt ?? facts.CreatedAt).AddSeconds(seconds)
            : null;
    }

    public CompiledWorkflow Workflow { get; }

    public ExecutionFacts Facts { get; }

    /// <summary>Takes the secrets of this execution out of whatever it leaves behind.</summary>
    public SecretMask Mask { get; }

    /// <summary>What the execution is at this point, as far as its owner can tell.</summary>
    public ExecutionStatus Status { get; internal set; } = ExecutionStatus.Queued;

    public bool IsEnded => Status.IsFinal();

    /// <summary>Runs with the worker, delayed ones included.</summary>
    public int RunningCount { get; internal set; }

    /// <summary>Waits and durable retry timers that are open.</summary>
    public int OpenWaitCount { get; internal set; }

    /// <summary>Nothing runs and something is waited for: the worker may park the execution and forget this state.</summary>
    public bool IsParked => !IsEnded && !IsPausing && !HasMore && RunningCount == 0 && OpenWaitCount > 0;

    /// <summary>A pause was asked for and nothing runs any more: the worker may park the execution, as paused, and forget this state.</summary>
    public bool IsPaused => IsPausing && !IsEnded && RunningCount == 0;

    /// <summary>The decider stopped half-way (<see cref="ContinueLater"/>).</summary>
    public bool HasMore { get; internal set; }

    /// <summary>When the execution's own time is over (report <see cref="TimedOut"/> then); null = it has no end.</summary>
    public DateTimeOffset? DeadlineAt { get; }

    /// <summary>Whether something can be decided at once.</summary>
    internal bool CanGoOn => Over.Count > 0 || (Ready.Count > 0 && !IsPausing);

    /// <summary>The time of the present call.</summary>
    internal DecisionTurn Turn { get; set; } = NotBegun;

    internal Frame Root { get; }

    /// <summary>What all frames see alike.</summary>
    internal SharedScope Shared { get; }

    /// <summary>Nodes whose turn has come, over all frames, first come first served.</summary>
    internal Queue<(Frame Frame, int Ordinal)> Ready { get; } = new();

    /// <summary>Rounds of loops that are over and not yet taken by their loop.</summary>
    internal Queue<Frame> Over { get; } = new();

    /// <summary>Set once the execution is to end as soon as nothing runs any more.</summary>
    internal Decision? Ending { get; set; }

    /// <summary>What runs ends, nothing new starts.</summary>
    internal bool IsPausing { get; set; }

    /// <summary>What is durable and not yet taken over; null when there is nothing left of it.</summary>
    internal RecordedSteps? Recorded { get; set; }

    internal Compensation Compensation { get; }

    /// <summary>The last number of <see cref="StepRecord.Sequence"/>.</summary>
    internal int LastSequence { get; set; }

    /// <summary>The same before the present run of the execution.</summary>
    internal int SequenceBefore { get; set; }

    /// <summary>Steps recorded in the present run: a retry of the whole execution counts its own.</summary>
    public int StepsOfRun => LastSequence - SequenceBefore;

    /// <summary>
    /// The last run that was undone, 0 = none: what ran up to it is void. In the names that outside effects bear, so that what was undone and is done
    /// again is not taken for a repetition.
    /// </summary>
    internal int UndoneRun { get; set; }

    /// <summary>The present call stops here; what it leaves is decided in a further one.</summary>
    internal void LeaveRest(ICollection<Decision> decisions)
    {
        HasMore = true;
        decisions.Add(new ContinueLater());
    }

    /// <summary>The frame that an event names, by a node of it and its iteration; null when nothing of it is under way.</summary>
    internal Frame? FrameOf(int ordinal, string iteration)
    {
        if ((uint)ordinal >= (uint)Workflow.Nodes.Count)
        {
            return null;
        }

        if (Compensation.Current is { } current && current.Ordinal == ordinal)
        {
            return current.Frame.Iteration == iteration ? current.Frame : null;
        }

        return Find(Workflow.Nodes[ordinal].Graph, iteration);
    }

    /// <summary>From the outermost loop inwards: as many steps as bodies are nested, however many rounds are under way.</summary>
    internal Frame? Find(CompiledGraph graph, ReadOnlySpan<char> iteration)
    {
        if (graph.Parent is null)
        {
            return iteration.Length == 0 ? Root : null;
        }

        var slash = iteration.LastIndexOf('/');
        return int.TryParse(iteration[(slash + 1)..], out var index)
            && Find(graph.Parent, slash < 0 ? default : iteration[..slash]) is { } parent
            && parent.Slot(graph.Loop).Loop is { } loop
            ? loop.Frames.GetValueOrDefault(index)
            : null;
    }

    /// <summary>Clock and randomness of one evaluation: fixed by the node, so that a replay yields the same.</summary>
    internal JsonataOptions OptionsFor(Frame frame, CompiledNode? node, int attempt, DateTimeOffset now)
    {
        _random.Reset(Backoff.Seed(Facts.ExecutionId, node?.Id ?? "", frame.Iteration, attempt));
        if (_options?.Now != now)
        {
            _options = new JsonataOptions
            {
                Now = now,
                Random = _random,
                Limits = EvaluationLimits.Expressions,
                TimeZones = ExpressionTimeZones.Instance,
            };
        }

        return _options;
    }
}
