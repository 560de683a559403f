using System.Diagnostics;
using Workflows.Data;
using Workflows.Data.Database;
using Workflows.Data.Dispatch;
using Workflows.Data.Executions;

namespace Workflows.Worker.Execution;

/// <summary>
/// Group checkpoints: the progress of all executions in flight goes out together, as soon as the previous checkpoint is done. Guarantees:
/// <c>durable</c> is called only after the commit; while the database is away the same checkpoint is sent again until it is there or the
/// worker is fenced; what the database refuses is found one by one and costs only the execution it belongs to.
/// </summary>
internal sealed partial class Checkpointer : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly CheckpointWriter _writer;
    private readonly DispatchStreams _dispatch;
    private readonly WorkerSignals _signals;
    private readonly ReplyPublisher _replies;
    private readonly WorkerMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Action<Progress> _durable;
    private readonly Action<Progress, string> _rejected;
    private readonly FlushLanes<Progress> _lanes;
    private volatile bool _closed;

    public Checkpointer(
        CheckpointWriter writer, DispatchStreams dispatch, WorkerSignals signals, ReplyPublisher replies, WorkerMetrics metrics, WorkerOptions options,
        TimeProvider clock, ILogger logger, Action<Progress> durable, Action<Progress, string> rejected)
    {
        _writer = writer;
        _dispatch = dispatch;
        _signals = signals;
        _replies = replies;
        _metrics = metrics;
        _clock = clock;
        _logger = logger;
        _durable = durable;
        _rejected = rejected;
        // Each execution in flight has at most one progress here, so the capacity is never reached.
        _lanes = new FlushLanes<Progress>(
            FlushAsync, options.CheckpointLanes, Limits.ExecutionsPerCheckpoint, (2 * options.MaxInFlight) + Limits.ClaimsPerRound);
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
                Announce(batch, result);
                Continue(batch);
                return;
            }
            catch (Exception exception) when (PostgresErrors.IsWorkerFenced(exception))
            {
                if (session.TryFence())
                {
                    LogFenced(session.WorkerId);
                }

                return;
            }
            catch (Exception exception) when (PostgresErrors.IsTransient(exception))
            {
                if (session.IsFenced)
                {
                    return; // fenced while the database was away: nothing of this is ours any more
                }

                LogRetry(batch.Count, exception.Message);
                again = true;
                await Task.Delay(pause, _clock, cancellationToken);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
            catch (Exception exception) when (PostgresErrors.Rejection(exception) is { } reason)
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

                return;
            }
        }
    }

    private void Announce(List<Progress> batch, CheckpointResult result)
    {
        if (result.Requeued.Count > 0)
        {
            _dispatch.Announce(result.Requeued.Select(execution => new DispatchHint(execution.Key, execution.Priority)));
        }

        if (result.Woken.Count > 0)
        {
            _dispatch.Announce(result.Woken.Where(execution => execution.Status == "queued")
                .Select(execution => new DispatchHint(execution.Key, execution.Priority)));
            foreach (var execution in result.Woken)
            {
                if (execution.Owner is { } owner)
                {
                    _signals.Nudge(owner, execution.Key);
                }
            }
        }

        foreach (var address in batch
            .Where(progress => progress.Run.Claimed.ReplyTo is not null && (progress.Finished is not null || progress.RepliesToSession))
            .GroupBy(progress => progress.Run.Claimed.ReplyTo!, progress => progress.Run.Key.Id))
        {
            _replies.Publish(address.Key, [.. address]);
        }
    }

    // The lane goes straight on to the next checkpoint while the executions of this one move on elsewhere.
    private void Continue(List<Progress> batch)
    {
        foreach (var chunk in batch.Chunk(Limits.ExecutionsPerContinuation))
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static work =>
                {
                    foreach (var progress in work.chunk)
                    {
                        work.durable(progress);
                    }
                },
                (chunk, durable: _durable), preferLocal: false);
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
}

/// <summary>Makes the one checkpointer of a worker; it and the runner need each other.</summary>
internal sealed class CheckpointerFactory(
    CheckpointWriter writer, DispatchStreams dispatch, WorkerSignals signals, ReplyPublisher replies, WorkerMetrics metrics, WorkerOptions options,
    TimeProvider clock, ILogger<Checkpointer> logger)
{
    public Checkpointer Create(Action<Progress> durable, Action<Progress, string> rejected) =>
        new(writer, dispatch, signals, replies, metrics, options, clock, logger, durable, rejected);
}
