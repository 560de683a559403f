using BitFaster.Caching.Lru;
using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>
/// Refuses starts of a tenant whose queue is as long as <c>tenants.settings.limits.maxQueued</c> allows. The length is read at most once a second per tenant and counted
/// on from there, so the limit is exceeded by no more than what other processes accept in that second. Costs the start path a look into memory.
/// </summary>
public sealed class QueueBudget(WorkflowsDatabase database, TimeProvider clock)
{
    private readonly FastConcurrentLru<Guid, Budget> _budgets = new(Limits.QueueBudgets);

    /// <summary>How long a length of the queue is trusted.</summary>
    public static readonly TimeSpan Trust = TimeSpan.FromSeconds(1);

    /// <returns>False when <paramref name="starts"/> more would be too many.</returns>
    public async ValueTask<bool> TryTakeAsync(Guid tenantId, int starts, CancellationToken cancellationToken)
    {
        var budget = _budgets.GetOrAdd(tenantId, static _ => new Budget());
        if (clock.GetElapsedTime(Volatile.Read(ref budget.ReadAt)) >= Trust || !budget.IsKnown)
        {
            await RefreshAsync(tenantId, budget, cancellationToken);
        }

        return budget.TryTake(starts);
    }

    // One reads, the others go by what is known meanwhile; only the first look of all is waited for by everybody.
    private async Task RefreshAsync(Guid tenantId, Budget budget, CancellationToken cancellationToken)
    {
        if (!budget.IsKnown)
        {
            await budget.Gate.WaitAsync(cancellationToken);
        }
        else if (!await budget.Gate.WaitAsync(TimeSpan.Zero, cancellationToken))
        {
            return;
        }

        try
        {
            if (clock.GetElapsedTime(Volatile.Read(ref budget.ReadAt)) >= Trust || !budget.IsKnown)
            {
                var (max, length) = await ReadAsync(tenantId, cancellationToken);
                budget.Set(max, length, clock.GetTimestamp());
            }
        }
        finally
        {
            budget.Gate.Release();
        }
    }

    // Counted no further than the limit, through the partial indexes of what waits.
    private const string LengthSql = """
        select l.max_queued, case when l.max_queued is null then 0 else (
          select count(*)::int from (
            (select from executions e where e.tenant_id = $1 and e.status = 'queued' limit l.max_queued)
            union all
            (select from executions e where e.tenant_id = $1 and e.status = 'held' limit l.max_queued)
          ) q) end
        from (
          select case when jsonb_typeof(t.settings #> '{limits,maxQueued}') = 'number' then (t.settings #>> '{limits,maxQueued}')::numeric::int else $2 end as max_queued
          from tenants t where t.tenant_id = $1
        ) l
        """;

    private async Task<(int? Max, int Length)> ReadAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        var length = new NpgsqlBatchCommand(LengthSql) { Parameters = { Sql.Uuid(tenantId), Sql.Int(Limits.QueuedByDefault) } };
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { TenantScope.SetTenant(tenantId), length } };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? (reader.IsDBNull(0) ? null : reader.GetInt32(0), reader.GetInt32(1)) : (null, 0);
    }

    private sealed class Budget
    {
        public long ReadAt;

        private int? _max;
        private int _length;
        private volatile bool _isKnown;

        public SemaphoreSlim Gate { get; } = new(1, 1);

        public bool IsKnown => _isKnown;

        public void Set(int? max, int length, long now)
        {
            (_max, _length) = (max, length);
            Volatile.Write(ref ReadAt, now);
            _isKnown = true;
        }

        public bool TryTake(int starts)
        {
            if (_max is not { } max)
            {
                return true;
            }

            if (Interlocked.Add(ref _length, starts) <= max)
            {
                return true;
            }

            Interlocked.Add(ref _length, -starts);
            return false;
        }
    }
}
