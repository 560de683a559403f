using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Workflows.Connectors.Network;
using Workflows.Engine;
using Workflows.Engine.Executions;
using Workflows.Engine.Nodes;

namespace Workflows.Worker.Nodes;

/// <summary>
/// What an http node makes of an answer. Guarantees: a body comes out as it was said, in JSON, as text or in Base64, or
/// is an error; no character of it is replaced.
/// </summary>
internal static class HttpAnswer
{
    private const string Invalid = "HTTP_RESPONSE_INVALID";

    /// <summary>An output holds the body within others, and an error within one more.</summary>
    private const int BodyDepth = Engine.Limits.JsonDepth - 4;

    /// <summary>Characters of an error's body that its message shows.</summary>
    private const int ExcerptLength = 500;

    private enum BodyEncoding
    {
        None,
        Json,
        Text,
        Base64,
    }

    /// <summary>The output of a call that succeeded.</summary>
    /// <exception cref="HttpCallException">The body is not what the node wants.</exception>
    public static byte[] Output(HttpResponseHandling wanted, HttpResponseMessage response, ReadOnlyMemory<byte> body) =>
        Write(response, Read(wanted, response, body), isCut: false);

    /// <summary>The error that an answer without success is, the answer itself among its details.</summary>
    /// <param name="mask">Applied where something is cut off: the rest of a value could not be told any more.</param>
    public static StepError Error(
        HttpCall call, HttpResponseMessage response, ResponseBody body, SecretMask mask, DateTimeOffset now)
    {
        var status = (int)response.StatusCode;
        var content = ReadAnyhow(response, body);
        var text = content.Encoding is BodyEncoding.Json or BodyEncoding.Text
            ? Encoding.UTF8.GetString(content.Bytes.Span) : "";
        if (body.IsCut && content.Encoding == BodyEncoding.Text)
        {
            text = mask.ApplyToBeginning(text);
            content = content with { Bytes = Encoding.UTF8.GetBytes(text) };
        }

        var told = text.Length > 0 ? $": {Excerpt(mask.Apply(text))}"
            : body.Bytes.IsEmpty ? "."
            : $" with {(body.IsCut ? "more than " : "")}{body.Bytes.Length} bytes that are no text.";
        return new StepError(
            string.Create(CultureInfo.InvariantCulture, $"HTTP_{status}"),
            $"The target answered {status}{told}",
            call.RetryStatus.Contains(status) ? StepErrorKind.Transient : StepErrorKind.Permanent,
            RetryAfter(response, now))
        {
            Details = Write(response, content, body.IsCut),
        };
    }

    private static Content Read(HttpResponseHandling wanted, HttpResponseMessage response, ReadOnlyMemory<byte> body)
    {
        if (body.IsEmpty || wanted == HttpResponseHandling.None)
        {
            return new(BodyEncoding.None, default);
        }

        var type = MediaType.Parse(Header(response, "Content-Type"));
        var isAuto = wanted == HttpResponseHandling.Auto;
        var base64 = new Content(BodyEncoding.Base64, body);
        if (wanted == HttpResponseHandling.Base64)
        {
            return base64;
        }

        // What is left of it was not decoded: the client does not know how.
        if (Header(response, "Content-Encoding") is { Length: > 0 } coding
            && !coding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            return isAuto ? base64
                : throw new HttpCallException(Invalid, $"The response is encoded as '{coding}', which is not known.");
        }

        if (wanted == HttpResponseHandling.Json || (isAuto && type.IsJson))
        {
            var problem = BodyText.TryReadJson(body, type.Charset, out var json, out var why)
                ? JsonText.FindProblem(json.Span, BodyDepth)
                : why;
            return problem is null
                ? new(BodyEncoding.Json, json)
                : throw new HttpCallException(Invalid, $"The response is no JSON that can be kept: {problem}.");
        }

        if (isAuto && type.IsBinary)
        {
            return base64;
        }

        var isText = BodyText.TryRead(body, type.Charset, out var text, out var noText);
        if (isText && text.Span.Contains((byte)0))
        {
            noText = "it holds the character U+0000, which cannot be stored";
        }

        return noText is null ? new(BodyEncoding.Text, text)
            : isAuto ? base64
            : throw new HttpCallException(Invalid,
                $"The response is no text: {noText}. 'response: base64' takes any bytes.");
    }

