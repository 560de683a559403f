using System.Text.Json.Nodes;

namespace Workflows.Provider;

/// <summary>Chat completions as OpenAI speaks them.</summary>
internal static class OpenAiWire
{
    public static Task WriteAsync(HttpContext context, ProviderCall call, ProviderAnswer answer)
    {
        var usage = answer.HidesUsage ? null : new JsonObject
        {
            ["prompt_tokens"] = Wire.Tokens(call.Body),
            ["completion_tokens"] = Wire.Tokens(answer.Text!),
            ["total_tokens"] = Wire.Tokens(call.Body) + Wire.Tokens(answer.Text!),
        };
        return Wire.IsStreamed(call.Body)
            ? Wire.SendAsync(context, "text/event-stream", [.. Streamed(call, answer, usage)], answer)
            : WriteWholeAsync(context, call, answer, usage);
    }

    private static Task WriteWholeAsync(HttpContext context, ProviderCall call, ProviderAnswer answer, JsonObject? usage)
    {
        var message = new JsonObject { ["role"] = "assistant", ["content"] = answer.Text };
        if (answer.Tool is { } tool)
        {
            message["content"] = null;
            message["tool_calls"] = new JsonArray(ToolCall(tool));
        }

        var whole = Frame(call, "chat.completion");
        whole["choices"] = new JsonArray(new JsonObject
        {
            ["index"] = 0, ["finish_reason"] = answer.FinishReason, ["message"] = message,
        });
        if (usage is not null)
        {
            whole["usage"] = usage;
        }

        return Wire.SendAsync(context, "application/json", Wire.Halves(whole), answer);
    }

    private static IEnumerable<string> Streamed(ProviderCall call, ProviderAnswer answer, JsonObject? usage)
    {
        if (answer.Tool is { } tool)
        {
            var named = ToolCall(tool);
            named["index"] = 0;
            yield return Chunk(call, new JsonObject { ["role"] = "assistant", ["tool_calls"] = new JsonArray(named) }, null);
        }
        else
        {
            foreach (var part in Wire.Parts(answer.Text!))
            {
                yield return Chunk(call, new JsonObject { ["role"] = "assistant", ["content"] = part }, null);
            }
        }

        yield return Chunk(call, [], answer.FinishReason);
        if (usage is not null)
        {
            var last = Frame(call, "chat.completion.chunk");
            last["choices"] = new JsonArray();
            last["usage"] = usage;
            yield return Wire.Event(last);
        }

        yield return "data: [DONE]\n\n";
    }

    private static string Chunk(ProviderCall call, JsonObject delta, string? finish)
    {
        var chunk = Frame(call, "chat.completion.chunk");
        chunk["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = finish });
        return Wire.Event(chunk);
    }

    private static JsonObject ToolCall((string Name, string Arguments) tool) => new()
    {
        ["id"] = "call_1",
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = tool.Name, ["arguments"] = tool.Arguments },
    };

    private static JsonObject Frame(ProviderCall call, string kind) => new()
    {
        ["id"] = "chatcmpl-1",
        ["object"] = kind,
        ["created"] = 1_700_000_000,
        ["model"] = call.Body["model"]?.GetValue<string>(),
    };
}
