using System.Collections.Concurrent;
using Workflows.Data.Executions;
using Workflows.Engine.Definitions;

namespace Workflows.Worker.Execution;

/// <summary>Compiled workflow versions. A version never changes, so nothing here expires; the least recently used go first.</summary>
internal sealed class WorkflowCache(DefinitionStore definitions)
{
    private readonly ConcurrentDictionary<VersionKey, Entry> _entries = new();
    private long _clock;

    /// <returns>Null when there is no such version, or this build can no longer compile it.</returns>
    public async ValueTask<CompiledWorkflow?> GetAsync(Guid tenantId, Guid workflowId, int version, CancellationToken cancellationToken)
    {
        var key = new VersionKey(tenantId, workflowId, version);
        if (_entries.TryGetValue(key, out var entry))
        {
            entry.LastUse = Interlocked.Increment(ref _clock);
            return entry.Workflow;
        }

        var definition = await definitions.FindAsync(tenantId, workflowId, version, cancellationToken);
        if (definition is null || !CompiledWorkflow.TryCompile(definition.Definition, definition.CustomNodes, out var workflow, out _))
        {
            return null;
        }

        if (_entries.Count >= Limits.CachedVersions)
        {
            foreach (var oldest in _entries.OrderBy(pair => pair.Value.LastUse).Take(Limits.CachedVersions / 10))
            {
                _entries.TryRemove(oldest);
            }
        }

        _entries[key] = new Entry(workflow) { LastUse = Interlocked.Increment(ref _clock) };
        return workflow;
    }

    private readonly record struct VersionKey(Guid TenantId, Guid WorkflowId, int Version);

    private sealed class Entry(CompiledWorkflow workflow)
    {
        public CompiledWorkflow Workflow { get; } = workflow;

        public long LastUse { get; set; }
    }
}
