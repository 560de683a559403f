using System.Net;

namespace StackExchange.Redis;

/// <summary>Publishing and subscribing. Delivery is at most once: what is published while not connected is missed.</summary>
public interface ISubscriber : IRedis
{
    bool IsConnected(RedisChannel channel = default);

    long Publish(RedisChannel channel, RedisValue message, CommandFlags flags = CommandFlags.None);

    Task<long> PublishAsync(RedisChannel channel, RedisValue message, CommandFlags flags = CommandFlags.None);

    /// <summary>The handler may be called at the same time for several messages, and out of order.</summary>
    void Subscribe(RedisChannel channel, Action<RedisChannel, RedisValue> handler, CommandFlags flags = CommandFlags.None);

    /// <summary>Messages in the order they came.</summary>
    ChannelMessageQueue Subscribe(RedisChannel channel, CommandFlags flags = CommandFlags.None);

    Task SubscribeAsync(RedisChannel channel, Action<RedisChannel, RedisValue> handler, CommandFlags flags = CommandFlags.None);

    Task<ChannelMessageQueue> SubscribeAsync(RedisChannel channel, CommandFlags flags = CommandFlags.None);

    EndPoint? SubscribedEndpoint(RedisChannel channel);

    /// <summary>Without a handler, ends all subscriptions of the channel.</summary>
    void Unsubscribe(RedisChannel channel, Action<RedisChannel, RedisValue>? handler = null, CommandFlags flags = CommandFlags.None);

    Task UnsubscribeAsync(
        RedisChannel channel, Action<RedisChannel, RedisValue>? handler = null, CommandFlags flags = CommandFlags.None);

    void UnsubscribeAll(CommandFlags flags = CommandFlags.None);

    Task UnsubscribeAllAsync(CommandFlags flags = CommandFlags.None);
}
