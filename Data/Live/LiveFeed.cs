using StackExchange.Redis;

namespace Workflows.Data.Live;

/// <summary>Reads the streams of what happened for one instance of the API.</summary>
public sealed class LiveFeed(IConnectionMultiplexer redis)
{
    // A stream that is empty has no place to go on from; a mark gives it one. What is watched does not end.
    private const string HeadScript = """
        if redis.call('EXISTS', KEYS[1]) == 0 then
          redis.call('XADD', KEYS[1], '*', 't', '', 'j', '')
        end
        redis.call('PEXPIRE', KEYS[1], 300000)
        return redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1][1]
        """;

    /// <summary>Whether anything can be told at the moment.</summary>
    public bool IsConnected => redis.IsConnected;

    /// <summary>Listens to a stream from now on.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="handle">Called for one message after the other, in their order; must not throw.</param>
    /// <returns>Ends the listening.</returns>
    /// <exception cref="RedisException">Redis is away; call again after a pause.</exception>
    public async Task<Func<Task>> ListenAsync(LiveChannel stream, Action<LiveEntry> handle)
    {
        // A handler given to the subscriber itself would be called for several messages at once.
        var queue = await redis.GetSubscriber().SubscribeAsync(RedisChannel.Literal(stream.Key));
        queue.OnMessage(told =>
        {
            if (LivePublisher.TryRead((byte[])told.Message!, out var entry))
            {
                handle(entry);
            }
        });
        return () => queue.UnsubscribeAsync();
    }

    /// <summary>The last place of a stream. A call now and then keeps a stream alive that is watched.</summary>
    /// <exception cref="RedisException">Redis is away.</exception>
    public async Task<LiveId> HeadAsync(LiveChannel stream)
    {
        var head = await redis.GetDatabase().ScriptEvaluateAsync(HeadScript, [stream.Key]);
        return LiveId.TryParse((string?)head, out var id) ? id : LiveId.None;
    }

    /// <summary>What came after a place, in order.</summary>
    /// <returns>Null when that cannot be said: too long ago, or Redis lost it.</returns>
    /// <exception cref="RedisException">Redis is away.</exception>
    public async Task<IReadOnlyList<LiveEntry>?> ReadAsync(LiveChannel stream, LiveId after)
    {
        // From the place itself on: that it is still there says that nothing after it has been dropped.
        var entries = await redis.GetDatabase().StreamRangeAsync(
            stream.Key, after.ToString(), "+", Limits.LiveMessagesKept * 2);
        if (entries.Length == 0 || entries[0].Id != after.ToString())
        {
            return null;
        }

        var read = new List<LiveEntry>(entries.Length - 1);
        foreach (var entry in entries.AsSpan(1))
        {
            if (LiveId.TryParse(entry.Id, out var id) && (string?)entry["t"] is { Length: > 0 } topic)
            {
                read.Add(new LiveEntry(id, topic, (byte[])entry["j"]!));
            }
        }

        return read;
    }
}
