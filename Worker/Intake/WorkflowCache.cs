using Workflows.Data.Caching;
using Workflows.Data.Executions;
using Workflows.Engine.Definitions;

namespace Workflows.Worker.Intake;

/// <summary>
/// Compiled workflow versions. A version never changes, so nothing here expires; the least recently used go first.
/// </summary>
internal sealed class WorkflowCache(DefinitionStore definitions, TimeProvider clock)
{
    private readonly TrustedCache<VersionKey, CompiledWorkflow> _versions =
        new(clock, Limits.CachedVersions, TimeSpan.MaxValue);

    /// <returns>Null when there is no such version, or this build can no longer compile it.</returns>
    public ValueTask<CompiledWorkflow?> GetAsync(
        Guid tenantId, Guid workflowId, int version, CancellationToken cancellationToken) =>
        _versions.GetAsync(
            new VersionKey(tenantId, workflowId, version),
            static (key, self) => self.CompileAsync(key),
            this,
            cancellationToken);

    private async Task<CompiledWorkflow?> CompileAsync(VersionKey key) =>
        await definitions.FindAsync(key.TenantId, key.WorkflowId, key.Version, CancellationToken.None) is { } found
        && CompiledWorkflow.TryCompile(found.Definition, found.CustomNodes, out var workflow, out _)
            ? workflow
            : null;

    private readonly record struct VersionKey(Guid TenantId, Guid WorkflowId, int Version);
}
