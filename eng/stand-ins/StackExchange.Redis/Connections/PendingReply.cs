namespace StackExchange.Redis;

/// <summary>What waits for one reply. Replies come in the order of requests, so a queue of these is all the bookkeeping.</summary>
internal interface IPendingReply
{
    Command Command { get; }

    /// <summary>Environment.TickCount64 after which the caller is told that the time is up.</summary>
    long Deadline { get; }

    bool IsCompleted { get; }

    void Complete(ref RespReader reader);

    void ServerError(string message);

    void Fail(Exception exception);

    /// <summary>For a command that certainly did not run.</summary>
    void Cancel();
}

/// <summary>
/// A caller's task and its place in the queue in one object: with the task itself, the only two allocations per
/// command. Continuations never run on the reader, since one that blocks would stall every other caller.
/// </summary>
internal class PendingReply<T> : TaskCompletionSource<T>, IPendingReply
{
    private readonly ReplyParser<T> _parser;

    public PendingReply(Command command, ReplyParser<T> parser, int timeoutMilliseconds, object? state)
        : base(state, TaskCreationOptions.RunContinuationsAsynchronously)
    {
        Command = command;
        _parser = parser;
        Deadline = Environment.TickCount64 + timeoutMilliseconds;
    }

    public Command Command { get; }

    public long Deadline { get; }

    public bool IsCompleted => Task.IsCompleted;

    public virtual void Complete(ref RespReader reader)
    {
        if (!IsCompleted)
        {
            TrySetResult(_parser(ref reader));
        }
    }

    public virtual void ServerError(string message) => Fail(new RedisServerException(message));

    public void Fail(Exception exception) => TrySetException(exception);

    public void Cancel() => TrySetCanceled();
}

/// <summary>Takes the place of a reply nobody waits for. One object serves all.</summary>
internal sealed class DiscardedReply : IPendingReply
{
    public static readonly DiscardedReply Instance = new();

    public Command Command { get; } = "(fire and forget)";

    public long Deadline => long.MaxValue;

    public bool IsCompleted => false;

    public void Complete(ref RespReader reader)
    {
    }

    public void ServerError(string message)
    {
        // The connection has raised ErrorMessage, which is all a caller who does not wait can get.
    }

    public void Fail(Exception exception)
    {
    }

    public void Cancel()
    {
    }
}
