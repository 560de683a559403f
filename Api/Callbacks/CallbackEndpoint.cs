using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Executions;

namespace Workflows.Api.Callbacks;

/// <param name="Status">accepted.</param>
internal sealed record CallbackView(string Status);

/// <summary>
/// One-time addresses, open to whoever was given one: the token is the credential, and a signature beside it where the node asks for one. Guarantees: a token that this platform did not make costs one HMAC and no look into
/// the database; of several calls one counts; a call that comes before the workflow waits for it is kept. What is kept of a call holds no credentials.
/// </summary>
internal static class CallbackEndpoint
{
    private const string FormType = "application/x-www-form-urlencoded";

    private static readonly string[] Methods = ["POST", "PUT", "PATCH", "GET", "DELETE"];

    // What a workflow may want to see. Not on the list: anything that could authenticate somebody, or says how the request came here.
    private static readonly string[] KeptHeaders =
        ["Content-Type", "User-Agent", "Accept-Language", "Idempotency-Key", "X-Request-Id", "X-Correlation-Id", "X-Event-Type", "traceparent"];

    /// <summary>Outside the group: the query belongs to the caller.</summary>
    public static void MapCallbacks(this IEndpointRouteBuilder routes) =>
        routes.MapMethods("/api/v1/callbacks/{token}", Methods, HandleAsync).WithTags("Callbacks").AllowAnonymous().WithMetadata(new SuccessStatus(202), new BodyLimit(Limits.CallbackBytes))
            .WithSummary("Call the one-time address of a workflow that waits for it");

    private static async Task<ApiResponse<CallbackView>> HandleAsync(
        string token, HttpContext context, Keys keys, CallbackStore callbacks, CallbackSignatures signatures, CancellationToken cancellationToken)
    {
        if (!keys.Callbacks.TryRead(token, out var target))
        {
            return new Problem(Errors.CallbackNotFound);
        }

        if (target.Method is { } method && method != context.Request.Method)
        {
            context.Response.Headers.Allow = method;
            return new Problem(Errors.MethodNotAllowed, $"This address is called with {method}.");
        }

        await using var body = await RequestBody.ReadAsync(context.Request, cancellationToken);
        if (body.Utf8.Length > Limits.CallbackBytes)
        {
            return new Problem(Errors.PayloadTooLarge, $"A call has at most {Limits.CallbackBytes} bytes.");
        }

        SignedDelivery? delivery = null;
        if (target.IsSigned && !(await signatures.CheckAsync(target, context.Request.Headers, body.Utf8, cancellationToken)).IsValid(out delivery))
        {
            return new Problem(Errors.WebhookSignature);
        }

        var (call, problem) = Read(context, body.Utf8);
        if (call is null)
        {
            return problem!;
        }

        return await callbacks.CallAsync(target.TenantId, target.ExecutionId, target.NodeId, target.Iteration, call, cancellationToken, delivery) switch
        {
            CallbackOutcome.Accepted => ApiResponse<CallbackView>.Accepted(new CallbackView("accepted")),
            CallbackOutcome.Gone => new Problem(Errors.CallbackGone),
            CallbackOutcome.Replayed => new Problem(Errors.WebhookReplayed),
        };
    }

    /// <summary>The call as the waiting node puts it out.</summary>
    private static (byte[]? Call, Problem? Problem) Read(HttpContext context, ReadOnlyMemory<byte> body)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("method", context.Request.Method);
            writer.WriteStartObject("headers");
            foreach (var name in KeptHeaders.Where(name => context.Request.Headers.ContainsKey(name)))
            {
                writer.WriteString(name.ToLowerInvariant(), Storable(context.Request.Headers[name].ToString()));
            }

            writer.WriteEndObject();
            writer.WritePropertyName("query");
            Write(writer, context.Request.Query);
            writer.WritePropertyName("body");
            if (WriteBody(writer, context.Request, body) is { } problem)
            {
                return (null, problem);
            }

            writer.WriteString("receivedAt", Clock.Of(context).GetUtcNow());
            writer.WriteEndObject();
        }

        return (buffer.ToArray(), null);
    }

    private static Problem? WriteBody(Utf8JsonWriter writer, HttpRequest request, ReadOnlyMemory<byte> body)
    {
        if (body.IsEmpty)
        {
            writer.WriteNullValue();
            return null;
        }

        if (RequestBody.IsJson(request))
        {
            if (RequestBody.Check(body.Span) is { } problem)
            {
                return problem;
            }

            writer.WriteRawValue(body.Span, skipInputValidation: true);
            return null;
        }

        var media = request.ContentType?.Split(';')[0].Trim();
        if (request.Headers.ContentEncoding.Count > 0 || media is null
            || !(media.StartsWith("text/", StringComparison.OrdinalIgnoreCase) || media.Equals(FormType, StringComparison.OrdinalIgnoreCase)))
        {
            return new Problem(Errors.UnsupportedMediaType, "A call bears JSON, a form or text, in UTF-8 and not encoded.");
        }

        if (!System.Text.Unicode.Utf8.IsValid(body.Span))
        {
            return new Problem(Errors.UnsupportedMediaType, "The text of a call is UTF-8.");
        }

        var text = Encoding.UTF8.GetString(body.Span);
        if (media.Equals(FormType, StringComparison.OrdinalIgnoreCase))
        {
            Write(writer, QueryHelpers.ParseQuery(text));
        }
        else
        {
            writer.WriteStringValue(Storable(text));
        }

        return null;
    }

    // A field that comes once is text, one that comes more often a list.
    private static void Write(Utf8JsonWriter writer, IEnumerable<KeyValuePair<string, StringValues>> fields)
    {
        writer.WriteStartObject();
        foreach (var (name, values) in fields.DistinctBy(field => Storable(field.Key)))
        {
            writer.WritePropertyName(Storable(name));
            if (values.Count == 1)
            {
                writer.WriteStringValue(Storable(values.ToString()));
                continue;
            }

            writer.WriteStartArray();
            foreach (var value in values)
            {
                writer.WriteStringValue(Storable(value ?? ""));
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    // PostgreSQL's jsonb cannot hold U+0000, nor halves of surrogate pairs, which percent-encoding can bring in.
    private static string Storable(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Replace('\0', '\uFFFD');
}
