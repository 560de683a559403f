using System.Text.Json;
using Workflows.Data.Live;

namespace Workflows.Api.Live;

/// <summary>One stream of a tenant as this instance hears it, and who subscribed to what of it. Thread-safe.</summary>
internal sealed class LiveStreamFeed(LiveChannel stream, LiveFeed feed, TimeProvider clock) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _listening = new(1, 1); // twice would be each message twice
    private readonly Dictionary<string, List<LiveSubscription>> _topics = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonElement> _changed = new(StringComparer.Ordinal);
    private LiveId _heard;
    private LiveId _doubted;
    private bool _isDigesting;
    private Func<Task>? _leave;

    public LiveChannel Stream => stream;

    /// <summary>When the last subscription went; null while there is one.</summary>
    public DateTimeOffset? IdleSince { get; private set; } = clock.GetUtcNow();

    public bool IsListening => _leave is not null;

    /// <summary>Topics of it that somebody subscribed to.</summary>
    public List<string> Topics
    {
        get
        {
            lock (_gate)
            {
                return [.. _topics.Keys];
            }
        }
    }

    public void Add(string topic, LiveSubscription subscription)
    {
        lock (_gate)
        {
            if (!_topics.TryGetValue(topic, out var subscriptions))
            {
                _topics[topic] = subscriptions = [];
            }

            subscriptions.Add(subscription);
            IdleSince = null;
        }
    }

    public void Remove(string topic, LiveSubscription subscription)
    {
        lock (_gate)
        {
            if (_topics.TryGetValue(topic, out var subscriptions)
                && subscriptions.Remove(subscription) && subscriptions.Count == 0)
            {
                _topics.Remove(topic);
                IdleSince = _topics.Count == 0 ? clock.GetUtcNow() : null;
            }
        }
    }

    /// <summary>Begins to hear, if it does not yet.</summary>
    /// <exception cref="StackExchange.Redis.RedisException">Redis is away.</exception>
    public async Task ListenAsync()
    {
        await _listening.WaitAsync();
        try
        {
            _leave ??= await feed.ListenAsync(stream, Handle);
        }
        finally
        {
            _listening.Release();
        }
    }

    /// <summary>Ends hearing it.</summary>
    /// <exception cref="StackExchange.Redis.RedisException">Redis is away.</exception>
    public Task LeaveAsync() => _leave?.Invoke() ?? Task.CompletedTask;

    public void Dispose() => _listening.Dispose();

    /// <summary>
    /// Whether all was heard: the end of the stream is known here, or was not yet a moment ago. Keeps the stream alive.
    /// </summary>
    /// <exception cref="StackExchange.Redis.RedisException">Redis is away.</exception>
    public async Task CompareAsync()
    {
        var head = await feed.HeadAsync(stream);
        bool missed;
        lock (_gate)
        {
            missed = _heard != LiveId.None && head > _heard && head == _doubted;
            _doubted = head;
            _heard = missed || _heard == LiveId.None ? head : _heard;
        }

        if (missed)
        {
            Reset(head);
        }
    }

    /// <summary>Tells all subscribers that they may have missed something.</summary>
    public void Reset(LiveId head)
    {
        foreach (var subscription in Subscriptions())
        {
            subscription.Reset(head);
        }
    }

    private List<LiveSubscription> Subscriptions()
    {
        lock (_gate)
        {
            return [.. _topics.Values.SelectMany(subscriptions => subscriptions)];
        }
    }

    private void Handle(LiveEntry entry)
    {
        lock (_gate)
        {
            _heard = entry.Id > _heard ? entry.Id : _heard;
            if (!_topics.TryGetValue(entry.Topic, out var subscriptions))
            {
                return;
            }

            if (entry.Topic == LiveTopics.Executions)
            {
                Collect(entry);
                return;
            }

            Deliver(subscriptions, entry.Id, LiveFrame.Of(entry));
        }
    }

    // Busy tenants change thousands a second: whoever looks at a list gets the last state of each, twice a second.
    private void Collect(LiveEntry entry)
    {
        using var document = JsonDocument.Parse(entry.Json);
        foreach (var execution in document.RootElement.GetProperty("data").GetProperty("executions").EnumerateArray())
        {
            _changed[execution.GetProperty("id").GetString()!] = execution.Clone();
        }

        if (!_isDigesting)
        {
            _isDigesting = true;
            _ = DigestAsync();
        }
    }

    private async Task DigestAsync()
    {
        await Task.Delay(Limits.LiveDigest, clock, CancellationToken.None);
        lock (_gate)
        {
            _isDigesting = false;
            var changed = _changed.Values.TakeLast(Limits.LiveChangesPerMessage).ToList();
            var message = LiveMessage.Of(
                LiveTopics.Executions, "executions.changed", clock.GetUtcNow(), data =>
                {
                    data.WriteNumber("count"u8, _changed.Count);
                    data.WriteStartArray("executions"u8);
                    changed.ForEach(execution => execution.WriteTo(data));
                    data.WriteEndArray();
                });
            _changed.Clear();
            if (_topics.TryGetValue(LiveTopics.Executions, out var subscriptions))
            {
                Deliver(subscriptions, _heard, LiveFrame.Of(_heard.ToString(), message));
            }
        }
    }

    private static void Deliver(List<LiveSubscription> subscriptions, LiveId id, LiveFrame frame)
    {
        foreach (var subscription in subscriptions)
        {
            subscription.Deliver(id, frame);
        }
    }
}
