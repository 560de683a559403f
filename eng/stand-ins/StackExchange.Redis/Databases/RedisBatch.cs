namespace StackExchange.Redis;

/// <summary>Gathers commands and sends them as one block that no other caller's command comes between.</summary>
public interface IBatch : IDatabaseAsync
{
    void Execute();
}

internal class RedisBatch(ConnectionMultiplexer multiplexer, int database, object? asyncState)
    : DatabaseCommands(multiplexer, database, asyncState), IBatch
{
    private readonly Lock _gathering = new();
    private readonly RespBuffer _requests = new(256);
    private readonly List<IPendingReply> _replies = [];

    public void Execute()
    {
        var (replies, requests) = TakeAll();
        if (replies.Length > 0)
        {
            Owner.Commands.SubmitBlock(replies, Database, "(batch)", requests, required: null);
        }
    }

    /// <summary>The text of the script at once: by the time its hash is refused the block has been sent.</summary>
    public override Task<RedisResult> ScriptEvaluateAsync(
        string script, RedisKey[]? keys = null, RedisValue[]? values = null, CommandFlags flags = CommandFlags.None)
    {
        ArgumentNullException.ThrowIfNull(script);
        return SendScript(Commands.Eval, script, keys, values, flags);
    }

    private protected override void Submit(IPendingReply reply, Command command, ReadOnlySpan<RedisValue> arguments)
    {
        lock (_gathering)
        {
            _requests.WriteCommand(command, arguments);
            _replies.Add(reply);
        }
    }

    private protected (IPendingReply[] Replies, byte[] Requests) TakeAll()
    {
        lock (_gathering)
        {
            (IPendingReply[], byte[]) all = ([.. _replies], _requests.ToArray());
            _replies.Clear();
            _requests.Clear();
            return all;
        }
    }
}
