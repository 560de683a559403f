using System.Collections.Concurrent;
using StackExchange.Redis;

namespace Workflows.Data.Dispatch;

/// <summary>
/// Lets a request wait for the end of an execution on another process. A hint like all of Redis: the waiter asks the database at the
/// latest when its time is over, and in between from time to time.
/// </summary>
public sealed class ReplyListener(IConnectionMultiplexer redis) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Guid, TaskCompletionSource> _waiting = new();
    private readonly SemaphoreSlim _gate = new(1, 1);
    private volatile bool _listening;

    /// <summary>What goes into <see cref="Executions.NewExecution.ReplyTo"/>; unique to this process.</summary>
    public string Address { get; } = Guid.CreateVersion7().ToString("N");

    /// <summary>Announces interest; call before the start, so that no end is missed. Dispose the result in any case.</summary>
    public async ValueTask<Reply> ExpectAsync(Guid executionId, CancellationToken cancellationToken)
    {
        if (!_listening)
        {
            await ListenAsync(cancellationToken);
        }

        var signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[executionId] = signal;
        return new Reply(signal.Task, () => _waiting.TryRemove(executionId, out _));
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (!_listening)
            {
                await redis.GetSubscriber().SubscribeAsync(ReplyChannel.Of(Address), (_, message) =>
                {
                    var packed = ((byte[])message!).AsSpan();
                    for (; packed.Length >= 16; packed = packed[16..])
                    {
                        if (_waiting.TryRemove(new Guid(packed[..16], bigEndian: true), out var signal))
                        {
                            signal.TrySetResult();
                        }
                    }
                });
                _listening = true;
            }
        }
        catch (Exception exception) when (RedisErrors.IsTrouble(exception))
        {
            _listening = false; // the waiter polls the database instead, and the next request tries to listen again
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_listening)
        {
            await redis.GetSubscriber().UnsubscribeAsync(ReplyChannel.Of(Address), flags: CommandFlags.FireAndForget);
        }

        _gate.Dispose();
    }
}

/// <summary>One awaited end.</summary>
public sealed class Reply(Task signal, Action forget) : IDisposable
{
    /// <returns>True when the end was announced in time; false says nothing about the execution.</returns>
    public async Task<bool> WaitAsync(TimeSpan timeout, TimeProvider clock, CancellationToken cancellationToken)
    {
        try
        {
            await signal.WaitAsync(timeout, clock, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public void Dispose() => forget();
}

/// <summary>Tells waiting requests that executions ended; many ids in one message per address.</summary>
public sealed class ReplyPublisher(IConnectionMultiplexer redis)
{
    public void Publish(string address, IReadOnlyCollection<Guid> executionIds)
    {
        if (!redis.IsConnected)
        {
            return; // the waiter polls
        }

        var packed = new byte[executionIds.Count * 16];
        var offset = 0;
        foreach (var id in executionIds)
        {
            id.TryWriteBytes(packed.AsSpan(offset, 16), bigEndian: true, out _);
            offset += 16;
        }

        redis.GetSubscriber().Publish(ReplyChannel.Of(address), packed, CommandFlags.FireAndForget);
    }
}

internal static class ReplyChannel
{
    public static RedisChannel Of(string address) => RedisChannel.Literal($"wf:replies:{address}");
}
