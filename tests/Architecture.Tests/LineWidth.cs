namespace Workflows.Architecture.Tests;

/// <summary>
/// How wide lines may be, and the files that do not keep it yet. The list may only shrink: a file that is not on it
/// has no wide line, one on it has not more than it says, and a file that got better is recorded as such.
/// </summary>
internal static class LineWidth
{
    public const int Limit = 120;

    public const string ListFile = "tests/Architecture.Tests/wide-lines.txt";
    public const string RenewSwitch = "WORKFLOWS_RENEW_WIDE_LINES";

    public const string HowToRenew =
        $"{RenewSwitch}=1 artifacts/bin/Architecture.Tests/debug/Workflows.Architecture.Tests -class '*LineWidthTests' "
        + $"lowers the figures in {ListFile}; it begins anew when that file is not there.";

    /// <summary>The numbers of the lines that are too wide, from 1.</summary>
    public static IReadOnlyList<int> WideLines(string text) =>
    [
        .. text.Split('\n')
            .Select((line, index) => (Line: line.TrimEnd('\r'), Number: index + 1))
            .Where(line => line.Line.Length > Limit)
            .Select(line => line.Number),
    ];

    /// <summary>What is wrong, a sentence for each file.</summary>
    /// <param name="wide">Every source file with the numbers of its wide lines.</param>
    /// <param name="recorded">How many each file is known to have.</param>
    public static IEnumerable<string> Problems(
        IReadOnlyDictionary<string, IReadOnlyList<int>> wide, IReadOnlyDictionary<string, int> recorded)
    {
        foreach (var (path, lines) in wide)
        {
            var known = recorded.GetValueOrDefault(path);
            if (lines.Count > known)
            {
                yield return $"{path}: {lines.Count} lines are wider than {Limit}, {known} were known; "
                    + $"they are {string.Join(", ", lines)}";
            }
            else if (lines.Count < known)
            {
                yield return $"{path}: got better, from {known} to {lines.Count} wide lines. {HowToRenew}";
            }
        }

        foreach (var path in recorded.Keys.Except(wide.Keys))
        {
            yield return $"{path}: is not there any more. {HowToRenew}";
        }
    }

    /// <summary>The list that is right now, without anything that a list before it did not allow.</summary>
    /// <param name="wide">Every source file with the numbers of its wide lines.</param>
    /// <param name="recorded">The list before; null when there is none, and all is taken as it is.</param>
    public static IReadOnlyDictionary<string, int> Renewed(
        IReadOnlyDictionary<string, IReadOnlyList<int>> wide, IReadOnlyDictionary<string, int>? recorded) =>
        wide.Select(file => (Path: file.Key, Lines: recorded is null
                ? file.Value.Count
                : Math.Min(file.Value.Count, recorded.GetValueOrDefault(file.Key))))
            .Where(file => file.Lines > 0)
            .ToDictionary(file => file.Path, file => file.Lines);

    /// <summary>Reads lines of a number and a path.</summary>
    public static IReadOnlyDictionary<string, int> Parse(string list) =>
        list.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', 2))
            .ToDictionary(parts => parts[1], parts => int.Parse(parts[0], provider: null));

    public static string Write(IReadOnlyDictionary<string, int> list) =>
        string.Concat(list.OrderBy(file => file.Key, StringComparer.Ordinal)
            .Select(file => $"{file.Value} {file.Key}\n"));
}
