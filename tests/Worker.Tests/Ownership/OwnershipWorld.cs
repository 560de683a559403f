using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Workflows.Data.Executions;
using Workflows.Engine.Executions;
using Workflows.Worker.Ownership;

namespace Workflows.Worker.Tests.Ownership;

/// <summary>
/// One execution's rows as the database keeps them, and the worker that owns it at the moment: what the platform around
/// an <see cref="OwnedExecution"/> does, without any of it. Single-threaded.
/// </summary>
internal sealed partial class OwnershipWorld : IDisposable
{
    private readonly OwnershipWorkflow _workflow;
    private readonly SteppingClock _clock;
    private readonly ExecutionKey _key = new(Guid.CreateVersion7(), Guid.CreateVersion7());
    private readonly Dictionary<(string Node, string Iteration, int Attempt), StepRow> _steps = [];
    private readonly Dictionary<(string Node, string Iteration, int Attempt), WaitRow> _waits = [];
    private readonly HashSet<string> _events = [];
    private readonly Dictionary<(string Node, string Iteration, int Attempt), int> _answers = [];
    private WorkerSession _session = new();
    private OwnedExecution? _execution;
    private RecordingEffects _effects = new();
    private string _status = "queued";
    private string? _stopRequest;
    private long _fence;
    private int _wakes;

    public OwnershipWorld(OwnershipWorkflow workflow, SteppingClock clock) => (_workflow, _clock) = (workflow, clock);

    public FinishedExecution? End { get; private set; }

    /// <summary>The node whose steps the database refuses for good; null = none.</summary>
    public string? Unstorable { get; init; }

    /// <summary>What happened, for who looks for a fault.</summary>
    public StringBuilder Story { get; } = new();

    /// <summary>Attempts that were answered more than once, because their answer was lost.</summary>
    public IEnumerable<string> Repeated =>
        _answers.Where(entry => entry.Value > 1).Select(entry => entry.Key.ToString());

    public bool IsOwned => _execution is not null;

    public bool IsStopping => _session.IsStopping;

    public bool IsPaused => _status == "paused";

    public bool IsBusy => _execution?.IsBusy == true;

    public IReadOnlyList<Exception> EngineFailures => _effects.EngineFailures;

    public void Dispose() => _session.Dispose();

    /// <summary>Steps, and the end, as they must be whatever the order in which things happened.</summary>
    public string Describe() => string.Join('\n', _steps.Values
        .Select(step => $"{step.NodeId}[{step.Iteration}] {step.Attempt} {step.Status} {step.Port} {Text(step.Output)}")
        .Order(StringComparer.Ordinal)
        .Append($"{End?.Status} {Text(End?.Output)}"));

    /// <summary>All that may happen next by itself.</summary>
    public List<Action> Choices()
    {
        var choices = new List<Action>();
        if (_execution is null)
        {
            if (_status == "queued")
            {
                choices.Add(Claim);
            }
        }
        else
        {
            if (_effects.Writing is not null)
            {
                choices.Add(Commit);
            }

            for (var place = 0; place < _effects.Calls.Count; place++)
            {
                var call = place;
                choices.Add(() => Answer(call));
            }

            if (_effects.IsLookingBack)
            {
                choices.Add(LookBack);
            }

            if (_effects.AwaitsTurn)
            {
                choices.Add(GiveTurn);
            }

            if (HasNews)
            {
                choices.Add(Look);
            }
        }

        choices.AddRange(_waits.Values.Where(wait => wait.Outcome is null && CanResolve(wait)).Select(
            wait => (Action)(() => Resolve(wait))));
        return choices;
    }

