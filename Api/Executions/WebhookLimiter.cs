using System.Security.Cryptography;
using System.Text;
using Workflows.Api.Http.Security;
using Workflows.Data.Events;
using Workflows.Data.Identity;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Executions;

/// <summary>Limits the calls of each webhook by itself; one that anybody may call has less than one whose callers prove
/// who they are.</summary>
internal sealed class WebhookLimiter(RateLimitStore store, RateLimitOptions options, TimeProvider clock)
{
    private readonly RateLimiter _verified = new(store, options, clock);
    private readonly RateLimiter _open = new(
        store, new RateLimitOptions
        {
            PermitsPerSecond = options.OpenWebhooksPerSecond,
            Burst = options.OpenWebhookBurst
        }, clock);

    public ValueTask<RateDecision> TakeAsync(PublishedWebhook webhook, WebhookAuth auth)
    {
        var caller = new Caller(webhook.TenantId, Name(webhook), $"webhook:{webhook.TriggerId}", Permission.None, null);
        return (auth == WebhookAuth.None ? _open : _verified).TakeAsync(caller);
    }

    private static Guid Name(PublishedWebhook webhook) =>
        new(SHA256.HashData(Encoding.UTF8.GetBytes($"{webhook.WorkflowId:N}/{webhook.TriggerId}")).AsSpan(0, 16));
}
