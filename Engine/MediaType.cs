namespace Workflows.Engine;

/// <summary>
/// What a Content-Type says, as far as it matters for reading a body. Never fails: what is no type is <c>""</c>.
/// </summary>
/// <param name="Name">Type and subtype in lower case, e.g. <c>application/json</c>; empty when there is none.</param>
/// <param name="Charset">Its parameter <c>charset</c> without quotes; null when there is none.</param>
public readonly record struct MediaType(string Name, string? Charset)
{
    /// <summary>One JSON value: <c>application/json</c>, <c>text/json</c>, and whatever ends in <c>+json</c>.</summary>
    public bool IsJson => Name.EndsWith("+json", StringComparison.Ordinal) || Subtype is "json" or "x-json";

    /// <summary>Names and values as an HTML form sends them.</summary>
    public bool IsForm => Name == "application/x-www-form-urlencoded";

    /// <summary>Pictures, sound, films and fonts: never text, whatever their bytes look like.</summary>
    public bool IsBinary =>
        (Name.StartsWith("image/", StringComparison.Ordinal) && !Name.EndsWith("+xml", StringComparison.Ordinal))
        || Name.StartsWith("audio/", StringComparison.Ordinal)
        || Name.StartsWith("video/", StringComparison.Ordinal)
        || Name.StartsWith("font/", StringComparison.Ordinal);

    private string Subtype => Name[(Name.IndexOf('/', StringComparison.Ordinal) + 1)..];

    /// <summary>Reads the value of a Content-Type header.</summary>
    public static MediaType Parse(string? contentType)
    {
        if (string.IsNullOrWhiteSpace(contentType))
        {
            return new("", null);
        }

        var parts = contentType.Split(';', StringSplitOptions.TrimEntries);
        string? charset = null;
        foreach (var part in parts.AsSpan(1))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && part.AsSpan(0, equals).Trim().Equals("charset", StringComparison.OrdinalIgnoreCase))
            {
                charset ??= part[(equals + 1)..].Trim().Trim('"', '\'');
            }
        }

        return new(parts[0].ToLowerInvariant(), charset is { Length: > 0 } ? charset : null);
    }
}
