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
    /// <returns>False when Redis could not be asked: nothing is listened to, try again.</returns>
    public async Task<bool> ListenAsync(Action nudged)
    {
        try
        {
            await redis.GetSubscriber().SubscribeAsync(Channel, (_, _) => nudged());
            return true;
        }
        catch (Exception exception) when (RedisErrors.IsTrouble(exception))
        {
            return false;
        }
    }
}
