namespace Workflows.AppHost.Services;

/// <summary>
/// The process that brings the database to the schema of this build and ends, before the API starts. It alone gets the
/// credentials of the server's administrator, and it serves nobody.
/// </summary>
internal static class Migration
{
    public const string Name = "migration";

    /// <summary>
    /// Has it sleep when it is done, where whoever runs it knows no program that ends: what azd makes of the manifest
    /// would start it again for ever. Compose and Kubernetes are told otherwise (<c>ManifestReader</c>).
    /// </summary>
    public const string StayArgument = "--stay";

    private const string Command = "migrate";

    /// <param name="builder">The application.</param>
    /// <param name="database">Whose schema.</param>
    /// <param name="rolePasswords">What the roles of the services get, by setting.</param>
    public static IResourceBuilder<ProjectResource> AddMigration(
        this IDistributedApplicationBuilder builder,
        IResourceBuilder<IResourceWithConnectionString> database,
        params IEnumerable<(string Setting, IResourceBuilder<ParameterResource> Password)> rolePasswords)
    {
        var migration = builder
            .AddProject<Projects.Api>(Name, options =>
            {
                options.ExcludeLaunchProfile = true; // it listens nowhere
                options.ExcludeKestrelEndpoints = true;
            })
            .WithArgs(builder.ExecutionContext.IsPublishMode ? [Command, StayArgument] : [Command])
            .WithReferenceEnvironment(ReferenceEnvironmentInjectionFlags.ConnectionString)
            .WithReference(database)
            .WaitFor(database);
        foreach (var (setting, password) in rolePasswords)
        {
            migration.WithEnvironment(setting, password);
        }

        return migration;
    }
}
