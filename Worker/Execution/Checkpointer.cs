using System.Diagnostics;
using Workflows.Data;
using Workflows.Data.Database;
using Workflows.Data.Dispatch;
using Workflows.Data.Executions;
using Workflows.Worker.Dispatch;

namespace Workflows.Worker.Execution;

/// <summary>
/// Group checkpoints: the progress of all executions in flight goes out together, as soon as the previous checkpoint is done. Guarantees:
/// <c>durable</c> is called only after the commit; while the database is away the same checkpoint is sent again until it is there or the
/// worker is fenced; what the database refuses for the data's sake is found one by one and costs only the execution it belongs to.
/// </summary>
internal sealed partial class Checkpointer : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);
    private const string Name = "Writing checkpoints";

    private readonly CheckpointWriter _writer;
    private readonly DispatchAnnouncer _announcer;
    private readonly LoopHealth _health;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly ReplyPublisher _replies;
    private readonly WorkerMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Action<Progress> _durable;
    private readonly Action<Progress, string> _rejected;
    private readonly FlushLanes<Progress> _lanes;
    private volatile bool _closed;

    public Checkpointer(
        CheckpointWriter writer, DispatchAnnouncer announcer, ReplyPublisher replies, LoopHealth health,
        IHostApplicationLifetime lifetime, WorkerMetrics metrics, WorkerOptions options, TimeProvider clock, ILogger logger, Action<Progress> durable,
        Action<Progress, string> rejected)
    {
        _writer = writer;
        _announcer = announcer;
        _health = health;
        _lifetime = lifetime;
        _replies = replies;
        _metrics = metrics;
        _clock = clock;
        _logger = logger;
        _durable = durable;
        _rejected = rejected;
        // Each execution in flight has at most one progress here, so the capacity is never reached.
        _lanes = new FlushLanes<Progress>(
            FlushAsync,
            options.CheckpointLanes,
            Limits.ExecutionsPerCheckpoint,
            (2 * options.MaxInFlight) + Limits.ClaimsPerRound,
            OnFault);
    }

    // Nothing becomes durable by a lane that is dead, while the heartbeat would go on: others take over when this
    // process ends.
    private void OnFault(Exception exception)
    {
        LogDead(exception);
        Environment.ExitCode = 1;
        _lifetime.StopApplication();
    }

    public void Add(Progress progress)
    {
        // After the lanes closed the execution is handed back as it is durable: what was decided since is decided again elsewhere.
        if (!_lanes.TryAdd(progress) && !_closed)
        {
            throw new InvalidOperationException("More executions wait for a checkpoint than may be in flight.");
        }
    }

    private async Task FlushAsync(List<Progress> batch, CancellationToken cancellationToken)
    {
        foreach (var session in batch.GroupBy(progress => progress.Run.Session))
        {
            if (!session.Key.IsFenced)
            {
                await FlushAsync(session.Key, [.. session], cancellationToken);
            }
        }
    }

    private async Task FlushAsync(WorkerSession session, List<Progress> batch, CancellationToken cancellationToken)
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
                var result = await _writer.WriteAsync(session.WorkerId, checkpoint, cancellationToken, again);
                _metrics.Checkpoint(batch.Count, checkpoint.Steps.Count, Stopwatch.GetElapsedTime(began));
                if (again)
                {
                    _health.Succeeded(Name);
                }

                Announce(batch, result);
                // The lane goes straight on to the next checkpoint while the executions of this one move on elsewhere.
                DecisionTurns.ForEach(batch, _durable);
                return;
            }
            catch (Exception exception) when (PostgresErrors.IsWorkerFenced(exception))
            {
                Fence(session);
                return;
            }
            catch (Exception exception) when (PostgresErrors.Rejection(exception) is { } reason)
            {
                await IsolateAsync(session, batch, reason, cancellationToken);
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
                    await FlushHalvesAsync(session, batch, cancellationToken);
                    return;
                }

                again = true;
                await Task.Delay(pause, _clock, cancellationToken);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
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
    private async Task FlushHalvesAsync(
        WorkerSession session, List<Progress> batch, CancellationToken cancellationToken)
    {
        await FlushAsync(session, batch[..(batch.Count / 2)], cancellationToken);
        await FlushAsync(session, batch[(batch.Count / 2)..], cancellationToken);
        _health.Succeeded(Name);
    }

    private async Task IsolateAsync(
        WorkerSession session, List<Progress> batch, string reason, CancellationToken cancellationToken)
    {
        if (batch.Count == 1)
        {
            _rejected(batch[0], reason);
            return;
        }

        foreach (var progress in batch)
        {
            await FlushAsync(session, [progress], cancellationToken);
        }
    }

    // Hints: what is lost of them is found by the sweeps, so their failure must not send the checkpoint again.
    private void Announce(List<Progress> batch, CheckpointResult result)
    {
        try
        {
            _announcer.Announce(result);
            foreach (var address in batch
                .Where(progress => progress.Run.Claimed.ReplyTo is not null && (progress.Finished is not null || progress.RepliesToSession))
                .GroupBy(progress => progress.Run.Claimed.ReplyTo!, progress => progress.Run.Key.Id))
            {
                _replies.Publish(address.Key, [.. address]);
            }
        }
        catch (Exception exception)
            when (RedisErrors.IsTrouble(exception) || exception is ObjectDisposedException)
        {
            LogUnannounced(exception.Message);
        }
    }

    public ValueTask DisposeAsync()
    {
        _closed = true;
        return _lanes.DisposeAsync();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Worker {WorkerId} was fenced: it was taken for dead, its executions go on elsewhere")]
    private partial void LogFenced(Guid workerId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A checkpoint of {Count} executions is sent again: {Reason}")]
    private partial void LogRetry(int count, string reason);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "What a checkpoint has queued could not be announced; the sweeps find it: {Reason}")]
    private partial void LogUnannounced(string reason);

    [LoggerMessage(Level = LogLevel.Critical, Message = "A lane of checkpoints has failed; the worker stops")]
    private partial void LogDead(Exception exception);
}

/// <summary>Makes the one checkpointer of a worker; it and the runner need each other.</summary>
internal sealed class CheckpointerFactory(
    CheckpointWriter writer, DispatchAnnouncer announcer, ReplyPublisher replies, LoopHealth health,
    IHostApplicationLifetime lifetime, WorkerMetrics metrics, WorkerOptions options, TimeProvider clock, ILogger<Checkpointer> logger)
{
    public Checkpointer Create(Action<Progress> durable, Action<Progress, string> rejected) =>
        new(writer, announcer, replies, health, lifetime, metrics, options, clock, logger, durable, rejected);
}
