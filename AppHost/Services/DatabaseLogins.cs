namespace Workflows.AppHost.Services;

/// <summary>Who works in the database as whom.</summary>
internal static class DatabaseLogins
{
    // The name under which services look for it (Data/Database/DatabaseRegistration.cs).
    private const string ConnectionVariable = "ConnectionStrings__workflows";

    /// <summary>
    /// Gives the service a connection string of its own role, and no more: a reference to the database would hand it
    /// the server's administrator.
    /// </summary>
    public static IResourceBuilder<ProjectResource> WithDatabaseLogin(
        this IResourceBuilder<ProjectResource> service,
        IResourceBuilder<IResourceWithConnectionString> database,
        string role,
        IResourceBuilder<ParameterResource> password)
    {
        var server = database.Resource.GetConnectionProperties().ToDictionary();
        var (host, port, name) = (server["Host"], server["Port"], server["DatabaseName"]);
        var connection = ReferenceExpression.Create(
            $"Host={host};Port={port};Database={name};Username={role};Password={password}");
        return service
            .WithEnvironment(ConnectionVariable, connection)
            .WithReferenceRelationship(database.Resource);
    }
}