    public void Claim()
    {
        Say("claim");
        _fence++;
        _status = "running";
        _effects = new RecordingEffects();
        var claimed = new ClaimedExecution
        {
            Key = _key,
            WorkflowId = Guid.Empty,
            Version = 1,
            Fence = _fence,
            Wakes = _wakes,
            Run = 1,
            Priority = Workflows.Data.Executions.ExecutionPriority.Normal,
            TriggerType = "manual",
            Input = "{}"u8.ToArray(),
            StopRequest = _stopRequest,
            QueuedAt = _clock.GetUtcNow(),
            StartedAt = _clock.GetUtcNow(),
        };
        _execution = new OwnedExecution(
            _session, claimed, _workflow.Workflow, Facts.Of(claimed, ScopeValues.None, null),
            new RecordedExecution([.. _steps.Values], [.. _waits.Values]), _effects, _clock);
        _told = _wakes;
        Handle(TakenUp.Instance);
    }

    /// <summary>The checkpoint comes through, unless the database refuses what is in it.</summary>
    public void Commit()
    {
        var progress = _effects.TakeWritten(isDurable: true);
        var checkpoint = new Checkpoint();
        progress.AddTo(checkpoint);
        if (checkpoint.Steps.Exists(step => step.NodeId == Unstorable))
        {
            Say("reject");
            Handle(new WasRejected(progress, "no such character"));
            Assert.Null(_effects.Unstorable);
            return;
        }

        Say("commit");
        Store(checkpoint);
        Handle(new BecameDurable(progress));
        if (_effects.Last is not null)
        {
            _execution = null;
        }
    }

    /// <summary>The worker is gone. What was on its way may have come through all the same.</summary>
    public void Crash(bool isCommitted)
    {
        Say($"crash {isCommitted}");
        if (isCommitted && _effects.Writing is not null && Unstorable is null)
        {
            var checkpoint = new Checkpoint();
            _effects.Writing.AddTo(checkpoint);
            Store(checkpoint);
        }

        LeaveSession();
    }

    /// <summary>The worker stops; it goes on until what is under way is durable (<see cref="IsBusy"/>).</summary>
    public void Stop()
    {
        Say("stop");
        _session.IsStopping = true;
    }

    public void HandBack()
    {
        Say("hand back");
        LeaveSession();
    }

    public void RequestPause()
    {
        Say("pause");
        if (_status == "waiting")
        {
            _status = "paused";
        }
        else if (_status is "running" or "queued")
        {
            _stopRequest ??= "pause";
        }
    }

    public void ResumePaused()
    {
        Say("resume");
        _status = "queued";
    }

    public void RequestCancel()
    {
        Say("cancel");
        _stopRequest = "cancel";
        _status = _status is "waiting" or "paused" ? "queued" : _status;
    }

    /// <summary>An event comes, to whoever waits for it by now.</summary>
    public void Send(string node)
    {
        Say($"event {node}");
        if (_events.Add(node))
        {
            foreach (
                var wait in _waits.Values.Where(wait => wait.Outcome is null && wait.CorrelationKey == node).ToList())
            {
                Resolve(wait);
            }
        }
    }

    public void SendAll()
    {
        foreach (var node in _workflow.Workflow.Nodes)
        {
            Send(node.Id);
        }
    }

    private int _told;

    private bool HasNews => _wakes > _told || _stopRequest is not null;

    private void Look()
    {
        Say("look");
        _told = _wakes;
        if (_stopRequest is { } request)
        {
            Handle(new Asked(request == "cancel" ? new CancelRequested("enough") : new PauseRequested()));
        }

        if (_execution?.TellWakes(_wakes) == true)
        {
            Handle(new WaitsResolved([.. _waits.Values.Where(wait => wait.Outcome is not null)], _wakes));
        }
    }

    private void Answer(int place)
    {
        var (run, abort) = _effects.TakeCall(place);
        Say($"answer {run.NodeId}[{run.Iteration}] {run.Attempt}");
        if (run.NotBefore is { } notBefore)
        {
            _clock.AdvanceTo(notBefore);
        }

        var now = _clock.GetUtcNow();
        var name = RecordingEffects.NameOf(run);
        if (!abort.IsCancellationRequested)
        {
            _answers[name] = _answers.GetValueOrDefault(name) + 1;
        }

        ExecutionEvent outcome = abort.IsCancellationRequested ? StepOutcomes.Aborted(run, now)
            : _workflow.IsRefused(run.NodeId, run.Iteration, run.Attempt)
            ? new StepFailed(run.Ordinal, run.Iteration, run.Attempt,
                new StepError("BUSY", "later", StepErrorKind.Transient), now, now)
            : new StepSucceeded(run.Ordinal, run.Iteration, run.Attempt, "main",
                OwnershipWorkflow.AnswerOf(run.NodeId, run.Iteration), now, now);
        Handle(new CallEnded(run, outcome, []));
    }

