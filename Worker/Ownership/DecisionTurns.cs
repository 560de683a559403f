using System.Collections.Concurrent;
using System.Diagnostics;

namespace Workflows.Worker.Ownership;

/// <summary>
/// Shares the processors of this worker among tenants. Cheap decisions are made where they come up, on the thread pool.
/// A tenant that has used much of a processor lately is heavy: its decisions are made on threads of their own, fewer
/// than there are processors, by the tenant that has had least. So the pool, and with it everybody else, never waits
/// for more than one evaluation. Guarantees: everything that is queued is run, of one tenant in order. Thread-safe.
/// </summary>
internal sealed class DecisionTurns : IDisposable
{
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<Guid, HeavyTenant> _heavy = new();
    private readonly PriorityQueue<HeavyTenant, TimeSpan> _waiting = new();
    private readonly SemaphoreSlim _queued = new(0);
    private readonly int _threads;
    private bool _isRunning;
    private volatile bool _isStopping;
    private TimeSpan _served;

    public DecisionTurns(WorkerOptions options, WorkerMetrics metrics)
    {
        _threads = options.DecisionThreads ?? Math.Max(1, Environment.ProcessorCount - 1);
        metrics.Observe(
            "workflows.decisions.queued", "{decision}", "Decisions of heavy tenants that wait for a processor.",
            () => _heavy.Values.Sum(tenant => (long)tenant.Count));
        metrics.Observe(
            "workflows.decisions.heavy_tenants", "{tenant}", "Tenants that have used much of a processor lately.",
            () => _heavy.Count);
    }

    /// <summary>Whether this tenant's decisions are to be queued.</summary>
    public bool IsHeavy(Guid tenantId) =>
        !_heavy.IsEmpty && _heavy.TryGetValue(tenantId, out var tenant) && tenant.IsHeavy;

    /// <summary>Tenants of which so much waits here that nothing more should be claimed.</summary>
    public IReadOnlyList<Guid> Congested() => _heavy.IsEmpty
        ? []
        : [.. _heavy.Where(entry => entry.Value.Count >= Limits.DecisionsWaiting).Select(entry => entry.Key)];

    /// <summary>Says what a decision of a tenant cost.</summary>
    /// <param name="tenantId">The tenant.</param>
    /// <param name="cost">Processor time; less than a turn is never looked at.</param>
    public void Charge(Guid tenantId, TimeSpan cost)
    {
        if (cost < Limits.DecisionTurn)
        {
            return;
        }

        lock (_gate)
        {
            TenantOf(tenantId).Charge(cost);
            Forget();
        }
    }

    /// <summary>Runs a decision when the tenant's turn has come.</summary>
    /// <param name="tenantId">The tenant.</param>
    /// <param name="decision">Must not throw.</param>
    /// <param name="first">Before whatever else of the tenant waits: it asks for an end.</param>
    public void Enqueue(Guid tenantId, Action decision, bool first = false)
    {
        lock (_gate)
        {
            var tenant = TenantOf(tenantId);
            tenant.Add(decision, first);
            if (!tenant.IsWaiting)
            {
                // Who was away for long has no claim on the time that it did not use.
                tenant.Served = tenant.Served > _served ? tenant.Served : _served;
                Wait(tenant);
            }

            Start();
        }

        _queued.Release();
    }

    /// <summary>
    /// Runs an action for each item on the thread pool, many in one go. After one that takes long the others move to
    /// another thread.
    /// </summary>
    public static void ForEach<TItem>(IReadOnlyList<TItem> items, Action<TItem> action)
    {
        for (var from = 0; from < items.Count; from += Limits.ExecutionsPerContinuation)
        {
            Queue((items, from, Math.Min(items.Count, from + Limits.ExecutionsPerContinuation), action));
        }
    }

    private static void Queue<TItem>((IReadOnlyList<TItem> Items, int From, int To, Action<TItem> Action) chunk) =>
        ThreadPool.UnsafeQueueUserWorkItem(
            static chunk =>
            {
                var began = Stopwatch.GetTimestamp();
                for (var place = chunk.From; place < chunk.To; place++)
                {
                    chunk.Action(chunk.Items[place]);
                    if (place + 1 < chunk.To && Stopwatch.GetElapsedTime(began) >= Limits.DecisionTurn)
                    {
                        Queue(chunk with { From = place + 1 });
                        return;
                    }
                }
            },
            chunk,
            preferLocal: false);

