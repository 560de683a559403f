using BitFaster.Caching.Lru;

namespace Workflows.Connectors;

/// <summary>A token that authenticates calls.</summary>
/// <param name="Lifetime">How long it is good for, counted from before it was asked for.</param>
internal sealed record AccessToken(string Text, TimeSpan Lifetime);

/// <summary>
/// Access tokens by connector and version. Guarantees: of callers at once one fetches, and the others wait for it; a
/// token is handed out until <see cref="Margin"/> before its end; a failure is kept for nobody who comes after it.
/// </summary>
internal sealed class TokenCache(TimeProvider clock)
{
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(30);

    private readonly FastConcurrentLru<(Guid ConnectorId, int Version), Entry> _entries = new(Limits.CachedTokens);

    /// <param name="fetch">Outlives the caller, so it must bring its own end.</param>
    /// <param name="cancellationToken">Ends this caller's wait, never the fetch.</param>
    public async Task<AccessToken> GetAsync(
        (Guid ConnectorId, int Version) key, Func<Task<AccessToken>> fetch, CancellationToken cancellationToken)
    {
        while (true)
        {
            var entry = _entries.GetOrAdd(key, static (_, made) => new Entry(made.Since, made.Fetch),
                (Since: clock.GetTimestamp(), Fetch: fetch));
            if (IsStale(entry))
            {
                Drop(key, entry);
                continue;
            }

            try
            {
                return await entry.Token.Value.WaitAsync(cancellationToken);
            }
            catch when (entry.Token.Value.IsFaulted || entry.Token.Value.IsCanceled)
            {
                Drop(key, entry);
                throw;
            }
        }
    }

    /// <summary>Forgets the token of a connector.</summary>
    public void Drop((Guid ConnectorId, int Version) key) => _entries.TryRemove(key);

    private void Drop((Guid ConnectorId, int Version) key, Entry entry) =>
        _entries.TryRemove(new KeyValuePair<(Guid ConnectorId, int Version), Entry>(key, entry));

    // One whose lifetime is shorter than the margin is good for those who waited for it.
    private bool IsStale(Entry entry) =>
        entry.Found is { } token && clock.GetElapsedTime(entry.Since) >= token.Lifetime - Margin;

    private sealed class Entry
    {
        public Entry(long since, Func<Task<AccessToken>> fetch)
        {
            Since = since;
            Token = new(async () => Found = await fetch());
        }

        public long Since { get; }

        public AccessToken? Found { get; private set; }

        public Lazy<Task<AccessToken>> Token { get; }
    }
}
