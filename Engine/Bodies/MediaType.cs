namespace Workflows.Engine.Bodies;

/// <summary>A <c>Content-Type</c>, taken apart.</summary>
/// <param name="Name">In lower case, without parameters: <c>text/plain</c>; empty when there is none.</param>
/// <param name="Charset">As it is written, without quotes; null when there is none.</param>
public readonly record struct MediaType(string Name, string? Charset)
{
    private const string CharsetName = "charset";

    /// <summary>Whether it is <c>application/json</c>, or a type built on it.</summary>
    public bool IsJson => Name == "application/json"
        || (Name.StartsWith(
            "application/", StringComparison.Ordinal) && Name.EndsWith("+json", StringComparison.Ordinal));

    /// <summary>Whether it is what a form of HTML sends by default.</summary>
    public bool IsForm => Name == "application/x-www-form-urlencoded";

    /// <summary>Whether it is made of characters, JSON and forms aside.</summary>
    public bool IsText =>
        Name.StartsWith("text/", StringComparison.Ordinal) || Name.EndsWith("+xml", StringComparison.Ordinal)
        || Name is "application/xml" or "application/javascript" or "application/ecmascript"
            or "application/yaml" or "application/x-yaml"
            or "application/graphql" or "application/x-ndjson" or "application/sql" or "application/toml";

    /// <summary>Reads a header's value; what is no media type has an empty name.</summary>
    public static MediaType Parse(string? contentType)
    {
        if (string.IsNullOrWhiteSpace(contentType))
        {
            return new MediaType("", null);
        }

        var parts = contentType.Split(';');
        string? charset = null;
        foreach (var part in parts.AsSpan(1))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && part.AsSpan(0, equals).Trim().Equals(CharsetName, StringComparison.OrdinalIgnoreCase))
            {
                charset ??= part[(equals + 1)..].Trim().Trim('"', '\'');
            }
        }

        return new MediaType(parts[0].Trim().ToLowerInvariant(), string.IsNullOrEmpty(charset) ? null : charset);
    }
}
