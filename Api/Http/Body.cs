using System.Buffers;
using System.IO.Pipelines;
using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Metadata;
using Workflows.Engine;

namespace Workflows.Api.Http;

/// <summary>A JSON body as a handler's parameter: read within the limits, checked, bound; every failure names what is wrong.</summary>
internal sealed class Body<T>(T value) : IEndpointParameterMetadataProvider
{
    public T Value => value;

    public static async ValueTask<Body<T>?> BindAsync(HttpContext context, ParameterInfo _)
    {
        if (typeof(IOptionalBody).IsAssignableFrom(typeof(T)) && !RequestBody.IsPresent(context))
        {
            return new Body<T>(RequestBody.Deserialize<T>("{}"u8));
        }

        await using var body = await RequestBody.ReadJsonAsync(context);
        return new Body<T>(RequestBody.Deserialize<T>(body.Utf8.Span));
    }

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
        builder.Metadata.Add(new AcceptsMetadata([Envelope.MediaType], typeof(T)));
}

/// <summary>A body that may be left out altogether, which then counts as <c>{}</c>.</summary>
internal interface IOptionalBody;

/// <summary>The bytes of a body, valid until disposed.</summary>
internal readonly struct BodyBytes(PipeReader reader, ReadOnlySequence<byte> sequence, ReadOnlyMemory<byte> utf8,
    BodyLease lease) : IAsyncDisposable
{
    public ReadOnlyMemory<byte> Utf8 => utf8;

    /// <summary>What they say in another form, held and disposed with them.</summary>
    public BodyBytes As(ReadOnlyMemory<byte> other) => lease.TryGrow(sequence.Length + other.Length)
        ? new BodyBytes(reader, sequence, other, lease)
        : throw new ProblemException(RequestBody.TooMany());

    public ValueTask DisposeAsync()
    {
        reader.AdvanceTo(sequence.End);
        lease.Release();
        return ValueTask.CompletedTask;
    }
}

/// <summary>
/// Reads request bodies. What passes is one JSON value that PostgreSQL can store: UTF-8, within the limit of its route
/// (<see cref="BodyLimit"/>, else <see cref="Limits.BodyBytes"/>) however it is sent, not nested beyond
/// <see cref="Limits.JsonDepth"/>, without U+0000. All that is being read counts against the <see cref="BodyBudget"/>
/// of the process.
/// </summary>
internal static partial class RequestBody
{
    private const string HashItem = "workflows.body-hash";

    /// <summary>Hash of method, path and body: what an idempotency key stands for.</summary>
    public static byte[] HashOf(HttpContext context) =>
        context.Items[HashItem] as byte[] ?? HashOf(context.Request, []);

    public static byte[] HashOf(HttpRequest request, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(System.Text.Encoding.UTF8.GetBytes($"{request.Method} {request.Path} {request.QueryString}\n"));
        hash.AppendData(body);
        return hash.GetHashAndReset();
    }

    public static bool IsPresent(HttpContext context) =>
        context.Request.ContentLength is not 0 && context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody != false;

    /// <exception cref="ProblemException">The body cannot be used.</exception>
    public static async ValueTask<BodyBytes> ReadJsonAsync(HttpContext context)
    {
        var request = context.Request;
        var isYaml = context.GetEndpoint()?.Metadata.GetMetadata<ReadsYaml>() is not null && IsYaml(request);
        if (!isYaml && !IsJson(request))
        {
            throw new ProblemException(new Problem(Errors.UnsupportedMediaType));
        }

        var body = await ReadAsync(request, context.RequestAborted);
        try
        {
            if (request.Headers.ContainsKey(IdempotencyKeys.Header))
            {
                context.Items[HashItem] = HashOf(request, body.Utf8.Span);
            }

            body = isYaml ? FromYaml(context, body) : body;
            return Check(body.Utf8.Span) is { } problem ? throw new ProblemException(problem) : body;
        }
        catch
        {
            await body.DisposeAsync();
            throw;
        }
    }

    /// <summary>The bytes of a file, whatever they are.</summary>
    /// <exception cref="ProblemException">They are too many, or come encoded.</exception>
    public static async ValueTask<BodyBytes> ReadFileAsync(HttpContext context)
    {
        if (context.Request.Headers.ContentEncoding.Count > 0)
        {
            throw new ProblemException(
                new Problem(Errors.UnsupportedMediaType, "A file is sent as it is, not encoded."));
        }

        var body = await ReadAsync(context.Request, context.RequestAborted);
        if (context.Request.Headers.ContainsKey(IdempotencyKeys.Header))
        {
            context.Items[HashItem] = HashOf(context.Request, body.Utf8.Span);
        }

        return body;
    }

    private static BodyBytes FromYaml(HttpContext context, BodyBytes body)
    {
        var json = body.As(YamlBody.ToJson(body.Utf8.Span, LimitOf(context)));
        context.Features.Set(new YamlSource(body.Utf8.ToArray()));
        return json;
    }

    private static int LimitOf(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<BodyLimit>()?.Bytes ?? Limits.BodyBytes;

    public static async ValueTask<BodyBytes> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var context = request.HttpContext;
        var limit = LimitOf(context);
        if (request.ContentLength > limit)
        {
            throw new ProblemException(TooLarge(limit));
        }

        var lease = context.RequestServices.GetRequiredService<BodyBudget>().Open(context);
        try
        {
            return await ReadAsync(request.BodyReader, limit, lease, cancellationToken);
        }
        catch
        {
            lease.Release();
            throw;
        }
    }

