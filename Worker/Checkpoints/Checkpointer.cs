using System.Diagnostics;
using Workflows.Data;
using Workflows.Data.Database;
using Workflows.Data.Executions;
using Workflows.Data.Rounds;
using Workflows.Worker.Ownership;

namespace Workflows.Worker.Checkpoints;

/// <summary>
/// Group checkpoints: the progress of all executions in flight goes out together, as soon as the previous checkpoint is
/// done. Guarantees: an execution is told of its progress only after the commit, and once; while the database is away
/// the same checkpoint is sent again until it is there or the worker is fenced; what the database refuses for the
/// data's sake is found one by one and costs only the execution it belongs to; a checkpoint that is too much for the
/// time which the server allows goes out in halves, and those after it are smaller.
/// </summary>
internal sealed partial class Checkpointer : IAsyncDisposable
{
    private const string Name = "Writing checkpoints";

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly ICheckpointSink _sink;
    private readonly ICheckpointHints _hints;
    private readonly Fleet _fleet;
    private readonly LoopHealth _health;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly WorkerMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ILogger<Checkpointer> _logger;
    private readonly FlushLanes<Progress> _lanes;
    private volatile bool _closed;

    public Checkpointer(
        ICheckpointSink sink, ICheckpointHints hints, Fleet fleet, LoopHealth health, IHostApplicationLifetime lifetime,
        WorkerMetrics metrics, WorkerOptions options, TimeProvider clock, ILogger<Checkpointer> logger)
    {
        _sink = sink;
        _hints = hints;
        _fleet = fleet;
        _health = health;
        _lifetime = lifetime;
        _metrics = metrics;
        _clock = clock;
        _logger = logger;
        _lanes = new FlushLanes<Progress>(
            FlushAsync,
            options.CheckpointLanes,
            new FlushBounds<Progress>(
                Limits.ExecutionsPerCheckpoint, Limits.CheckpointBytes, static progress => progress.Bytes),
            // Each execution in flight has at most one progress here, so the capacity is never reached.
            (2 * options.MaxInFlight) + Limits.ClaimsPerRound,
            OnFault);
    }

    /// <summary>Raised when events that executions emitted are in the queue of the router.</summary>
    public event Action? Emitted;

    /// <summary>
    /// Writes progress with the next checkpoint. After the lanes have closed it is dropped: the execution is handed
    /// back as it is durable, and what was decided since is decided again elsewhere.
    /// </summary>
    public void Add(Progress progress)
    {
        if (!_lanes.TryAdd(progress) && !_closed)
        {
            throw new InvalidOperationException("More executions wait for a checkpoint than may be in flight.");
        }
    }

    // Nothing becomes durable by a lane that is dead, while the heartbeat would go on: others take over when this
    // process ends.
    private void OnFault(Exception exception)
    {
        LogDead(exception);
        Environment.ExitCode = 1;
        _lifetime.StopApplication();
    }

    private async Task FlushAsync(List<Progress> batch)
    {
        foreach (var session in batch.GroupBy(progress => progress.Execution.Session))
        {
            if (!session.Key.IsFenced)
            {
                await FlushAsync(session.Key, [.. session]);
            }
        }
    }

    private async Task FlushAsync(WorkerSession session, List<Progress> batch)
    {
        var checkpoint = new Checkpoint();
        foreach (var progress in batch)
        {
            progress.AddTo(checkpoint);
        }

        var began = Stopwatch.GetTimestamp();
        var pause = FirstPause;
        var again = false;
        while (true)
        {
            try
            {
                var result = await _sink.WriteAsync(session.WorkerId, checkpoint, CancellationToken.None, again);
                _metrics.Checkpoint(batch.Count, checkpoint.Steps.Count, Stopwatch.GetElapsedTime(began));
                Settle(batch, result, again);
                return;
            }
            catch (Exception exception) when (PostgresErrors.IsWorkerFenced(exception))
            {
                Fence(session);
                return;
            }
            catch (Exception exception) when (PostgresErrors.Rejection(exception) is { } reason)
            {
                await IsolateAsync(session, batch, reason);
                return;
            }
            catch (Exception exception) when (PostgresErrors.MayPass(exception))
            {
                if (session.IsFenced)
                {
                    _health.Ended(Name);
                    return; // fenced while the database was away: nothing of this is ours any more
                }

                _health.Failed(Name, exception.Message);
                LogRetry(batch.Count, exception.Message);
                if (PostgresErrors.IsTimeOut(exception) && batch.Count > 1)
                {
                    _lanes.TookTooLong(batch.Count);
                    await FlushHalvesAsync(session, batch);
                    return;
                }

                again = true;
                await Task.Delay(pause, _clock);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
    }

    private void Settle(List<Progress> batch, CheckpointResult result, bool again)
    {
        if (again)
        {
            _health.Succeeded(Name);
        }

        _lanes.WentThrough();
        _hints.Announce(batch, result);
        if (batch.Exists(static progress => progress.EmitsEvents))
        {
            Emitted?.Invoke();
        }

        // The lane goes straight on to the next checkpoint while the executions of this one move on elsewhere.
        DecisionTurns.ForEach(batch, progress => _fleet.Post(progress.Execution, new BecameDurable(progress)));
    }

    private void Fence(WorkerSession session)
    {
        if (session.TryFence())
        {
            LogFenced(session.WorkerId);
        }

        _health.Ended(Name);
    }

    // What is too much for the time that the server allows would be too much again.
    private async Task FlushHalvesAsync(WorkerSession session, List<Progress> batch)
    {
        await FlushAsync(session, batch[..(batch.Count / 2)]);
        await FlushAsync(session, batch[(batch.Count / 2)..]);
        _health.Succeeded(Name);
    }

    private async Task IsolateAsync(WorkerSession session, List<Progress> batch, string reason)
    {
        if (batch is [var culprit])
        {
            _fleet.Post(culprit.Execution, new WasRejected(culprit, reason));
            return;
        }

        foreach (var progress in batch)
        {
            await FlushAsync(session, [progress]);
        }
    }

    /// <summary>Makes durable what is decided, then ends the lanes.</summary>
    public ValueTask DisposeAsync()
    {
        _closed = true;
        return _lanes.DisposeAsync();
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Worker {WorkerId} was fenced: it was taken for dead, its executions go on elsewhere")]
    private partial void LogFenced(Guid workerId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A checkpoint of {Count} executions is sent again: {Reason}")]
    private partial void LogRetry(int count, string reason);

    [LoggerMessage(Level = LogLevel.Critical, Message = "A lane of checkpoints has failed; the worker stops")]
    private partial void LogDead(Exception exception);
}
