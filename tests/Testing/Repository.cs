namespace Workflows.Testing;

/// <summary>Where the repository and its provisioned servers lie, seen from a test program below <c>artifacts/</c>.</summary>
public static class Repository
{
    /// <summary>The folder that holds the solution.</summary>
    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    /// <summary>The folder of postgres, initdb and redis-server: WORKFLOWS_SERVERS_BIN, else <c>.local/servers/bin</c>.</summary>
    /// <exception cref="InvalidOperationException">There are no servers at either place.</exception>
    public static string ServersBin()
    {
        var named = Environment.GetEnvironmentVariable("WORKFLOWS_SERVERS_BIN");
        var folder = string.IsNullOrWhiteSpace(named) ? Path.Combine(Root, ".local", "servers", "bin") : named;
        return File.Exists(Path.Combine(folder, "postgres"))
            ? folder
            : throw new InvalidOperationException(
                $"No PostgreSQL in {folder}. Run ./test once, which provisions the servers, or set WORKFLOWS_SERVERS_BIN.");
    }

    internal static string ProvisionScript(string name) => Path.Combine(Root, "eng", "provision", name);

    private static string FindRoot(string directory) =>
        File.Exists(Path.Combine(directory, "Directory.Packages.props"))
            ? directory
            : FindRoot(Path.GetDirectoryName(directory)
                ?? throw new InvalidOperationException("No repository root above the test program."));
}
