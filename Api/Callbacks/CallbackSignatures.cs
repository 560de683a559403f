using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Executions;
using Workflows.Data.Secrets;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;

namespace Workflows.Api.Callbacks;

/// <summary>What the check of a call's signature came to.</summary>
internal readonly record struct SignatureCheck(bool Valid, SignedDelivery? Delivery)
{
    public bool IsValid(out SignedDelivery? delivery)
    {
        delivery = Delivery;
        return Valid;
    }
}

/// <summary>
/// Checks the signatures of calls of one-time addresses, by the code that checks those of webhooks. What the node asks for is read from the version that the execution
/// runs on, so that a call may come before the wait is open. Fails closed: without execution, version, node or secret no signature is valid.
/// </summary>
internal sealed class CallbackSignatures(CallbackStore callbacks, PublishedWorkflows workflows, SecretStore secrets, TimeProvider clock)
{
    public async Task<SignatureCheck> CheckAsync(
        CallbackTarget target, IHeaderDictionary headers, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        if (await callbacks.FindVersionAsync(target.TenantId, target.ExecutionId, cancellationToken) is not { } version
            || await workflows.FindVersionAsync(target.TenantId, version.WorkflowId, version.Version, cancellationToken) is not { } workflow
            || workflow.CallbackSignatureOf(target.NodeId) is not { Secret: { } name } wanted)
        {
            return default;
        }

        var secret = (await secrets.GetAsync(target.TenantId, [name], cancellationToken)).GetValueOrDefault(name);
        if (!WebhookSignatures.IsValid(wanted, secret, headers, body.Span, clock.GetUtcNow(), out var delivery))
        {
            return default;
        }

        // GitHub signs the body alone: two addresses may well be called with the same one.
        return new SignatureCheck(
            true, delivery is null || wanted.Scheme == WebhookScheme.Github ? null : new SignedDelivery($"callback:{name}", delivery));
    }
}
