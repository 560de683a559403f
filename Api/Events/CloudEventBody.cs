using System.Text;
using System.Text.Json;
using Workflows.Api.Http;
using Workflows.Data.Events;
using Workflows.Engine.Events;

namespace Workflows.Api.Events;

/// <summary>
/// CloudEvents 1.0 over HTTP in all three content modes: structured (one event as JSON), batch (an array of them), binary (attributes in <c>ce-</c> headers,
/// the body is the data). Data that is not JSON is kept as a JSON string: text as it is, anything else in base64.
/// </summary>
internal static class CloudEventBody
{
    public const string Structured = "application/cloudevents+json";
    public const string Batch = "application/cloudevents-batch+json";

    private const string HeaderPrefix = "ce-";

    /// <summary>The events of the request, each read or refused.</summary>
    /// <exception cref="ProblemException">The request as a whole cannot be used.</exception>
    public static async Task<List<(CloudEvent? Event, Problem? Problem)>> ReadAsync(HttpContext context)
    {
        var request = context.Request;
        if (request.Headers.ContainsKey(HeaderPrefix + "specversion") || request.Headers.ContainsKey(HeaderPrefix + "type"))
        {
            return [await ReadBinaryAsync(context)];
        }

        await using var body = await RequestBody.ReadJsonAsync(context);
        using var document = JsonDocument.Parse(body.Utf8, new JsonDocumentOptions { MaxDepth = Limits.JsonDepth });
        if (document.RootElement.ValueKind != JsonValueKind.Array)
        {
            return [Parse(document.RootElement)];
        }

        var count = document.RootElement.GetArrayLength();
        if (count is 0 or > Data.Limits.BulkEvents)
        {
            throw new ProblemException(Problem.Invalid("", $"One call brings 1 to {Data.Limits.BulkEvents} events.", "COUNT"));
        }

        var events = new List<(CloudEvent?, Problem?)>(count);
        foreach (var element in document.RootElement.EnumerateArray())
        {
            events.Add(Parse(element));
        }

        return events;
    }

    public static NewEvent ToNew(CloudEvent cloudEvent) => new()
    {
        EventId = cloudEvent.Id,
        Source = cloudEvent.Source,
        Type = cloudEvent.Type,
        Subject = cloudEvent.Subject,
        CorrelationKey = cloudEvent.Extensions.TryGetValue("correlationid", out var key) && key.ValueKind == JsonValueKind.String
            ? key.GetString()
            : cloudEvent.Subject,
        Time = cloudEvent.Time?.ToUniversalTime(),
        DataContentType = cloudEvent.DataContentType,
        DataSchema = cloudEvent.DataSchema,
        Data = cloudEvent.BinaryData is { } binary ? JsonSerializer.SerializeToUtf8Bytes(Convert.ToBase64String(binary.Span))
            : cloudEvent.Data.IsEmpty ? null
            : cloudEvent.Data.ToArray(),
        Extensions = JsonSerializer.SerializeToUtf8Bytes(cloudEvent.Extensions, Envelope.Json),
    };

    /// <summary>One event in the structured form, out of JSON that was checked.</summary>
    public static (CloudEvent? Event, Problem? Problem) Parse(JsonElement element) =>
        CloudEvent.TryParse(element, out var cloudEvent, out var problems) ? Admit(cloudEvent)
            : (null, Refuse(problems));

    private static async Task<(CloudEvent? Event, Problem? Problem)> ReadBinaryAsync(HttpContext context)
    {
        var request = context.Request;
        await using var body = await RequestBody.ReadAsync(request, context.RequestAborted);
        var contentType = request.ContentType;
        var isJson = contentType is null || RequestBody.IsJson(request);
        var isText = contentType?.StartsWith("text/", StringComparison.OrdinalIgnoreCase) == true;
        byte[] data = body.Utf8.IsEmpty ? [] : isJson ? CheckedJson(body.Utf8) : isText ? TextAsJson(body.Utf8) : [];
        ReadOnlyMemory<byte>? binary = body.Utf8.IsEmpty || isJson || isText ? null : (ReadOnlyMemory<byte>?)body.Utf8.ToArray();
        var attributes = new CloudEventAttributes
        {
            SpecVersion = Header(request, "specversion"),
            Id = Header(request, "id"),
            Source = Header(request, "source"),
            Type = Header(request, "type"),
            Subject = Header(request, "subject"),
            Time = Header(request, "time"),
            DataSchema = Header(request, "dataschema"),
            DataContentType = contentType,
            Extensions = Extensions(request),
            Data = data,
            BinaryData = binary,
        };
        return CloudEvent.TryCreate(attributes, out var cloudEvent, out var problems) ? Admit(cloudEvent)
            : (null, Refuse(problems));
    }

    private static byte[] CheckedJson(ReadOnlyMemory<byte> utf8) =>
        RequestBody.Check(utf8.Span) is { } problem ? throw new ProblemException(problem) : utf8.ToArray();

    private static byte[] TextAsJson(ReadOnlyMemory<byte> utf8)
    {
        if (!System.Text.Unicode.Utf8.IsValid(utf8.Span) || utf8.Span.Contains((byte)0))
        {
            throw new ProblemException(new Problem(Errors.InvalidJson, "The text is not UTF-8, or holds U+0000."));
        }

        return JsonSerializer.SerializeToUtf8Bytes(Encoding.UTF8.GetString(utf8.Span), Envelope.Json);
    }

    private static Dictionary<string, JsonElement> Extensions(HttpRequest request)
    {
        var extensions = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var (name, _) in request.Headers)
        {
            if (name.StartsWith(HeaderPrefix, StringComparison.OrdinalIgnoreCase)
                && name[HeaderPrefix.Length..].ToLowerInvariant() is var attribute
                && attribute is not ("specversion" or "id" or "source" or "type" or "subject" or "time" or "dataschema"))
            {
                extensions[attribute] = JsonSerializer.SerializeToElement(Header(request, attribute), Envelope.Json);
            }
        }

        return extensions;
    }

    // The HTTP binding writes what is not printable ASCII in percent encoding.
    private static string? Header(HttpRequest request, string attribute)
    {
        string? value = request.Headers[HeaderPrefix + attribute];
        return value is null ? null : Uri.UnescapeDataString(value);
    }

    // A client cannot say what only the platform may.
    private static (CloudEvent? Event, Problem? Problem) Admit(CloudEvent cloudEvent) =>
        PlatformEvents.TypeProblem(cloudEvent.Type) is { } type ? (null, Reserved("type", type))
        : PlatformEvents.SourceProblem(cloudEvent.Source, own: null) is { } source ? (null, Reserved("source", source))
        : (cloudEvent, null);

    private static Problem Reserved(string attribute, string message) =>
        new(Errors.InvalidEvent, $"{attribute}: {message}", [new ErrorDetail($"/{attribute}", "RESERVED", message)]);

    private static Problem Refuse(IReadOnlyList<EventProblem> problems) => new(
        Errors.InvalidEvent,
        $"{(problems[0].Attribute.Length == 0 ? "event" : problems[0].Attribute)}: {problems[0].Message}",
        [.. problems.Select(problem => new ErrorDetail($"/{problem.Attribute}", "ATTRIBUTE", problem.Message))]);
}
