using Workflows.Data.Dispatch;
using Workflows.Data.Executions;
using Workflows.Worker.Dispatch;

namespace Workflows.Worker.Maintenance;

/// <summary>What must not wait an hour: adding up how long executions took, and queueing what is held although there is room.</summary>
internal sealed class BookkeepingService(PerformanceStore performance, SlotStore slots, DispatchStreams streams, Loop loop) : BackgroundService
{
    private static readonly TimeSpan FoldPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan SettlePause = TimeSpan.FromSeconds(1);

    private HeldKey? _after;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        loop.RunAsync("Adding up durations", FoldAsync, stoppingToken),
        loop.RunAsync("Settling concurrency limits", SettleAsync, stoppingToken));

    private async Task<TimeSpan> FoldAsync(CancellationToken cancellationToken) =>
        await performance.FoldAsync(Limits.DeltasPerRound, cancellationToken) == Limits.DeltasPerRound ? TimeSpan.Zero : FoldPause;

    private async Task<TimeSpan> SettleAsync(CancellationToken cancellationToken)
    {
        (var queued, _after) = await slots.SettleAsync(_after, Limits.HeldKeysPerRound, cancellationToken);
        streams.Announce(queued.Select(execution => new DispatchHint(execution.Key, execution.Priority)));
        return SettlePause;
    }
}
