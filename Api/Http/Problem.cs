using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Workflows.Api.Http;

/// <summary>One of several things that are wrong.</summary>
/// <param name="Pointer">JSON pointer into the body, or the name of a parameter.</param>
/// <param name="Line">Of a body that came in YAML: where it is.</param>
/// <param name="Conflict">Of a transaction that cannot be committed: the object that stands in its way.</param>
internal sealed record ErrorDetail(
    string Pointer, string Code, string Message, string? Hint = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Line = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ConflictView? Conflict = null);

/// <param name="Write">Number of the write in its transaction.</param>
/// <param name="Type">workspace, folder, job, workflow, rule or schedule.</param>
/// <param name="ExpectedVersion">What it was changed from; null where the write expects none.</param>
/// <param name="PresentVersion">What it is now; null where it is deleted, or was never made.</param>
/// <param name="ChangedBy">Who changed it last, outside of the transaction.</param>
internal sealed record ConflictView(
    int Write, string Type, Guid Id, string? Name, int? ExpectedVersion, int? PresentVersion, string? ChangedBy,
    DateTimeOffset? ChangedAt);

/// <summary>
/// A request that failed, as an answer: in the envelope, or as RFC 9457 for a client that asks for <c>application/problem+json</c>.
/// </summary>
internal sealed class Problem(ErrorCode code, string? message = null, IReadOnlyList<ErrorDetail>? details = null, TimeSpan? retryAfter = null)
    : IResult
{
    private const string ProblemMediaType = "application/problem+json";

    public ErrorCode Code => code;

    public string Message => message ?? code.Meaning;

    public IReadOnlyList<ErrorDetail>? Details => details;

    public static Problem Invalid(string pointer, string message, string code = "VALUE") =>
        new(Errors.ValidationFailed, message, [new ErrorDetail(pointer, code, message)]);

    public static Problem Parameter(string name, string message) =>
        new(Errors.InvalidParameter, message, [new ErrorDetail(name, "VALUE", message)]);

    public Task ExecuteAsync(HttpContext httpContext)
    {
        if (Replay.Of(httpContext) is { } replay)
        {
            replay.Answer = CapturedAnswer.Of(this);
            return Task.CompletedTask;
        }

        var response = httpContext.Response;
        response.StatusCode = code.Status;
        if (retryAfter is { } wait)
        {
            response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        if (code.Status == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = "Bearer";
        }

        response.Headers.CacheControl = "no-store";
        var asProblem = httpContext.Request.Headers.Accept.Any(
            accept => accept?.Contains(ProblemMediaType, StringComparison.OrdinalIgnoreCase) == true);
        response.ContentType = asProblem ? ProblemMediaType : Envelope.MediaType;
        using var writer = Envelope.Writer(response);
        writer.WriteStartObject();
        if (asProblem)
        {
            WriteProblem(writer, httpContext);
        }
        else
        {
            writer.WriteBoolean("success"u8, false);
            writer.WriteStartObject("error"u8);
            WriteMembers(writer, httpContext);
            writer.WriteEndObject();
            Envelope.WriteMeta(writer, httpContext, null);
        }

        writer.WriteEndObject();
        writer.Flush();
        return response.BodyWriter.FlushAsync(httpContext.RequestAborted).AsTask();
    }

    private void WriteProblem(Utf8JsonWriter writer, HttpContext context)
    {
        writer.WriteString("type"u8, $"/docs/errors#{code.Code}");
        writer.WriteString("title"u8, code.Meaning);
        writer.WriteNumber("status"u8, code.Status);
        writer.WriteString("detail"u8, Message);
        writer.WriteString("instance"u8, context.Request.Path.Value);
        writer.WriteString("code"u8, code.Code);
        writer.WriteString("requestId"u8, RequestIds.Of(context));
        WriteDetails(writer, context);
    }

    private void WriteMembers(Utf8JsonWriter writer, HttpContext context)
    {
        writer.WriteString("code"u8, code.Code);
        writer.WriteString("message"u8, Message);
        WriteDetails(writer, context);
    }

    private void WriteDetails(Utf8JsonWriter writer, HttpContext context)
    {
        if (details is { Count: > 0 })
        {
            writer.WritePropertyName("details"u8);
            JsonSerializer.Serialize(writer, YamlSource.Locate(context, details), Envelope.Json);
        }
    }
}

/// <summary>Ends a request with a <see cref="Problem"/> from where no answer can be returned: binding, and deep inside a change.</summary>
internal sealed class ProblemException(Problem problem) : Exception(problem.Message)
{
    public Problem Problem => problem;
}
