using System.Text;
using System.Text.Json;
using Workflows.Engine;
using Workflows.Engine.Nodes;

namespace Workflows.Worker.Nodes;

/// <summary>The body of an http node's request, in the form and the charset that its Content-Type names.</summary>
/// <param name="Bytes">Empty when the node sends no body.</param>
/// <param name="ContentType">Null when there is neither a body nor such a header.</param>
internal sealed record HttpRequestBody(ReadOnlyMemory<byte> Bytes, string? ContentType)
{
    private const string Code = "HTTP_BODY";

    /// <exception cref="HttpCallException">The body cannot be sent so.</exception>
    public static HttpRequestBody Of(HttpCall call)
    {
        var given = call.Headers.FirstOrDefault(
            header => header.Key.Equals("Content-Type", StringComparison.OrdinalIgnoreCase)).Value;
        if (call.Body.IsEmpty)
        {
            return new(default, given);
        }

        var type = MediaType.Parse(given);
        var json = JsonText.ParseElement(call.Body);
        if (type.IsForm && json.ValueKind == JsonValueKind.Object)
        {
            return new(Encoding.ASCII.GetBytes(Form(json)), given);
        }

        if (type.Name == "multipart/form-data" && json.ValueKind != JsonValueKind.String)
        {
            throw new HttpCallException(
                Code, "A body of multipart/form-data is text that has its parts and their boundary.");
        }

        var isText = given is not null && !type.IsJson && json.ValueKind == JsonValueKind.String;
        ReadOnlyMemory<byte> utf8 = isText ? Encoding.UTF8.GetBytes(json.GetString()!) : call.Body;
        return BodyText.TryWrite(utf8, type.Charset, out var bytes, out var problem)
            ? new(bytes, given ?? "application/json")
            : throw new HttpCallException(Code, $"The body cannot be sent as '{given}': {problem}.");
    }

    /// <summary>The content of one request; it may be made again for the next.</summary>
    public HttpContent ToContent()
    {
        var content = new ReadOnlyMemoryContent(Bytes);
        if (ContentType is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", ContentType);
        }

        return content;
    }

    // As a browser does it (application/x-www-form-urlencoded of the URL standard): a list repeats its name.
    private static string Form(JsonElement json)
    {
        var form = new StringBuilder();
        foreach (var member in json.EnumerateObject())
        {
            var isList = member.Value.ValueKind == JsonValueKind.Array;
            JsonElement[] values = isList ? [.. member.Value.EnumerateArray()] : [member.Value];
            foreach (var value in values.Where(value => value.ValueKind != JsonValueKind.Null))
            {
                form.Append(form.Length == 0 ? "" : "&");
                form.Append(Encoded(member.Name)).Append('=').Append(Encoded(TextOf(member.Name, value)));
            }
        }

        return form.ToString();
    }

    private static string TextOf(string name, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
        _ => throw new HttpCallException(
            Code, $"'{name}' of a form must be text, a number or a boolean, or a list of them."),
    };

    private static string Encoded(string text) =>
        Uri.EscapeDataString(text).Replace("%20", "+", StringComparison.Ordinal);
}
