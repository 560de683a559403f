namespace Workflows.Connectors.Network;

/// <summary>An allow-list that holds what is no network, address or host name.</summary>
public sealed class AllowListException(string message) : Exception(message);
