using System.Collections.Concurrent;

namespace Workflows.Api.Http.Security;

/// <summary>
/// Keeps looked-up grants for <see cref="Limits.GrantTrust"/>; one look-up at a time per key, whoever asks meanwhile shares it. Only what was found is
/// kept, so guesses fill nothing. A revocation is announced and drops the entry at once; if the message is lost, trust ends by itself.
/// </summary>
internal sealed class GrantCache<TKey, TGrant>(TimeProvider clock, Func<TKey, Task<TGrant?>> find)
    where TKey : notnull
    where TGrant : class
{
    private readonly ConcurrentDictionary<TKey, Entry> _entries = new();

    public async ValueTask<TGrant?> GetAsync(TKey key, CancellationToken cancellationToken)
    {
        if (!_entries.TryGetValue(key, out var entry) || IsStale(entry))
        {
            entry = _entries.AddOrUpdate(key, NewEntry, (k, present) => IsStale(present) ? NewEntry(k) : present);
        }

        if (entry.Found is { } found)
        {
            return found;
        }

        var grant = default(TGrant);
        try
        {
            // The look-up runs to its end whoever leaves: others may share it.
            grant = await entry.Grant.Value.WaitAsync(cancellationToken);
            entry.Found = grant;
            return grant;
        }
        finally
        {
            if (grant is null)
            {
                _entries.TryRemove(new(key, entry));
            }
            else if (_entries.Count > Limits.CachedGrants)
            {
                Trim();
            }
        }
    }

    /// <summary>Drops what <paramref name="matches"/>; rare, so a walk over all is cheap enough.</summary>
    public void Drop(Func<TGrant, bool> matches)
    {
        foreach (var (key, entry) in _entries)
        {
            // One that is still being looked up may have read the old state.
            if (entry.Found is not { } grant || matches(grant))
            {
                _entries.TryRemove(new(key, entry));
            }
        }
    }

    /// <summary>Forgets everything: messages may have been lost.</summary>
    public void Clear() => _entries.Clear();

    private bool IsStale(Entry entry) => clock.GetElapsedTime(entry.Since) >= Limits.GrantTrust;

    private Entry NewEntry(TKey key) => new(clock.GetTimestamp(), new Lazy<Task<TGrant?>>(() => find(key)));

    private void Trim()
    {
        foreach (var (key, entry) in _entries)
        {
            if (IsStale(entry))
            {
                _entries.TryRemove(new(key, entry));
            }
        }

        if (_entries.Count > Limits.CachedGrants)
        {
            _entries.Clear();
        }
    }

    private sealed class Entry(long since, Lazy<Task<TGrant?>> grant)
    {
        private volatile TGrant? _found;

        public long Since => since;

        public Lazy<Task<TGrant?>> Grant => grant;

        public TGrant? Found
        {
            get => _found;
            set => _found = value;
        }
    }
}