    private HeavyTenant TenantOf(Guid tenantId) => _heavy.GetOrAdd(tenantId, static _ => new HeavyTenant());

    private void Wait(HeavyTenant tenant)
    {
        tenant.IsWaiting = true;
        _waiting.Enqueue(tenant, tenant.Served);
    }

    private void Start()
    {
        for (var thread = 0; !_isRunning && thread < _threads; thread++)
        {
            new Thread(Serve) { IsBackground = true, Name = "Decisions of heavy tenants" }.Start();
        }

        _isRunning = true;
    }

    private void Serve()
    {
        while (true)
        {
            _queued.Wait();
            if (_isStopping)
            {
                return;
            }

            if (TryTake(out var tenant, out var decision))
            {
                var began = ThreadTime.Now;
                decision();
                Serve(tenant, ThreadTime.Now - began);
            }
        }
    }

    private bool TryTake(out HeavyTenant tenant, out Action decision)
    {
        lock (_gate)
        {
            while (_waiting.TryDequeue(out tenant!, out var served))
            {
                if (served < tenant.Served)
                {
                    _waiting.Enqueue(tenant, tenant.Served); // it has been served since it was put here
                    continue;
                }

                _served = served;
                decision = tenant.Take();
                tenant.IsWaiting = false;
                if (tenant.Count > 0)
                {
                    Wait(tenant);
                }

                return true;
            }
        }

        decision = null!;
        return false;
    }

    private void Serve(HeavyTenant tenant, TimeSpan cost)
    {
        lock (_gate)
        {
            tenant.Served += cost;
            if (cost >= Limits.DecisionTurn)
            {
                tenant.Charge(cost);
            }

            Forget();
        }
    }

    private void Forget()
    {
        foreach (var (tenantId, tenant) in _heavy)
        {
            if (tenant is { Count: 0, IsRecent: false })
            {
                _heavy.TryRemove(tenantId, out _);
            }
        }
    }

    public void Dispose()
    {
        _isStopping = true;
        _queued.Release(_threads); // the threads end by themselves; what waits is decided again by the next owner
    }

    /// <summary>What waits of one tenant, and how much it has used. Under the gate, but for what is marked.</summary>
    private sealed class HeavyTenant
    {
        private readonly LinkedList<Action> _decisions = new();
        private TimeSpan _used;
        private long _windowAt;
        private long _usedAt;
        private long _heavyAt;
        private int _count;

        /// <summary>Read without the gate.</summary>
        public int Count => Volatile.Read(ref _count);

        /// <summary>Read without the gate.</summary>
        public bool IsHeavy =>
            Volatile.Read(ref _heavyAt) is var at and not 0 && Stopwatch.GetElapsedTime(at) < Limits.HeavyFor;

        public bool IsRecent => _usedAt != 0 && Stopwatch.GetElapsedTime(_usedAt) < Limits.HeavyFor;

        public bool IsWaiting { get; set; }

        public TimeSpan Served { get; set; }

        public void Add(Action decision, bool first)
        {
            _ = first ? _decisions.AddFirst(decision) : _decisions.AddLast(decision);
            Volatile.Write(ref _count, _decisions.Count);
        }

        public Action Take()
        {
            var decision = _decisions.First!.Value;
            _decisions.RemoveFirst();
            Volatile.Write(ref _count, _decisions.Count);
            return decision;
        }

        public void Charge(TimeSpan cost)
        {
            _usedAt = Stopwatch.GetTimestamp();
            if (_windowAt == 0 || Stopwatch.GetElapsedTime(_windowAt) > Limits.HeavyWindow)
            {
                _windowAt = _usedAt;
                _used = TimeSpan.Zero;
            }

            _used += cost;
            if (_used >= Limits.HeavyUse || IsHeavy)
            {
                Volatile.Write(ref _heavyAt, _usedAt);
            }
        }
    }
}
