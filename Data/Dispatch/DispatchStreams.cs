using StackExchange.Redis;
using Workflows.Data.Executions;

namespace Workflows.Data.Dispatch;

/// <summary>That this execution wants a worker.</summary>
public readonly record struct DispatchHint(ExecutionKey Key, ExecutionPriority Priority);

/// <summary>One entry read from a dispatch stream; acknowledged as a whole once its executions are claimed.</summary>
public sealed record DispatchEntry(ExecutionPriority Priority, RedisValue EntryId, IReadOnlyList<ExecutionKey> Keys);

/// <summary>
/// Streams that tell workers which executions are queued, one per priority. A hint, never the truth: PostgreSQL decides at the claim. Guarantees nothing;
/// if Redis is away or loses everything, announcements are dropped and the workers' sweep finds the rows. Survives FLUSHALL: the group
/// is made again by the next read.
/// </summary>
public sealed class DispatchStreams(IConnectionMultiplexer redis)
{
    private const string Group = "workers";
    private const string Field = "e";
    private const int KeyBytes = 32;

    private static readonly ExecutionPriority[] Priorities = [ExecutionPriority.High, ExecutionPriority.Normal, ExecutionPriority.Low];
    private static readonly RedisKey[] Streams = ["wf:{dispatch}:high", "wf:{dispatch}:normal", "wf:{dispatch}:low"];

    /// <summary>Whether announcements reach Redis at the moment; workers sweep more often while they do not.</summary>
    public bool IsConnected => redis.IsConnected;

    /// <summary>Adds the executions to the streams without waiting for Redis. Several share one entry.</summary>
    public void Announce(IEnumerable<DispatchHint> hints)
    {
        if (!redis.IsConnected)
        {
            return; // not queued for later: by then the sweep has found them
        }

        foreach (var priority in hints.GroupBy(hint => hint.Priority))
        {
            foreach (var chunk in priority.Chunk(Limits.IdsPerDispatchEntry))
            {
                redis.GetDatabase().StreamAdd(
                    StreamOf(priority.Key), Field, Pack(chunk), maxLength: Limits.DispatchStreamEntries,
                    useApproximateMaxLength: true, flags: CommandFlags.FireAndForget);
            }
        }
    }

    /// <summary>Makes the consumer group where it is missing: at the start, and after Redis lost its data.</summary>
    public async Task EnsureGroupAsync()
    {
        foreach (var stream in Streams)
        {
            try
            {
                await redis.GetDatabase().StreamCreateConsumerGroupAsync(stream, Group, StreamPosition.Beginning, createStream: true);
            }
            catch (RedisServerException exception) when (exception.Message.StartsWith("BUSYGROUP", StringComparison.Ordinal))
            {
                // there already: another worker made it
            }
        }
    }

    /// <summary>
    /// Waits up to <paramref name="wait"/> for entries that no other worker was given. Needs a connection of its own: the wait blocks it.
    /// </summary>
    /// <exception cref="RedisException">Redis is away, or the group is gone (NOGROUP): call <see cref="EnsureGroupAsync"/>.</exception>
    public static async Task<IReadOnlyList<DispatchEntry>> ReadAsync(IConnectionMultiplexer blocking, string consumer, int count, TimeSpan wait)
    {
        var result = await blocking.GetDatabase().ExecuteAsync(
            "XREADGROUP", "GROUP", Group, consumer, "COUNT", count, "BLOCK", (long)wait.TotalMilliseconds,
            "STREAMS", Streams[0], Streams[1], Streams[2], ">", ">", ">");
        return result.IsNull ? [] : Parse(result);
    }

    /// <summary>Takes over entries that a worker read and did not acknowledge for <paramref name="idle"/>, because it died in between.</summary>
    public async Task<IReadOnlyList<DispatchEntry>> TakeOverAsync(string consumer, TimeSpan idle, int count)
    {
        var entries = new List<DispatchEntry>();
        for (var index = 0; index < Streams.Length; index++)
        {
            var claimed = await redis.GetDatabase().StreamAutoClaimAsync(
                Streams[index], Group, consumer, (long)idle.TotalMilliseconds, "0-0", count);
            entries.AddRange(claimed.ClaimedEntries.Select(entry => new DispatchEntry(Priorities[index], entry.Id, Unpack((byte[])entry[Field]!))));
        }

        return entries;
    }

    /// <summary>Removes entries whose executions are claimed (or were not claimable). Not awaited: a lost acknowledgement costs one vain claim.</summary>
    public void Acknowledge(IEnumerable<DispatchEntry> entries)
    {
        if (!redis.IsConnected)
        {
            return;
        }

        foreach (var priority in entries.GroupBy(entry => entry.Priority))
        {
            var ids = priority.Select(entry => entry.EntryId).ToArray();
            redis.GetDatabase().StreamAcknowledge(StreamOf(priority.Key), Group, ids, CommandFlags.FireAndForget);
            redis.GetDatabase().StreamDelete(StreamOf(priority.Key), ids, CommandFlags.FireAndForget);
        }
    }

    /// <summary>Forgets a consumer that ended; what it had read becomes free for <see cref="TakeOverAsync"/> no more, so end cleanly first.</summary>
    public async Task RemoveConsumerAsync(string consumer)
    {
        foreach (var stream in Streams)
        {
            await redis.GetDatabase().StreamDeleteConsumerAsync(stream, Group, consumer);
        }
    }

    private static RedisKey StreamOf(ExecutionPriority priority) => Streams[Array.IndexOf(Priorities, priority)];

    private static List<DispatchEntry> Parse(RedisResult result)
    {
        var entries = new List<DispatchEntry>();
        foreach (var (stream, items) in StreamsOf(result))
        {
            var priority = Priorities[Array.FindIndex(Streams, key => string.Equals(key, stream, StringComparison.Ordinal))];
            foreach (var item in (RedisResult[])items!)
            {
                var fields = (RedisResult[])item[1]!;
                entries.Add(new DispatchEntry(priority, (RedisValue)item[0], Unpack((byte[])fields[1]!)));
            }
        }

        return entries;
    }

    // RESP3 answers with a map (flattened: key, value, ...), RESP2 with an array of pairs.
    private static IEnumerable<(string Stream, RedisResult Items)> StreamsOf(RedisResult result)
    {
        var parts = (RedisResult[])result!;
        if (parts.Length > 0 && parts[0].Length > 0)
        {
            return parts.Select(pair => ((string)pair[0]!, pair[1]));
        }

        return Enumerable.Range(0, parts.Length / 2).Select(index => ((string)parts[2 * index]!, parts[(2 * index) + 1]));
    }

    private static byte[] Pack(DispatchHint[] hints)
    {
        var packed = new byte[hints.Length * KeyBytes];
        for (var index = 0; index < hints.Length; index++)
        {
            var target = packed.AsSpan(index * KeyBytes, KeyBytes);
            hints[index].Key.TenantId.TryWriteBytes(target[..16], bigEndian: true, out _);
            hints[index].Key.Id.TryWriteBytes(target[16..], bigEndian: true, out _);
        }

        return packed;
    }

    private static ExecutionKey[] Unpack(byte[] packed)
    {
        var keys = new ExecutionKey[packed.Length / KeyBytes];
        for (var index = 0; index < keys.Length; index++)
        {
            var source = packed.AsSpan(index * KeyBytes, KeyBytes);
            keys[index] = new ExecutionKey(new Guid(source[..16], bigEndian: true), new Guid(source[16..], bigEndian: true));
        }

        return keys;
    }
}