    private static async ValueTask<BodyBytes> ReadAsync(PipeReader reader, int limit, BodyLease lease,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            if (read.Buffer.Length > limit)
            {
                reader.AdvanceTo(read.Buffer.End);
                throw new ProblemException(TooLarge(limit));
            }

            if (!lease.TryGrow(read.Buffer.Length))
            {
                reader.AdvanceTo(read.Buffer.End);
                throw new ProblemException(TooMany());
            }

            if (read.IsCompleted)
            {
                var utf8 = read.Buffer.IsSingleSegment ? read.Buffer.First : read.Buffer.ToArray();
                return new BodyBytes(reader, read.Buffer, utf8, lease);
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <summary>Null when the text is JSON that can be stored.</summary>
    public static Problem? Check(ReadOnlySpan<byte> utf8) =>
        utf8.IsEmpty ? new Problem(Errors.InvalidJson, "The request needs a body.")
        : JsonText.FindProblem(utf8, Limits.JsonDepth) is { } problem ? new Problem(Errors.InvalidJson, $"The body cannot be used: {problem}.")
        : null;

    /// <exception cref="ProblemException">The JSON is not of the expected shape.</exception>
    public static T Deserialize<T>(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(utf8, Envelope.Json)
                ?? throw new ProblemException(new Problem(Errors.InvalidJson, "The body must be an object, not null."));
        }
        catch (JsonException exception)
        {
            throw new ProblemException(Explain(exception, typeof(T)));
        }
    }

    public static bool IsJson(HttpRequest request) => Is(request, media =>
        media.Equals(Envelope.MediaType, StringComparison.OrdinalIgnoreCase)
        || (media.StartsWith("application/", StringComparison.OrdinalIgnoreCase)
            && media.EndsWith("+json", StringComparison.OrdinalIgnoreCase)));

    private static bool IsYaml(HttpRequest request) => Is(
        request, media => media.Equals(YamlText.MediaType, StringComparison.OrdinalIgnoreCase));

    private static bool Is(HttpRequest request, Func<string, bool> isMedia)
    {
        var type = request.ContentType ?? "";
        if (request.Headers.ContentEncoding.Count > 0)
        {
            return false;
        }

        var end = type.IndexOf(';', StringComparison.Ordinal);
        return isMedia((end < 0 ? type : type[..end]).Trim()) && (end < 0 || IsUtf8(type.AsSpan(end + 1)));
    }

    private static bool IsUtf8(ReadOnlySpan<char> parameters)
    {
        var at = parameters.IndexOf("charset=", StringComparison.OrdinalIgnoreCase);
        return at < 0 || parameters[(at + 8)..].Trim().Trim('"').StartsWith("utf-8", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>More comes in than there is room for.</summary>
    public static Problem TooMany() => new(
        Errors.Unavailable, "More request bodies are being received than fit into memory; try again.",
        retryAfter: BodyBudget.ComeLater);

    private static Problem TooLarge(int limit) =>
        new(Errors.PayloadTooLarge, $"A body has at most {limit} bytes here.");

    // The serializer's own messages name our types; only what concerns the client goes out.
    private static Problem Explain(JsonException exception, Type type)
    {
        var pointer = Pointer(exception.Path);
        if (UnknownMember().Match(exception.Message) is { Success: true } unknown)
        {
            var name = unknown.Groups[1].Value;
            var message = $"There is no field '{name}' here.";
            var at = pointer.EndsWith('/' + name, StringComparison.Ordinal) ? pointer : $"{pointer}/{name}";
            return new Problem(Errors.UnknownField, message,
                [new ErrorDetail(at, "UNKNOWN", message, KnownFields.Hint(type, pointer))]);
        }

        if (MissingMembers().Match(exception.Message) is { Success: true } missing)
        {
            var details = QuotedName().Matches(missing.Groups[1].Value)
                .Select(name => new ErrorDetail($"{pointer}/{name.Groups[1].Value}", "REQUIRED", $"'{name.Groups[1].Value}' is required.")).ToArray();
            return new Problem(Errors.ValidationFailed, details[0].Message, details);
        }

        if (exception.Message.Contains("uplicate", StringComparison.Ordinal))
        {
            return new Problem(Errors.InvalidJson, $"The body has a member twice at '{pointer}'.");
        }

        return Problem.Invalid(pointer, "The value has the wrong type, or is not one of those allowed.", "TYPE");
    }

    // "$.a.b[0]" as a JSON pointer.
    private static string Pointer(string? path) =>
        path is null or "$" ? "" : PathSeparator().Replace(path.TrimStart('$'), "/").TrimEnd('/');

    [GeneratedRegex(@"^The JSON property '([^']*)' could not be mapped")]
    private static partial Regex UnknownMember();

    [GeneratedRegex(@"missing required properties including: (.*?)\.(?: Path|$)")]
    private static partial Regex MissingMembers();

    [GeneratedRegex(@"'([^']+)'")]
    private static partial Regex QuotedName();

    [GeneratedRegex(@"\['|'\]\.?|\.|\[|\]\.?")]
    private static partial Regex PathSeparator();
}
