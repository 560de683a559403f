using Workflows.Data.Dispatch;

namespace Workflows.AiSearch.Indexing;

/// <summary>
/// Passes hints from Redis on to the consumer. Without Redis nothing is missed, only later: the consumer polls. So an absent
/// Redis neither delays nor fails the start.
/// </summary>
internal sealed class HintListener(IndexHint hint, IndexSignal signal, TimeProvider clock) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        while (!await hint.ListenAsync(signal.Pulse))
        {
            await Task.Delay(Limits.HintRetryPause, clock, stoppingToken);
        }
    }
}