    // An error's body is never an error itself.
    private static Content ReadAnyhow(HttpResponseMessage response, ResponseBody body)
    {
        if (!body.IsCut)
        {
            try
            {
                return Read(HttpResponseHandling.Auto, response, body.Bytes);
            }
            catch (HttpCallException)
            {
                return AsText(body.Bytes); // it calls itself JSON and is none
            }
        }

        var type = MediaType.Parse(Header(response, "Content-Type"));
        return !type.IsBinary && BodyText.TryRead(Whole(body.Bytes), type.Charset, out var text, out _)
            ? AsText(text)
            : new(BodyEncoding.Base64, body.Bytes);
    }

    private static Content AsText(ReadOnlyMemory<byte> bytes) =>
        Utf8.IsValid(bytes.Span) && !bytes.Span.Contains((byte)0)
            ? new(BodyEncoding.Text, bytes)
            : new(BodyEncoding.Base64, bytes);

    // Without the beginning of a character whose end was cut off.
    private static ReadOnlyMemory<byte> Whole(ReadOnlyMemory<byte> bytes)
    {
        var last = bytes.Span.LastIndexOfAnyExceptInRange((byte)0x80, (byte)0xBF);
        return last >= 0 && bytes.Length - last <= 4 && bytes.Span[last] >= 0xC0 && !Utf8.IsValid(bytes.Span[last..])
            ? bytes[..last] : bytes;
    }

    private static byte[] Write(HttpResponseMessage response, Content content, bool isCut)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("status", (int)response.StatusCode);
            WriteHeaders(writer, response);
            writer.WritePropertyName("body");
            switch (content.Encoding)
            {
                case BodyEncoding.Json:
                    writer.WriteRawValue(content.Bytes.Span, skipInputValidation: true); // it was read before
                    break;
                case BodyEncoding.Text:
                    writer.WriteStringValue(content.Bytes.Span);
                    break;
                case BodyEncoding.Base64:
                    writer.WriteBase64StringValue(content.Bytes.Span);
                    break;
                default:
                    writer.WriteNullValue();
                    break;
            }

            writer.WriteString("bodyEncoding", JsonNamingPolicy.CamelCase.ConvertName(content.Encoding.ToString()));
            if (isCut)
            {
                writer.WriteBoolean("bodyTruncated", true);
            }

            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static void WriteHeaders(Utf8JsonWriter writer, HttpResponseMessage response)
    {
        writer.WriteStartObject("headers");
        foreach (var (name, values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
        {
            var key = name.ToLowerInvariant();
            if (key != "set-cookie")
            {
                writer.WriteString(key, Storable(string.Join(", ", values)));
                continue;
            }

            // A comma may be a part of it, so several cannot be one text.
            writer.WriteStartArray(key);
            foreach (var value in values)
            {
                writer.WriteStringValue(Storable(value));
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    /// <summary>The time that the target asks for, at most what a policy may say; null when it asks for none.</summary>
    private static TimeSpan? RetryAfter(HttpResponseMessage response, DateTimeOffset now)
    {
        var longest = TimeSpan.FromSeconds(Engine.Limits.RetryDelaySeconds);
        var text = Header(response, "Retry-After")?.Trim();
        if (text is { Length: > 0 } && !text.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            var isShort = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds);
            return isShort && seconds < longest.TotalSeconds ? TimeSpan.FromSeconds(seconds) : longest;
        }

        return response.Headers.RetryAfter?.Date is { } date && date > now
            ? TimeSpan.FromTicks(Math.Min((date - now).Ticks, longest.Ticks))
            : null;
    }

    private static string Excerpt(string text) =>
        Storable(text.Length <= ExcerptLength ? text : text[..ExcerptLength] + "…");

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out var values)
            || response.Content.Headers.NonValidated.TryGetValues(name, out values)
            ? values.FirstOrDefault()
            : null;

    // PostgreSQL's jsonb cannot hold U+0000, and half a surrogate pair is no text.
    private static string Storable(string text) =>
        Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Replace('\0', '\uFFFD');

    private readonly record struct Content(BodyEncoding Encoding, ReadOnlyMemory<byte> Bytes);
}
