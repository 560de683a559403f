using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Workflows.Data.Executions;
using Workflows.Data.Rounds;
using Workflows.Engine.Executions;
using Workflows.Worker.Checkpoints;
using Workflows.Worker.Ownership;
using Workflows.Worker.Tests.Ownership;

namespace Workflows.Worker.Tests.Checkpoints;

/// <summary>
/// A checkpointer over a sink that does what a test says, and executions that end with their first checkpoint.
/// </summary>
internal sealed class CheckpointBed
    : IExecutionEffects, ICheckpointSink, ICheckpointHints, IHostApplicationLifetime, IAsyncDisposable
{
    private readonly WorkerMetrics _metrics = new();
    private readonly DecisionTurns _turns;
    private readonly CancellationTokenSource _stopped = new();
    private readonly List<OwnedBed> _beds = [];

    public CheckpointBed(int lanes = 1)
    {
        var options = new WorkerOptions { CheckpointLanes = lanes };
        _turns = new DecisionTurns(options, _metrics);
        Health = new LoopHealth(Clock);
        Checkpointer = new Checkpointer(
            this, this, new Fleet(_turns), Health, this, _metrics, options, TimeProvider.System,
            NullLogger<Checkpointer>.Instance);
    }

    public SteppingClock Clock { get; } = new(0);

    public LoopHealth Health { get; }

    public Checkpointer Checkpointer { get; }

    /// <summary>What the database does with a checkpoint; returns when it is committed.</summary>
    public Func<Checkpoint, bool, Task> OnWrite { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>What was committed, in this order.</summary>
    public ConcurrentQueue<Checkpoint> Committed { get; } = [];

    /// <summary>The ends of executions that were released.</summary>
    public ConcurrentQueue<FinishedExecution> Ended { get; } = [];

    public int Announced { get; private set; }

    public WorkerSession Session => _beds[0].Session;

    /// <summary>An execution whose first progress ends it.</summary>
    public OwnedExecution Execution()
    {
        var bed =
            new OwnedBed("""{"id": "n", "type": "noop"}""", effects: this, session: _beds.Count == 0 ? null : Session);
        _beds.Add(bed);
        return bed.Execution;
    }

    public async Task<CheckpointResult> WriteAsync(
        Guid workerId, Checkpoint checkpoint, CancellationToken cancellationToken, bool again = false)
    {
        await OnWrite(checkpoint, again);
        Committed.Enqueue(checkpoint);
        return new CheckpointResult([], []);
    }

    public void Announce(IReadOnlyList<Progress> batch, CheckpointResult result) => Announced += batch.Count;

    public void Write(Progress progress) => Checkpointer.Add(progress);

    public void Start(OwnedExecution execution, NodeRun run, CancellationToken abort) =>
        throw new NotSupportedException();

    public void LookBack(OwnedExecution execution) => throw new NotSupportedException();

    public void AwaitTurn(OwnedExecution execution) => throw new NotSupportedException();

    public void Release(OwnedExecution execution, Progress last) =>
        Ended.Enqueue(last.Finished ?? throw new InvalidOperationException("It left without an end."));

    public void ReportEngineFailure(OwnedExecution execution, Exception exception) => throw exception;

    public void ReportUnstorable(OwnedExecution execution, string reason) => throw new NotSupportedException();

    CancellationToken IHostApplicationLifetime.ApplicationStarted => CancellationToken.None;

    public CancellationToken ApplicationStopping => _stopped.Token;

    CancellationToken IHostApplicationLifetime.ApplicationStopped => CancellationToken.None;

    public void StopApplication() => _stopped.Cancel();

    public async ValueTask DisposeAsync()
    {
        if (!_stopped.IsCancellationRequested)
        {
            await Checkpointer.DisposeAsync();
        }

        _turns.Dispose();
        _metrics.Dispose();
        _stopped.Dispose();
        _beds.ForEach(bed => bed.Dispose());
    }
}
