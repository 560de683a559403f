using System.Text.Json;

namespace Workflows.Engine.Executions;

/// <summary>What of a secret value gives it away by itself.</summary>
internal static class SecretParts
{
    /// <summary>Characters of a line or member that counts for itself; a shorter one may be ordinary text.</summary>
    private const int MinPartLength = 16;

    private static readonly string[] SecretNames = ["key", "secret", "token", "password", "passphrase", "credential"];

    /// <summary>The value, and the parts of it that are to be masked where they stand alone.</summary>
    public static IEnumerable<string> Of(string value) => [value, .. InJson(value), .. Lines(value)];

    // A file of several lines comes back with other line ends, without any, or a line at a time. Its bounds
    // ("-----BEGIN ...") say nothing.
    private static List<string> Lines(string value)
    {
        var trimmed = value.Trim();
        if (!trimmed.AsSpan().ContainsAny('\r', '\n') || trimmed.StartsWith('{'))
        {
            return [];
        }

        var lines = trimmed.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var body = lines.Where(line => !line.StartsWith("-----", StringComparison.Ordinal)).ToList();
        return
        [
            string.Join('\n', lines), string.Join("\r\n", lines),
            .. body.Append(string.Concat(body)).Where(line => line.Length >= MinPartLength),
        ];
    }

    private static List<string> InJson(string value)
    {
        if (!value.AsSpan().TrimStart().StartsWith("{"))
        {
            return [];
        }

        var parts = new List<string>();
        try
        {
            using var json = JsonDocument.Parse(value, new JsonDocumentOptions { MaxDepth = Limits.JsonDepth });
            parts.Add(JsonSerializer.Serialize(json.RootElement)); // as somebody who reads and writes it has it
            foreach (var member in json.RootElement.EnumerateObject())
            {
                if (member.Value.ValueKind == JsonValueKind.String
                    && member.Value.GetString() is { Length: >= MinPartLength } text
                    && SecretNames.Any(name => member.Name.Contains(name, StringComparison.OrdinalIgnoreCase)))
                {
                    parts.AddRange([text, .. Lines(text)]);
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return parts; // it only looks like JSON
        }

        return parts;
    }
}
