namespace Workflows.Data.Identity;

/// <summary>Where a login comes from.</summary>
/// <param name="Key">Names the address without telling it; that of a whole network where one client has one.</param>
/// <param name="Ip">The address as sessions keep it; null when it is not known.</param>
public readonly record struct LoginAddress(Guid Key, string? Ip);

/// <summary>When wrong passwords lock an account, and for how long.</summary>
/// <param name="Tolerated">Wrong passwords from one address before the account is locked for that address.</param>
/// <param name="ToleratedAnywhere">Wrong passwords from all addresses before it is locked for those it does not
/// know.</param>
/// <param name="First">The first lock; each further wrong password doubles it.</param>
/// <param name="Longest">The longest lock.</param>
/// <param name="Memory">How long wrong passwords from an address are remembered.</param>
public sealed record LoginLocks(int Tolerated, int ToleratedAnywhere, TimeSpan First, TimeSpan Longest,
    TimeSpan Memory);
