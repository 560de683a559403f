using Workflows.Engine.Nodes;

namespace Workflows.Engine.Definitions;

/// <summary>Which of the tenant's things a workflow needs to run.</summary>
public static class TenantResources
{
    /// <summary>Whether a node names the connector or the custom node.</summary>
    public static bool Names(this CompiledWorkflow workflow, ResourceKind kind, string name) =>
        workflow.Resources.Any(use => use.Kind == kind && use.Name == name);

    /// <summary>Whether an expression reads the secret, or calls from outside are checked by it.</summary>
    public static bool NeedsSecret(this CompiledWorkflow workflow, string name) =>
        workflow.SecretNames.Contains(name)
        || workflow.Definition.Triggers.Any(trigger => trigger.Webhook?.Secret == name)
        || workflow.Nodes.Any(
            node => node.Action is WaitForWebhookAction { Signature.Secret: { } secret } && secret == name);
}
