namespace StackExchange.Redis;

/// <summary>The listeners of one channel or pattern. Lists are replaced, not changed, so delivery needs no lock.</summary>
internal sealed class Subscription(RedisChannel channel)
{
    private Action<RedisChannel, RedisValue>[] _handlers = [];
    private ChannelMessageQueue[] _queues = [];

    public RedisChannel Channel { get; } = channel;

    /// <summary>The server's word on the latest request; null before the first.</summary>
    public Task? Confirmed { get; set; }

    public bool IsEmpty => _handlers.Length == 0 && _queues.Length == 0;

    public void Add(Action<RedisChannel, RedisValue>? handler, ChannelMessageQueue? queue)
    {
        if (handler is not null)
        {
            _handlers = [.. _handlers, handler];
        }

        if (queue is not null)
        {
            _queues = [.. _queues, queue];
        }
    }

    /// <summary>Without a handler and a queue, removes all.</summary>
    public void Remove(Action<RedisChannel, RedisValue>? handler, ChannelMessageQueue? queue)
    {
        var all = handler is null && queue is null;
        foreach (var gone in _queues.Where(candidate => all || candidate == queue))
        {
            gone.Complete();
        }

        _queues = all ? [] : [.. _queues.Where(candidate => candidate != queue)];
        var first = all ? -1 : Array.IndexOf(_handlers, handler);
        _handlers = all ? [] : [.. _handlers.Where((_, index) => index != first)];
    }

    public void Deliver(ConnectionMultiplexer multiplexer, RedisChannel channel, RedisValue message)
    {
        foreach (var queue in _queues)
        {
            if (!queue.TryAdd(new ChannelMessage(Channel, channel, message)))
            {
                multiplexer.RaiseInternalError(ConnectionType.Subscription,
                    new RedisException($"A reader of {Channel} is {Limits.MaxQueuedMessages} messages behind; a message was dropped"), nameof(ChannelMessageQueue));
            }
        }

        foreach (var handler in _handlers)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                state =>
                {
                    try
                    {
                        state.handler(state.channel, state.message);
                    }
                    catch (Exception e)
                    {
                        state.multiplexer.RaiseInternalError(ConnectionType.Subscription, e, state.handler.Method.Name);
                    }
                },
                (handler, channel, message, multiplexer),
                preferLocal: false);
        }
    }
}
