using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Workflows.Engine;

namespace Workflows.Api.Http.Calls;

/// <summary>
/// What a call from outside bears, be it of a webhook or of a one-time address. Written as the members <c>query</c>,
/// <c>body</c>, <c>contentType</c> and <c>encoding</c>, which says how to read <c>body</c>: <c>json</c>, <c>form</c>
/// (an object), <c>text</c>, or <c>base64</c> of what is none of these; null when there is no body. Nothing is lost:
/// text that is not in the charset it claims to be in is kept as its bytes.
/// </summary>
internal sealed class CallBody
{
    /// <summary>Goes to PostgreSQL, never into HTML: escaping more than JSON asks for only costs bytes.</summary>
    public static readonly JsonWriterOptions WriterOptions =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ReadOnlyMemory<byte> _utf8;
    private readonly MediaType _type;
    private readonly string? _encoding;

    private CallBody(ReadOnlyMemory<byte> utf8, MediaType type, string? encoding) =>
        (_utf8, _type, _encoding) = (utf8, type, encoding);

    /// <summary>Reads a body; one of the two answers is null.</summary>
    /// <param name="body">As it came; its signature is over these bytes.</param>
    /// <param name="most">Bytes that it may have once it is decoded.</param>
    public static async Task<(CallBody? Body, Problem? Problem)> ReadAsync(
        HttpRequest request, ReadOnlyMemory<byte> body, int most, CancellationToken cancellationToken)
    {
        var (bytes, problem) = await CallEncodings.DecodeAsync(
            body, request.Headers.ContentEncoding, most, cancellationToken);
        if (problem is not null)
        {
            return (null, problem);
        }

        var type = MediaType.Parse(request.ContentType);
        if (bytes.IsEmpty)
        {
            return (new CallBody(default, type, null), null);
        }

        if (type.IsJson)
        {
            problem = BodyText.TryReadJson(bytes, type.Charset, out var json, out var noJson)
                ? RequestBody.Check(json.Span)
                : new Problem(Errors.InvalidJson, $"The body cannot be used: {noJson}.");
            return problem is null ? (new CallBody(json, type, "json"), null) : (null, problem);
        }

        if (type.IsForm)
        {
            return FormOf(bytes, type);
        }

        // Without a type, what is text counts as text; of any other type only what is known to be made of characters.
        return (IsText(type) || type.Name.Length == 0)
            && BodyText.TryRead(bytes, type.Charset, out var text, out _) && !text.Span.Contains((byte)0)
                ? (new CallBody(text, type, "text"), null)
                : (new CallBody(bytes, type, "base64"), null);
    }

    /// <summary>Writes the members into an object that is open.</summary>
    public void Write(Utf8JsonWriter writer, HttpRequest request)
    {
        writer.WritePropertyName("query"u8);
        var query = request.QueryString.Value is { Length: > 1 } text ? Encoding.UTF8.GetBytes(text[1..]) : [];
        if (!CallFields.TryWrite(writer, query, Encoding.UTF8))
        {
            throw new ProblemException(TooManyFields("The query"));
        }

        writer.WritePropertyName("body"u8);
        switch (_encoding)
        {
            case null:
                writer.WriteNullValue();
                break;
            case "text":
                writer.WriteStringValue(_utf8.Span);
                break;
            case "base64":
                writer.WriteBase64StringValue(_utf8.Span);
                break;
            default:
                writer.WriteRawValue(_utf8.Span, skipInputValidation: true);
                break;
        }

        writer.WriteString("contentType"u8, _type.Name.Length == 0 ? null : CallFields.Storable(_type.Name));
        writer.WriteString("encoding"u8, _encoding);
    }

    private static (CallBody? Body, Problem? Problem) FormOf(ReadOnlyMemory<byte> bytes, MediaType type)
    {
        if (BodyText.EncodingOf(type.Charset) is not { } encoding)
        {
            return (null, new Problem(Errors.UnsupportedMediaType, $"The charset '{type.Charset}' is not known here."));
        }

        using var json = new MemoryStream(bytes.Length + 64);
        using (var writer = new Utf8JsonWriter(json, WriterOptions))
        {
            // Percent-encoded bytes that are no text are replaced: a form says nothing of which charset they are in.
            var lenient = (Encoding)encoding.Clone();
            lenient.DecoderFallback = DecoderFallback.ReplacementFallback;
            if (!CallFields.TryWrite(writer, bytes.Span, lenient))
            {
                return (null, TooManyFields("A form"));
            }
        }

        return (new CallBody(json.ToArray(), type, "form"), null);
    }

    private static bool IsText(MediaType type) =>
        type.Name.StartsWith("text/", StringComparison.Ordinal) || type.Name.EndsWith("+xml", StringComparison.Ordinal)
        || type.Name is "application/xml" or "application/javascript" or "application/yaml" or "application/x-yaml"
            or "application/graphql" or "application/x-ndjson" or "application/sql" or "application/toml";

    private static Problem TooManyFields(string what) =>
        new(Errors.PayloadTooLarge, $"{what} has at most {Limits.CallFields} fields.");
}
