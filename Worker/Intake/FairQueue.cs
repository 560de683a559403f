using Workflows.Data.Dispatch;
using Workflows.Data.Executions;

namespace Workflows.Worker.Intake;

/// <summary>
/// Queued executions that this worker knows of, handed out by priority and in turn among tenants: with one tenant's
/// thousands ahead of it, another tenant's single execution is next. Of a tenant's the oldest goes first, as in the
/// sweep: what was begun and goes on after a wait does not queue up behind what was accepted since. A flood of one
/// priority takes no more than 14 of 16 places while others wait, so nothing starves. Thread-safe. Holds hints only;
/// losing it loses nothing.
/// </summary>
internal sealed class FairQueue : IDisposable
{
    private readonly Lock _gate = new();
    private readonly PriorityClass[] _classes = [new(), new(), new()];
    private readonly SemaphoreSlim _added = new(0, 1);
    private int _count;
    private int _picks;

    public int Count => Volatile.Read(ref _count);

    public void Add(IEnumerable<DispatchEntry> entries)
    {
        lock (_gate)
        {
            foreach (var entry in entries)
            {
                var pending = new PendingEntry(entry, entry.Keys.Count);
                foreach (var key in entry.Keys)
                {
                    _classes[1 - (int)entry.Priority].Add(key, pending);
                    _count++;
                }
            }
        }

        Signal();
    }

    /// <summary>Wakes the consumer, because something was added or capacity came free.</summary>
    public void Signal()
    {
        // Called for every execution that ends: an exception each time the consumer is busy would cost more than the
        // rest of the queue.
        if (_added.CurrentCount > 0)
        {
            return;
        }

        try
        {
            _added.Release();
        }
        catch (SemaphoreFullException)
        {
            // another signal was first
        }
    }

    public Task WaitAsync(TimeSpan longest, CancellationToken cancellationToken) =>
        _added.WaitAsync(longest, cancellationToken);

    /// <summary>
    /// Takes up to <paramref name="limit"/> executions, one of each tenant in turn, highest priority first but for one
    /// place of 16 for each lower one.
    /// </summary>
    /// <param name="settled">Receives the stream entries all of whose executions are taken now.</param>
    public List<ExecutionKey> Take(int limit, List<DispatchEntry> settled)
    {
        var taken = new List<ExecutionKey>(Math.Min(limit, Count));
        lock (_gate)
        {
            while (taken.Count < limit && TryTake(out var key, out var pending))
            {
                taken.Add(key);
                _count--;
                if (--pending.Remaining == 0)
                {
                    settled.Add(pending.Entry);
                }
            }
        }

        return taken;
    }

    private bool TryTake(out ExecutionKey key, out PendingEntry pending)
    {
        var first = (++_picks & 15) switch
        {
            15 => _classes[2],
            7 => _classes[1],
            _ => _classes[0],
        };
        return first.TryTake(out key, out pending) || _classes[0].TryTake(out key, out pending)
            || _classes[1].TryTake(out key, out pending) || _classes[2].TryTake(out key, out pending);
    }

    public void Dispose() => _added.Dispose();

    private sealed class PendingEntry(DispatchEntry entry, int remaining)
    {
        public DispatchEntry Entry { get; } = entry;

        public int Remaining { get; set; } = remaining;
    }

    private sealed class PriorityClass
    {
        private readonly Dictionary<Guid, PriorityQueue<(ExecutionKey, PendingEntry), Guid>> _byTenant = [];
        private readonly Queue<Guid> _turns = new();

        public void Add(ExecutionKey key, PendingEntry pending)
        {
            if (!_byTenant.TryGetValue(key.TenantId, out var queue))
            {
                queue = new PriorityQueue<(ExecutionKey, PendingEntry), Guid>();
                _byTenant.Add(key.TenantId, queue);
                _turns.Enqueue(key.TenantId);
            }

            queue.Enqueue((key, pending), key.Id); // a UUIDv7: the time at which it was accepted
        }

        public bool TryTake(out ExecutionKey key, out PendingEntry pending)
        {
            if (!_turns.TryDequeue(out var tenant))
            {
                key = default;
                pending = null!;
                return false;
            }

            var queue = _byTenant[tenant];
            (key, pending) = queue.Dequeue();
            if (queue.Count > 0)
            {
                _turns.Enqueue(tenant);
            }
            else
            {
                _byTenant.Remove(tenant);
            }

            return true;
        }
    }
}
