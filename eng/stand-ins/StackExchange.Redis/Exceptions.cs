namespace StackExchange.Redis;

/// <summary>Base of what goes wrong between this process and the server.</summary>
public class RedisException : Exception
{
    public RedisException(string message) : base(message)
    {
    }

    public RedisException(string message, Exception? innerException) : base(message, innerException)
    {
    }
}

/// <summary>The connection broke or could not be made. A command that was in flight may or may not have run.</summary>
public sealed class RedisConnectionException : RedisException
{
    public RedisConnectionException(ConnectionFailureType failureType, string message)
        : this(failureType, message, null, CommandStatus.Unknown)
    {
    }

    public RedisConnectionException(ConnectionFailureType failureType, string message, Exception? innerException)
        : this(failureType, message, innerException, CommandStatus.Unknown)
    {
    }

    public RedisConnectionException(
        ConnectionFailureType failureType, string message, Exception? innerException, CommandStatus commandStatus)
        : base(message, innerException)
    {
        FailureType = failureType;
        CommandStatus = commandStatus;
    }

    public ConnectionFailureType FailureType { get; }

    public CommandStatus CommandStatus { get; }
}

/// <summary>No reply within the time allowed. Whether the command ran is not known.</summary>
public sealed class RedisTimeoutException : TimeoutException
{
    public RedisTimeoutException(string message, CommandStatus commandStatus) : base(message)
    {
        Commandstatus = commandStatus;
    }

    public CommandStatus Commandstatus { get; }
}

/// <summary>The server's own error reply; the message begins with its code (NOGROUP, WRONGTYPE, ...).</summary>
public sealed class RedisServerException : RedisException
{
    public RedisServerException(string message) : base(message)
    {
    }
}

/// <summary>The command was refused before it was sent.</summary>
public sealed class RedisCommandException : Exception
{
    public RedisCommandException(string message) : base(message)
    {
    }

    public RedisCommandException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
