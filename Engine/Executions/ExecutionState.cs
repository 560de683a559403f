using Workflows.Engine.Definitions;
using Workflows.Jsonata;

namespace Workflows.Engine.Executions;

/// <summary>
/// Where one execution stands, in the memory of the worker that owns it. Single-threaded; changed by <see cref="Decider"/> alone.
/// </summary>
public sealed class ExecutionState
{
    private readonly StepRandom _random = new();
    private JsonataOptions? _options;

    public ExecutionState(CompiledWorkflow workflow, ExecutionFacts facts)
    {
        Workflow = workflow;
        Facts = facts;
        Mask = SecretMask.Of(facts.Secrets.Values);
        Root = new Frame(this, "");
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
    public bool IsParked => !IsEnded && RunningCount == 0 && OpenWaitCount > 0;

    /// <summary>When the execution's own time is over (report <see cref="TimedOut"/> then); null = it has no end.</summary>
    public DateTimeOffset? DeadlineAt { get; }

    /// <summary>The earliest of the open waits and the deadline; null = none has a time.</summary>
    public DateTimeOffset? NextDueAt
    {
        get
        {
            var next = DeadlineAt;
            foreach (ref readonly var slot in Root.Slots.AsSpan())
            {
                if (slot.Phase is NodePhase.Waiting or NodePhase.Retrying && slot.DueAt is { } due && !(next <= due))
                {
                    next = due;
                }
            }

            return next;
        }
    }

    internal Frame Root { get; }

    /// <summary>Set once the execution is to end as soon as nothing runs any more.</summary>
    internal Decision? Ending { get; set; }

    internal RecordedSteps? Recorded { get; set; }

    internal Frame? FrameOf(string iteration) => iteration.Length == 0 ? Root : null;

    /// <summary>Clock and randomness of one evaluation: fixed by the node, so that a replay yields the same.</summary>
    internal JsonataOptions OptionsFor(Frame frame, CompiledNode? node, int attempt, DateTimeOffset now)
    {
        _random.Reset(Backoff.Seed(Facts.ExecutionId, node?.Id ?? "", frame.Iteration, attempt));
        if (_options?.Now != now)
        {
            _options = new JsonataOptions { Now = now, Random = _random, Limits = EvaluationLimits.Expressions };
        }

        return _options;
    }
}
