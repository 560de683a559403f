namespace StackExchange.Redis;

/// <summary>Sends each command at once. The blocking members wait for their asynchronous counterparts.</summary>
internal sealed partial class RedisDatabase(ConnectionMultiplexer multiplexer, int database, object? asyncState)
    : DatabaseCommands(multiplexer, database, asyncState), IDatabase
{
    public IBatch CreateBatch(object? asyncState = null) => new RedisBatch(Owner, Database, asyncState);

    public ITransaction CreateTransaction(object? asyncState = null) => new RedisTransaction(Owner, Database, asyncState);

    public RedisResult Execute(string command, params object[] args) => Wait(ExecuteAsync(command, args));

    /// <summary>For a transaction, which alone knows when to end it.</summary>
    internal Task<bool> WatchAsync(RedisKey[] keys) => SendKeys(Commands.Watch, keys, Replies.Truth, CommandFlags.None);

    private protected override void Submit(IPendingReply reply, Command command, ReadOnlySpan<RedisValue> arguments) =>
        Owner.Commands.Submit(reply, Database, command, arguments);
}
