using System.Text.Json.Nodes;

namespace Workflows.Provider;

/// <summary>What the wire formats have in common.</summary>
internal static class Wire
{
    public static bool IsStreamed(JsonObject body) => body["stream"]?.GetValue<bool>() == true;

    /// <summary>A text, or the texts of parts.</summary>
    public static string TextOf(JsonNode? content) => content switch
    {
        JsonArray parts => string.Join("\n", parts.Select(part => part?["text"]?.GetValue<string>() ?? "")),
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        _ => "",
    };

    public static int Tokens(string text) => (text.Length + 3) / 4;

    public static int Tokens(JsonObject body) =>
        body["messages"]?.AsArray().Sum(message => Tokens(TextOf(message?["content"]))) ?? 0;

    /// <summary>Words, each with the blank before it.</summary>
    public static IEnumerable<string> Parts(string text)
    {
        var from = 0;
        for (var at = 1; at <= text.Length; at++)
        {
            if (at == text.Length || text[at] == ' ')
            {
                yield return text[from..at];
                from = at;
            }
        }
    }

    /// <summary>A whole answer in two parts, so that it can break off.</summary>
    public static string[] Halves(JsonNode whole)
    {
        var json = whole.ToJsonString();
        return [json[..(json.Length / 2)], json[(json.Length / 2)..]];
    }

    public static string Error(string path, string message) => path == "/v1/messages"
        ? new JsonObject
        {
            ["type"] = "error",
            ["error"] = new JsonObject { ["type"] = "api_error", ["message"] = message },
        }.ToJsonString()
        : path.StartsWith("/api/", StringComparison.Ordinal) ? new JsonObject { ["error"] = message }.ToJsonString()
        : new JsonObject { ["error"] = new JsonObject { ["message"] = message, ["type"] = "error" } }.ToJsonString();

    /// <summary>Parts of an answer, with the pause between them; the connection is cut before the last when it breaks
    /// off.</summary>
    public static async Task SendAsync(
        HttpContext context, string type, IReadOnlyList<string> parts, ProviderAnswer answer)
    {
        context.Response.ContentType = type;
        for (var index = 0; index < parts.Count; index++)
        {
            if (answer.BreaksOff && index >= parts.Count / 2)
            {
                await Task.Delay(100, context.RequestAborted); // what was sent should arrive
                context.Abort();
                return;
            }

            await context.Response.WriteAsync(parts[index], context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            if (parts.Count > 1 && answer.Delay is { } pause)
            {
                await Task.Delay(pause, context.RequestAborted);
            }
        }
    }

    public static string Event(JsonNode data, string? name = null) =>
        (name is null ? "" : $"event: {name}\n") + $"data: {data.ToJsonString()}\n\n";
}
