using System.Text.Json.Nodes;

namespace Workflows.Provider;

/// <summary>Messages as Anthropic speaks them.</summary>
internal static class AnthropicWire
{
    public static Task WriteAsync(HttpContext context, ProviderCall call, ProviderAnswer answer)
    {
        var input = Wire.Tokens(call.Body) + Wire.Tokens(Wire.TextOf(call.Body["system"]));
        var output = Wire.Tokens(answer.Text!);
        if (!Wire.IsStreamed(call.Body))
        {
            var whole = Message(call, answer, input, output, whole: true);
            return Wire.SendAsync(context, "application/json", Wire.Halves(whole), answer);
        }

        return Wire.SendAsync(context, "text/event-stream", [.. Streamed(call, answer, input, output)], answer);
    }

    private static IEnumerable<string> Streamed(ProviderCall call, ProviderAnswer answer, int input, int output)
    {
        yield return Wire.Event(
            new JsonObject { ["type"] = "message_start", ["message"] = Message(call, answer, input, 0, whole: false) },
            "message_start");
        yield return Wire.Event(
            new JsonObject { ["type"] = "content_block_start", ["index"] = 0, ["content_block"] = Block(answer, "") },
            "content_block_start");
        var parts = answer.Tool is { } tool ? [tool.Arguments] : Wire.Parts(answer.Text!);
        foreach (var part in parts)
        {
            var delta = answer.Tool is null
                ? new JsonObject { ["type"] = "text_delta", ["text"] = part }
                : new JsonObject { ["type"] = "input_json_delta", ["partial_json"] = part };
            yield return Wire.Event(
                new JsonObject { ["type"] = "content_block_delta", ["index"] = 0, ["delta"] = delta },
                "content_block_delta");
        }

        yield return Wire.Event(new JsonObject { ["type"] = "content_block_stop", ["index"] = 0 }, "content_block_stop");
        yield return Wire.Event(
            new JsonObject
            {
                ["type"] = "message_delta",
                ["delta"] = new JsonObject { ["stop_reason"] = StopReason(answer), ["stop_sequence"] = null },
                ["usage"] = new JsonObject { ["output_tokens"] = output },
            },
            "message_delta");
        yield return Wire.Event(new JsonObject { ["type"] = "message_stop" }, "message_stop");
    }

    private static JsonObject Message(ProviderCall call, ProviderAnswer answer, int input, int output, bool whole) => new()
    {
        ["id"] = "msg_1",
        ["type"] = "message",
        ["role"] = "assistant",
        ["model"] = call.Body["model"]?.GetValue<string>(),
        ["content"] = whole ? new JsonArray(Block(answer, answer.Text!)) : [],
        ["stop_reason"] = whole ? StopReason(answer) : null,
        ["stop_sequence"] = null,
        ["usage"] = new JsonObject { ["input_tokens"] = input, ["output_tokens"] = output },
    };

    private static JsonObject Block(ProviderAnswer answer, string text) => answer.Tool is { } tool
        ? new JsonObject
        {
            ["type"] = "tool_use",
            ["id"] = "toolu_1",
            ["name"] = tool.Name,
            ["input"] = text.Length == 0 ? new JsonObject() : JsonNode.Parse(tool.Arguments),
        }
        : new JsonObject { ["type"] = "text", ["text"] = text };

    private static string StopReason(ProviderAnswer answer) => answer.Tool is null ? "end_turn" : "tool_use";
}
