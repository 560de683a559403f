using System.Net;

namespace StackExchange.Redis;

internal sealed class RedisSubscriber(ConnectionMultiplexer multiplexer, object? asyncState) : ISubscriber
{
    private readonly RedisDatabase _commands = new(multiplexer, -1, asyncState);

    public IConnectionMultiplexer Multiplexer => multiplexer;

    private Subscriptions Subscriptions => multiplexer.Subscriptions;

    public bool IsConnected(RedisChannel channel = default) => Subscriptions.IsConnected;

    public TimeSpan Ping(CommandFlags flags = CommandFlags.None) => _commands.Ping(flags);

    public Task<TimeSpan> PingAsync(CommandFlags flags = CommandFlags.None) => _commands.PingAsync(flags);

    public long Publish(RedisChannel channel, RedisValue message, CommandFlags flags = CommandFlags.None) =>
        Wait(PublishAsync(channel, message, flags));

    public Task<long> PublishAsync(RedisChannel channel, RedisValue message, CommandFlags flags = CommandFlags.None) =>
        _commands.PublishAsync(channel, message, flags);

    public void Subscribe(RedisChannel channel, Action<RedisChannel, RedisValue> handler, CommandFlags flags = CommandFlags.None) =>
        Wait(SubscribeAsync(channel, handler, flags));

    public ChannelMessageQueue Subscribe(RedisChannel channel, CommandFlags flags = CommandFlags.None) =>
        Wait(SubscribeAsync(channel, flags));

    public Task SubscribeAsync(
        RedisChannel channel, Action<RedisChannel, RedisValue> handler, CommandFlags flags = CommandFlags.None)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Settle(Subscriptions.AddAsync(channel, handler, null), flags);
    }

    public async Task<ChannelMessageQueue> SubscribeAsync(RedisChannel channel, CommandFlags flags = CommandFlags.None)
    {
        var queue = new ChannelMessageQueue(channel, this);
        await Settle(Subscriptions.AddAsync(channel, null, queue), flags).ConfigureAwait(false);
        return queue;
    }

    public EndPoint? SubscribedEndpoint(RedisChannel channel) => Subscriptions.EndPointOf(channel);

    public void Unsubscribe(
        RedisChannel channel, Action<RedisChannel, RedisValue>? handler = null, CommandFlags flags = CommandFlags.None) =>
        Wait(UnsubscribeAsync(channel, handler, flags));

    public Task UnsubscribeAsync(
        RedisChannel channel, Action<RedisChannel, RedisValue>? handler = null, CommandFlags flags = CommandFlags.None) =>
        Settle(Subscriptions.RemoveAsync(channel, handler, null), flags);

    public void UnsubscribeAll(CommandFlags flags = CommandFlags.None) => Wait(UnsubscribeAllAsync(flags));

    public Task UnsubscribeAllAsync(CommandFlags flags = CommandFlags.None) => Settle(Subscriptions.RemoveAllAsync(), flags);

    public bool TryWait(Task task) => _commands.TryWait(task);

    public void Wait(Task task) => multiplexer.Wait(task);

    public T Wait<T>(Task<T> task) => multiplexer.Wait(task);

    public void WaitAll(params Task[] tasks) => multiplexer.WaitAll(tasks);

    internal Task RemoveAsync(RedisChannel channel, ChannelMessageQueue queue, CommandFlags flags) =>
        Settle(Subscriptions.RemoveAsync(channel, null, queue), flags);

    private Task Settle(Task task, CommandFlags flags)
    {
        if ((flags & CommandFlags.FireAndForget) == 0)
        {
            return task;
        }

        task.ContinueWith(
            failed => multiplexer.RaiseInternalError(ConnectionType.Subscription, failed.Exception!, nameof(Subscribe)),
            CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        return Task.CompletedTask;
    }
}
