using Workflows.Engine.Executions;
using Workflows.Worker.Ownership;

namespace Workflows.Worker.Tests.Ownership;

/// <summary>
/// Keeps what an owned execution wants done, and checks what it promises: one progress under way at a time, attempts
/// only after what they follow from is durable, nothing after it was released. Thread-safe.
/// </summary>
internal sealed class RecordingEffects : IExecutionEffects
{
    private readonly Lock _gate = new();
    private readonly HashSet<(string Node, string Iteration, int Attempt)> _notDurable = [];
    private readonly HashSet<(string Node, string Iteration, int Attempt)> _started = [];
    private readonly List<Exception> _failures = [];

    /// <summary>Under way; null = none.</summary>
    public Progress? Writing { get; private set; }

    public List<(NodeRun Run, CancellationToken Abort)> Calls { get; } = [];

    public bool IsLookingBack { get; private set; }

    public bool AwaitsTurn { get; private set; }

    /// <summary>What it left with; null while it is owned.</summary>
    public Progress? Last { get; private set; }

    public string? Unstorable { get; private set; }

    /// <summary>What the engine threw.</summary>
    public IReadOnlyList<Exception> EngineFailures => _failures;

    public void Write(Progress progress) => Do(() =>
    {
        Require(Writing is null, "Two parts of its progress are under way.");
        Require(!progress.IsEmpty, "There is nothing to write.");
        Writing = progress;
        _notDurable.UnionWith(progress.StartAfter.Select(NameOf));
    });

    public void Start(OwnedExecution execution, NodeRun run, CancellationToken abort) => Do(() =>
    {
        Require(!_notDurable.Contains(NameOf(run)), $"{NameOf(run)} starts before its cause is durable.");
        Require(_started.Add(NameOf(run)), $"{NameOf(run)} starts twice.");
        Calls.Add((run, abort));
    });

    public void LookBack(OwnedExecution execution) => Do(() =>
    {
        Require(!IsLookingBack && Writing is null, "It looks back twice, or before its waits are durable.");
        IsLookingBack = true;
    });

    public void AwaitTurn(OwnedExecution execution) => Do(() =>
    {
        Require(!AwaitsTurn, "It asks twice for a turn.");
        AwaitsTurn = true;
    });

    public void Release(OwnedExecution execution, Progress last) => Do(() => Last = last);

    public void ReportEngineFailure(OwnedExecution execution, Exception exception) =>
        Do(() => _failures.Add(exception));

    public void ReportUnstorable(OwnedExecution execution, string reason) => Do(() => Unstorable = reason);

    /// <summary>The database has answered; what was under way is given back, to be told to the execution.</summary>
    public Progress TakeWritten(bool isDurable)
    {
        lock (_gate)
        {
            var written = Writing ?? throw new InvalidOperationException("Nothing is under way.");
            Writing = null;
            if (isDurable)
            {
                _notDurable.ExceptWith(written.StartAfter.Select(NameOf));
            }

            return written;
        }
    }

    public (NodeRun Run, CancellationToken Abort) TakeCall(int place)
    {
        lock (_gate)
        {
            var call = Calls[place];
            Calls.RemoveAt(place);
            return call;
        }
    }

    public void TakeLookBack() => IsLookingBack = false;

    public void TakeTurn() => AwaitsTurn = false;

    public static (string Node, string Iteration, int Attempt) NameOf(NodeRun run) =>
        (run.NodeId, run.Iteration, run.Attempt);

    private void Do(Action action)
    {
        lock (_gate)
        {
            Require(Last is null, "It does something after it was released.");
            action();
        }
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new BrokenPromiseException(otherwise);
        }
    }
}

/// <summary>An execution did what it promises not to do.</summary>
internal sealed class BrokenPromiseException(string message) : Exception(message);
