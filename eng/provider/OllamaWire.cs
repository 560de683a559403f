using System.Text.Json.Nodes;

namespace Workflows.Provider;

/// <summary>Chat as Ollama speaks it: one JSON object a line.</summary>
internal static class OllamaWire
{
    public static Task WriteAsync(HttpContext context, ProviderCall call, ProviderAnswer answer)
    {
        var last = Line(call, "", done: true);
        if (!answer.HidesUsage)
        {
            last["prompt_eval_count"] = Wire.Tokens(call.Body);
            last["eval_count"] = Wire.Tokens(answer.Text!);
        }

        if (!Wire.IsStreamed(call.Body))
        {
            last["message"] = Said(answer, answer.Text!);
            return Wire.SendAsync(context, "application/json", Wire.Halves(last), answer);
        }

        var lines = answer.Tool is null
            ? Wire.Parts(answer.Text!).Select(part => Line(call, part, done: false).ToJsonString() + "\n")
            : [ToolLine(call, answer).ToJsonString() + "\n"];
        return Wire.SendAsync(context, "application/x-ndjson", [.. lines, last.ToJsonString() + "\n"], answer);
    }

    private static JsonObject ToolLine(ProviderCall call, ProviderAnswer answer)
    {
        var line = Line(call, "", done: false);
        line["message"] = Said(answer, "");
        return line;
    }

    private static JsonObject Said(ProviderAnswer answer, string text)
    {
        var message = new JsonObject { ["role"] = "assistant", ["content"] = text };
        if (answer.Tool is { } tool)
        {
            message["content"] = "";
            message["tool_calls"] = new JsonArray(new JsonObject
            {
                ["function"] = new JsonObject { ["name"] = tool.Name, ["arguments"] = JsonNode.Parse(tool.Arguments) },
            });
        }

        return message;
    }

    private static JsonObject Line(ProviderCall call, string text, bool done)
    {
        var line = new JsonObject
        {
            ["model"] = call.Body["model"]?.GetValue<string>(),
            ["created_at"] = "2026-01-01T00:00:00Z",
            ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = text },
            ["done"] = done,
        };
        if (done)
        {
            line["done_reason"] = "stop";
        }

        return line;
    }
}
