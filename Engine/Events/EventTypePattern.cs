namespace Workflows.Engine.Events;

/// <summary>
/// A pattern over CloudEvents types: text in which each <c>*</c> stands for any run of characters, dots included, also none.
/// <c>order.*</c> matches <c>order.created</c> and <c>order.item.added</c>, not <c>order</c>. Case matters, as in CloudEvents.
/// </summary>
public readonly record struct EventTypePattern
{
    private readonly string _pattern;

    private EventTypePattern(string pattern) => _pattern = pattern;

    public string Text => _pattern ?? "";

    /// <summary>True when the pattern is one exact type, so that an index by equality finds it.</summary>
    public bool IsExact => !Text.Contains('*', StringComparison.Ordinal);

    /// <summary>The text before the first <c>*</c>: what an index by prefix can use.</summary>
    public string Prefix => Text.IndexOf('*', StringComparison.Ordinal) is var star && star < 0 ? Text : Text[..star];

    /// <summary>Null when <paramref name="text"/> is a pattern; else what is wrong with it, for people.</summary>
    public static string? FindProblem(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "an event type must not be empty";
        }

        if (text.Length > Limits.EventTypeLength)
        {
            return $"an event type has at most {Limits.EventTypeLength} characters";
        }

        foreach (var character in text)
        {
            if (char.IsControl(character) || char.IsWhiteSpace(character))
            {
                return "an event type must not hold blanks or control characters";
            }
        }

        return text.Contains("**", StringComparison.Ordinal) ? "write one '*' instead of several in a row" : null;
    }

    public static bool TryParse(string? text, out EventTypePattern pattern)
    {
        var valid = FindProblem(text) is null;
        pattern = valid ? new EventTypePattern(text!) : default;
        return valid;
    }

    /// <summary>Linear in pattern and type for one <c>*</c>; never worse than their product.</summary>
    public bool Matches(ReadOnlySpan<char> eventType)
    {
        var pattern = Text.AsSpan();
        int p = 0, t = 0, star = -1, resume = 0;
        while (t < eventType.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                resume = t;
            }
            else if (p < pattern.Length && pattern[p] == eventType[t])
            {
                p++;
                t++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++resume;
            }
            else
            {
                return false;
            }
        }

        while (p < pattern.Length && pattern[p] == '*')
        {
            p++;
        }

        return p == pattern.Length;
    }

    public override string ToString() => Text;
}
