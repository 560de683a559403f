namespace Workflows.Connectors;

/// <summary>
/// What the answers of all statements of this process take in memory together, and those of one tenant, until they are
/// handed on. Safe to use from many threads.
/// </summary>
internal sealed class SqlMemory(long totalBytes, long tenantBytes)
{
    private readonly Dictionary<Guid, long> _tenants = [];
    private readonly Lock _gate = new();
    private long _taken;

    /// <summary>Bytes that are in use.</summary>
    public long Taken
    {
        get
        {
            lock (_gate)
            {
                return _taken;
            }
        }
    }

    /// <summary>False, with nothing taken, when the process or the tenant would have more than its part.</summary>
    public bool TryTake(Guid tenantId, long bytes)
    {
        lock (_gate)
        {
            var tenant = _tenants.GetValueOrDefault(tenantId) + bytes;
            if (_taken + bytes > totalBytes || tenant > tenantBytes)
            {
                return false;
            }

            (_taken, _tenants[tenantId]) = (_taken + bytes, tenant);
            return true;
        }
    }

    /// <summary>Gives back what was taken.</summary>
    public void GiveBack(Guid tenantId, long bytes)
    {
        lock (_gate)
        {
            _taken -= bytes;
            if ((_tenants[tenantId] -= bytes) == 0)
            {
                _tenants.Remove(tenantId);
            }
        }
    }
}
