using System.Buffers;

namespace Workflows.Engine.Connectors;

/// <summary>
/// The one check of whatever becomes a header of a request: names and values of nodes, credentials of connectors,
/// tokens that somebody answered. Guarantees: what passes adds neither a header nor a request, and is sent as it is.
/// </summary>
public static class HeaderText
{
    private static readonly SearchValues<char> Token = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static readonly HashSet<string> Reserved = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Content-Length", "Idempotency-Key", "Transfer-Encoding", "Connection", "Keep-Alive",
        "Proxy-Connection",
        "Upgrade", "Proxy-Authorization", "Expect", "TE", "Trailer",
    };

    /// <summary>What is wrong with a header, as a sentence; null when it may be sent.</summary>
    public static string? FindProblem(string name, string value) =>
        FindNameProblem(name) ?? FindValueProblem(name, value);

    /// <summary>What is wrong with the name of a header, as a sentence; null when it may be sent.</summary>
    public static string? FindNameProblem(string name)
    {
        if (name.Length is 0 or > Limits.HeaderNameLength)
        {
            return $"The name of a header has 1 to {Limits.HeaderNameLength} characters.";
        }

        var at = name.AsSpan().IndexOfAnyExcept(Token);
        return at >= 0
            ? $"The name of a header holds {Describe(name, at)}; letters, digits and !#$%&'*+-.^_`|~ are allowed."
            : Reserved.Contains(name) ? $"The header '{name}' is set by the platform."
            : null;
    }

    /// <summary>What is wrong with a value that becomes a header, as a sentence; null when it may be sent.</summary>
    /// <param name="what">The header, parameter or field; the sentence names it and never shows the value.</param>
    public static string? FindValueProblem(string what, string value)
    {
        if (value.Length > Limits.HeaderValueLength)
        {
            return $"'{what}' has more than {Limits.HeaderValueLength} characters.";
        }

        var at = value.AsSpan().IndexOfAnyExceptInRange(' ', '~');
        return at < 0 ? null
            : value[at] is < ' ' or '\x7f'
                ? $"'{what}' holds a line break or another control character ({Describe(value, at)})."
                : $"'{what}' holds {Describe(value, at)}; a header is ASCII: encode it, e.g. by $encodeUrlComponent.";
    }

    // Not the character itself: it may be one that no log or row holds.
    private static string Describe(string text, int at) => $"U+{(int)text[at]:X4}, character {at + 1}";
}
