using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;

namespace Workflows.Engine.Events;

/// <summary>What is wrong with one attribute of an event.</summary>
public sealed record EventProblem(string Attribute, string Message);

/// <summary>
/// A CloudEvents 1.0 message (github.com/cloudevents/spec, v1.0.2). Only valid ones exist: made by <see cref="TryCreate"/> or
/// read by <see cref="TryParse(ReadOnlyMemory{byte}, out CloudEvent?, out IReadOnlyList{EventProblem})"/>.
/// </summary>
public sealed record CloudEvent
{
    internal CloudEvent()
    {
    }

    /// <summary>Unique within <see cref="Source"/>.</summary>
    public required string Id { get; init; }

    /// <summary>A URI reference: who says so.</summary>
    public required string Source { get; init; }

    public required string Type { get; init; }

    public string? Subject { get; init; }

    public DateTimeOffset? Time { get; init; }

    public string? DataContentType { get; init; }

    public string? DataSchema { get; init; }

    /// <summary>Extension attributes: name to string, boolean or 32-bit integer as JSON.</summary>
    public IReadOnlyDictionary<string, JsonElement> Extensions { get; init; } = NoExtensions;

    /// <summary>The data as UTF-8 JSON; empty when the event has none, or when it is binary.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>Binary data (<c>data_base64</c>); null when there is none.</summary>
    public ReadOnlyMemory<byte>? BinaryData { get; init; }

    /// <summary>
    /// What waiting nodes are correlated by: the extension attribute <c>correlationid</c>, else the subject; null = neither.
    /// </summary>
    public string? CorrelationKey =>
        Extensions.TryGetValue("correlationid", out var key) ? key.ToString() : Subject;

    internal static IReadOnlyDictionary<string, JsonElement> NoExtensions { get; } = new Dictionary<string, JsonElement>();

    /// <summary>Reads one event in the structured JSON format; every problem is reported, not only the first.</summary>
    public static bool TryParse(
        ReadOnlyMemory<byte> utf8Json,
        [NotNullWhen(true)] out CloudEvent? cloudEvent,
        out IReadOnlyList<EventProblem> problems)
    {
        cloudEvent = null;
        if (utf8Json.Length > Limits.EventBytes)
        {
            problems = [new EventProblem("", $"an event has at most {Limits.EventBytes} bytes")];
            return false;
        }

        if (JsonText.FindProblem(utf8Json.Span) is { } problem)
        {
            problems = [new EventProblem("", "not JSON that can be stored: " + problem)];
            return false;
        }

        using var document = JsonText.Parse(utf8Json);
        return TryParse(document.RootElement, out cloudEvent, out problems);
    }

    /// <summary>
    /// Reads one event of a batch. The element must come from text that <see cref="JsonText.FindProblem"/> has passed; the event
    /// keeps copies, so the document may be disposed.
    /// </summary>
    public static bool TryParse(
        JsonElement json,
        [NotNullWhen(true)] out CloudEvent? cloudEvent,
        out IReadOnlyList<EventProblem> problems)
    {
        var reader = new CloudEventReader();
        cloudEvent = reader.Read(json);
        problems = reader.Problems;
        return cloudEvent is not null;
    }

    /// <summary>Makes an event from its parts (HTTP binary mode, our own events); every problem is reported.</summary>
    public static bool TryCreate(
        CloudEventAttributes attributes,
        [NotNullWhen(true)] out CloudEvent? cloudEvent,
        out IReadOnlyList<EventProblem> problems)
    {
        var reader = new CloudEventReader();
        cloudEvent = reader.Check(attributes);
        problems = reader.Problems;
        return cloudEvent is not null;
    }

    /// <summary>The event in the structured JSON format.</summary>
    public byte[] ToUtf8Json()
    {
        var buffer = new ArrayBufferWriter<byte>(256 + Data.Length);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            WriteTo(writer);
        }

        return buffer.WrittenSpan.ToArray();
    }

    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("specversion"u8, "1.0"u8);
        writer.WriteString("id"u8, Id);
        writer.WriteString("source"u8, Source);
        writer.WriteString("type"u8, Type);
        WriteOptional(writer, "subject", Subject);
        WriteOptional(
            writer, "time", Time?.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture));
        WriteOptional(writer, "datacontenttype", DataContentType);
        WriteOptional(writer, "dataschema", DataSchema);
        foreach (var (name, value) in Extensions)
        {
            writer.WritePropertyName(name);
            value.WriteTo(writer);
        }

        if (BinaryData is { } binary)
        {
            writer.WriteBase64String("data_base64"u8, binary.Span);
        }
        else if (!Data.IsEmpty)
        {
            writer.WritePropertyName("data"u8);
            writer.WriteRawValue(Data.Span, skipInputValidation: true);
        }

        writer.WriteEndObject();
    }

    private static void WriteOptional(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }
}

/// <summary>The attributes of an event as they arrive, unchecked.</summary>
public sealed record CloudEventAttributes
{
    public string? SpecVersion { get; init; } = "1.0";

    public string? Id { get; init; }

    public string? Source { get; init; }

    public string? Type { get; init; }

    public string? Subject { get; init; }

    /// <summary>RFC 3339.</summary>
    public string? Time { get; init; }

    public string? DataContentType { get; init; }

    public string? DataSchema { get; init; }

    public IReadOnlyDictionary<string, JsonElement> Extensions { get; init; } = CloudEvent.NoExtensions;

    /// <summary>UTF-8 JSON, already checked by <see cref="JsonText"/>.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }

    public ReadOnlyMemory<byte>? BinaryData { get; init; }
}
