using System.Globalization;

namespace Workflows.Api.Executions;

/// <summary>Iterations as people give them: an index for each loop around a step, the outermost first.</summary>
internal static class Iterations
{
    /// <returns>The indices, none for the top level; null when the text is no iteration.</returns>
    public static int[]? Parse(string text)
    {
        if (text.Length == 0)
        {
            return [];
        }

        if (text.Length > Limits.IterationLength)
        {
            return null;
        }

        var parts = text.Split('/');
        var indices = new int[parts.Length];
        for (var at = 0; at < parts.Length; at++)
        {
            if (!int.TryParse(parts[at], NumberStyles.None, CultureInfo.InvariantCulture, out indices[at]))
            {
                return null;
            }
        }

        return indices;
    }

    public static string Rule(string parameter) =>
        $"'{parameter}' is the index of the round in each loop around the step, divided by '/', as 4 or 4/0; "
        + "empty for the top level.";
}
