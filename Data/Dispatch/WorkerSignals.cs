using StackExchange.Redis;
using Workflows.Data.Executions;

namespace Workflows.Data.Dispatch;

/// <summary>
/// Tells the worker that owns an execution to look at its row: somebody asked to stop it, or a wait of it was resolved. A hint: workers also ask the
/// database from time to time.
/// </summary>
public sealed class WorkerSignals(IConnectionMultiplexer redis)
{
    private static RedisChannel ChannelOf(Guid workerId) => RedisChannel.Literal($"wf:workers:{workerId:N}");

    public void Nudge(Guid workerId, ExecutionKey key)
    {
        if (redis.IsConnected)
        {
            var packed = new byte[32];
            key.TenantId.TryWriteBytes(packed.AsSpan(0, 16), bigEndian: true, out _);
            key.Id.TryWriteBytes(packed.AsSpan(16), bigEndian: true, out _);
            redis.GetSubscriber().Publish(ChannelOf(workerId), packed, CommandFlags.FireAndForget);
        }
    }

    /// <returns>False when Redis is away: nudges of this session are not heard.</returns>
    public async Task<bool> TryListenAsync(Guid workerId, Action<ExecutionKey> nudged)
    {
        try
        {
            await redis.GetSubscriber().SubscribeAsync(ChannelOf(workerId), (_, message) =>
            {
                var packed = ((byte[])message!).AsSpan();
                if (packed.Length == 32)
                {
                    nudged(new ExecutionKey(new Guid(packed[..16], bigEndian: true), new Guid(packed[16..], bigEndian: true)));
                }
            });
            return true;
        }
        catch (Exception exception) when (RedisErrors.IsTrouble(exception))
        {
            return false;
        }
    }

    public async Task StopListeningAsync(Guid workerId) =>
        await redis.GetSubscriber().UnsubscribeAsync(ChannelOf(workerId), flags: CommandFlags.FireAndForget);
}
