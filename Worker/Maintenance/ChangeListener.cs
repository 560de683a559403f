using Workflows.Data.Identity;
using Workflows.Data.Rounds;

namespace Workflows.Worker.Maintenance;

/// <summary>Hears of changes to secrets, variables, connectors and custom nodes, so that the next execution sees them at once. While Redis is away their short trust ends by itself.</summary>
internal sealed class ChangeListener(Invalidation invalidation, Loop loop) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        loop.UntilDoneAsync("Listening for changes", _ => invalidation.ListenAsync(), stoppingToken);
}
