namespace Workflows.Connectors.Network;

/// <summary>
/// How many bytes of answers this process holds at once. Guarantees: all readers together hold no more than the total,
/// and those of one tenant no more than its share, so that none of them takes all; who asks first is served first,
/// but nobody waits behind a tenant that has used up its share.
/// </summary>
/// <param name="totalBytes">Bytes of all tenants; at least those of the largest answer.</param>
/// <param name="tenantBytes">Bytes of one tenant; at least those of the largest answer.</param>
public sealed class ResponseBudget(long totalBytes, long tenantBytes)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, long> _heldByTenant = [];
    private readonly LinkedList<Waiter> _waiting = [];
    private long _held;

    /// <summary>Bytes that are held at the moment.</summary>
    public long Held
    {
        get
        {
            lock (_gate)
            {
                return _held;
            }
        }
    }

    /// <summary>Takes room for an answer of the tenant, and waits until there is some.</summary>
    /// <returns>To be disposed when the answer is not held any more.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There will never be as much.</exception>
    public async ValueTask<IDisposable> TakeAsync(Guid tenantId, int bytes, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, Math.Min(totalBytes, tenantBytes));
        var waiter = new Waiter(this, tenantId, bytes);
        lock (_gate)
        {
            if (_waiting.Count == 0 && TryGrant(waiter))
            {
                return waiter;
            }

            _waiting.AddLast(waiter);
            GrantWaiting();
        }

        try
        {
            await waiter.Granted.WaitAsync(cancellationToken);
            return waiter;
        }
        catch
        {
            waiter.Dispose();
            throw;
        }
    }

    private bool TryGrant(Waiter waiter)
    {
        var ofTenant = _heldByTenant.GetValueOrDefault(waiter.TenantId);
        if (_held + waiter.Bytes > totalBytes || ofTenant + waiter.Bytes > tenantBytes)
        {
            return false;
        }

        _held += waiter.Bytes;
        _heldByTenant[waiter.TenantId] = ofTenant + waiter.Bytes;
        waiter.Grant();
        return true;
    }

    private void GrantWaiting()
    {
        for (var node = _waiting.First; node is not null;)
        {
            var next = node.Next;
            if (TryGrant(node.Value))
            {
                _waiting.Remove(node);
            }
            else if (_heldByTenant.GetValueOrDefault(node.Value.TenantId) + node.Value.Bytes <= tenantBytes)
            {
                return; // it waits for the total: what is smaller and came later must not overtake it for ever
            }

            node = next;
        }
    }

    private void Release(Waiter waiter)
    {
        lock (_gate)
        {
            if (waiter.IsGranted)
            {
                _held -= waiter.Bytes;
                var rest = _heldByTenant[waiter.TenantId] - waiter.Bytes;
                if (rest == 0)
                {
                    _heldByTenant.Remove(waiter.TenantId);
                }
                else
                {
                    _heldByTenant[waiter.TenantId] = rest;
                }
            }
            else
            {
                _waiting.Remove(waiter);
            }

            GrantWaiting();
        }
    }

    private sealed class Waiter(ResponseBudget budget, Guid tenantId, int bytes) : IDisposable
    {
        private readonly TaskCompletionSource _granted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private bool _disposed;

        public Guid TenantId => tenantId;

        public int Bytes => bytes;

        public Task Granted => _granted.Task;

        public bool IsGranted => _granted.Task.IsCompleted;

        public void Grant() => _granted.SetResult();

        public void Dispose()
        {
            if (!Interlocked.Exchange(ref _disposed, true))
            {
                budget.Release(this);
            }
        }
    }
}
