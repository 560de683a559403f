using BitFaster.Caching.Lru;
using Npgsql;
using Workflows.Data.Database;

namespace Workflows.Data.Executions;

/// <summary>That a budget of a tenant is used up and was to stop starts.</summary>
/// <param name="Name">Of the budget.</param>
/// <param name="Left">How long until then.</param>
public sealed record StartStop(string Name, DateTimeOffset Until, TimeSpan Left);

/// <summary>
/// Refuses starts of a tenant whose queue is as long as <c>tenants.settings.limits.maxQueued</c> allows. The length is read at most once a second per tenant and counted
/// on from there, so the limit is exceeded by no more than what other processes accept in that second. Costs the start path a look into memory.
/// The same read tells whether a budget of the tenant stops starts.
/// </summary>
public sealed class QueueBudget(WorkflowsDatabase database, TimeProvider clock)
{
    private readonly FastConcurrentLru<Guid, Budget> _budgets = new(Limits.QueueBudgets);

    /// <summary>How long a length of the queue is trusted.</summary>
    public static readonly TimeSpan Trust = TimeSpan.FromSeconds(1);

    /// <returns>False when <paramref name="starts"/> more would be too many.</returns>
    public async ValueTask<bool> TryTakeAsync(Guid tenantId, int starts, CancellationToken cancellationToken) =>
        (await OfAsync(tenantId, cancellationToken)).TryTake(starts);

    /// <summary>The budget that stops starts of the tenant; null when none does.</summary>
    public async ValueTask<StartStop?> FindStopAsync(Guid tenantId, CancellationToken cancellationToken) =>
        (await OfAsync(tenantId, cancellationToken)).Stop is { } stop && stop.Until - clock.GetUtcNow() is var left
            && left > TimeSpan.Zero ? stop with { Left = left } : null;

    private async ValueTask<Budget> OfAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        var budget = _budgets.GetOrAdd(tenantId, static _ => new Budget());
        if (clock.GetElapsedTime(Volatile.Read(ref budget.ReadAt)) >= Trust || !budget.IsKnown)
        {
            await RefreshAsync(tenantId, budget, cancellationToken);
        }

        return budget;
    }

    /// <summary>Gives back what <see cref="TryTakeAsync"/> took for starts that started nothing.</summary>
    public void GiveBack(Guid tenantId, int starts)
    {
        if (_budgets.TryGet(tenantId, out var budget))
        {
            budget.GiveBack(starts);
        }
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
                var (max, length, stop) = await ReadAsync(tenantId, cancellationToken);
                budget.Set(max, length, stop, clock.GetTimestamp());
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
          ) q) end, s.name, s.until
        from (
          select case when jsonb_typeof(t.settings #> '{limits,maxQueued}') = 'number' then (t.settings #>> '{limits,maxQueued}')::numeric::int else $2 end as max_queued
          from tenants t where t.tenant_id = $1
        ) l
        left join lateral (
          select b.name, b.until from budget_stops b where b.tenant_id = $1 and b.until > now()
          order by b.until desc limit 1
        ) s on true
        """;

    private async Task<(int? Max, int Length, StartStop? Stop)> ReadAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        ObjectScope.Leave(); // the queue is the tenant's, whoever asks first
        await using var connection = await database.HotPath.OpenConnectionAsync(cancellationToken);
        var length = new NpgsqlBatchCommand(LengthSql) { Parameters = { Sql.Uuid(tenantId), Sql.Int(Limits.QueuedByDefault) } };
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { TenantScope.SetTenant(tenantId), length } };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? (reader.IsDBNull(0) ? null : reader.GetInt32(0), reader.GetInt32(1),
                reader.IsDBNull(2) ? null : new StartStop(
                    reader.GetString(2), reader.GetFieldValue<DateTimeOffset>(3), default))
            : (null, 0, null);
    }

    private sealed class Budget
    {
        public long ReadAt;

        private int? _max;
        private int _length;
        private volatile bool _isKnown;

        public SemaphoreSlim Gate { get; } = new(1, 1);

        public bool IsKnown => _isKnown;

        public StartStop? Stop { get; private set; }

        public void Set(int? max, int length, StartStop? stop, long now)
        {
            (_max, _length, Stop) = (max, length, stop);
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

        // The length may have been read anew since the starts were counted: it is never made shorter than nothing.
        public void GiveBack(int starts)
        {
            int length;
            do
            {
                length = Volatile.Read(ref _length);
            }
            while (Interlocked.CompareExchange(ref _length, Math.Max(0, length - starts), length) != length);
        }
    }
}
