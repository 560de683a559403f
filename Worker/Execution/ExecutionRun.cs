using System.Diagnostics;
using Workflows.Data.Executions;
using Workflows.Engine.Executions;

namespace Workflows.Worker.Execution;

/// <summary>
/// One execution in the memory of the worker that owns it. Whoever touches it holds <see cref="Gate"/>. Its progress goes out in order: while
/// one <see cref="Progress"/> is being made durable, the next collects.
/// </summary>
internal sealed class ExecutionRun(
    WorkerSession session, ClaimedExecution claimed, ExecutionState state, TimeProvider clock)
{
    public Lock Gate { get; } = new();

    public WorkerSession Session { get; } = session;

    public ClaimedExecution Claimed { get; } = claimed;

    public ExecutionKey Key => Claimed.Key;

    public ExecutionState State { get; } = state;

    /// <summary>The time in which it decides.</summary>
    public TimedTurn Turn { get; } = new(clock);

    /// <summary>What is durable of it and not yet taken over; null once it has begun here.</summary>
    public RecordedExecution? Recorded { get; set; }

    /// <summary>Runs all of whose causes are durable, to be started one after the other.</summary>
    public Queue<NodeRun> ToStart { get; } = new();

    /// <summary>The decider left something for a further call, and all before it is durable.</summary>
    public bool MustContinue { get; set; }

    /// <summary>It goes on when its tenant has a turn: something to start, or the decider, waits for that.</summary>
    public bool AwaitsTurn { get; set; }

    /// <summary>Changes on their way: brought by a call, or waiting for their turn. Atomic.</summary>
    public int Queued => Volatile.Read(ref _queued);

    private int _queued;

    /// <summary>A change is on its way.</summary>
    public void Enqueued() => Interlocked.Increment(ref _queued);

    /// <summary>It has been made, or is counted elsewhere.</summary>
    public void Dequeued() => Interlocked.Decrement(ref _queued);

    /// <summary>Something can be started or decided at once.</summary>
    public bool CanGoOn => !Session.IsStopping && (ToStart.Count > 0 || MustContinue);

    /// <summary>Lines that its nodes have left in its log during this stay.</summary>
    public int Notes { get; set; }

    /// <summary>The span of this stay; null while nobody listens.</summary>
    public Activity? Span { get; set; }

    /// <summary>Decisions of the present call; reused.</summary>
    public List<Decision> Decisions { get; } = [];

    /// <summary>What is decided and not yet handed to a lane; null when there is nothing.</summary>
    public Progress? Collecting { get; set; }

    /// <summary>A lane holds progress of this execution.</summary>
    public bool IsFlushing { get; set; }

    /// <summary>How often the database refused what it would make durable.</summary>
    public int Rejections { get; set; }

    /// <summary>It ended or was parked: nothing more is decided.</summary>
    public bool IsReleased { get; set; }

    /// <summary>A pause was asked for before this worker had it: it goes straight to rest.</summary>
    public bool IsResting { get; set; }

    /// <summary>Event waits are durable now, and events that came before them are still to be looked for.</summary>
    public bool MustLookBack { get; set; }

    /// <summary>The look back is under way; until it is done the execution does not park.</summary>
    public bool IsLookingBack { get; set; }

    /// <summary>It has, or had, rows in waits or timers.</summary>
    public bool HasWaits { get; set; }

    /// <summary>It has, or had, waits for executions that it started.</summary>
    public bool HasChildren { get; set; }

    /// <summary>Of all its recorded steps, those before this worker's time included.</summary>
    public long RowsProcessed { get; set; }

    /// <summary>The row's wakes as of the last look at its waits; changes together with the delivery of what was
    /// found.</summary>
    public int Wakes { get; set; } = claimed.Wakes;

    /// <summary>The row's wakes that the last look has passed on, be they delivered or not. Of the look alone.</summary>
    public int ToldWakes { get; set; }

    /// <summary>Runs that are not to start although they were decided.</summary>
    public HashSet<(int Ordinal, string Iteration, int Attempt)> Aborted { get; } = [];

    /// <summary>Outside calls under way.</summary>
    public RunningCalls Calls { get; } = new();
}

