using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Workflows.Models;

/// <summary>
/// How an answer by a schema is asked for: by the provider's own means, and in words, since not every provider has
/// them.
/// </summary>
internal static class SchemaPrompt
{
    public static ChatOptions? Options(ModelRequest request)
    {
        if (request.Schema is not { } schema)
        {
            return request.Options;
        }

        var options = request.Options?.Clone() ?? new ChatOptions();
        options.ResponseFormat = ChatResponseFormat.ForJsonSchema(schema, "answer");
        return options;
    }

    public static IReadOnlyList<ChatMessage> Add(IReadOnlyList<ChatMessage> messages, JsonElement schema) =>
    [
        new ChatMessage(
            ChatRole.System,
            $"Answer with one JSON value that fits this JSON Schema, and nothing else:\n{schema.GetRawText()}"),
        .. messages,
    ];

    public static IReadOnlyList<ChatMessage> AskAgain(
        IReadOnlyList<ChatMessage> messages, string answer, string problem) =>
    [
        .. messages,
        new ChatMessage(ChatRole.Assistant, answer),
        new ChatMessage(
            ChatRole.User, $"That does not fit the schema. {problem}\nAnswer with the JSON value alone."),
    ];
}
