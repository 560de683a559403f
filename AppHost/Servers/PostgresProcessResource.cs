namespace Workflows.AppHost.Servers;

/// <summary>
/// PostgreSQL as a process of this machine: what <c>AddPostgres</c> is where there is a container engine.
/// </summary>
internal sealed class PostgresProcessResource(
    string name, string command, string workingDirectory, ParameterResource password)
    : ExecutableResource(name, command, workingDirectory), IResourceWithConnectionString
{
    public const string UserName = "postgres";

    public EndpointReference PrimaryEndpoint => new(this, ServerProcesses.EndpointName);

    public EndpointReferenceExpression Host => PrimaryEndpoint.Property(EndpointProperty.Host);

    public EndpointReferenceExpression Port => PrimaryEndpoint.Property(EndpointProperty.Port);

    /// <summary>Where the server itself listens.</summary>
    public EndpointReferenceExpression TargetPort => PrimaryEndpoint.Property(EndpointProperty.TargetPort);

    public ParameterResource PasswordParameter => password;

    /// <summary>The first is made together with the data folder.</summary>
    public IList<PostgresProcessDatabaseResource> Databases { get; } = [];

    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create(
        $"Host={Host};Port={Port};Username={UserName};Password={password}");

    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties() =>
    [
        new("Host", ReferenceExpression.Create($"{Host}")),
        new("Port", ReferenceExpression.Create($"{Port}")),
        new("Username", ReferenceExpression.Create($"{UserName}")),
        new("Password", ReferenceExpression.Create($"{password}")),
    ];
}

/// <summary>A database of it, made with its data folder.</summary>
internal sealed class PostgresProcessDatabaseResource(string name, string databaseName, PostgresProcessResource server)
    : Resource(name), IResourceWithParent<PostgresProcessResource>, IResourceWithConnectionString
{
    public PostgresProcessResource Parent => server;

    public string DatabaseName => databaseName;

    public ReferenceExpression ConnectionStringExpression =>
        ReferenceExpression.Create($"{server};Database={databaseName}");

    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties() =>
    [
        .. ((IResourceWithConnectionString)server).GetConnectionProperties(),
        new("DatabaseName", ReferenceExpression.Create($"{databaseName}")),
    ];
}
