using System.Runtime.ExceptionServices;
using Workflows.Api.Http.Security;
using Workflows.Data.Database;
using Workflows.Data.Identity;
using Workflows.Data.Isolation;
using Workflows.Data.Rounds;

namespace Workflows.Api.Housekeeping;

/// <summary>What the API does in the background: listens for invalidations, writes when keys were used, asks for the
/// time, removes logins that nobody completed.</summary>
internal sealed class HousekeepingService(
    Invalidation invalidation, ApiKeyUses uses, GrantStore store, IdentityProviderStore providers,
    WorkflowsDatabase database, DatabaseClock clock, Loop loop) : BackgroundService
{
    private static readonly TimeSpan WriteEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan WriteAgainAfter = TimeSpan.FromSeconds(5);

    // The client listens again by itself after a broken connection; only the first time has to be insisted on. Until
    // then revoked keys and new publications are noticed later.
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        loop.UntilDoneAsync("Listening for invalidations", _ => invalidation.ListenAsync(), stoppingToken),
        loop.RunAsync("Asking for the time", AskForTheTimeAsync, stoppingToken),
        loop.RunAsync("Removing logins that nobody completed", ForgetLoginsAsync, stoppingToken),
        loop.RunAsync(
            "Writing when API keys were used", WriteUsesAsync, stoppingToken, pauseAfterFailure: WriteAgainAfter));

    private async Task<TimeSpan> AskForTheTimeAsync(CancellationToken cancellationToken)
    {
        await clock.SyncAsync(database, cancellationToken);
        return DatabaseClock.SyncPeriod;
    }

    private async Task<TimeSpan> ForgetLoginsAsync(CancellationToken cancellationToken) =>
        await providers.ForgetLoginsAsync(Limits.ForgottenPerRound, cancellationToken) >= Limits.ForgottenPerRound
            ? TimeSpan.Zero
            : Limits.ProviderLoginLifetime;

    private async Task<TimeSpan> WriteUsesAsync(CancellationToken cancellationToken)
    {
        Exception? failure = null;
        foreach (var tenant in uses.Take().GroupBy(use => use.Value.TenantId))
        {
            // After an outage has shown, the others are not tried.
            if (failure is null || Batches.MayBeOneTenant(failure))
            {
                try
                {
                    await store.TouchApiKeysAsync(
                        tenant.Key,
                        [.. tenant.Select(use => KeyValuePair.Create(use.Key, use.Value.At))],
                        cancellationToken);
                    continue;
                }
#pragma warning disable CA1031 // one tenant's trouble holds up no other; the round fails at its end
                catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
                {
                    failure = exception;
                }
            }

            uses.GiveBack(tenant);
        }

        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        return WriteEvery;
    }
}
