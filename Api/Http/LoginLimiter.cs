using Workflows.Api.Http.Security;
using Workflows.Data.Identity;

namespace Workflows.Api.Http;

/// <summary>
/// Limits logins by network address: over all instances together through Redis, and while Redis is away each instance
/// by itself with a bucket of the same size. Never without a limit.
/// </summary>
internal sealed class LoginLimiter(RateLimitStore store, RateLimitOptions options, TimeProvider clock)
{
    /// <summary>Addresses remembered while Redis is away.</summary>
    private const int Addresses = 100_000;

    private readonly LocalBuckets _local = new(Addresses, options.LoginsPerSecond, options.LoginBurst, clock);

    /// <summary>Takes one login out of the address' bucket; nothing granted means that it must wait.</summary>
    public async ValueTask<PermitLease> TakeAsync(Guid address) =>
        await store.LeaseAsync(Guid.Empty, address, options.LoginsPerSecond, options.LoginBurst, 1)
            ?? _local.Take(address, 1);
}
