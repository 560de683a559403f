using System.Collections.Concurrent;
using Workflows.Data.Dispatch;
using Workflows.Data.Live;

namespace Workflows.Api.Live;

/// <summary>
/// All that looks on through this instance: connections by caller, streams that somebody subscribed to, users who hear
/// of their notifications. Thread-safe.
/// </summary>
internal sealed class LiveHub : IDisposable
{
    private readonly LiveFeed _feed;
    private readonly LiveWatches _watches;
    private readonly LiveOptions _options;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _opening = new(1, 1);
    private readonly ConcurrentDictionary<LiveChannel, LiveStreamFeed> _feeds = new();
    private readonly ConcurrentDictionary<LiveConnection, (LiveSession Session, Guid CallerId)> _connections = new();
    private readonly ConcurrentDictionary<Guid, int> _callers = new();
    private readonly ConcurrentDictionary<(Guid TenantId, Guid UserId), List<LiveSubscription>> _users = new();
    private volatile bool _isLive = true;

    public LiveHub(LiveFeed feed, LiveWatches watches, LiveOptions options, LiveMetrics metrics, TimeProvider clock)
    {
        (_feed, _watches, _options, _clock) = (feed, watches, options, clock);
        metrics.Observe(() => _connections.Count);
    }

    /// <summary>Whether what happens elsewhere is heard at the moment.</summary>
    public bool IsLive => _isLive;

    /// <summary>Takes a connection in, or closes it when its caller, or this instance, has too many.</summary>
    public bool TryEnter(LiveConnection connection, LiveSession session, Guid callerId)
    {
        var ofCaller = _callers.AddOrUpdate(callerId, 1, (_, count) => count + 1);
        _connections[connection] = (session, callerId);
        if (ofCaller <= _options.ConnectionsPerCaller && _connections.Count <= _options.MaxConnections)
        {
            return true;
        }

        connection.Close(LiveEnd.TooMany);
        return false;
    }

    public void Leave(LiveConnection connection)
    {
        if (!_connections.TryRemove(connection, out var entered))
        {
            return;
        }

        var left = _callers.AddOrUpdate(entered.CallerId, 0, (_, count) => count - 1);
        if (left == 0)
        {
            _callers.TryRemove(KeyValuePair.Create(entered.CallerId, 0));
        }
    }

    /// <summary>Subscribes to a topic of a tenant's streams.</summary>
    /// <param name="tenantId">The tenant; empty = the platform.</param>
    /// <param name="topic">Of <see cref="LiveTopics"/>.</param>
    /// <param name="subscription">Is begun with what was missed.</param>
    /// <param name="after">Where the client was before; null = it begins now.</param>
    public async Task SubscribeAsync(Guid tenantId, string topic, LiveSubscription subscription, LiveId? after)
    {
        var stream = LiveChannel.Of(tenantId, topic);
        var feed = await OpenAsync(stream, topic, subscription);
        Watch(stream, topic, isNew: true);
        try
        {
            await feed.ListenAsync();
            var head = await _feed.HeadAsync(stream);
            var past = after is { } place ? await _feed.ReadAsync(stream, place) : [];
            subscription.Begin(
                Subscribed(subscription.Topic, head, live: true),
                past?.Where(entry => entry.Topic == topic).Select(entry => (entry.Id, LiveFrame.Of(entry))) ?? []);
            if (past is null)
            {
                subscription.Reset(head);
            }
        }
        catch (Exception exception) when (RedisErrors.IsTrouble(exception))
        {
            // It is told to read anew once something is heard again.
            subscription.Begin(Subscribed(subscription.Topic, LiveId.None, live: false), []);
        }
    }

    /// <summary>Subscribes to what the platform tells everybody; its answer is not the client's to see.</summary>
    public async Task SubscribePlatformAsync(LiveSubscription subscription)
    {
        var feed = await OpenAsync(LiveChannel.Of(Guid.Empty, LiveTopics.System), LiveTopics.System, subscription);
        subscription.Begin(answer: null, []);
        if (_feed.IsConnected)
        {
            await ListenAsync(feed);
        }
    }

    public void Unsubscribe(Guid tenantId, string topic, LiveSubscription subscription)
    {
        if (_feeds.TryGetValue(LiveChannel.Of(tenantId, topic), out var feed))
        {
            feed.Remove(topic, subscription);
        }
    }

    /// <summary>Subscribes to what a user is told.</summary>
    public void SubscribeUser(Guid tenantId, Guid userId, LiveSubscription subscription) =>
        _users.AddOrUpdate(
            (tenantId, userId), [subscription], (_, present) => [.. present, subscription]);

    public void UnsubscribeUser(Guid tenantId, Guid userId, LiveSubscription subscription)
    {
        var left = _users.AddOrUpdate(
            (tenantId, userId), [], (_, present) => [.. present.Where(one => one != subscription)]);
        if (left.Count == 0)
        {
            _users.TryRemove(KeyValuePair.Create((tenantId, userId), left));
        }
    }

