namespace Workflows.Connectors;

/// <summary>
/// The mail server that the platform itself sends by, as the operator configured it. It may be anywhere: the guard is
/// for what tenants name.
/// </summary>
/// <param name="Security">startTls, tls or none.</param>
public sealed record PlatformMailServer(string Host, int Port, string? User, string? Password, string Security);
