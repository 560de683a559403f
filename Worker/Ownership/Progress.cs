using Workflows.Data.Executions;
using Workflows.Engine.Executions;

namespace Workflows.Worker.Ownership;

/// <summary>
/// What must become durable of one execution in one checkpoint, and what may start after it. Belongs to the execution
/// (and its lock) until it is written, and to the checkpoint from then on.
/// </summary>
internal sealed class Progress(OwnedExecution execution)
{
    private const string SessionReplyType = "sessionReply";

    private readonly List<StepRow> _steps = [];
    private List<WaitRow>? _opened;
    private List<TimerRow>? _timers;
    private List<WaitKey>? _closed;
    private List<ChildStart>? _children;
    private List<WaitKey>? _abandonedChildren;
    private List<EmittedEvent>? _emitted;
    private List<LogRow>? _logs;
    private List<StepRow>? _stepsOfTest;
    private long _bytes;

    public OwnedExecution Execution { get; } = execution;

    /// <summary>The execution's end; null while it goes on.</summary>
    public FinishedExecution? Finished { get; private set; }

    /// <summary>Only waits are left: the row gives up the worker.</summary>
    public bool Parks { get; set; }

    /// <summary>
    /// Nothing runs any more and a pause was asked for: the row gives up the worker, whatever has resolved meanwhile.
    /// </summary>
    public bool Pauses { get; set; }

    /// <summary>
    /// The row's wakes when the parking was decided. Wake-ups after it turn the parking into a return to the queue;
    /// were it read when the checkpoint goes out, one that came in between would be slept over.
    /// </summary>
    public int Wakes { get; set; }

    /// <summary>The decider goes on once this is durable.</summary>
    public bool Continues { get; set; }

    /// <summary>Attempts that may start once this is durable.</summary>
    public List<NodeRun> StartAfter { get; } = [];

    public int StepCount => _steps.Count;

    public IReadOnlyList<StepRow> Steps => _steps;

    /// <summary>Waits that begin with it.</summary>
    public IReadOnlyList<WaitRow> Opened => _opened is null ? [] : _opened;

    public bool EmitsEvents => _emitted is not null;

    /// <summary>About what it takes on the way to the database.</summary>
    public long Bytes => _bytes + (Finished?.Output?.Length ?? 0);

    /// <summary>Nothing to write: what comes after it depends on nothing and may start at once.</summary>
    public bool IsEmpty =>
        _steps.Count == 0 && _opened is null && _timers is null && _closed is null && _abandonedChildren is null
        && _emitted is null && _logs is null && Finished is null && !Parks && !Pauses;

    /// <summary>The execution leaves this worker with it.</summary>
    public bool EndsStay => Finished is not null || Parks || Pauses;

    /// <summary>
    /// A person waits for what becomes durable here: a reply with the wait for the next message, or the last one.
    /// </summary>
    public bool RepliesToSession =>
        _opened?.Exists(wait => wait.Kind == WaitKinds.Session) == true
        || _steps.Exists(step => step.NodeType == SessionReplyType);

    private DeadLetter? DeadLetter { get; set; }

    public void Add(StepRow step)
    {
        _steps.Add(step);
        _bytes += (step.Output?.Length ?? 0) + (step.Error?.Length ?? 0);
    }

    /// <summary>The error of the last step of a node, UTF-8 JSON; null when there is none.</summary>
    public byte[]? LastErrorOf(string nodeId, string iteration) =>
        _steps.FindLast(step => step.NodeId == nodeId && step.Iteration == iteration)?.Error;

    public void Add(WaitRow opened)
    {
        (_opened ??= []).Add(opened);
        _bytes += opened.Request?.Length ?? 0;
    }

    public void Add(TimerRow timer) => (_timers ??= []).Add(timer);

    public void Add(ChildStart child)
    {
        (_children ??= []).Add(child);
        _bytes += child.Input.Length;
    }

    public void Add(EmittedEvent emitted)
    {
        (_emitted ??= []).Add(emitted);
        _bytes += emitted.Data?.Length ?? 0;
    }

    public void Add(LogRow log) => (_logs ??= []).Add(log);

    public void Close(WaitKey wait) => (_closed ??= []).Add(wait);

    /// <summary>A child is asked to stop; without a node: every child of the execution.</summary>
    public void Abandon(WaitKey child) => (_abandonedChildren ??= []).Add(child);

    /// <summary>The execution's end, with a dead letter when it failed.</summary>
    public void Finish(FinishedExecution finished, DeadLetter? letter)
    {
        Finished = finished;
        DeadLetter = letter;
    }

    /// <summary>It is that of a test: of it nothing is counted, told or left for others.</summary>
    /// <param name="complete">Adds to a step what it ran on.</param>
    public void BecomeTest(Func<StepRow, StepRow> complete)
    {
        _stepsOfTest = _steps.ConvertAll(step => complete(step));
        _bytes += _stepsOfTest.Sum(step => step.Input?.Length ?? 0);
    }

    /// <summary>Puts it into a checkpoint; the same each time.</summary>
    public void AddTo(Checkpoint checkpoint)
    {
        if (_stepsOfTest is not null)
        {
            AddTestTo(checkpoint);
            return;
        }

        checkpoint.Steps.AddRange(_steps);
        if (Finished is null)
        {
            checkpoint.Opened.AddRange(_opened ?? []); // else they would outlive their execution
            checkpoint.Timers.AddRange(_timers ?? []);
            checkpoint.Children.AddRange(_children ?? []);
        }

        checkpoint.Closed.AddRange(_closed ?? []);
        checkpoint.AbandonedChildren.AddRange(_abandonedChildren ?? []);
        checkpoint.Emitted.AddRange(_emitted ?? []);
        checkpoint.Logs.AddRange(_logs ?? []);
        if (DeadLetter is { } letter)
        {
            checkpoint.DeadLetters.Add(letter);
        }

        AddEndTo(checkpoint);
    }

    private void AddTestTo(Checkpoint checkpoint)
    {
        checkpoint.TestSteps.AddRange(_stepsOfTest!);
        if (Finished is null)
        {
            checkpoint.Opened.AddRange(_opened ?? []);
            checkpoint.Timers.AddRange(_timers ?? []);
        }

        checkpoint.Closed.AddRange(_closed ?? []);
        checkpoint.Logs.AddRange(_logs ?? []);
        AddEndTo(checkpoint);
    }

    private void AddEndTo(Checkpoint checkpoint)
    {
        var claimed = Execution.Claimed;
        if (Finished is { } finished)
        {
            (_stepsOfTest is null ? checkpoint.Finished : checkpoint.FinishedTests).Add(finished);
            if (Execution.HasWaits)
            {
                checkpoint.Cleared.Add(claimed.Key);
            }
        }
        else if (Pauses)
        {
            checkpoint.Paused.Add(new PausedExecution(claimed.Key, claimed.Fence));
        }
        else if (Parks)
        {
            checkpoint.Parked.Add(new ParkedExecution(claimed.Key, claimed.Fence, Wakes));
        }
    }
}
