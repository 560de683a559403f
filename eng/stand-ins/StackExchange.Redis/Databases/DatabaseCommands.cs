namespace StackExchange.Redis;

/// <summary>
/// Every command once, as arguments and the way to read its reply. What becomes of it is the subclass's business: sent
/// at once, gathered into a batch, or queued into a transaction.
/// </summary>
internal abstract partial class DatabaseCommands : IDatabaseAsync
{
    private protected DatabaseCommands(ConnectionMultiplexer multiplexer, int database, object? asyncState)
    {
        Owner = multiplexer;
        Database = database;
        AsyncState = asyncState;
    }

    public int Database { get; }

    public IConnectionMultiplexer Multiplexer => Owner;

    private protected ConnectionMultiplexer Owner { get; }

    private protected object? AsyncState { get; }

    public bool IsConnected(RedisKey key, CommandFlags flags = CommandFlags.None) => Owner.IsConnected;

    public bool TryWait(Task task) => Waiting.TryFor(task, Owner.TimeoutMilliseconds);

    public void Wait(Task task) => Owner.Wait(task);

    public T Wait<T>(Task<T> task) => Owner.Wait(task);

    public void WaitAll(params Task[] tasks) => Owner.WaitAll(tasks);

    public async Task<TimeSpan> PingAsync(CommandFlags flags = CommandFlags.None)
    {
        var started = TimeProvider.System.GetTimestamp();
        await Send(Commands.Ping, [], Replies.Ignore, flags).ConfigureAwait(false);
        return TimeProvider.System.GetElapsedTime(started);
    }

    public Task<long> PublishAsync(RedisChannel channel, RedisValue message, CommandFlags flags = CommandFlags.None) =>
        Send(Commands.Publish, [channel.AsValue(), message], Replies.Integer, flags);

    public Task<RedisResult> ExecuteAsync(string command, params object[] args) => ExecuteAsync(command, args, CommandFlags.None);

    public Task<RedisResult> ExecuteAsync(string command, ICollection<object>? args, CommandFlags flags = CommandFlags.None)
    {
        var space = default(ArgumentList.Space);
        var arguments = new ArgumentList(space);
        foreach (var argument in args ?? [])
        {
            arguments.Add(RedisValue.TryFromObject(argument, out var value)
                ? value
                : throw new InvalidCastException($"Unable to convert an argument of type {argument.GetType()} to a RedisValue"));
        }

        return Send(Command.Get(command), arguments.Items, Replies.Result, flags);
    }

    /// <summary>Takes over the request, whose arguments are only valid during the call.</summary>
    private protected abstract void Submit(IPendingReply reply, Command command, ReadOnlySpan<RedisValue> arguments);

    internal Task<T> Send<T>(
        Command command, scoped ReadOnlySpan<RedisValue> arguments, ReplyParser<T> parser, CommandFlags flags)
    {
        if ((flags & CommandFlags.FireAndForget) != 0)
        {
            Submit(DiscardedReply.Instance, command, arguments);
            return NoReply<T>.Task;
        }

        var reply = new PendingReply<T>(command, parser, Owner.Options.AsyncTimeout, AsyncState);
        Submit(reply, command, arguments);
        return reply.Task;
    }

    /// <summary>For commands of the form: name, key, then arguments given by the caller.</summary>
    internal Task<T> Send<T>(
        Command command, RedisKey key, ReadOnlySpan<RedisValue> rest, ReplyParser<T> parser, CommandFlags flags)
    {
        var space = default(ArgumentList.Space);
        var arguments = new ArgumentList(space);
        arguments.Add(key.AsArgument());
        arguments.Add(rest);
        return Send(command, arguments.Items, parser, flags);
    }

    /// <summary>For commands over keys only.</summary>
    private protected Task<T> SendKeys<T>(Command command, RedisKey[] keys, ReplyParser<T> parser, CommandFlags flags)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var space = default(ArgumentList.Space);
        var arguments = new ArgumentList(space);
        arguments.Add(keys);
        return Send(command, arguments.Items, parser, flags);
    }

    private static class NoReply<T>
    {
        public static readonly Task<T> Task = System.Threading.Tasks.Task.FromResult<T>(default!);
    }
}
