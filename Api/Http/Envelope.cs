using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Workflows.ServiceDefaults;

namespace Workflows.Api.Http;

/// <summary>What every JSON answer is wrapped in. The records exist for the OpenAPI document; <see cref="ApiResponse{T}"/> writes it.</summary>
internal sealed record Envelope<T>(bool Success, T Data, Meta Meta);

/// <summary>What every failed request answers.</summary>
internal sealed record ErrorEnvelope(bool Success, Error Error, Meta Meta);

internal sealed record Error(string Code, string Message, IReadOnlyList<ErrorDetail>? Details);

/// <param name="Timestamp">When the answer was made.</param>
/// <param name="Version">Version of the interface.</param>
/// <param name="RequestId">Name of this request in logs, traces and the activity list.</param>
/// <param name="Pagination">Of lists only.</param>
internal sealed record Meta(DateTimeOffset Timestamp, string Version, string RequestId, Pagination? Pagination);

/// <param name="PerPage">Items asked for.</param>
/// <param name="NextCursor">What to pass as <c>cursor</c> for the next page; null on the last.</param>
/// <param name="Total">Only when <c>include_total=true</c> was asked for; counted up to 10,000.</param>
/// <param name="TotalIsCapped">True when there are more than <paramref name="Total"/>.</param>
internal sealed record Pagination(int PerPage, string? NextCursor, bool HasMore, int? Total = null, bool? TotalIsCapped = null);

internal static class Envelope
{
    public const string MediaType = "application/json";
    public const string Version = "v1";

    /// <summary>The rules for request and response bodies.</summary>
    public static JsonSerializerOptions Json { get; } = CreateOptions();

    public static void Apply(JsonSerializerOptions options)
    {
        JsonDefaults.ApplyToRequests(options);
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping; // served as application/json with nosniff, never inside HTML
        options.Converters.Add(new RawJsonConverter());
    }

    public static JsonWriterOptions WriterOptions { get; } =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static Utf8JsonWriter Writer(HttpResponse response) => new(response.BodyWriter, WriterOptions);

    public static void WriteMeta(Utf8JsonWriter writer, HttpContext context, Pagination? pagination)
    {
        writer.WriteStartObject("meta"u8);
        writer.WriteString("timestamp"u8, Clock.Of(context).GetUtcNow());
        writer.WriteString("version"u8, Version);
        writer.WriteString("requestId"u8, RequestIds.Of(context));
        if (pagination is not null)
        {
            writer.WritePropertyName("pagination"u8);
            JsonSerializer.Serialize(writer, pagination, Json);
        }

        writer.WriteEndObject();
    }

    private static JsonSerializerOptions CreateOptions()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        Apply(options);
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}

/// <summary>JSON kept as text (a column of type jsonb), written as it is.</summary>
internal readonly record struct RawJson(string? Text)
{
    public static RawJson? From(string? text) => text is null ? null : new RawJson(text);
}

internal sealed class RawJsonConverter : JsonConverter<RawJson>
{
    public override RawJson Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return new RawJson(document.RootElement.GetRawText());
    }

    public override void Write(Utf8JsonWriter writer, RawJson value, JsonSerializerOptions options) =>
        writer.WriteRawValue(value.Text ?? "null", skipInputValidation: true);
}

internal static class Clock
{
    public static TimeProvider Of(HttpContext context) => context.RequestServices.GetRequiredService<TimeProvider>();

    /// <summary>Now, in the precision that the database keeps: what is answered at once equals what is read later.</summary>
    public static DateTimeOffset NowStored(this TimeProvider clock)
    {
        var now = clock.GetUtcNow();
        return new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
    }
}
