using System.Globalization;

namespace Workflows.Engine.Definitions;

/// <summary>
/// How large an automaton a regular expression unfolds to, by its counted repetitions: <c>(.*){1,1000}</c> is few characters and
/// minutes of work even for an engine that never backtracks.
/// </summary>
internal static class PatternCost
{
    /// <summary>Null when the pattern is cheap enough; else what is too much, for people.</summary>
    public static string? FindProblem(string pattern)
    {
        long groups = 1;
        long atoms = 0;
        var inClass = false;
        for (var at = 0; at < pattern.Length; at++)
        {
            switch (pattern[at])
            {
                case '\\':
                    at++;
                    break;
                case '[':
                    inClass = true;
                    break;
                case ']':
                    inClass = false;
                    break;
                case '{' when !inClass && TryReadCount(pattern, at, out var count):
                    if (at > 0 && pattern[at - 1] == ')' && !(at > 1 && pattern[at - 2] == '\\'))
                    {
                        if (count > Limits.InputSchemaPatternGroupRepeats)
                        {
                            return $"a group repeats more than {Limits.InputSchemaPatternGroupRepeats} times";
                        }

                        groups = Math.Min(groups * Math.Max(1, count), int.MaxValue);
                    }
                    else
                    {
                        atoms += count;
                    }

                    break;
            }
        }

        return groups * Math.Max(1, atoms) > Limits.InputSchemaPatternRepeats
            ? $"its repetitions multiply to more than {Limits.InputSchemaPatternRepeats}"
            : null;
    }

    /// <summary>The larger number of <c>{n}</c>, <c>{n,}</c> or <c>{n,m}</c>.</summary>
    private static bool TryReadCount(string pattern, int open, out int count)
    {
        count = 0;
        var close = pattern.IndexOf('}', open);
        if (close < 0)
        {
            return false;
        }

        foreach (var part in pattern[(open + 1)..close].Split(','))
        {
            if (part.Length > 0)
            {
                if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                {
                    return false;
                }

                count = Math.Max(count, Math.Min(number, Limits.InputSchemaPatternRepeats + 1));
            }
        }

        return true;
    }
}
