using StackExchange.Redis;

namespace Workflows.Data.Dispatch;

/// <summary>
/// Reads the dispatch streams for one worker over a connection of its own, since a blocking read would hold up every other command. Makes the
/// consumer group again when Redis lost it.
/// </summary>
public sealed class DispatchReader(string connectionString, DispatchStreams streams) : IAsyncDisposable
{
    private static readonly TimeSpan Block = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TakeOverIdle = TimeSpan.FromMinutes(1);

    private ConnectionMultiplexer? _connection;
    private bool _hasGroup;

    /// <summary>Waits up to a second for entries that no other worker was given.</summary>
    /// <exception cref="DispatchUnavailableException">Redis is away; call again after a pause.</exception>
    public async Task<IReadOnlyList<DispatchEntry>> ReadAsync(string consumer, int count, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            _connection ??= await ConnectAsync();
            if (!_hasGroup)
            {
                await streams.EnsureGroupAsync();
                _hasGroup = true;
            }

            return await DispatchStreams.ReadAsync(_connection, consumer, count, Block);
        }
        catch (RedisServerException exception) when (exception.Message.StartsWith("NOGROUP", StringComparison.Ordinal))
        {
            _hasGroup = false;
            return [];
        }
        catch (Exception exception) when (RedisErrors.IsTrouble(exception))
        {
            throw new DispatchUnavailableException(exception);
        }
    }

    /// <summary>Entries that a worker read and never acknowledged, because it died before its claim.</summary>
    /// <exception cref="DispatchUnavailableException">Redis is away.</exception>
    public async Task<IReadOnlyList<DispatchEntry>> TakeOverAsync(string consumer, int count)
    {
        try
        {
            return _hasGroup ? await streams.TakeOverAsync(consumer, TakeOverIdle, count) : [];
        }
        catch (Exception exception) when (RedisErrors.IsTrouble(exception))
        {
            throw new DispatchUnavailableException(exception);
        }
    }

    private async Task<ConnectionMultiplexer> ConnectAsync()
    {
        var options = ConfigurationOptions.Parse(connectionString);
        options.AbortOnConnectFail = false;
        options.ClientName = "workflows-dispatch";
        options.AsyncTimeout = (int)(Block * 5).TotalMilliseconds;
        return await ConnectionMultiplexer.ConnectAsync(options);
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is { } connection)
        {
            await connection.DisposeAsync();
        }
    }
}

/// <summary>The dispatch streams cannot be used at the moment; the sweep does their work meanwhile.</summary>
public sealed class DispatchUnavailableException(Exception cause) : Exception(cause.Message, cause);
