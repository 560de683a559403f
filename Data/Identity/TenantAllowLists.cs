using Workflows.Data.Caching;

namespace Workflows.Data.Identity;

/// <summary>
/// What tenants' calls may reach besides the public internet, as read lately: at most <see cref="SettingsAge"/> old.
/// </summary>
public sealed class TenantAllowLists(TenantSettingsStore tenants, TimeProvider clock)
{
    private static readonly TimeSpan PauseWithoutDatabase = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan SettingsAge = TimeSpan.FromSeconds(5);

    private readonly TrustedCache<Guid, string[]> _known = new(clock, Limits.CachedAllowLists, SettingsAge);

    /// <summary>
    /// The tenant's list. Waits for the database while it is away: no call may fail for it, since its outcome could
    /// not be recorded anyway.
    /// </summary>
    public async ValueTask<IReadOnlyList<string>> GetAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return (await _known.GetAsync(
                    tenantId, static (tenantId, self) => self.ReadAsync(tenantId), this, cancellationToken))!;
            }
            catch (Exception exception) when (PostgresErrors.IsTransient(exception))
            {
                await Task.Delay(PauseWithoutDatabase, clock, cancellationToken);
            }
        }
    }

    /// <summary>Reads the tenant's list anew at the next call.</summary>
    public void Forget(Guid tenantId) => _known.Drop(tenantId);

    private async Task<string[]?> ReadAsync(Guid tenantId) =>
        [.. await tenants.HttpAllowAsync(tenantId, CancellationToken.None)];
}
