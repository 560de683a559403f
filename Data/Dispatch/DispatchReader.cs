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
    /// <exception cref="RedisException">Redis is away; call again after a pause.</exception>
    public async Task<IReadOnlyList<DispatchEntry>> ReadAsync(string consumer, int count, CancellationToken cancellationToken)
    {
        _connection ??= await ConnectAsync();
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
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
    }

    /// <summary>Entries that a worker read and never acknowledged, because it died before its claim.</summary>
    public Task<IReadOnlyList<DispatchEntry>> TakeOverAsync(string consumer, int count) => streams.TakeOverAsync(consumer, TakeOverIdle, count);

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
