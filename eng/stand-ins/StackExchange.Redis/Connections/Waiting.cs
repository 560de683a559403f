namespace StackExchange.Redis;

/// <summary>Blocking for a task, with its own exception instead of an aggregate and an end to patience.</summary>
internal static class Waiting
{
    public static T For<T>(Task<T> task, int timeoutMilliseconds)
    {
        For((Task)task, timeoutMilliseconds);
        return task.GetAwaiter().GetResult();
    }

    public static void For(Task task, int timeoutMilliseconds)
    {
        ArgumentNullException.ThrowIfNull(task);
        if (!TryFor(task, timeoutMilliseconds))
        {
            throw new RedisTimeoutException($"Timeout awaiting response ({timeoutMilliseconds}ms)", CommandStatus.Unknown);
        }

        task.GetAwaiter().GetResult();
    }

    /// <summary>False when the task is still running after the time given.</summary>
    public static bool TryFor(Task task, int timeoutMilliseconds)
    {
        try
        {
            return task.Wait(timeoutMilliseconds);
        }
        catch (AggregateException)
        {
            return true; // completed, in failure, which the caller takes from the task
        }
    }
}
