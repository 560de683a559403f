using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Workflows.Provider;

/// <summary>Vectors that are equal for equal texts.</summary>
internal static class EmbeddingWire
{
    public static Task WriteOpenAiAsync(HttpContext context, ProviderCall call, ProviderAnswer answer)
    {
        var isBase64 = call.Body["encoding_format"]?.GetValue<string>() == "base64";
        var dimensions = call.Body["dimensions"]?.GetValue<int>() ?? answer.Dimensions;
        var data = Texts(call).Select((text, index) => (JsonNode)new JsonObject
        {
            ["object"] = "embedding",
            ["index"] = index,
            ["embedding"] = isBase64 ? Base64(Vector(text, dimensions)) : Numbers(Vector(text, dimensions)),
        });
        return context.Response.WriteAsJsonAsync(
            new JsonObject
            {
                ["object"] = "list",
                ["model"] = call.Body["model"]?.GetValue<string>(),
                ["data"] = new JsonArray([.. data]),
                ["usage"] = new JsonObject { ["prompt_tokens"] = Tokens(call), ["total_tokens"] = Tokens(call) },
            },
            context.RequestAborted);
    }

    public static Task WriteOllamaAsync(HttpContext context, ProviderCall call, ProviderAnswer answer) =>
        context.Response.WriteAsJsonAsync(
            new JsonObject
            {
                ["model"] = call.Body["model"]?.GetValue<string>(),
                ["embeddings"] = new JsonArray(
                    [.. Texts(call).Select(text => (JsonNode)Numbers(Vector(text, answer.Dimensions)))]),
                ["prompt_eval_count"] = Tokens(call),
            },
            context.RequestAborted);

    private static int Tokens(ProviderCall call) => Texts(call).Sum(Wire.Tokens);

    private static List<string> Texts(ProviderCall call) => call.Body["input"] switch
    {
        JsonArray texts => [.. texts.Select(text => text!.GetValue<string>())],
        { } text => [text.GetValue<string>()],
        null => [],
    };

    private static float[] Vector(string text, int dimensions)
    {
        var vector = new float[dimensions];
        for (var at = 0; at < dimensions; at++)
        {
            var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{at}:{text}"));
            vector[at] = ((hash[0] * 256) + hash[1] - 32_768) / 32_768f;
        }

        return vector;
    }

    private static JsonArray Numbers(float[] vector) => new([.. vector.Select(number => (JsonNode)number)]);

    private static string Base64(float[] vector)
    {
        var bytes = new byte[vector.Length * sizeof(float)];
        Buffer.BlockCopy(vector, 0, bytes, 0, bytes.Length);
        return Convert.ToBase64String(bytes);
    }
}
