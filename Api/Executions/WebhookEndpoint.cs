using System.Security.Cryptography;
using System.Text.Json;
using Workflows.Api.Http.Calls;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Events;
using Workflows.Data.Executions;
using Workflows.Data.Secrets;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Executions;

/// <summary>
/// Calls from outside that start executions. The address is all that is known of a caller until its signature or token is checked, over the bytes as they came.
/// A signed delivery is remembered in the statement that starts its execution: it starts one or none, however often it comes.
/// </summary>
internal sealed class WebhookEndpoint(
    WebhookStore webhooks, SecretStore secrets, PublishedWorkflows published, ExecuteEndpoint execute,
    WebhookLimiter limiter, QueueBudget budgets, TimeProvider clock)
{
    private static readonly string[] Methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];

    private static readonly string[] PassedHeaders =
        ["content-type", "user-agent", "x-request-id", "x-github-event", "x-github-delivery", "x-gitlab-event", "webhook-id", "webhook-timestamp"];

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapMethods("/api/v1/webhooks/{tenant}/{**path}", Methods, (HttpContext context, WebhookEndpoint endpoint) => endpoint.HandleAsync(context))
            .AllowAnonymous().WithMetadata(new BodyLimit(Limits.WebhookBodyBytes)).WithTags("Webhooks")
                .WithSummary("Call a webhook: starts the published workflow that listens at this address");

    private async Task HandleAsync(HttpContext context)
    {
        var request = context.Request;
        var found = await webhooks.FindAsync((string)context.GetRouteValue("tenant")!, (string?)context.GetRouteValue("path") ?? "", context.RequestAborted);
        if (found is null)
        {
            await new Problem(Errors.WebhookNotFound).ExecuteAsync(context);
            return;
        }

        var webhook = JsonSerializer.Deserialize<WebhookTrigger>(found.Settings, Envelope.Json)!;
        var budget = await limiter.TakeAsync(found, webhook.Auth);
        if (!budget.Allowed)
        {
            await new Problem(Errors.RateLimited, retryAfter: budget.RetryAfter).ExecuteAsync(context);
            return;
        }

        if (!webhook.Methods.Contains(request.Method))
        {
            context.Response.Headers.Allow = string.Join(", ", webhook.Methods);
            await new Problem(Errors.MethodNotAllowed).ExecuteAsync(context);
            return;
        }

        var (execution, problem) = await PrepareAsync(context, found, webhook);
        problem ??= await budgets.CheckStopAsync(found.TenantId, context.RequestAborted);
        if (problem is not null)
        {
            await problem.ExecuteAsync(context);
            return;
        }

        var isSigned = webhook.Auth == WebhookAuth.Hmac;
        await execute.StartAsync(
            context, execution!, webhook.Respond == WebhookResponse.Wait ? TimeSpan.FromSeconds(webhook.WaitSeconds) : null,
            isSigned ? new Problem(Errors.WebhookReplayed) : null);
    }

    private async Task<(NewExecution? Execution, Problem? Problem)> PrepareAsync(HttpContext context, PublishedWebhook found, WebhookTrigger webhook)
    {
        await using var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        if (body.Utf8.Length > Limits.WebhookBodyBytes)
        {
            return (null, new Problem(Errors.PayloadTooLarge, $"A webhook call has at most {Limits.WebhookBodyBytes} bytes."));
        }

        var secret = webhook.Secret is { } name
            ? (await secrets.GetAsync(found.TenantId, [name], context.RequestAborted)).GetValueOrDefault(name)
            : null;
        if (!WebhookSignatures.IsValid(webhook, secret, context.Request.Headers, body.Utf8.Span, clock.GetUtcNow(), out var delivery))
        {
            return (null, new Problem(Errors.WebhookSignature));
        }

        var (content, problem) = await CallBody.ReadAsync(context.Request, body.Utf8, Limits.WebhookBodyBytes,
            context.RequestAborted);
        if (content is null)
        {
            return (null, problem);
        }

        var workflow = await published.FindVersionAsync(found.TenantId, found.WorkflowId, found.Version, context.RequestAborted);
        if (workflow is null)
        {
            return (null, new Problem(Errors.WebhookNotFound));
        }

        var input = InputOf(context.Request, webhook, content);
        if (input.Length > Engine.Limits.InputBytes)
        {
            return (null, new Problem(Errors.PayloadTooLarge, $"The input made of the call has more than {Engine.Limits.InputBytes} bytes."));
        }

        // One delivery is taken once wherever the same secret is asked for. GitHub signs the body alone: two addresses
        // may well be called with the same one.
        var scope = delivery is not null && webhook.Scheme != WebhookScheme.Github
            ? $"webhook:secret/{webhook.Secret}"
            : $"webhook:{found.WorkflowId}/{found.TriggerId}";
        var key = delivery ?? IdempotencyKeys.Of(context.Request);
        var (concurrency, limited) =
            await StartClaims.ClaimAsync(found.TenantId, workflow, input, "", context.RequestAborted);
        return limited is not null ? (null, limited) : (new NewExecution
        {
            TenantId = found.TenantId,
            Id = Guid.CreateVersion7(clock.GetUtcNow()),
            WorkflowId = found.WorkflowId,
            Version = found.Version,
            Priority = StartClaims.PriorityOf(workflow),
            TriggerType = "webhook",
            Trigger = JsonSerializer.SerializeToUtf8Bytes(new { type = "webhook", id = found.TriggerId },
            Envelope.Json),
            Input = input,
            CreatedBy = $"webhook:{found.TriggerId}",
            Idempotency = key is null ? null : new IdempotencyClaim(scope, key, SHA256.HashData(body.Utf8.Span)),
            Concurrency = concurrency,
        }, null);
    }

    // The input of the execution: { method, path, headers, query, body, contentType, encoding }.
    private static byte[] InputOf(HttpRequest request, WebhookTrigger webhook, CallBody body)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, CallBody.WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("method"u8, request.Method);
            writer.WriteString("path"u8, webhook.Path);
            writer.WriteStartObject("headers"u8);
            foreach (var name in PassedHeaders.Concat(webhook.Headers.Select(header => header.ToLowerInvariant())).Distinct())
            {
                if (request.Headers.TryGetValue(name, out var values))
                {
                    writer.WriteString(name, CallFields.Storable(values.ToString()));
                }
            }

            writer.WriteEndObject();
            body.Write(writer, request);
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
