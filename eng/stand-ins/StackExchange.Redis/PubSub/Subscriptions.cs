using System.Net;

namespace StackExchange.Redis;

/// <summary>
/// Who listens to what, over a connection of its own that is made with the first subscription. After a lost connection
/// every channel is subscribed again before anything else is sent; messages published in between are missed. A
/// subscription stands even when its confirmation did not come in time: it takes effect with the next connection.
/// </summary>
internal sealed class Subscriptions
{
    private readonly ConnectionMultiplexer _multiplexer;
    private readonly ConfigurationOptions _options;
    private readonly Lock _gate = new();
    private readonly Dictionary<RedisChannel, Subscription> _byChannel = [];
    private Bridge? _bridge;
    private Task? _started;

    public Subscriptions(ConnectionMultiplexer multiplexer, ConfigurationOptions options)
    {
        _multiplexer = multiplexer;
        _options = options;
    }

    public bool IsConnected => _bridge?.IsConnected ?? _multiplexer.IsConnected;

    public EndPoint? EndPointOf(RedisChannel channel)
    {
        lock (_gate)
        {
            return _byChannel.ContainsKey(channel) ? _bridge?.Connection?.EndPoint : null;
        }
    }

    public async Task AddAsync(RedisChannel channel, Action<RedisChannel, RedisValue>? handler, ChannelMessageQueue? queue)
    {
        if (channel.IsNullOrEmpty)
        {
            throw new ArgumentNullException(nameof(channel));
        }

        Bridge bridge;
        Task started;
        Subscription? subscription;
        lock (_gate)
        {
            (bridge, started) = EnsureStarted();
            if (!_byChannel.TryGetValue(channel, out subscription))
            {
                _byChannel[channel] = subscription = new Subscription(channel);
            }

            subscription.Add(handler, queue);
        }

        await started.ConfigureAwait(false);
        Task confirmed;
        lock (_gate)
        {
            if (subscription.Confirmed is null or { IsFaulted: true })
            {
                subscription.Confirmed = Ask(bridge, null, channel, channel.IsPattern ? Commands.Psubscribe : Commands.Subscribe);
            }

            confirmed = subscription.Confirmed;
        }

        await confirmed.ConfigureAwait(false);
    }

    public Task RemoveAsync(RedisChannel channel, Action<RedisChannel, RedisValue>? handler, ChannelMessageQueue? queue)
    {
        lock (_gate)
        {
            if (_bridge is null || !_byChannel.TryGetValue(channel, out var subscription))
            {
                return Task.CompletedTask;
            }

            subscription.Remove(handler, queue);
            if (!subscription.IsEmpty)
            {
                return Task.CompletedTask;
            }

            _byChannel.Remove(channel);
            return _bridge.IsConnected
                ? Ask(_bridge, null, channel, channel.IsPattern ? Commands.Punsubscribe : Commands.Unsubscribe)
                : Task.CompletedTask; // the next connection does not know of it
        }
    }

    public Task RemoveAllAsync()
    {
        RedisChannel[] channels;
        lock (_gate)
        {
            channels = [.. _byChannel.Keys];
        }

        return Task.WhenAll(channels.Select(channel => RemoveAsync(channel, null, null)));
    }

    public void Heartbeat(long now) => _bridge?.Heartbeat(now);

    public async Task CloseAsync()
    {
        if (_bridge is { } bridge)
        {
            await bridge.CloseAsync(allowCommandsToComplete: false).ConfigureAwait(false);
        }

        lock (_gate)
        {
            foreach (var subscription in _byChannel.Values)
            {
                subscription.Remove(null, null);
            }

            _byChannel.Clear();
        }
    }

    private (Bridge Bridge, Task Started) EnsureStarted()
    {
        if (_bridge is null)
        {
            _bridge = new Bridge(_multiplexer, _options, ConnectionType.Subscription)
            {
                OutOfBand = TryDeliver,
                Established = SubscribeAgainAsync,
            };
            _started = _bridge.StartAsync();
        }

        return (_bridge, _started!);
    }

    private Task SubscribeAgainAsync(Bridge bridge, Connection connection)
    {
        lock (_gate)
        {
            var confirmations = new List<Task>();
            foreach (var subscription in _byChannel.Values)
            {
                var channel = subscription.Channel;
                subscription.Confirmed = Ask(bridge, connection, channel, channel.IsPattern ? Commands.Psubscribe : Commands.Subscribe);
                confirmations.Add(subscription.Confirmed);
            }

            return Task.WhenAll(confirmations);
        }
    }

    /// <summary>Confirmations come in the order of requests, like replies, and are awaited as such.</summary>
    private Task<bool> Ask(Bridge bridge, Connection? over, RedisChannel channel, Command command)
    {
        var confirmation = new PendingReply<bool>(command, Replies.Ignore, _options.AsyncTimeout, null);
        if (over is null)
        {
            bridge.Submit(confirmation, -1, command, [channel.AsValue()]);
        }
        else
        {
            bridge.SubmitOver(over, confirmation, command, [channel.AsValue()]);
        }

        return confirmation.Task;
    }

    /// <summary>Runs on the reader, so it only passes messages on.</summary>
    private bool TryDeliver(RespReader reader)
    {
        if (!reader.IsAggregate)
        {
            return false;
        }

        var parts = reader.ReadAggregate();
        var kind = parts >= 3 ? reader.ReadScalar(out _) : default;
        if (kind.SequenceEqual("message"u8))
        {
            var channel = RedisChannel.Literal((byte[])reader.ReadValue()!);
            Deliver(channel, channel, reader.ReadValue());
            return true;
        }

        if (kind.SequenceEqual("pmessage"u8))
        {
            var pattern = RedisChannel.Pattern((byte[])reader.ReadValue()!);
            var channel = RedisChannel.Literal((byte[])reader.ReadValue()!);
            Deliver(pattern, channel, reader.ReadValue());
            return true;
        }

        return false;
    }

    private void Deliver(RedisChannel subscribed, RedisChannel channel, RedisValue message)
    {
        Subscription? subscription;
        lock (_gate)
        {
            _byChannel.TryGetValue(subscribed, out subscription);
        }

        subscription?.Deliver(_multiplexer, channel, message);
    }
}
