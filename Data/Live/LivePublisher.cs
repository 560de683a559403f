using System.Text;
using StackExchange.Redis;
using Workflows.Data.Dispatch;

namespace Workflows.Data.Live;

/// <summary>
/// Tells all instances of the API what happened, and keeps it for who reconnects. Never waits and never fails: while
/// Redis is away nothing is told, and whoever looks on is told that he sees nothing (<see cref="LiveFeed"/>).
/// </summary>
public sealed class LivePublisher(IConnectionMultiplexer redis)
{
    // Adds and tells in one step, so that what is told has its place, and the order of both is the same.
    private const string AddScript = """
        for i = 2, #ARGV, 2 do
          local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 't', ARGV[i], 'j', ARGV[i + 1])
          redis.call('PUBLISH', KEYS[1], id .. '\n' .. ARGV[i] .. '\n' .. ARGV[i + 1])
        end
        redis.call('PEXPIRE', KEYS[1], 300000)
        """;

    /// <summary>Adds messages of one tenant to their streams.</summary>
    public void Publish(Guid tenantId, IReadOnlyList<LiveMessage> messages)
    {
        if (messages.Count == 0 || !redis.IsConnected)
        {
            return;
        }

        foreach (var stream in messages.GroupBy(message => LiveChannel.Of(tenantId, message.Topic)))
        {
            foreach (var chunk in stream.Chunk(Limits.LiveMessagesPerCall))
            {
                Add(stream.Key, chunk);
            }
        }
    }

    private void Add(LiveChannel stream, LiveMessage[] messages)
    {
        var arguments = new RedisValue[1 + (messages.Length * 2)];
        arguments[0] = Limits.LiveMessagesKept;
        for (var place = 0; place < messages.Length; place++)
        {
            arguments[1 + (place * 2)] = messages[place].Topic;
            arguments[2 + (place * 2)] = messages[place].Json;
        }

        try
        {
            redis.GetDatabase().ScriptEvaluate(
                AddScript, [stream.Key], arguments, CommandFlags.FireAndForget);
        }
        catch (Exception exception) when (RedisErrors.IsTrouble(exception) || exception is ObjectDisposedException)
        {
            return; // a hint that is lost: who looks on hears that the connection was away
        }
    }

    /// <summary>Reads what <see cref="AddScript"/> told.</summary>
    internal static bool TryRead(ReadOnlyMemory<byte> told, out LiveEntry entry)
    {
        entry = null!;
        var first = told.Span.IndexOf((byte)'\n');
        var second = first < 0 ? -1 : told.Span[(first + 1)..].IndexOf((byte)'\n');
        if (second < 0 || !LiveId.TryParse(Encoding.ASCII.GetString(told.Span[..first]), out var id))
        {
            return false;
        }

        entry = new LiveEntry(
            id, Encoding.UTF8.GetString(told.Span.Slice(first + 1, second)), told[(first + second + 2)..]);
        return true;
    }
}
