using Workflows.Data.Notifications;
using Workflows.Data.Rounds;

namespace Workflows.Worker.Maintenance;

/// <summary>
/// Tells who listens of ends and approvals. Each worker does it; what happened goes to one of them, and one at a time
/// makes mails.
/// </summary>
internal sealed class TellingService(TellingRounds rounds, PublicAddress address, Loop loop) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        loop.RunAsync("Telling listeners", TellAsync, stoppingToken),
        loop.RunAsync("Making mails of notifications", MailAsync, stoppingToken));

    private async Task<TimeSpan> TellAsync(CancellationToken cancellationToken) =>
        await rounds.TellAsync(Limits.ToldPerRound, cancellationToken) == Limits.ToldPerRound ? TimeSpan.Zero : Pause;

    private async Task<TimeSpan> MailAsync(CancellationToken cancellationToken) =>
        await rounds.MailAsync(Limits.ToldPerRound, address.Url ?? "", cancellationToken) == Limits.ToldPerRound
            ? TimeSpan.Zero
            : Pause;
}
