using StackExchange.Redis;

namespace Workflows.Data.Dispatch;

/// <summary>
/// Tells the search service that the outbox has work for it, after the commit. A hint without content: the service also asks the
/// database every second.
/// </summary>
public sealed class IndexHint(IConnectionMultiplexer redis)
{
    private static readonly RedisChannel Channel = RedisChannel.Literal("wf:index");

    /// <summary>Costs nothing but a message; does nothing while Redis is away.</summary>
    public void Nudge()
    {
        if (redis.IsConnected)
        {
            redis.GetSubscriber().Publish(Channel, RedisValue.EmptyString, CommandFlags.FireAndForget);
        }
    }

    /// <summary>Calls <paramref name="nudged"/> for each hint until the process ends, also after Redis was away.</summary>
    public async Task ListenAsync(Action nudged) => await redis.GetSubscriber().SubscribeAsync(Channel, (_, _) => nudged());
}
