using System.Threading.Channels;
using Workflows.Data.Events;
using Workflows.Data.Executions;
using Workflows.Data.Rounds;
using Workflows.Engine.Executions;
using Workflows.Worker.Ownership;

namespace Workflows.Worker.Checkpoints;

/// <summary>
/// Looks for events that came before the wait for them was durable, for many executions at once; then lets them park.
/// Guarantees: no execution sleeps over an event received since it was accepted. If the worker dies in between, the
/// execution is still owned, is rescued, and its next owner looks back again.
/// </summary>
internal sealed partial class LookBack(
    EventBacklog routing, ExecutionHistory history, Fleet fleet, Patience patience, TimeProvider clock,
    ILogger<LookBack> logger)
{
    private const int Capacity = 100_000;
    private static readonly TimeSpan LongestIdle = TimeSpan.FromSeconds(5);

    private readonly Channel<OwnedExecution> _pending =
        Channel.CreateBounded<OwnedExecution>(new BoundedChannelOptions(Capacity) { SingleReader = true });

    /// <summary>Has an execution looked after in the next round; the answer goes to the fleet.</summary>
    public void Add(OwnedExecution execution)
    {
        if (!_pending.Writer.TryWrite(execution))
        {
            throw new InvalidOperationException("More executions look back than may be in flight.");
        }
    }

    /// <summary>Looks back for those that wait for it; returns when there were some, or after a while.</summary>
    public async Task RoundAsync(CancellationToken cancellationToken)
    {
        if (!await HasPendingAsync(cancellationToken))
        {
            return;
        }

        var batch = new List<OwnedExecution>();
        while (batch.Count < Limits.ExecutionsPerCheckpoint && _pending.Reader.TryRead(out var execution))
        {
            batch.Add(execution);
        }

        await HandleAsync(batch, cancellationToken);
    }

    private async Task<bool> HasPendingAsync(CancellationToken cancellationToken)
    {
        var pending = _pending.Reader.WaitToReadAsync(cancellationToken).AsTask();
        return await Task.WhenAny(pending, Task.Delay(LongestIdle, clock, cancellationToken)) == pending
            && await pending;
    }

    private async Task HandleAsync(List<OwnedExecution> batch, CancellationToken cancellationToken)
    {
        try
        {
            await patience.WaitAsync(() => LookAsync(batch, cancellationToken), cancellationToken);
        }
#pragma warning disable CA1031 // whatever is wrong with one of them must not keep the others from parking
        catch (Exception exception) when (exception is not OperationCanceledException)
#pragma warning restore CA1031
        {
            if (batch is [var culprit])
            {
                LogFailed(exception, culprit.Key.Id, culprit.Key.TenantId);
                fleet.Post(culprit, new Broken(
                    "LOOK_BACK_FAILED",
                    "The platform cannot look for events that came before the wait; see the worker's log."));
                return;
            }

            LogBatchFailed(batch.Count, exception.Message);
            foreach (var execution in batch)
            {
                await HandleAsync([execution], cancellationToken);
            }
        }
    }

    private async Task<int> LookAsync(List<OwnedExecution> batch, CancellationToken cancellationToken)
    {
        var waits = await history.LoadWaitsAsync([.. batch.Select(execution => execution.Key)], cancellationToken);
        var open = waits.SelectMany(rows => rows)
            .Where(row => row is { Outcome: null, Kind: WaitKinds.Event, CorrelationKey: not null })
            .Select(row => new WaitKey(row.Key, row.NodeId, row.Iteration, row.Attempt)).ToList();
        var woken = open.Count == 0 ? [] : await routing.LookBackAsync(open, cancellationToken);
        var resolved = woken.Count == 0 ? null
            : await history.LoadWaitsAsync([.. woken.Select(row => row.Key).Distinct()], cancellationToken);
        DecisionTurns.ForEach(batch, execution => fleet.Post(
            execution,
            new LookedBack([.. resolved?[execution.Key].Where(row => row.Outcome is not null) ?? []])));
        return batch.Count;
    }

    [LoggerMessage(
        Level = LogLevel.Error, Message = "Looking back for execution {ExecutionId} of tenant {TenantId} failed")]
    private partial void LogFailed(Exception exception, Guid executionId, Guid tenantId);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "Looking back for {Count} executions failed and is tried one by one: {Reason}")]
    private partial void LogBatchFailed(int count, string reason);
}
