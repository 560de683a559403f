using System.Collections.ObjectModel;
using Workflows.Data.Context;
using Workflows.Data.Executions;
using Workflows.Data.Secrets;
using Workflows.Engine.Definitions;

namespace Workflows.Worker.Execution;

/// <summary>What expressions of one execution see beyond its own row.</summary>
internal sealed record ScopeValues(ReadOnlyMemory<byte> Variables, ReadOnlyMemory<byte> Context, IReadOnlyDictionary<string, string> Secrets)
{
    public static ScopeValues None { get; } = new(default, default, ReadOnlyDictionary<string, string>.Empty);
}

/// <summary>Loads what a workflow's expressions name, and nothing for those that name nothing.</summary>
internal sealed class ScopeLoader(SecretStore secrets, VariableStore variables, ContextStore context)
{
    /// <exception cref="System.Security.Cryptography.CryptographicException">A secret cannot be opened.</exception>
    public async ValueTask<ScopeValues> LoadAsync(ClaimedExecution execution, CompiledWorkflow workflow, CancellationToken cancellationToken)
    {
        if (workflow is { UsesVariables: false, UsesContext: false, SecretNames.Count: 0 })
        {
            return ScopeValues.None;
        }

        var tenantId = execution.Key.TenantId;
        return new ScopeValues(
            workflow.UsesVariables ? await variables.GetAsync(tenantId, execution.WorkflowId, cancellationToken) : default(ReadOnlyMemory<byte>),
            workflow.UsesContext ? await context.SnapshotAsync(tenantId, execution.WorkflowId, execution.Key.Id, cancellationToken) : default(ReadOnlyMemory<byte>),
            workflow.SecretNames.Count > 0 ? await secrets.GetAsync(tenantId, workflow.SecretNames, cancellationToken) : ScopeValues.None.Secrets);
    }
}
