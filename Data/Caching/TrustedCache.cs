using System.Diagnostics.CodeAnalysis;
using BitFaster.Caching.Atomic;
using BitFaster.Caching.Lru;
using Workflows.Data.Database;

namespace Workflows.Data.Caching;

/// <summary>
/// Keeps what was read elsewhere, as long as it may be trusted. Guarantees: one read at a time per key, shared by
/// whoever asks meanwhile, and carried to its end whoever leaves; what was being read when a change was told is not
/// kept; failures and what was not found are not kept, so guesses fill nothing; at most <c>capacity</c> values, of
/// which the least recently used go first. Does not guarantee that a read which the bound pushed out is still shared.
/// </summary>
/// <remarks>
/// The age of a value is counted from before its read, on the given clock: the cache library knows none but its own. A
/// value that has grown too old is not given out any more, and leaves memory when it is asked for again or pushed out.
/// </remarks>
/// <typeparam name="TKey">Compared by its own equality.</typeparam>
/// <typeparam name="TValue">Shared by all who ask: must not be changed, nor hold what has to be disposed.</typeparam>
public sealed class TrustedCache<TKey, TValue>
    where TKey : notnull
    where TValue : class
{
    private readonly FastConcurrentLru<TKey, Entry> _entries;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _trust;
    private readonly Func<TValue, TimeSpan>? _trustOf;

    /// <summary>A cache whose values are all trusted equally long.</summary>
    /// <param name="capacity">Values kept in memory; at least 3.</param>
    /// <param name="trust">
    /// How long, counted from before the read; <see cref="TimeSpan.MaxValue"/> for what never changes.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">A bound is too small, or nothing would be trusted.</exception>
    public TrustedCache(TimeProvider clock, int capacity, TimeSpan trust)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(trust, TimeSpan.Zero);
        (_clock, _entries, _trust) = (clock, new FastConcurrentLru<TKey, Entry>(capacity), trust);
    }

    /// <summary>A cache whose values say themselves how long they are trusted.</summary>
    /// <param name="capacity">Values kept in memory; at least 3.</param>
    /// <param name="trust">
    /// How long, counted from before the read; zero or less for a value that is good for those who wait, and not kept.
    /// </param>
    public TrustedCache(TimeProvider clock, int capacity, Func<TValue, TimeSpan> trust)
        : this(clock, capacity, TimeSpan.MaxValue) => _trustOf = trust;

    /// <summary>How many values are in memory, reads under way included.</summary>
    public int Count => _entries.Count;

    /// <summary>The value of the key, read if it is not known or no longer trusted.</summary>
    /// <param name="read">Null when there is nothing. It outlives the caller, so it must bring its own end.</param>
    /// <param name="state">Handed to <paramref name="read"/>, so that a hit allocates nothing.</param>
    /// <param name="cancellationToken">Ends this caller's wait, never the read.</param>
    /// <returns>Null when <paramref name="read"/> found nothing.</returns>
    public ValueTask<TValue?> GetAsync<TState>(
        TKey key, Func<TKey, TState, Task<TValue?>> read, TState state, CancellationToken cancellationToken)
    {
        var entry = EntryOf(key);
        return entry.Found is { } found
            ? ValueTask.FromResult<TValue?>(found)
            : WaitAsync(ReadAsync(entry, key, read, state), cancellationToken);
    }

    /// <summary>
    /// Those of the keys that have a value. What is not known is read together; what somebody is reading already is
    /// waited for.
    /// </summary>
    /// <param name="read">
    /// Those of the keys that exist, each with an outcome of its own: what fails must not fail who shares the read and
    /// asked for something else. It outlives the caller, so it must bring its own end.
    /// </param>
    /// <param name="cancellationToken">Ends this caller's wait, never the read.</param>
    public async ValueTask<IReadOnlyDictionary<TKey, TValue>> GetAllAsync(
        IEnumerable<TKey> keys,
        Func<IReadOnlyList<TKey>, Task<IReadOnlyDictionary<TKey, Task<TValue>>>> read,
        CancellationToken cancellationToken)
    {
        var values = new Dictionary<TKey, TValue>();
        var missing = new List<KeyValuePair<TKey, Entry>>();
        foreach (var key in keys.Distinct())
        {
            var entry = EntryOf(key);
            if (entry.Found is { } found)
            {
                values.Add(key, found);
            }
            else
            {
                missing.Add(new(key, entry));
            }
        }

        // Every entry is there before the read begins, so that a change which comes meanwhile finds them all.
        var batch = new Lazy<Task<IReadOnlyDictionary<TKey, Task<TValue>>>>(
            () => read([.. missing.Select(pair => pair.Key)]));
        var reads = missing.ConvertAll(pair => ReadAsync(
            pair.Value,
            pair.Key,
            static async (key, batch) => (await batch.Value).TryGetValue(key, out var value) ? await value : null,
            batch));
        var answers = await Task.WhenAll(reads).WaitAsync(cancellationToken);
        for (var i = 0; i < answers.Length; i++)
        {
            if (answers[i] is { } value)
            {
                values.Add(missing[i].Key, value);
            }
        }

        return values;
    }

    /// <summary>What is known and trusted of the key; reads nothing.</summary>
    public bool TryGet(TKey key, [NotNullWhen(true)] out TValue? value)
    {
        value = _entries.TryGet(key, out var entry) && !IsStale(entry) ? entry.Found : null;
        return value is not null;
    }

    /// <summary>Drops one key, and what is being read of it.</summary>
    public void Drop(TKey key) => _entries.TryRemove(key);

    /// <summary>Drops the key if its value is still this object: a better one may have been read since.</summary>
    public void Drop(TKey key, TValue value)
    {
        if (_entries.TryGet(key, out var entry) && ReferenceEquals(entry.Found, value))
        {
            _entries.TryRemove(new KeyValuePair<TKey, Entry>(key, entry));
        }
    }

    /// <summary>Drops the keys that match, and what is being read of them. A walk over all: for what is rare.</summary>
    public void DropKeys(Func<TKey, bool> matches) => DropEntries(pair => matches(pair.Key));

    /// <summary>Drops the values that match, and all that is being read: it may have read the old state.</summary>
    public void DropValues(Func<TValue, bool> matches) =>
        DropEntries(pair => pair.Value.Found is not { } found || matches(found));

    private void DropEntries(Func<KeyValuePair<TKey, Entry>, bool> matches)
    {
        foreach (var pair in _entries)
        {
            if (matches(pair))
            {
                _entries.TryRemove(pair);
            }
        }
    }

    private Entry EntryOf(TKey key)
    {
        while (true)
        {
            var entry = _entries.GetOrAdd(
                key, static (_, cache) => new Entry(cache._clock.GetTimestamp(), cache._trust), this);
            if (!IsStale(entry))
            {
                return entry;
            }

            _entries.TryRemove(new KeyValuePair<TKey, Entry>(key, entry));
        }
    }

    private Task<TValue?> ReadAsync<TState>(
        Entry entry, TKey key, Func<TKey, TState, Task<TValue?>> read, TState state) =>
        entry.Read.GetValueAsync(
            key,
            static (key, flight) => flight.Cache.FlyAsync(flight.Entry, key, flight.Read, flight.State),
            (Cache: this, Entry: entry, Read: read, State: state)).AsTask();

    // The one read of an entry. It cleans up after itself: everybody who waits may have left.
    private async Task<TValue?> FlyAsync<TState>(
        Entry entry, TKey key, Func<TKey, TState, Task<TValue?>> read, TState state)
    {
        TValue? value = null;
        ObjectScope.Leave(); // what is read is shared with who may see more, or less
        try
        {
            value = await read(key, state);
            if (value is not null && _trustOf is not null)
            {
                entry.Trust = _trustOf(value);
            }

            return value;
        }
        finally
        {
            if (value is null)
            {
                _entries.TryRemove(new KeyValuePair<TKey, Entry>(key, entry));
            }
        }
    }

    private static async ValueTask<TValue?> WaitAsync(Task<TValue?> read, CancellationToken cancellationToken) =>
        await read.WaitAsync(cancellationToken);

    // A read under way ages, too: whoever comes late would get what was true long before.
    private bool IsStale(Entry entry) =>
        entry.Trust != TimeSpan.MaxValue && _clock.GetElapsedTime(entry.Since) >= entry.Trust;

    /// <summary>One read and what it found.</summary>
    private sealed class Entry(long since, TimeSpan trust)
    {
        public long Since => since;

        /// <summary>Set anew, if at all, before the value can be seen.</summary>
        public TimeSpan Trust { get; set; } = trust;

        public AsyncAtomicFactory<TKey, TValue?> Read { get; } = new();

        public TValue? Found => Read.ValueIfCreated;
    }
}
