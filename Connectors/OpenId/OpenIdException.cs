namespace Workflows.Connectors.OpenId;

/// <summary>An identity provider that cannot be reached, or whose answer cannot be believed. The message holds nothing
/// that the provider wrote.</summary>
public sealed class OpenIdException(string message, Exception? inner = null) : Exception(message, inner);
