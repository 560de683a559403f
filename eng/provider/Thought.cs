using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Workflows.Provider;

/// <summary>
/// What is said where nobody said what: with a schema the smallest value that fits it and is read from the question;
/// with numbered passages the first sentence of the first, with its number; else the question again.
/// </summary>
internal static partial class Thought
{
    public static string Of(JsonObject body)
    {
        var messages = body["messages"]?.AsArray() ?? [];
        var question = Wire.TextOf(messages.LastOrDefault()?["content"]);
        if (SchemaOf(body) is { } schema)
        {
            return Fit(schema, question).ToJsonString();
        }

        var all = string.Join('\n', messages.Select(message => Wire.TextOf(message?["content"])));
        return Passage().Match(all) is { Success: true } passage
            ? $"{passage.Groups[1].Value.Trim().TrimEnd('.')} [1]."
            : $"You said: {question}";
    }

    // By the provider's own means, or in the words of the platform.
    private static JsonObject? SchemaOf(JsonObject body)
    {
        var own = body["response_format"]?["json_schema"]?["schema"] ?? body["output_format"]?["schema"]
            ?? body["output_config"]?["format"]?["schema"] ?? body["format"];
        if (own is JsonObject schema)
        {
            return schema;
        }

        var said = Wire.TextOf(body["system"]) + string.Join(
            '\n', (body["messages"]?.AsArray() ?? []).Select(message => Wire.TextOf(message?["content"])));
        return InWords().Match(said) is { Success: true } found ? JsonNode.Parse(found.Groups[1].Value)!.AsObject() : null;
    }

    private static JsonNode Fit(JsonObject schema, string question)
    {
        if (schema["enum"] is JsonArray choices)
        {
            return (choices.FirstOrDefault(choice =>
                question.Contains(choice!.ToString(), StringComparison.OrdinalIgnoreCase)) ?? choices[0]!).DeepClone();
        }

        switch (schema["type"]?.ToString())
        {
            case "object":
                var value = new JsonObject();
                foreach (var (name, of) in schema["properties"]?.AsObject() ?? [])
                {
                    value[name] = Fit(of!.AsObject(), Near(question, name));
                }

                return value;
            case "array":
                return new JsonArray(Fit(schema["items"] as JsonObject ?? [], question));
            case "number" or "integer":
                return Number().Match(question) is { Success: true } found
                    ? JsonNode.Parse(found.Value)!
                    : Math.Max(0, schema["minimum"]?.GetValue<double>() ?? 0);
            case "boolean":
                return question.Contains("yes", StringComparison.OrdinalIgnoreCase);
            case "null":
                return JsonValue.Create((string?)null)!;
            default:
                return question.Length > 200 ? question[..200] : question;
        }
    }

    // What follows a property's name in the question is its value, to the end of the line.
    private static string Near(string question, string name)
    {
        var at = question.IndexOf(name + ":", StringComparison.OrdinalIgnoreCase);
        return at < 0 ? question : question[(at + name.Length + 1)..].Split('\n', 2)[0].Trim();
    }

    [GeneratedRegex(@"<<<passage 1 [^\n]*\n[^\n]*\n+(?:#[^\n]*\n+)*([^\n.!?]+)", RegexOptions.CultureInvariant)]
    private static partial Regex Passage();

    [GeneratedRegex(@"-?\d+(\.\d+)?", RegexOptions.CultureInvariant)]
    private static partial Regex Number();

    [GeneratedRegex(@"fits this JSON Schema, and nothing else:\n(\{.*\})", RegexOptions.CultureInvariant)]
    private static partial Regex InWords();
}
