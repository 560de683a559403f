namespace Workflows.Connectors.Network;

/// <summary>Where the allow-lists of tenants come from; connectors know no table.</summary>
/// <param name="GetAsync">The list of a tenant, a few seconds old at most. Waits while it cannot be read.</param>
/// <param name="Forget">Has the list of a tenant be read anew at the next call.</param>
public sealed record AllowLists(
    Func<Guid, CancellationToken, ValueTask<IReadOnlyList<string>>> GetAsync, Action<Guid> Forget)
{
    /// <summary>No tenant has one: only what the operator allows to all is exempt.</summary>
    public static AllowLists None { get; } = new((_, _) => ValueTask.FromResult<IReadOnlyList<string>>([]), _ => { });
}
