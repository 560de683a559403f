using System.Diagnostics;
using Workflows.Data.Executions;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;

namespace Workflows.Worker.Ownership;

/// <summary>
/// One execution in the memory of the worker that owns it, from its claim until it ends, waits or rests. Turns what
/// happens to it (<see cref="ExecutionInput"/>) into progress to be made durable and attempts to be started; does no
/// I/O itself. Guarantees: an attempt starts only when everything decided before it is durable; progress becomes
/// durable in the order in which it was decided, one after the other; each attempt that was started is taken into
/// account once; it is released once, and decides nothing after that. Thread-safe: inputs are handled one at a time.
/// Survives anything by being forgotten: the next owner resumes from the rows.
/// </summary>
internal sealed partial class OwnedExecution
{
    private readonly Lock _gate = new();
    private readonly IExecutionEffects _effects;
    private readonly ExecutionState _state;
    private readonly TimedTurn _turn;
    private readonly List<Decision> _decisions = []; // of the present call; reused

    // Attempts all of whose causes are durable, to be started one after the other.
    private readonly Queue<NodeRun> _toStart = new();

    // Started and not yet ended.
    private readonly Dictionary<(int Ordinal, string Iteration, int Attempt), CancellationTokenSource> _calls = [];

    // Not to be started although they were decided.
    private readonly HashSet<(int Ordinal, string Iteration, int Attempt)> _aborted = [];

    private RecordedExecution? _recorded; // until it begins
    private Progress? _collecting;
    private Queue<Progress>? _full; // decided before what collects; large
    private bool _isFlushing;
    private bool _mustContinue;
    private bool _awaitsTurn;
    private bool _isReleased;
    private bool _hasFailed;
    private bool _isResting;
    private bool _mustLookBack;
    private bool _isLookingBack;
    private bool _hasChildren;
    private int _rejections;
    private int _notes;
    private int _wakes;
    private int _toldWakes;
    private long _rowsProcessed;

    /// <param name="session">Under which it is owned.</param>
    /// <param name="claimed">Its row.</param>
    /// <param name="workflow">The version that it runs.</param>
    /// <param name="facts">What its expressions see.</param>
    /// <param name="recorded">What is durable of it.</param>
    /// <param name="effects">Carries out what it decides.</param>
    /// <param name="clock">The database's time.</param>
    public OwnedExecution(
        WorkerSession session, ClaimedExecution claimed, CompiledWorkflow workflow, ExecutionFacts facts,
        RecordedExecution recorded, IExecutionEffects effects, TimeProvider clock)
    {
        Session = session;
        Claimed = claimed;
        _state = new ExecutionState(workflow, facts);
        _recorded = recorded;
        _effects = effects;
        _turn = new TimedTurn(clock);
        _wakes = claimed.Wakes;
        HasWaits = recorded.Waits.Count > 0 || _state.DeadlineAt is not null;
        Span = ExecutionTrace.Begin(this);
    }

    public WorkerSession Session { get; }

    public ClaimedExecution Claimed { get; }

    public ExecutionKey Key => Claimed.Key;

    public CompiledWorkflow Workflow => _state.Workflow;

    /// <summary>Takes the secrets of this execution out of what it leaves behind.</summary>
    public SecretMask Mask => _state.Mask;

    /// <summary>Values of the secrets that it reads.</summary>
    public IEnumerable<string> Secrets => _state.Facts.Secrets.Values;

    /// <summary>The span of this stay; null while nobody listens.</summary>
    public Activity? Span { get; }

    /// <summary>It has, or had, rows in waits or timers.</summary>
    public bool HasWaits { get; private set; }

    /// <summary>Whether the attempt is evaluated here rather than called outside.</summary>
    public bool IsPure(NodeRun run) => NodeEvaluator.CanRun(_state, run);

    /// <summary>
    /// Something of it is under way that a worker which stops should wait for: a call, or what is not durable yet.
    /// </summary>
    public bool IsBusy
    {
        get
        {
            if (!_gate.TryEnter())
            {
                return true;
            }

            try
            {
                return !_isReleased && (_calls.Count > 0 || _isFlushing || _collecting is not null);
            }
            finally
            {
                _gate.Exit();
            }
        }
    }

    /// <summary>
    /// Whether the row's wakes tell of outcomes that it has not been told of. Used by one thread at a time.
    /// </summary>
    /// <param name="wakes">Of its row, as just read. Counted as told from now on, be it delivered or not.</param>
    public bool TellWakes(int wakes)
    {
        // One that waits for its tenant's turn is not told of the same wake-ups again with each look.
        if (wakes <= Math.Max(Volatile.Read(ref _wakes), _toldWakes))
        {
            return false;
        }

        _toldWakes = wakes;
        return true;
    }