    private void LookBack()
    {
        Say("look back");
        _effects.TakeLookBack();
        foreach (var wait in _waits.Values.Where(
            wait => wait.Outcome is null && _events.Contains(wait.CorrelationKey ?? "")).ToList())
        {
            Resolve(wait);
        }

        Handle(new LookedBack([.. _waits.Values.Where(wait => wait is { Outcome: not null, Kind: WaitKinds.Event })]));
    }

    private void GiveTurn()
    {
        Say("turn");
        _effects.TakeTurn();
        Handle(TurnCame.Instance);
    }

    // Events come by themselves; what is due comes with time.
    private static bool CanResolve(WaitRow wait) => wait.Kind != WaitKinds.Event;

    private void Resolve(WaitRow wait)
    {
        Say($"resolve {wait.Kind} {wait.NodeId}[{wait.Iteration}] {wait.Attempt}");
        if (wait.DueAt is { } due)
        {
            _clock.AdvanceTo(due);
        }

        _waits[(wait.NodeId, wait.Iteration, wait.Attempt)] = wait with
        {
            Outcome = wait.Kind == WaitKinds.Event ? "event" : "due",
            Payload = wait.Kind == WaitKinds.Event ? "{}"u8.ToArray() : null,
        };
        _wakes++;
        _status = _status == "waiting" ? "queued" : _status;
    }

    private void Store(Checkpoint checkpoint)
    {
        foreach (var step in checkpoint.Steps)
        {
            Assert.True(_steps.TryAdd((step.NodeId, step.Iteration, step.Attempt), step),
                $"{step.NodeId}[{step.Iteration}] {step.Attempt} is recorded twice.");
        }

        foreach (var wait in checkpoint.Opened)
        {
            _waits.TryAdd((wait.NodeId, wait.Iteration, wait.Attempt), wait);
        }

        foreach (var wait in checkpoint.Closed)
        {
            _waits.Remove((wait.NodeId, wait.Iteration, wait.Attempt));
        }

        if (checkpoint.Finished is [var finished])
        {
            Assert.Null(End);
            (End, _status) = (finished, finished.Status);
            _waits.Clear();
        }
        else if (checkpoint.Paused.Count > 0)
        {
            (_status, _stopRequest) = _stopRequest == "pause" ? ("paused", null) : ("queued", _stopRequest);
        }
        else if (checkpoint.Parked is [var parked])
        {
            _status = parked.Wakes == _wakes && _stopRequest is null ? "waiting" : "queued";
        }
    }

    private void LeaveSession()
    {
        _session.TryFence();
        if (_execution is { } left && _effects.Calls.Count > 0)
        {
            // The call outlives its owner, whom nobody listens to any more.
            var (run, _) = _effects.TakeCall(0);
            left.Handle(new CallEnded(run, StepOutcomes.Aborted(run, _clock.GetUtcNow()), []));
        }

        _session = new WorkerSession();
        if (_execution is not null && _status == "running")
        {
            _status = "queued";
        }

        _execution = null;
    }

    private void Handle(ExecutionInput input) => _execution!.Handle(input);

    private void Say(string what) => Story.Append(CultureInfo.InvariantCulture, $"{what}; ");

    // When a wait fell due is not the same in every order.
    private static string Text(byte[]? json) =>
        json is null ? "" : Instants().Replace(Encoding.UTF8.GetString(json), "…");

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT[\d:.]+Z")]
    private static partial Regex Instants();
}
