using Workflows.Data.Dispatch;
using Workflows.Data.Executions;
using Workflows.Data.Rounds;
using Workflows.Worker.Rounds;

namespace Workflows.Worker.Maintenance;

/// <summary>
/// What must not wait an hour: adding up how long executions took, queueing what is held although there is room, admitting what SQL enqueued, and measuring the queue.
/// </summary>
internal sealed class BookkeepingService(
    PerformanceStore performance, SlotStore slots, EnqueuedAdmission enqueued, DispatchStreams streams,
        WorkerMetrics metrics, SetAsideLog setAside,
    Loop loop, TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan MeasurePause = TimeSpan.FromSeconds(10);

    // A queue that is slow to read, as when dead rows may not be removed, is read less often.
    private const int RestPerCost = 100;

    private static readonly TimeSpan FoldPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SettlePause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AdmitPause = TimeSpan.FromMilliseconds(250);

    private HeldKey? _after;
    private long _depth;
    private long _oldestSeconds;

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        metrics.Observe("workflows.queue.depth", "{execution}", "Executions of all tenants that wait for a worker, counted up to 10,000.", () => Volatile.Read(ref _depth));
        metrics.Observe("workflows.queue.oldest", "s", "For how long the oldest of those waits.", () => Volatile.Read(ref _oldestSeconds));
        return RunAsync(stoppingToken);
    }

    private Task RunAsync(CancellationToken stoppingToken) => Task.WhenAll(
        loop.RunAsync("Measuring the queue", MeasureAsync, stoppingToken),
        loop.RunAsync("Adding up durations", FoldAsync, stoppingToken),
        loop.RunAsync("Settling concurrency limits", SettleAsync, stoppingToken),
        loop.RunAsync("Admitting what SQL enqueued", AdmitAsync, stoppingToken));

    private async Task<TimeSpan> FoldAsync(CancellationToken cancellationToken) =>
        await performance.FoldAsync(Limits.DeltasPerRound, cancellationToken) == Limits.DeltasPerRound ? TimeSpan.Zero : FoldPause;

    private async Task<TimeSpan> SettleAsync(CancellationToken cancellationToken)
    {
        (var queued, _after) = await slots.SettleAsync(_after, Limits.HeldKeysPerRound, cancellationToken);
        var due = await slots.ReleaseDueAsync(Limits.DelayedPerRound, cancellationToken);
        streams.Announce(due.Concat(queued).Select(execution => new DispatchHint(execution.Key, execution.Priority)));
        return due.Count == Limits.DelayedPerRound ? TimeSpan.Zero : SettlePause;
    }

    private async Task<TimeSpan> AdmitAsync(CancellationToken cancellationToken)
    {
        var (found, admitted, left) = await enqueued.AdmitAsync(Limits.AdmittedPerRound, cancellationToken);
        setAside.Write(left);
        streams.Announce(admitted.Where(execution => execution.Status == "queued").Select(execution => new DispatchHint(execution.Key, execution.Priority)));
        return found == Limits.AdmittedPerRound && admitted.Count > 0 ? TimeSpan.Zero : AdmitPause;
    }

    private async Task<TimeSpan> MeasureAsync(CancellationToken cancellationToken)
    {
        var began = clock.GetTimestamp();
        var (depth, oldest) = await performance.MeasureQueueAsync(Data.Limits.CountedQueue, cancellationToken);
        Volatile.Write(ref _depth, depth);
        Volatile.Write(ref _oldestSeconds, (long)oldest.TotalSeconds);
        var rest = clock.GetElapsedTime(began) * RestPerCost;
        return rest > MeasurePause ? rest : MeasurePause;
    }
}
