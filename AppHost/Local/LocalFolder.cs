namespace Workflows.AppHost.Local;

/// <summary>Where data, logs, addresses and generated secrets of the running platform lie.</summary>
internal static class LocalFolder
{
    /// <summary>
    /// The folder that <c>LocalFolder</c> names, else <c>.local</c> of this clone, which git ignores. An absolute
    /// path.
    /// </summary>
    public static string Of(IDistributedApplicationBuilder builder) => Path.GetFullPath(
        builder.Configuration["LocalFolder"] is { Length: > 0 } named
            ? named
            : Path.Combine(builder.AppHostDirectory, "..", ".local"));
}
