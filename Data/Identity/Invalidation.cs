using StackExchange.Redis;

namespace Workflows.Data.Identity;

/// <summary>What other instances must no longer trust.</summary>
public enum Invalidated
{
    ApiKey,
    Session,
    User,
    Tenant,
    Workflow,
    Secret,
    Connector,
    NodeDefinition,
}

/// <summary>
/// Tells every instance of the API that something it may have in memory has changed. A hint: whoever misses it (Redis is down) finds out when its short
/// trust ends.
/// </summary>
public sealed class Invalidation(IConnectionMultiplexer redis)
{
    private const int MessageBytes = 33;

    private static readonly RedisChannel Channel = RedisChannel.Literal("wf:invalidate");

    private readonly List<Action<Invalidated, Guid, Guid>> _listeners = [];

    /// <summary>Adds who is told; before <see cref="ListenAsync"/>.</summary>
    public void OnChange(Action<Invalidated, Guid, Guid> listener) => _listeners.Add(listener);

    /// <summary>Starts listening; fails while Redis is down, so that the caller tries again.</summary>
    public Task ListenAsync() => redis.GetSubscriber().SubscribeAsync(Channel, (_, message) =>
    {
        var packed = ((byte[])message!).AsSpan();
        if (packed.Length == MessageBytes)
        {
            Tell((Invalidated)packed[0], new Guid(packed[1..17], bigEndian: true), new Guid(packed[17..], bigEndian: true));
        }
    });

    /// <summary>Call when the change is committed. This instance knows at once, the others in a moment.</summary>
    public void Publish(Invalidated what, Guid tenantId, Guid id)
    {
        Tell(what, tenantId, id);
        if (redis.IsConnected)
        {
            var packed = new byte[MessageBytes];
            packed[0] = (byte)what;
            tenantId.TryWriteBytes(packed.AsSpan(1, 16), bigEndian: true, out _);
            id.TryWriteBytes(packed.AsSpan(17), bigEndian: true, out _);
            redis.GetSubscriber().Publish(Channel, packed, CommandFlags.FireAndForget);
        }
    }

    private void Tell(Invalidated what, Guid tenantId, Guid id)
    {
        foreach (var listener in _listeners)
        {
            listener(what, tenantId, id);
        }
    }
}
