using System.Net;

namespace StackExchange.Redis;

public class ConnectionFailedEventArgs : EventArgs
{
    internal ConnectionFailedEventArgs(
        EndPoint? endPoint, ConnectionType connectionType, ConnectionFailureType failureType, Exception? exception)
    {
        EndPoint = endPoint;
        ConnectionType = connectionType;
        FailureType = failureType;
        Exception = exception;
    }

    public ConnectionType ConnectionType { get; }

    public EndPoint? EndPoint { get; }

    public Exception? Exception { get; }

    public ConnectionFailureType FailureType { get; }

    public override string ToString() => $"{EndPointCollection.ToString(EndPoint)}/{ConnectionType}: {FailureType}";
}

public class RedisErrorEventArgs : EventArgs
{
    internal RedisErrorEventArgs(EndPoint endpoint, string message)
    {
        EndPoint = endpoint;
        Message = message;
    }

    public EndPoint EndPoint { get; }

    public string Message { get; }
}

public class InternalErrorEventArgs : EventArgs
{
    internal InternalErrorEventArgs(EndPoint? endpoint, ConnectionType connectionType, Exception exception, string? origin)
    {
        EndPoint = endpoint;
        ConnectionType = connectionType;
        Exception = exception;
        Origin = origin;
    }

    public ConnectionType ConnectionType { get; }

    public EndPoint? EndPoint { get; }

    public Exception Exception { get; }

    public string? Origin { get; }
}
