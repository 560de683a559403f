namespace Workflows.Engine.Definitions;

/// <summary>"Did you mean ...": the candidate most like a mistyped name.</summary>
internal static class Nearest
{
    private const int LongestCompared = 64;

    // A comparison costs up to 10 us. 500 problems in a definition of 10,000 nodes must not cost 5,000,000 of them.
    private const int MostCompared = 50;

    /// <summary>
    /// The nearest candidate within a third of the name's length (at least one edit); null when nothing is near.
    /// </summary>
    /// <param name="mostCompared">Of the candidates that have about the name's length.</param>
    public static string? Of(string name, IEnumerable<string> candidates, int mostCompared = MostCompared)
    {
        if (name.Length is 0 or > LongestCompared)
        {
            return null;
        }

        string? nearest = null;
        var best = Math.Max(1, name.Length / 3) + 1;
        var compared = 0;
        foreach (var candidate in candidates)
        {
            if (Math.Abs(candidate.Length - name.Length) >= best || candidate.Length > LongestCompared)
            {
                continue;
            }

            if (compared++ == mostCompared)
            {
                break;
            }

            var distance = Distance(name, candidate);
            if (distance < best)
            {
                (nearest, best) = (candidate, distance);
            }
        }

        return nearest;
    }

    /// <summary>A hint that names the nearest candidate, or else all of them.</summary>
    public static string Hint(string name, IReadOnlyCollection<string> candidates) =>
        Of(name, candidates) is { } nearest
            ? $"Did you mean '{nearest}'?"
            : candidates.Count is 0 or > 50 ? "Check the spelling." : $"Known here: {string.Join(", ", candidates)}.";

    /// <summary>Edits (insert, delete, replace, swap of neighbours), regardless of case.</summary>
    private static int Distance(string leftName, string rightName)
    {
        Span<char> lowerLeft = stackalloc char[leftName.Length];
        Span<char> lowerRight = stackalloc char[rightName.Length];
        leftName.AsSpan().ToLowerInvariant(lowerLeft);
        rightName.AsSpan().ToLowerInvariant(lowerRight);

        // What both begin and end with costs no edits; names of one kind differ in little else.
        var start = lowerLeft.CommonPrefixLength(lowerRight);
        ReadOnlySpan<char> left = lowerLeft[start..];
        ReadOnlySpan<char> right = lowerRight[start..];
        while (left.Length > 0 && right.Length > 0 && left[^1] == right[^1])
        {
            left = left[..^1];
            right = right[..^1];
        }

        Span<int> before = stackalloc int[LongestCompared + 1];
        Span<int> previous = stackalloc int[LongestCompared + 1];
        Span<int> current = stackalloc int[LongestCompared + 1];
        for (var column = 0; column <= right.Length; column++)
        {
            previous[column] = column;
        }

        for (var row = 1; row <= left.Length; row++)
        {
            current[0] = row;
            for (var column = 1; column <= right.Length; column++)
            {
                var cost = left[row - 1] == right[column - 1] ? 0 : 1;
                var edits = Math.Min(Math.Min(current[column - 1], previous[column]) + 1, previous[column - 1] + cost);
                if (row > 1
                    && column > 1
                    && left[row - 1] == right[column - 2]
                    && left[row - 2] == right[column - 1])
                {
                    edits = Math.Min(edits, before[column - 2] + 1);
                }

                current[column] = edits;
            }

            previous.CopyTo(before);
            current.CopyTo(previous);
        }

        return previous[right.Length];
    }
}
