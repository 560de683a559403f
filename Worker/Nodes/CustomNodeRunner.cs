using Workflows.Data.Executions;
using Workflows.Engine.Nodes;
using Workflows.Worker.Calls;

namespace Workflows.Worker.Nodes;

/// <summary>
/// Runs nodes of the tenants' own types in versions of workflows that were saved before versions kept the custom nodes they use: looks up what the type does at
/// present, checks the parameters against its schema, and has the call made by the runner of <c>http</c> nodes, with all its guards.
/// </summary>
internal sealed class CustomNodeRunner(NodeDefinitionStore definitions, HttpNodeRunner http, ConnectorAccess access, TimeProvider clock) : INodeRunner
{
    public string Type => CustomNodes.Prefix;

    public async Task<NodeResult> RunAsync(NodeCall call, CancellationToken cancellationToken)
    {
        var name = CustomNodes.NameOf(call.Run.Type)!;
        var definition = await access.PatientlyAsync(() => definitions.FindAsync(call.TenantId, name, cancellationToken).AsTask(), cancellationToken);
        if (definition is null)
        {
            return ConnectorAccess.Failed("NODE_DEFINITION_NOT_FOUND", $"There is no custom node '{name}' any more.", isTransient: false);
        }

        if (definition.Workflow is not null)
        {
            return ConnectorAccess.Failed(
                "NODE_DEFINITION_NOT_KEPT",
                $"The custom node '{name}' runs a workflow now, and this version was saved before versions kept their custom nodes: save the workflow again.",
                isTransient: false);
        }

        return definition.TryPrepare(call.Run, call.TenantId, clock.GetUtcNow(), out var run, out var error)
            ? await NodeCalls.WithinAsync(http, call with { Run = run }, clock, cancellationToken)
            : new NodeResult.Failure(error);
    }
}
