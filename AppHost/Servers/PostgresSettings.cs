namespace Workflows.AppHost.Servers;

/// <summary>
/// What PostgreSQL is told wherever it runs. <c>eng/provision/postgresql.conf</c> and <c>initdb.options</c> say it
/// once: for the process, whose script reads them, and here for the container.
/// </summary>
internal static class PostgresSettings
{
    private const string Authentication = "--auth-host=scram-sha-256 --auth-local=scram-sha-256";

    // A quarter and half of the memory that a published container is given.
    private static readonly string[] Sizes =
        ["shared_buffers=512MB", "effective_cache_size=1GB", "maintenance_work_mem=256MB"];

    /// <summary>
    /// Gives the container the platform's settings, and has it make <paramref name="databaseName"/> with its data
    /// folder: in run mode Aspire would create the database, but nobody does so where the container is deployed.
    /// </summary>
    public static IResourceBuilder<PostgresServerResource> WithPlatformSettings(
        this IResourceBuilder<PostgresServerResource> server, string databaseName)
    {
        var folder = Path.Combine(server.ApplicationBuilder.AppHostDirectory, "..", "eng", "provision");
        var initialization = File.ReadAllText(Path.Combine(folder, "initdb.options")).Trim();
        var settings = Sizes.Concat(Read(Path.Combine(folder, "postgresql.conf")));
        return server
            .WithEnvironment("POSTGRES_DB", databaseName)
            .WithEnvironment("POSTGRES_INITDB_ARGS", $"{Authentication} {initialization}")
            .WithArgs([.. settings.SelectMany(setting => new[] { "-c", setting })]);
    }

    /// <returns>Each setting as <c>name=value</c>, in the order of the file.</returns>
    /// <exception cref="DistributedApplicationException">A line is neither blank, a comment nor <c>name =
    /// value</c>.</exception>
    internal static IReadOnlyList<string> Read(string path) =>
    [
        .. File.ReadLines(path)
            .Select(line => line.Trim())
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split(" = ", 2) is [var name, var value]
                ? $"{name}={value}"
                : throw new DistributedApplicationException($"{path}: '{line}' is not name = value.")),
    ];
}
