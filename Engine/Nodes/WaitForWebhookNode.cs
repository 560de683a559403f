using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>How a one-time address may be called.</summary>
public enum CallbackMethod
{
    Post,
    Put,
    Patch,
    Get,
    Delete,
    Any,
}

/// <summary>How the caller of a one-time address proves who it is, beside knowing the address.</summary>
public enum CallbackSignature
{
    None,

    /// <summary>See <see cref="WebhookScheme"/> for these.</summary>
    Standard,
    Stripe,
    Github,
}

/// <summary>Parameters of <c>waitForWebhook</c>.</summary>
public sealed record WaitForWebhookParameters
{
    [Parameter("The HTTP method the address may be called with. `get` and `any` may also be called by whoever looks at the link beforehand, such as a mail scanner.")]
    public CallbackMethod Method { get; init; } = CallbackMethod.Post;

    [Parameter(
        "How long to wait. Then the node leaves by `timeout`; with nothing wired there it fails. Left out: for ever.",
        Kind = ParameterKind.Number,
        Min = 0.001,
        Max = Limits.WaitSeconds)]
    public JsonTemplate? TimeoutSeconds { get; init; }

    [Parameter("The signature that a call must bear, by the schemes of webhooks; a call without a valid one is refused and does not use the address up.")]
    public CallbackSignature Signature { get; init; } = CallbackSignature.None;

    [Parameter("The name of the tenant's secret that the calls are signed with.", MaxLength = Limits.NameLength, Example = "\"BANK_HOOK\"")]
    public string? Secret { get; init; }

    [Parameter("How many seconds the signed time may lie from ours.", Min = 1, Max = Limits.WebhookToleranceSeconds)]
    public int ToleranceSeconds { get; init; } = WebhookTrigger.DefaultToleranceSeconds;
}

internal sealed class WaitForWebhookNode() : NodeType<WaitForWebhookParameters>(
    TypeName,
    "wait",
    NodeEffect.Wait,
    "Waits for one call of its one-time address, which any node of the workflow reads as `callbacks.<id of this node>`, also before this one is reached.",
    NodePort.MainPort,
    new NodePort(NodePort.Timeout, "The address was not called in time."),
    NodePort.ErrorPort)
{
    public const string TypeName = "waitForWebhook";

    /// <summary>In the order of <see cref="CallbackMethod"/>; null = any. Part of the tokens: only ever appended to.</summary>
    public static readonly string?[] Methods = ["POST", "PUT", "PATCH", "GET", "DELETE", null];

    public override string OutputSummary =>
        "The call: `method`, `headers` (a few harmless ones, never credentials), `query`, `body`, `contentType`, `encoding` (`json`, `form`, `text`, `base64`: what `body` is) and `receivedAt`. At `timeout`: null.";

    private protected override NodeAction? Compile(WaitForWebhookParameters parameters, NodeCompilation node) => parameters switch
    {
        { Signature: not CallbackSignature.None, Secret: null or "" } =>
            node.Reject("secret", DefinitionProblemCodes.ParameterMissing, "A signature needs a secret.", "Name a secret of the tenant."),
        { Signature: CallbackSignature.None, Secret: not null } =>
            node.Reject("secret", DefinitionProblemCodes.ParameterConflict, "Without a signature the secret is for nothing.", "Remove it, or write \"signature\": \"standard\"."),
        _ => new WaitForWebhookAction(parameters),
    };
}

internal sealed class WaitForWebhookAction(WaitForWebhookParameters parameters) : WaitAction
{
    /// <summary>Null = any.</summary>
    public string? Method { get; } = WaitForWebhookNode.Methods[(int)parameters.Method];

    /// <summary>What its calls are checked by, as those of a webhook; null = the address is enough.</summary>
    public WebhookTrigger? Signature { get; } = parameters.Signature == CallbackSignature.None ? null : new WebhookTrigger(
        "", [], WebhookAuth.Hmac, Enum.Parse<WebhookScheme>(parameters.Signature.ToString()), parameters.Secret, parameters.ToleranceSeconds, [],
        WebhookResponse.Accepted, WebhookTrigger.DefaultWaitSeconds);

    public override IReadOnlyList<(string Port, string Reason)> UnusedPorts =>
        parameters.TimeoutSeconds is null ? [(NodePort.Timeout, "without 'timeoutSeconds' it waits for ever")] : [];

    public override WaitSpec? Open(in NodeContext context, out StepOutcome outcome)
    {
        if (context.State.Facts.Callbacks is null)
        {
            outcome = StepOutcome.Failed(StepErrorCodes.CallbackUnavailable, "The workers know no public address of the API; Api:PublicUrl says it.");
            return null;
        }

        outcome = default;
        return new WaitSpec(
            context.Node.Ordinal,
            context.Node.Id,
            context.Frame.Iteration,
            context.Attempt,
            WaitKind.Webhook,
            context.Seconds(parameters.TimeoutSeconds, "timeoutSeconds") is { } seconds ? context.Now.AddSeconds(seconds) : null);
    }

    public override StepOutcome Resolve(in NodeContext context, WaitOutcome outcome, ReadOnlyMemory<byte> payload)
    {
        if (outcome == WaitOutcome.Answered)
        {
            return StepOutcome.Main(payload);
        }

        return context.Node.IsWired(NodePort.Timeout)
            ? StepOutcome.By(NodePort.Timeout, StepOutputs.Null)
            : StepOutcome.Failed(StepErrorCodes.WaitTimedOut, "The address was not called in time.");
    }
}
