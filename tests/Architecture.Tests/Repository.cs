namespace Workflows.Architecture.Tests;

/// <summary>The repository as it lies on the disk, without what a build or a run puts there.</summary>
internal static class Repository
{
    private static readonly HashSet<string> Ignored =
        ["artifacts", "node_modules", ".git", ".local", ".vs", ".vscode", "TestResults", "out"];

    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    /// <summary>Paths of all files with one of these endings, relative, with forward slashes, in order.</summary>
    public static IReadOnlyList<string> Files(params string[] endings) =>
        [.. Walk(Root)
            .Where(path => endings.Any(ending => path.EndsWith(ending, StringComparison.Ordinal)))
            .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
            .Order(StringComparer.Ordinal)];

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    public static bool IsBelow(this string path, params string[] folders) =>
        folders.Any(folder => path.StartsWith(folder, StringComparison.Ordinal));

    private static IEnumerable<string> Walk(string folder) =>
        Directory.EnumerateFiles(folder).Concat(
            Directory.EnumerateDirectories(folder)
                .Where(inner => !Ignored.Contains(Path.GetFileName(inner)))
                .SelectMany(Walk));

    private static string FindRoot(string directory) =>
        File.Exists(Path.Combine(directory, "Directory.Packages.props"))
            ? directory
            : FindRoot(Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("No repository root above the test."));
}
