namespace Workflows.Connectors.Network;

/// <summary>
/// What the operator exempts from <see cref="NetworkGuard"/> for all tenants: CIDR ranges, addresses or host names,
/// each with an optional port.
/// </summary>
public sealed record NetworkOptions(IReadOnlyList<string> Allow);
