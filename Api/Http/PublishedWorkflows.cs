using System.Collections.Concurrent;
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
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<(Guid TenantId, Guid WorkflowId), Head> _heads = new();
    private readonly ConcurrentDictionary<(Guid TenantId, Guid WorkflowId, int Number), CompiledWorkflow> _compiled = new();

    public PublishedWorkflows(ExecutionQueries queries, TimeProvider clock, Invalidation invalidation)
    {
        (_queries, _clock) = (queries, clock);
        invalidation.OnChange((what, tenantId, id) =>
        {
            if (what == Invalidated.Workflow)
            {
                _heads.TryRemove((tenantId, id), out _);
            }
        });
    }

    public async ValueTask<PublishedHead?> FindHeadAsync(Guid tenantId, Guid workflowId, CancellationToken cancellationToken)
    {
        var key = (tenantId, workflowId);
        if (!_heads.TryGetValue(key, out var head) || _clock.GetElapsedTime(head.Since) >= Limits.PublishedTrust)
        {
            head = _heads.AddOrUpdate(
                key, NewHead, (k, present) => _clock.GetElapsedTime(present.Since) >= Limits.PublishedTrust ? NewHead(k) : present);
            Trim(_heads);
        }

        var found = default(PublishedHead);
        try
        {
            found = await head.Found.Value.WaitAsync(cancellationToken);
            return found;
        }
        finally
        {
            if (found is null)
            {
                _heads.TryRemove(new(key, head));
            }
        }
    }

    /// <returns>Null when there is no such version, or this release cannot run it.</returns>
    public async ValueTask<CompiledWorkflow?> FindVersionAsync(Guid tenantId, Guid workflowId, int number, CancellationToken cancellationToken)
    {
        if (_compiled.TryGetValue((tenantId, workflowId, number), out var compiled))
        {
            return compiled;
        }

        var definition = await _queries.FindDefinitionAsync(tenantId, workflowId, number, cancellationToken);
        if (definition is null || !CompiledWorkflow.TryCompile(definition, out compiled, out _))
        {
            return null;
        }

        Trim(_compiled);
        return _compiled.GetOrAdd((tenantId, workflowId, number), compiled);
    }

    // Read with the look-up's own life: whoever started it may leave.
    private Head NewHead((Guid TenantId, Guid WorkflowId) key) => new(
        _clock.GetTimestamp(),
        new Lazy<Task<PublishedHead?>>(() => _queries.FindHeadAsync(key.TenantId, key.WorkflowId, CancellationToken.None)));

    // All at once instead of the least used: rare, and what is needed is back in a millisecond.
    private static void Trim<TKey, TValue>(ConcurrentDictionary<TKey, TValue> cache)
        where TKey : notnull
    {
        if (cache.Count > Limits.CachedWorkflows)
        {
            cache.Clear();
        }
    }

    private sealed record Head(long Since, Lazy<Task<PublishedHead?>> Found);
}
