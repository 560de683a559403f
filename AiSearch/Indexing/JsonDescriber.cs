using System.Text;
using System.Text.Json;

namespace Workflows.AiSearch.Indexing;

/// <summary>Writes JSON as words: <c>url: https://…; headers accept: json</c>. Bounded in depth and length.</summary>
internal static class JsonDescriber
{
    public static string Describe(JsonElement value, int maxLength)
    {
        var text = new StringBuilder();
        Append(text, value, path: "", depth: 0, maxLength);
        return Clip(text.ToString(), maxLength);
    }

    /// <summary>The first characters, without half a surrogate pair at the end and without what PostgreSQL refuses in a text.</summary>
    public static string Clip(string text, int maxLength)
    {
        var clipped = text.Length <= maxLength ? text : text[..(char.IsLowSurrogate(text[maxLength]) ? maxLength - 1 : maxLength)];
        return clipped.Replace('\0', ' ');
    }

    private static void Append(StringBuilder text, JsonElement value, string path, int depth, int maxLength)
    {
        if (depth > Limits.DescribedDepth || text.Length > maxLength)
        {
            return;
        }

        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject())
                {
                    Append(text, member.Value, path.Length == 0 ? member.Name : $"{path} {member.Name}", depth + 1, maxLength);
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                {
                    Append(text, item, path, depth + 1, maxLength);
                }

                break;
            case JsonValueKind.String:
                AppendValue(text, path, value.GetString()!);
                break;
            case JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False:
                AppendValue(text, path, value.GetRawText());
                break;
        }
    }

    private static void AppendValue(StringBuilder text, string path, string value)
    {
        if (text.Length > 0)
        {
            text.Append("; ");
        }

        if (path.Length > 0)
        {
            text.Append(path).Append(": ");
        }

        text.Append(value);
    }
}