    /// <summary>Tells a user's connections here of a notification.</summary>
    public void Tell(NotificationWritten notification)
    {
        if (_users.TryGetValue((notification.TenantId, notification.UserId), out var subscriptions))
        {
            var frame = UserNews.Frame(notification.Id, notification.Kind, notification.Level, _clock.GetUtcNow());
            subscriptions.ForEach(subscription => subscription.Connection.Send(frame));
        }
    }

    /// <summary>Notifications may have been missed.</summary>
    public void ResetUsers()
    {
        foreach (var subscription in _users.Values.SelectMany(subscriptions => subscriptions))
        {
            subscription.Connection.Send(LiveFrame.Control("reset", ("topic", subscription.Topic)));
        }
    }

    /// <summary>Once a second: says when nothing is heard, and begins to hear again.</summary>
    public async Task ListenAsync()
    {
        var wasLive = _isLive;
        _isLive = _feed.IsConnected;
        if (_isLive != wasLive)
        {
            Broadcast(LiveFrame.Control("state", ("live", _isLive)));
        }

        if (!_isLive)
        {
            return;
        }

        foreach (var feed in _feeds.Values)
        {
            var isNew = !feed.IsListening;
            await feed.ListenAsync();
            if (isNew || !wasLive)
            {
                feed.Reset(await _feed.HeadAsync(feed.Stream));
            }
        }
    }

    /// <summary>Now and then: keeps what is watched alive, finds what was missed, forgets what nobody wants.</summary>
    public async Task TendAsync()
    {
        foreach (var feed in _feeds.Values)
        {
            feed.Topics.ForEach(topic => Watch(feed.Stream, topic, isNew: false));
            if (feed.IdleSince is { } since && _clock.GetUtcNow() - since > Limits.LiveIdle)
            {
                await CloseAsync(feed);
            }
            else if (feed.IsListening)
            {
                await feed.CompareAsync();
            }
        }
    }

    /// <summary>Every heartbeat: whether each client still may what it does, and a sign of life for it.</summary>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        var sign = LiveFrame.Control("heartbeat");
        await Parallel.ForEachAsync(
            _connections,
            new ParallelOptions
            {
                MaxDegreeOfParallelism = Limits.LiveChecksAtOnce,
                CancellationToken = cancellationToken,
            },
            async (entered, token) =>
            {
                await entered.Value.Session.CheckAsync(token);
                entered.Key.Send(sign);
            });
    }

    /// <summary>Ends all connections.</summary>
    public void CloseAll(LiveEnd end)
    {
        foreach (var connection in _connections.Keys)
        {
            connection.Close(end);
        }
    }

    public void Dispose()
    {
        _opening.Dispose();
        foreach (var feed in _feeds.Values)
        {
            feed.Dispose();
        }
    }

    private static async Task ListenAsync(LiveStreamFeed feed)
    {
        try
        {
            await feed.ListenAsync();
        }
        catch (Exception exception) when (RedisErrors.IsTrouble(exception))
        {
            return; // the next round begins to hear it
        }
    }

    private static LiveFrame Subscribed(string topic, LiveId head, bool live) =>
        LiveFrame.Control("subscribed", ("topic", topic), ("id", head.ToString()), ("live", live));

    private void Broadcast(LiveFrame frame)
    {
        foreach (var connection in _connections.Keys)
        {
            connection.Send(frame);
        }
    }

    private void Watch(LiveChannel stream, string topic, bool isNew)
    {
        if (topic == LiveTopics.Executions)
        {
            _watches.Say(stream.TenantId, Guid.Empty, isNew);
        }
        else if (topic.StartsWith(LiveTopics.ExecutionPrefix, StringComparison.Ordinal))
        {
            _watches.Say(
                stream.TenantId, Guid.Parse(topic.AsSpan(LiveTopics.ExecutionPrefix.Length)), isNew);
        }
    }

    // Within the gate, so that a feed is not closed between being found and being subscribed to.
    private async Task<LiveStreamFeed> OpenAsync(LiveChannel stream, string topic, LiveSubscription subscription)
    {
        await _opening.WaitAsync();
        try
        {
            var feed = _feeds.GetOrAdd(stream, key => new LiveStreamFeed(key, _feed, _clock));
            feed.Add(topic, subscription);
            return feed;
        }
        finally
        {
            _opening.Release();
        }
    }

    private async Task CloseAsync(LiveStreamFeed feed)
    {
        await _opening.WaitAsync();
        try
        {
            if (feed.IdleSince is not null && _feeds.TryRemove(feed.Stream, out _))
            {
                await feed.LeaveAsync(); // not disposed: another round may just look at it
            }
        }
        finally
        {
            _opening.Release();
        }
    }
}
