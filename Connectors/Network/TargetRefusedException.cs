namespace Workflows.Connectors.Network;

/// <summary>A connection that <see cref="NetworkGuard"/> refuses.</summary>
public sealed class TargetRefusedException(string host)
    : Exception($"'{host}' is not a public address, and the tenant's allow-list does not name it.");