/// <summary>What is durable of an execution that a worker takes up.</summary>
internal sealed record RecordedExecution(IReadOnlyCollection<StepRow> Steps, IReadOnlyCollection<WaitRow> Waits)
{
    public static RecordedExecution Nothing { get; } = new([], []);
}

/// <summary>What must become durable of one execution in one checkpoint, and what may start after it.</summary>
internal sealed class Progress(ExecutionRun run)
{
    private const string SessionReplyType = "sessionReply";

    public ExecutionRun Run { get; } = run;

    public List<StepRow> Steps { get; } = [];

    public List<NodeRun> StartAfter { get; } = [];

    public List<WaitRow>? Opened { get; set; }

    public List<TimerRow>? Timers { get; set; }

    public List<WaitKey>? Closed { get; set; }

    public List<ChildStart>? Children { get; set; }

    public List<WaitKey>? AbandonedChildren { get; set; }

    public List<EmittedEvent>? Emitted { get; set; }

    public List<LogRow>? Logs { get; set; }

    public FinishedExecution? Finished { get; set; }

    public DeadLetter? DeadLetter { get; set; }

    /// <summary>A person waits for what becomes durable here: a reply with the wait for the next message, or the last one.</summary>
    public bool RepliesToSession =>
        Opened?.Exists(wait => wait.Kind == WaitKinds.Session) == true || Steps.Exists(step => step.NodeType == SessionReplyType);

    public bool Park { get; set; }

    /// <summary>Nothing runs any more and a pause was asked for: the row gives up the worker, whatever has resolved meanwhile.</summary>
    public bool Pause { get; set; }

    /// <summary>The decider goes on once this is durable.</summary>
    public bool Continues { get; set; }

    /// <summary>
    /// What <see cref="ExecutionRun.Wakes"/> was when the parking was decided. Wake-ups after it turn the parking into a return to the queue; were it
    /// read when the checkpoint goes out, one that came in between would be slept over.
    /// </summary>
    public int Wakes { get; set; }

    /// <summary>Nothing to write: what is in <see cref="StartAfter"/> depends on nothing and may start at once.</summary>
    public bool IsEmpty => Steps.Count == 0 && Opened is null && Timers is null && Closed is null && Emitted is null && Logs is null && Finished is null
        && !Park && !Pause;

    public bool EndsRun => Finished is not null || Park || Pause;

    public void AddTo(Checkpoint checkpoint)
    {
        checkpoint.Steps.AddRange(Steps);
        if (Finished is null)
        {
            checkpoint.Opened.AddRange(Opened ?? []); // else they would outlive their execution
            checkpoint.Timers.AddRange(Timers ?? []);
            checkpoint.Children.AddRange(Children ?? []);
        }

        checkpoint.Closed.AddRange(Closed ?? []);
        checkpoint.AbandonedChildren.AddRange(AbandonedChildren ?? []);
        checkpoint.Emitted.AddRange(Emitted ?? []);
        checkpoint.Logs.AddRange(Logs ?? []);
        if (DeadLetter is { } letter)
        {
            checkpoint.DeadLetters.Add(letter);
        }

        if (Finished is { } finished)
        {
            checkpoint.Finished.Add(finished);
            if (Run.HasWaits)
            {
                checkpoint.Cleared.Add(Run.Key);
            }
        }
        else if (Pause)
        {
            checkpoint.Paused.Add(new PausedExecution(Run.Key, Run.Claimed.Fence));
        }
        else if (Park)
        {
            checkpoint.Parked.Add(new ParkedExecution(Run.Key, Run.Claimed.Fence, Wakes));
        }
    }
}
