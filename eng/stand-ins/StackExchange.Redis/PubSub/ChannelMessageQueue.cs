using System.Threading.Channels;

namespace StackExchange.Redis;

/// <summary>A published message.</summary>
public readonly struct ChannelMessage : IEquatable<ChannelMessage>
{
    internal ChannelMessage(RedisChannel subscriptionChannel, RedisChannel channel, RedisValue message)
    {
        SubscriptionChannel = subscriptionChannel;
        Channel = channel;
        Message = message;
    }

    /// <summary>What was subscribed to: the channel itself or a pattern.</summary>
    public RedisChannel SubscriptionChannel { get; }

    public RedisChannel Channel { get; }

    public RedisValue Message { get; }

    public static bool operator ==(ChannelMessage left, ChannelMessage right) => left.Equals(right);

    public static bool operator !=(ChannelMessage left, ChannelMessage right) => !left.Equals(right);

    public bool Equals(ChannelMessage other) => Channel == other.Channel && Message == other.Message;

    public override bool Equals(object? obj) => obj is ChannelMessage other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Channel, Message);

    public override string ToString() => $"{Channel}:{Message}";
}

/// <summary>The messages of one subscription in the order they came. Read it, enumerate it, or have a handler called one by one.</summary>
public sealed class ChannelMessageQueue : IAsyncEnumerable<ChannelMessage>
{
    private readonly Channel<ChannelMessage> _messages = System.Threading.Channels.Channel.CreateBounded<ChannelMessage>(
        new BoundedChannelOptions(Limits.MaxQueuedMessages) { SingleWriter = true, AllowSynchronousContinuations = false });

    private readonly RedisSubscriber _subscriber;
    private int _handled;

    internal ChannelMessageQueue(RedisChannel channel, RedisSubscriber subscriber)
    {
        Channel = channel;
        _subscriber = subscriber;
    }

    public RedisChannel Channel { get; }

    /// <summary>Ends when unsubscribed and read to the end.</summary>
    public Task Completion => _messages.Reader.Completion;

    public bool TryRead(out ChannelMessage item) => _messages.Reader.TryRead(out item);

    public ValueTask<ChannelMessage> ReadAsync(CancellationToken cancellationToken = default) =>
        _messages.Reader.ReadAsync(cancellationToken);

    public bool TryGetCount(out int count)
    {
        count = _messages.Reader.Count;
        return true;
    }

    public void OnMessage(Action<ChannelMessage> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        OnMessage(message =>
        {
            handler(message);
            return Task.CompletedTask;
        });
    }

    public void OnMessage(Func<ChannelMessage, Task> handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        if (Interlocked.Exchange(ref _handled, 1) != 0)
        {
            throw new InvalidOperationException("Only a single call to OnMessage is allowed per queue");
        }

        _ = Task.Run(() => HandleAllAsync(handler));
    }

    public void Unsubscribe(CommandFlags flags = CommandFlags.None) => _subscriber.Wait(UnsubscribeAsync(flags));

    public Task UnsubscribeAsync(CommandFlags flags = CommandFlags.None) => _subscriber.RemoveAsync(Channel, this, flags);

    public async IAsyncEnumerator<ChannelMessage> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        await foreach (var message in _messages.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return message;
        }
    }

    public override string? ToString() => Channel;

    internal bool TryAdd(ChannelMessage message) => _messages.Writer.TryWrite(message) || Completion.IsCompleted;

    internal void Complete() => _messages.Writer.TryComplete();

    private async Task HandleAllAsync(Func<ChannelMessage, Task> handler)
    {
        await foreach (var message in _messages.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                await handler(message).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                ((ConnectionMultiplexer)_subscriber.Multiplexer).RaiseInternalError(ConnectionType.Subscription, e, handler.Method.Name);
            }
        }
    }
}
