using System.Text.Json;
using Workflows.Api.Http.Calls;
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
    private static readonly string[] Methods = ["POST", "PUT", "PATCH", "GET", "DELETE"];

    // What a workflow may want to see. Not on the list: anything that could authenticate somebody, or says how the request came here.
    private static readonly string[] KeptHeaders =
        ["Content-Type", "User-Agent", "Accept-Language", "Idempotency-Key", "X-Request-Id", "X-Correlation-Id", "X-Event-Type", "traceparent"];

    /// <summary>Outside the group: the query belongs to the caller.</summary>
    public static void MapCallbacks(this IEndpointRouteBuilder routes) =>
        routes.MapMethods("/api/v1/callbacks/{token}", Methods, HandleAsync).WithTags("Callbacks").AllowAnonymous()
            .WithMetadata(new SuccessStatus(202), new BodyLimit(Limits.CallbackBytes))
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

        var (content, problem) = await CallBody.ReadAsync(context.Request, body.Utf8, Limits.CallbackBytes,
            cancellationToken);
        if (content is null)
        {
            return problem!;
        }

        var call = CallOf(context, content);

        return await callbacks.CallAsync(target.TenantId, target.ExecutionId, target.NodeId, target.Iteration, call, cancellationToken, delivery) switch
        {
            CallbackOutcome.Accepted => ApiResponse<CallbackView>.Accepted(new CallbackView("accepted")),
            CallbackOutcome.Gone => new Problem(Errors.CallbackGone),
            CallbackOutcome.Replayed => new Problem(Errors.WebhookReplayed),
        };
    }

    /// <summary>The call as the waiting node puts it out.</summary>
    private static byte[] CallOf(HttpContext context, CallBody body)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, CallBody.WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("method", context.Request.Method);
            writer.WriteStartObject("headers");
            foreach (var name in KeptHeaders.Where(name => context.Request.Headers.ContainsKey(name)))
            {
                writer.WriteString(name.ToLowerInvariant(),
                    CallFields.Storable(context.Request.Headers[name].ToString()));
            }

            writer.WriteEndObject();
            body.Write(writer, context.Request);
            writer.WriteString("receivedAt", Clock.Of(context).GetUtcNow());
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
