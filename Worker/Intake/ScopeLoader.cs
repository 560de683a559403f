using Workflows.Data.Context;
using Workflows.Data.Executions;
using Workflows.Data.Secrets;
using Workflows.Engine.Definitions;
using Workflows.Worker.Ownership;

namespace Workflows.Worker.Intake;

/// <summary>Loads what a workflow's expressions name, and nothing for those that name nothing.</summary>
internal sealed class ScopeLoader(SecretStore secrets, VariableStore variables, ContextStore context)
{
    private static readonly Func<ClaimedExecution, ScopeValues> Nothing = static _ => ScopeValues.None;

    /// <summary>
    /// What the expressions of executions of one version of a workflow see, read for all of them together.
    /// </summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">A secret cannot be opened.</exception>
    public async ValueTask<Func<ClaimedExecution, ScopeValues>> LoadAsync(
        IReadOnlyList<ClaimedExecution> alike, CompiledWorkflow workflow, CancellationToken cancellationToken)
    {
        if (workflow is { UsesVariables: false, UsesContext: false, SecretNames.Count: 0 })
        {
            return Nothing;
        }

        var (tenantId, workflowId) = (alike[0].Key.TenantId, alike[0].WorkflowId);
        var values = ScopeValues.None;
        if (workflow.UsesVariables)
        {
            values = values with { Variables = await variables.GetAsync(tenantId, workflowId, cancellationToken) };
        }

        if (workflow.SecretNames.Count > 0)
        {
            values = values with
            {
                Secrets = await secrets.GetAsync(tenantId, workflow.SecretNames, cancellationToken),
            };
        }

        if (!workflow.UsesContext)
        {
            return _ => values;
        }

        var executionIds = alike.Select(execution => execution.Key.Id).ToList();
        var snapshots = await context.SnapshotsAsync(tenantId, workflowId, executionIds, cancellationToken);
        return execution => values with { Context = snapshots.Of(execution.Key.Id) };
    }
}
