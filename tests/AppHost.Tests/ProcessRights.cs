namespace Workflows.AppHost.Tests;

/// <summary>Who may hold which secret; the page docs/process-rights.md says why.</summary>
internal static class ProcessRights
{
    /// <summary>The parameters of the AppHost that a process may be told, by its name.</summary>
    public static IReadOnlyDictionary<string, string[]> Secrets { get; } = new Dictionary<string, string[]>
    {
        ["postgres"] = ["postgres-password"],
        ["redis"] = ["redis-password"],
        ["migration"] = ["postgres-password", "api-db-password", "worker-db-password", "search-db-password"],
        ["api"] =
        [
            "api-db-password", "redis-password", "encryption-key", "callback-key", "search-key", "secrets-master-key",
        ],
        ["aisearch"] = ["search-db-password", "redis-password", "search-key"],
        ["worker"] = ["worker-db-password", "redis-password", "callback-key", "search-key", "secrets-master-key"],
    };
}
