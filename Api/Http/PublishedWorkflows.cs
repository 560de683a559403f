using Workflows.Data.Caching;
using Workflows.Data.Executions;
using Workflows.Data.Identity;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Http;

/// <summary>
/// What the start path needs of workflows, in memory: which version is published, and versions compiled. A version never changes, so only the head is
/// trusted for a limited time: an instance that missed the message of a publication starts the version before for at most
/// <see cref="Limits.PublishedTrust"/>; the instance that published starts the new one at once.
/// </summary>
internal sealed class PublishedWorkflows
{
    private readonly ExecutionQueries _queries;
    private readonly TrustedCache<(Guid TenantId, Guid WorkflowId), PublishedHead> _heads;
    private readonly TrustedCache<(Guid TenantId, Guid WorkflowId, int Number), CompiledWorkflow> _compiled;

    public PublishedWorkflows(ExecutionQueries queries, TimeProvider clock, Invalidation invalidation)
    {
        _queries = queries;
        _heads = new(clock, Limits.CachedWorkflows, Limits.PublishedTrust);
        _compiled = new(clock, Limits.CachedWorkflows, TimeSpan.MaxValue);
        invalidation.OnChange((what, tenantId, id) =>
        {
            if (what == Invalidated.Workflow)
            {
                _heads.Drop((tenantId, id));
            }
        });
    }

    public ValueTask<PublishedHead?> FindHeadAsync(
        Guid tenantId, Guid workflowId, CancellationToken cancellationToken) =>
        _heads.GetAsync(
            (tenantId, workflowId),
            static (key, queries) => queries.FindHeadAsync(key.TenantId, key.WorkflowId, CancellationToken.None),
            _queries,
            cancellationToken);

    /// <returns>Null when there is no such version, or this release cannot run it.</returns>
    public ValueTask<CompiledWorkflow?> FindVersionAsync(
        Guid tenantId, Guid workflowId, int number, CancellationToken cancellationToken) =>
        _compiled.GetAsync(
            (tenantId, workflowId, number),
            static (key, self) => self.CompileAsync(key.TenantId, key.WorkflowId, key.Number),
            this,
            cancellationToken);

    private async Task<CompiledWorkflow?> CompileAsync(Guid tenantId, Guid workflowId, int number) =>
        await _queries.FindDefinitionAsync(tenantId, workflowId, number, CancellationToken.None) is { } definition
        && CompiledWorkflow.TryCompile(definition, out var compiled, out _)
            ? compiled
            : null;
}
