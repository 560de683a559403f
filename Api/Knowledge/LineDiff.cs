namespace Workflows.Api.Knowledge;

/// <summary>What differs between two texts, line by line: the shortest way from one to the other (Myers), up to a
/// number of differing lines; beyond it, what lies between the equal ends is replaced as a whole. Time and memory are
/// bounded by that number, whatever the texts are.</summary>
internal static class LineDiff
{
    private const int Context = 3;

    /// <summary>All lines of both texts in their order: same, removed or added.</summary>
    public static List<DiffLineView> Between(string before, string after, int maxDifferences)
    {
        var (left, right) = (Lines(before), Lines(after));
        var start = 0;
        while (start < left.Length && start < right.Length && left[start] == right[start])
        {
            start++;
        }

        var end = 0;
        while (end < left.Length - start && end < right.Length - start && left[^(end + 1)] == right[^(end + 1)])
        {
            end++;
        }

        var lines = new List<DiffLineView>();
        for (var i = 0; i < start; i++)
        {
            lines.Add(Same(i, i, left[i]));
        }

        lines.AddRange(Middle(left.AsSpan(start..^end), right.AsSpan(start..^end), start, maxDifferences));
        for (var i = end; i > 0; i--)
        {
            lines.Add(Same(left.Length - i, right.Length - i, left[^i]));
        }

        return lines;
    }

    /// <summary>Leaves out equal lines that are far from any difference.</summary>
    public static IEnumerable<DiffLineView> Near(List<DiffLineView> lines)
    {
        var isNear = new bool[lines.Count];
        for (var i = 0; i < lines.Count; i++)
        {
            if (lines[i].Kind != "same")
            {
                var from = Math.Max(0, i - Context);
                isNear.AsSpan(from, Math.Min(lines.Count, i + Context + 1) - from).Fill(true);
            }
        }

        return lines.Where((_, i) => isNear[i]);
    }

    private static string[] Lines(string text) => text.Length == 0 ? [] : text.ReplaceLineEndings("\n").Split('\n');

    private static List<DiffLineView> Middle(
        ReadOnlySpan<string> left, ReadOnlySpan<string> right, int offset, int maxDifferences)
    {
        var trace = Trace(left, right, maxDifferences);
        var lines = new List<DiffLineView>();
        if (trace is null)
        {
            for (var i = 0; i < left.Length; i++)
            {
                lines.Add(Removed(i + offset, left[i]));
            }

            for (var i = 0; i < right.Length; i++)
            {
                lines.Add(Added(i + offset, right[i]));
            }

            return lines;
        }

        var (x, y) = (left.Length, right.Length);
        for (var depth = trace.Count - 1; depth >= 0; depth--)
        {
            var furthest = trace[depth];
            var diagonal = x - y;
            var isDown = depth == 0 || diagonal == -depth
                || (diagonal != depth && At(furthest, depth, diagonal - 1) < At(furthest, depth, diagonal + 1));
            var fromDiagonal = isDown ? diagonal + 1 : diagonal - 1;
            var fromX = depth == 0 ? 0 : At(furthest, depth, fromDiagonal);
            var fromY = depth == 0 ? 0 : fromX - fromDiagonal;
            while (x > fromX && y > fromY)
            {
                x--;
                y--;
                lines.Add(Same(x + offset, y + offset, left[x]));
            }

            if (depth > 0)
            {
                lines.Add(isDown ? Added(fromY + offset, right[fromY]) : Removed(fromX + offset, left[fromX]));
                (x, y) = (fromX, fromY);
            }
        }

        lines.Reverse();
        return lines;
    }

    // For each number of differences the furthest places reached on its diagonals before it; null when it needs more.
    private static List<int[]>? Trace(ReadOnlySpan<string> left, ReadOnlySpan<string> right, int maxDifferences)
    {
        var trace = new List<int[]>();
        var reached = new int[3];
        for (var depth = 0; depth <= Math.Min(left.Length + right.Length, maxDifferences); depth++)
        {
            trace.Add(reached);
            var next = new int[(2 * (depth + 1)) + 1];
            for (var diagonal = -depth; diagonal <= depth; diagonal += 2)
            {
                var isDown = diagonal == -depth
                    || (diagonal != depth && At(reached, depth, diagonal - 1) < At(reached, depth, diagonal + 1));
                var x = depth == 0 ? 0
                    : isDown ? At(reached, depth, diagonal + 1)
                    : At(reached, depth, diagonal - 1) + 1;
                while (x < left.Length && x - diagonal < right.Length && left[x] == right[x - diagonal])
                {
                    x++;
                }

                next[diagonal + depth + 1] = x;
                if (x >= left.Length && x - diagonal >= right.Length)
                {
                    return trace;
                }
            }

            reached = next;
        }

        return null;
    }

    // The array before the given number of differences has the diagonals -depth to depth.
    private static int At(int[] reached, int depth, int diagonal) =>
        diagonal + depth is var index && index >= 0 && index < reached.Length ? reached[index] : 0;

    private static DiffLineView Same(int from, int to, string text) => new("same", from + 1, to + 1, text);

    private static DiffLineView Removed(int from, string text) => new("removed", from + 1, null, text);

    private static DiffLineView Added(int to, string text) => new("added", null, to + 1, text);
}
