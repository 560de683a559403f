using ArchUnitNET.Domain;

namespace Workflows.Architecture.Tests;

/// <summary>
/// The folders of a project do not depend on each other in circles: whoever reads one of them has to know only what
/// lies below it. A folder is a namespace one level below its project; what lies beside the folders, such as a
/// composition or the limits, belongs to none. Where there are circles today, a list says so, and it may only shrink.
/// </summary>
internal static class FolderCycles
{
    public const string ListFile = "tests/Architecture.Tests/folder-cycles.txt";
    public const string RenewSwitch = "WORKFLOWS_RENEW_FOLDER_CYCLES";

    public const string HowToRenew =
        $"{RenewSwitch}=1 artifacts/bin/Architecture.Tests/debug/Workflows.Architecture.Tests -class "
        + $"'*FolderCycleTests' takes it off {ListFile}.";

    private const string Root = "Workflows.";

    /// <summary>Every dependency between two folders that is part of a circle, with a use that makes it one.</summary>
    /// <param name="types">The types of any number of projects.</param>
    public static IReadOnlyDictionary<string, string> Find(IEnumerable<IType> types)
    {
        var uses = new Dictionary<(string From, string To), string>();
        foreach (var use in types.SelectMany(type => type.Dependencies.Select(one => new Use(type, one))))
        {
            if (FolderOf(use.User) is { } from && FolderOf(use.Used) is { } to && from != to
                && ProjectOf(from) == ProjectOf(to))
            {
                uses.TryAdd((from, to), use.ToString());
            }
        }

        var next = uses.Keys.ToLookup(one => one.From, one => one.To);
        return uses.Where(one => Leads(one.Key.To, one.Key.From, next, []))
            .ToDictionary(one => $"{one.Key.From} -> {one.Key.To}", one => one.Value, StringComparer.Ordinal);
    }

    /// <summary>What is wrong, a sentence for each dependency.</summary>
    /// <param name="found">The dependencies of today that are part of a circle.</param>
    /// <param name="known">Those that the list allows.</param>
    public static IEnumerable<string> Problems(
        IReadOnlyDictionary<string, string> found, IReadOnlyCollection<string> known) =>
        found.Where(one => !known.Contains(one.Key))
            .Select(one => $"{one.Key} is part of a circle of folders: {one.Value}")
            .Concat(known.Where(one => !found.ContainsKey(one))
                .Select(one => $"{one} is part of no circle any more. {HowToRenew}"))
            .Order(StringComparer.Ordinal);

    /// <summary>The list that is right now, without anything that a list before it did not allow.</summary>
    /// <param name="found">The dependencies of today that are part of a circle.</param>
    /// <param name="known">The list before; null when there is none, and all is taken as it is.</param>
    public static IReadOnlyCollection<string> Renewed(
        IReadOnlyDictionary<string, string> found, IReadOnlyCollection<string>? known) =>
        [.. found.Keys.Where(one => known is null || known.Contains(one))];

    public static IReadOnlyCollection<string> Parse(string list) =>
        list.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public static string Write(IReadOnlyCollection<string> list) =>
        string.Concat(list.Order(StringComparer.Ordinal).Select(one => $"{one}\n"));

    private static bool Leads(string from, string to, ILookup<string, string> next, HashSet<string> seen) =>
        from == to || (seen.Add(from) && next[from].Any(one => Leads(one, to, next, seen)));

    /// <returns><c>Project/Folder</c>; null of what lies in no folder of a project.</returns>
    private static string? FolderOf(IType type) =>
        type.Namespace?.FullName is { } space && space.StartsWith(Root, StringComparison.Ordinal)
        && space[Root.Length..].Split('.', 3) is [var project, var folder, ..]
            ? $"{project}/{folder}"
            : null;

    private static string ProjectOf(string folder) => folder[..folder.IndexOf('/', StringComparison.Ordinal)];
}
