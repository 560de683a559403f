namespace Workflows.AppHost.Servers;

/// <summary>Redis as a process of this machine: what <c>AddRedis</c> is where there is a container engine.</summary>
internal sealed class RedisProcessResource(
    string name, string command, string workingDirectory, ParameterResource password)
    : ExecutableResource(name, command, workingDirectory), IResourceWithConnectionString
{
    public EndpointReference PrimaryEndpoint => new(this, ServerProcesses.EndpointName);

    public EndpointReferenceExpression Host => PrimaryEndpoint.Property(EndpointProperty.Host);

    public EndpointReferenceExpression Port => PrimaryEndpoint.Property(EndpointProperty.Port);

    /// <summary>Where the server itself listens.</summary>
    public EndpointReferenceExpression TargetPort => PrimaryEndpoint.Property(EndpointProperty.TargetPort);

    public ParameterResource PasswordParameter => password;

    public ReferenceExpression ConnectionStringExpression =>
        ReferenceExpression.Create($"{Host}:{Port},password={password}");

    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties() =>
    [
        new("Host", ReferenceExpression.Create($"{Host}")),
        new("Port", ReferenceExpression.Create($"{Port}")),
        new("Password", ReferenceExpression.Create($"{password}")),
    ];
}
