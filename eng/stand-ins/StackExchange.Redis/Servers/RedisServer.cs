using System.Net;

namespace StackExchange.Redis;

/// <summary>Speaks over the multiplexer's connection, which leads to one server.</summary>
internal sealed partial class RedisServer(ConnectionMultiplexer multiplexer, EndPoint endPoint, object? asyncState)
    : DatabaseCommands(multiplexer, -1, asyncState), IServer
{
    public EndPoint EndPoint => endPoint;

    bool IServer.IsConnected => Owner.Commands.Connection is { } connection && connection.EndPoint.Equals(endPoint);

    public bool IsReplica => Owner.Commands.Server.IsReplica;

    public RedisProtocol Protocol => Owner.Commands.Server.Protocol;

    public ServerType ServerType => ServerType.Standalone;

    public Version Version => Owner.Commands.Server.Version;

    public Task<KeyValuePair<string, string>[]> ConfigGetAsync(
        RedisValue pattern = default, CommandFlags flags = CommandFlags.None) =>
        Send(Admin(Commands.ConfigGet), [pattern.IsNullOrEmpty ? "*" : pattern], Replies.TextPairs, flags);

    public Task ConfigSetAsync(RedisValue setting, RedisValue value, CommandFlags flags = CommandFlags.None) =>
        Send(Admin(Commands.ConfigSet), [setting, value], Replies.Truth, flags);

    public Task<long> DatabaseSizeAsync(int database = -1, CommandFlags flags = CommandFlags.None) =>
        On(database).Send(Commands.Dbsize, [], Replies.Integer, flags);

    public Task<RedisValue> EchoAsync(RedisValue message, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Echo, [message], Replies.Value, flags);

    public Task FlushAllDatabasesAsync(
        CommandFlags flags = CommandFlags.None) => Send(Admin(Commands.Flushall), [], Replies.Truth, flags);

    public Task FlushDatabaseAsync(int database = -1, CommandFlags flags = CommandFlags.None) =>
        On(database).Send(Admin(Commands.Flushdb), [], Replies.Truth, flags);

    public async Task<IGrouping<string, KeyValuePair<string, string>>[]> InfoAsync(
        RedisValue section = default, CommandFlags flags = CommandFlags.None)
    {
        var lines = (await InfoRawAsync(section, flags).ConfigureAwait(false) ?? string.Empty)
            .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var category = "miscellaneous";
        var pairs = new List<(string Category, KeyValuePair<string, string> Pair)>();
        foreach (var line in lines)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (line[0] == '#')
            {
                category = line.TrimStart('#', ' ');
            }
            else if (colon >= 0)
            {
                pairs.Add((category, new(line[..colon], line[(colon + 1)..])));
            }
        }

        return [.. pairs.GroupBy(pair => pair.Category, pair => pair.Pair)];
    }

    public Task<string?> InfoRawAsync(RedisValue section = default, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Info, section.IsNullOrEmpty ? [] : [section], Replies.Text, flags);

    public async IAsyncEnumerable<RedisKey> KeysAsync(
        int database = -1,
        RedisValue pattern = default,
        int pageSize = 250,
        long cursor = 0,
        int pageOffset = 0,
        CommandFlags flags = CommandFlags.None)
    {
        do
        {
            var (next, keys) = await ScanPageAsync(database, pattern, pageSize, cursor, flags).ConfigureAwait(false);
            foreach (var key in keys.Skip(pageOffset))
            {
                yield return (byte[]?)key;
            }

            (cursor, pageOffset) = (next, 0);
        }
        while (cursor != 0);
    }

    public IEnumerable<RedisKey> Keys(int database, RedisValue pattern, int pageSize, CommandFlags flags) =>
        Keys(database, pattern, pageSize, 0, 0, flags);

    public IEnumerable<RedisKey> Keys(
        int database = -1,
        RedisValue pattern = default,
        int pageSize = 250,
        long cursor = 0,
        int pageOffset = 0,
        CommandFlags flags = CommandFlags.None)
    {
        do
        {
            var (next, keys) = Wait(ScanPageAsync(database, pattern, pageSize, cursor, flags));
            foreach (var key in keys.Skip(pageOffset))
            {
                yield return (byte[]?)key;
            }

            (cursor, pageOffset) = (next, 0);
        }
        while (cursor != 0);
    }

    public async Task<bool> ScriptExistsAsync(string script, CommandFlags flags = CommandFlags.None)
    {
        var known = await Send(Commands.ScriptExists, [ScriptHash.Of(script)], Replies.Truths, flags).ConfigureAwait(false);
        return known is [true];
    }

    public Task ScriptFlushAsync(
        CommandFlags flags = CommandFlags.None) => Send(Admin(Commands.ScriptFlush), [], Replies.Truth, flags);

    public async Task<byte[]> ScriptLoadAsync(string script, CommandFlags flags = CommandFlags.None)
    {
        await Send(Commands.ScriptLoad, [script], Replies.Value, flags).ConfigureAwait(false);
        return ScriptHash.Compute(script);
    }

    public async Task<RedisChannel[]> SubscriptionChannelsAsync(
        RedisChannel pattern = default, CommandFlags flags = CommandFlags.None)
    {
        var names = await Send(
            Commands.PubsubChannels, pattern.IsNullOrEmpty ? [] : [pattern.AsValue()], Replies.Values, flags).ConfigureAwait(false);
        return Array.ConvertAll(names, name => RedisChannel.Literal((byte[])name!));
    }

    public async Task<long> SubscriptionSubscriberCountAsync(RedisChannel channel, CommandFlags flags = CommandFlags.None)
    {
        var pairs = await Send(Commands.PubsubNumsub, [channel.AsValue()], Replies.Values, flags).ConfigureAwait(false);
        return pairs is [_, var count, ..] ? (long)count : 0;
    }

    public async Task<DateTime> TimeAsync(CommandFlags flags = CommandFlags.None)
    {
        var parts = await Send(Commands.Time, [], Replies.Values, flags).ConfigureAwait(false);
        return parts is [var seconds, var microseconds]
            ? DateTime.UnixEpoch.AddSeconds((long)seconds).AddTicks((long)microseconds * TimeSpan.TicksPerMicrosecond)
            : DateTime.UnixEpoch;
    }

    private protected override void Submit(IPendingReply reply, Command command, ReadOnlySpan<RedisValue> arguments) =>
        Owner.Commands.Submit(reply, Database, command, arguments);

    private Task<(long Cursor, RedisValue[] Items)> ScanPageAsync(
        int database, RedisValue pattern, int pageSize, long cursor, CommandFlags flags) => pattern.IsNullOrEmpty
        ? On(database).Send(Commands.Scan, [cursor, "COUNT", pageSize], Replies.ScanPage, flags)
        : On(database).Send(Commands.Scan, [cursor, "MATCH", pattern, "COUNT", pageSize], Replies.ScanPage, flags);

    private RedisDatabase On(int database) => (RedisDatabase)Owner.GetDatabase(database);

    private Command Admin(Command command) => Owner.Options.AllowAdmin ? command : throw new RedisCommandException(
        $"This operation is not available unless admin mode is enabled: {command}");
}
