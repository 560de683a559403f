using Workflows.Data.Dispatch;

namespace Workflows.AiSearch.Indexing;

/// <summary>
/// Passes hints from Redis on to the consumer. Without Redis nothing is missed, only later: the consumer polls. So an absent
/// Redis neither delays nor fails the start; the client subscribes again by itself when it comes back.
/// </summary>
internal sealed class HintListener(IndexHint hint, IndexSignal signal) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => hint.ListenAsync(signal.Pulse);
}