    /// <summary>
    /// Handles an input unless another one is being handled: nobody's thread waits for an evaluation.
    /// </summary>
    /// <param name="input">What happens.</param>
    /// <param name="tookTurn">It took longer than a decision should.</param>
    /// <returns>False when another one is being handled; then nothing has happened.</returns>
    public bool TryHandle(ExecutionInput input, out bool tookTurn)
    {
        tookTurn = false;
        if (!_gate.TryEnter())
        {
            return false;
        }

        try
        {
            HandleHeld(input);
            tookTurn = _turn.IsOver;
            return true;
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>Handles an input; waits while another one is being handled.</summary>
    public void Handle(ExecutionInput input)
    {
        lock (_gate)
        {
            HandleHeld(input);
        }
    }

    private void HandleHeld(ExecutionInput input)
    {
        _turn.Begin();
        Settle(input);
        if (_isReleased || Session.IsFenced)
        {
            return;
        }

        if (_recorded is not null)
        {
            // Queued as its beginning is, it may be overtaken by what is urgent.
            Guarded(static (execution, _) => execution.Begin(), input);
        }

        if (!_hasFailed && !_isResting)
        {
            Guarded(static (execution, input) => execution.Take(input), input);
        }

        Advance();
        if (IsDueToLookBack)
        {
            _mustLookBack = false;
            _isLookingBack = true;
            _effects.LookBack(this);
        }
    }

    // The decider is pure and total; if it throws all the same it is our bug, which must not take other executions
    // along.
    private void Guarded<TArgument>(Action<OwnedExecution, TArgument> decide, TArgument argument)
    {
        try
        {
            decide(this, argument);
            Translate();
        }
#pragma warning disable CA1031 // the step runner's boundary: an unexpected failure becomes data
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _effects.ReportEngineFailure(this, exception);
            FailInternally("INTERNAL_ERROR", "The engine failed on this execution; see the worker's log.");
        }
    }

    // Starts and decides what can be until the turn is over; the rest is left to the tenant's next one.
    private void Advance()
    {
        do
        {
            while (CanGoOn && !_turn.IsOver)
            {
                GoOn();
            }
        }
        while (Submit() && !_turn.IsOver);

        if (CanGoOn && !_awaitsTurn)
        {
            _awaitsTurn = true;
            _effects.AwaitTurn(this);
        }
    }

    private bool CanGoOn => !Session.IsStopping && (_toStart.Count > 0 || _mustContinue);

    private void GoOn()
    {
        if (!_toStart.TryDequeue(out var run))
        {
            _mustContinue = false;
            Guarded<ExecutionEvent>(static (execution, @event) => execution.Apply(@event), new Continued());
        }
        else if (_aborted.Remove((run.Ordinal, run.Iteration, run.Attempt)))
        {
            Guarded<ExecutionEvent>(
                static (execution, @event) => execution.Apply(@event), StepOutcomes.Aborted(run, _turn.Now));
        }
        else if (run.NotBefore is null && IsPure(run))
        {
            Guarded(static (execution, run) => execution.Evaluate(run), run);
        }
        else
        {
            var abort = CancellationTokenSource.CreateLinkedTokenSource(Session.Ended);
            _calls[(run.Ordinal, run.Iteration, run.Attempt)] = abort;
            _effects.Start(this, run, abort.Token);
        }
    }

    private void Apply(ExecutionEvent @event) => Decider.Apply(_state, @event, _turn, _decisions);

    // One progress is under way at a time, so its parts become durable in order.
    // True when there was nothing to make durable, so that what depends on it can go on at once.
    private bool Submit()
    {
        if (_isFlushing)
        {
            return false;
        }

        Progress? progress = null;
        if (_full?.TryDequeue(out progress) != true)
        {
            (progress, _collecting) = (_collecting, null);
        }

        switch (progress)
        {
            case null:
                return false;
            case { IsEmpty: true }:
                TakeOn(progress);
                return true;
            default:
                _isFlushing = true;
                _effects.Write(progress);
                return false;
        }
    }

    // A stop hands it back with what is durable; the next owner decides the same again.
    private void TakeOn(Progress progress)
    {
        if (_hasFailed)
        {
            return;
        }

        foreach (var run in progress.StartAfter)
        {
            _toStart.Enqueue(run);
        }

        _mustContinue |= progress.Continues;
    }

    // Only waits are left and all of them are durable: before it parks, the events that came earlier.
    private bool IsDueToLookBack =>
        _mustLookBack && !_isLookingBack && !_isFlushing && _collecting is null && _full is null or { Count: 0 }
        && _state.IsParked;
}
