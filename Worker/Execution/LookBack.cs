using System.Threading.Channels;
using Workflows.Data.Events;
using Workflows.Data.Executions;

namespace Workflows.Worker.Execution;

/// <summary>
/// Looks for events that came before the wait for them was durable, for many executions at once; then lets them park. Guarantees: no
/// execution sleeps over an event received since it was accepted. If the worker dies in between, the execution is still owned, is rescued,
/// and its next owner looks back again.
/// </summary>
internal sealed partial class LookBack(EventBacklog routing, ExecutionHistory history, TimeProvider clock, ILogger<LookBack> logger)
{
    private const int Capacity = 100_000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly Channel<(ExecutionRun Run, ExecutionRunner Runner)> _pending =
        Channel.CreateBounded<(ExecutionRun, ExecutionRunner)>(new BoundedChannelOptions(Capacity) { SingleReader = true });

    public void Add(ExecutionRun run, ExecutionRunner runner)
    {
        if (!_pending.Writer.TryWrite((run, runner)))
        {
            throw new InvalidOperationException("More executions look back than may be in flight.");
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var batch = new List<(ExecutionRun Run, ExecutionRunner Runner)>();
        while (await _pending.Reader.WaitToReadAsync(cancellationToken))
        {
            batch.Clear();
            while (batch.Count < Limits.ExecutionsPerCheckpoint && _pending.Reader.TryRead(out var item))
            {
                batch.Add(item);
            }

            await HandleAsync(batch, cancellationToken);
        }
    }

    private async Task HandleAsync(List<(ExecutionRun Run, ExecutionRunner Runner)> batch, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                var waits = await history.LoadWaitsAsync([.. batch.Select(item => item.Run.Key)], cancellationToken);
                var open = waits.SelectMany(rows => rows).Where(row => row is { Outcome: null, Kind: "event", CorrelationKey: not null })
                    .Select(row => new WaitKey(row.Key, row.NodeId, row.Iteration, row.Attempt)).ToList();
                var found = open.Count == 0 ? [] : (await routing.LookBackAsync(open, cancellationToken)).Select(woken => woken.Key).ToHashSet();
                var resolved = found.Count == 0 ? null : await history.LoadWaitsAsync([.. found], cancellationToken);
                foreach (var (run, runner) in batch)
                {
                    if (resolved?[run.Key].Where(row => row.Outcome is not null).ToList() is { Count: > 0 } outcomes)
                    {
                        runner.Deliver(run, outcomes, wakes: null);
                    }

                    runner.ParkIfIdle(run);
                }

                return;
            }
            catch (Exception exception) when (Data.PostgresErrors.IsTransient(exception))
            {
                LogRetry(batch.Count, exception.Message);
                await Task.Delay(Pause, clock, cancellationToken);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Looking back for {Count} executions is tried again: {Reason}")]
    private partial void LogRetry(int count, string reason);
}
