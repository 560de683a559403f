using Workflows.Data.Identity;

namespace Workflows.Worker.Intake;

/// <summary>
/// Which tenants may have only so many executions running at once. Looked up every few seconds, and once before the
/// first claim; a failure to read them fails the claim.
/// </summary>
internal sealed class RunningLimits(TenantSettingsStore settings, TimeProvider clock)
{
    private static readonly TimeSpan Trust = TimeSpan.FromSeconds(2);

    private volatile Known? _known;

    public async ValueTask<IReadOnlyDictionary<Guid, int>> GetAsync(CancellationToken cancellationToken)
    {
        if (_known is { } known && clock.GetElapsedTime(known.ReadAt) < Trust)
        {
            return known.Limits;
        }

        var limits = await settings.RunningLimitsAsync(cancellationToken);
        _known = new Known(limits, clock.GetTimestamp());
        return limits;
    }

    private sealed record Known(IReadOnlyDictionary<Guid, int> Limits, long ReadAt);
}
