namespace Workflows.Engine.Events;

/// <summary>
/// A pattern over CloudEvents types, by dot-divided segments: <c>*</c> stands for one whole segment, as the last one for all that follow
/// (one at least). <c>order.*</c> matches <c>order.created</c> and <c>order.item.added</c>, not <c>order</c>; <c>*.created</c> matches
/// <c>order.created</c>, not <c>order.item.created</c>. Case matters, as in CloudEvents.
/// </summary>
/// <remarks>So every pattern that matches a type can be listed from the type, and routing looks triggers up by equality in one index.</remarks>
public readonly record struct EventTypePattern
{
    private readonly string _pattern;

    private EventTypePattern(string pattern) => _pattern = pattern;

    public string Text => _pattern ?? "";

    /// <summary>True when the pattern is one exact type, so that an index by equality finds it.</summary>
    public bool IsExact => !Text.Contains('*', StringComparison.Ordinal);

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

        foreach (var segment in text.AsSpan().Split('.'))
        {
            if (text.AsSpan(segment) is { Length: > 1 } name && name.Contains('*'))
            {
                return $"'*' stands for a whole segment between dots, so '{name}' cannot match anything";
            }
        }

        return text.Contains('*', StringComparison.Ordinal) && text.AsSpan().Count('.') >= Limits.EventPatternSegments
            ? $"a pattern with '*' has at most {Limits.EventPatternSegments} segments"
            : null;
    }

    public static bool TryParse(string? text, out EventTypePattern pattern)
    {
        var valid = FindProblem(text) is null;
        pattern = valid ? new EventTypePattern(text!) : default;
        return valid;
    }

    /// <summary>Linear in the type.</summary>
    public bool Matches(ReadOnlySpan<char> eventType)
    {
        var pattern = Text.AsSpan();
        while (true)
        {
            if (pattern is "*")
            {
                return true;
            }

            var patternDot = pattern.IndexOf('.');
            var typeDot = eventType.IndexOf('.');
            var expected = patternDot < 0 ? pattern : pattern[..patternDot];
            var actual = typeDot < 0 ? eventType : eventType[..typeDot];
            if (expected is not "*" && !expected.SequenceEqual(actual))
            {
                return false;
            }

            if (patternDot < 0 || typeDot < 0)
            {
                return patternDot < 0 && typeDot < 0;
            }

            pattern = pattern[(patternDot + 1)..];
            eventType = eventType[(typeDot + 1)..];
        }
    }

    public override string ToString() => Text;
}
