namespace StackExchange.Redis;

/// <summary>Gathers commands to run all or none, on condition that what was looked at has not changed meanwhile.</summary>
public interface ITransaction : IBatch
{
    ConditionResult AddCondition(Condition condition);

    bool Execute(CommandFlags flags = CommandFlags.None);

    Task<bool> ExecuteAsync(CommandFlags flags = CommandFlags.None);
}

/// <summary>
/// WATCH and the conditions go first, then MULTI to EXEC as one block over the same connection. WATCH belongs to the
/// connection and any EXEC ends it, so transactions of a multiplexer take turns. When the connection breaks before the
/// block was sent nothing ran; when it breaks after, nobody knows.
/// </summary>
internal sealed class RedisTransaction(ConnectionMultiplexer multiplexer, int database, object? asyncState)
    : RedisBatch(multiplexer, database, asyncState), ITransaction
{
    private readonly List<ConditionResult> _conditions = [];

    public ConditionResult AddCondition(Condition condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var result = new ConditionResult(condition);
        _conditions.Add(result);
        return result;
    }

    public bool Execute(CommandFlags flags = CommandFlags.None) => Wait(ExecuteAsync(flags));

    void IBatch.Execute() => Execute();

    public async Task<bool> ExecuteAsync(CommandFlags flags = CommandFlags.None)
    {
        var (replies, requests) = TakeAll();
        try
        {
            var run = await StartAsync(replies, requests).ConfigureAwait(false);
            return (flags & CommandFlags.FireAndForget) != 0 || await run.ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            foreach (var reply in replies)
            {
                reply.Fail(e);
            }

            throw;
        }
    }

    /// <summary>Holds the turn until the block is in line; the order of the wire does the rest.</summary>
    private async Task<Task<bool>> StartAsync(IPendingReply[] replies, byte[] requests)
    {
        await Owner.TransactionTurn.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_conditions.Count == 0)
            {
                return replies.Length == 0 ? Task.FromResult(true) : RunAsync(replies, requests, required: null);
            }

            var connection = Owner.Commands.Connection ?? throw new RedisConnectionException(
                ConnectionFailureType.UnableToResolvePhysicalConnection,
                "No connection is available for a transaction with conditions",
                Owner.Commands.LastFailure,
                CommandStatus.WaitingToBeSent);
            if (await ConditionsHoldAsync().ConfigureAwait(false))
            {
                return RunAsync(replies, requests, connection);
            }

            Owner.Commands.Submit(DiscardedReply.Instance, Database, Commands.Unwatch, []);
            CancelAll(replies);
            return Task.FromResult(false);
        }
        finally
        {
            Owner.TransactionTurn.Release();
        }
    }

    private async Task<bool> ConditionsHoldAsync()
    {
        var database = (IDatabaseAsync)Owner.GetDatabase(Database);
        var watched = _conditions.Select(condition => condition.Condition.Key).Distinct().ToArray();
        var watch = ((RedisDatabase)database).WatchAsync(watched);
        var checks = _conditions.ConvertAll(condition => condition.Condition.HoldsAsync(database));
        await watch.ConfigureAwait(false);
        var all = true;
        for (var i = 0; i < checks.Count; i++)
        {
            all &= _conditions[i].WasSatisfied = await checks[i].ConfigureAwait(false);
        }

        return all;
    }

    private Task<bool> RunAsync(IPendingReply[] replies, byte[] requests, Connection? required)
    {
        var block = new RespBuffer(requests.Length + 64);
        block.WriteCommand(Commands.Multi, []);
        block.WriteRaw(requests);
        block.WriteCommand(Commands.Exec, []);
        var exec = new ExecReply(replies, Owner.Options.AsyncTimeout, AsyncState);
        var pending = new IPendingReply[replies.Length + 2];
        pending[0] = DiscardedReply.Instance;
        for (var i = 0; i < replies.Length; i++)
        {
            pending[i + 1] = new QueuedReply(replies[i]);
        }

        pending[^1] = exec;
        Owner.Commands.SubmitBlock(pending, Database, Commands.Multi, block.Memory.Span, required);
        return exec.Task;
    }

    private static void CancelAll(IPendingReply[] replies)
    {
        foreach (var reply in replies)
        {
            reply.Cancel();
        }
    }

    /// <summary>The server's "QUEUED", or its refusal, which makes EXEC run nothing.</summary>
    private sealed class QueuedReply(IPendingReply queued) : IPendingReply
    {
        public Command Command => queued.Command;

        public long Deadline => queued.Deadline;

        public bool IsCompleted => queued.IsCompleted;

        public void Complete(ref RespReader reader) => reader.Skip();

        public void ServerError(string message) => queued.ServerError(message);

        public void Fail(Exception exception) => queued.Fail(exception);

        public void Cancel() => queued.Cancel();
    }

    /// <summary>The replies of all commands at once; null when a watched key had changed.</summary>
    private sealed class ExecReply(IPendingReply[] replies, int timeoutMilliseconds, object? state)
        : PendingReply<bool>(Commands.Exec, Replies.Ignore, timeoutMilliseconds, state)
    {
        public override void Complete(ref RespReader reader)
        {
            var count = reader.ReadAggregate();
            if (count < 0)
            {
                CancelAll(replies);
                TrySetResult(false);
                return;
            }

            foreach (var reply in replies)
            {
                if (reader.IsError)
                {
                    reply.ServerError(reader.ReadText() ?? string.Empty);
                    continue;
                }

                var element = reader; // a parser that gives up midway must not shift the others
                reader.Skip();
                try
                {
                    reply.Complete(ref element);
                }
                catch (Exception e)
                {
                    reply.Fail(e);
                }
            }

            TrySetResult(true);
        }

        public override void ServerError(string message)
        {
            foreach (var reply in replies)
            {
                if (!reply.IsCompleted)
                {
                    reply.ServerError(message);
                }
            }

            base.ServerError(message);
        }
    }
}
