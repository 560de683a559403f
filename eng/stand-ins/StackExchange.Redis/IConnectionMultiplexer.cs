using System.Net;

namespace StackExchange.Redis;

/// <summary>A shared, thread-safe, self-healing connection to Redis. Make one and keep it.</summary>
public interface IConnectionMultiplexer : IDisposable, IAsyncDisposable
{
    event EventHandler<RedisErrorEventArgs> ErrorMessage;

    event EventHandler<ConnectionFailedEventArgs> ConnectionFailed;

    event EventHandler<InternalErrorEventArgs> InternalError;

    event EventHandler<ConnectionFailedEventArgs> ConnectionRestored;

    string ClientName { get; }

    string Configuration { get; }

    int TimeoutMilliseconds { get; }

    long OperationCount { get; }

    bool IsConnected { get; }

    bool IsConnecting { get; }

    IDatabase GetDatabase(int db = -1, object? asyncState = null);

    ISubscriber GetSubscriber(object? asyncState = null);

    IServer GetServer(string host, int port, object? asyncState = null);

    IServer GetServer(string hostAndPort, object? asyncState = null);

    IServer GetServer(IPAddress host, int port);

    IServer GetServer(EndPoint endpoint, object? asyncState = null);

    IServer[] GetServers();

    EndPoint[] GetEndPoints(bool configuredOnly = false);

    string GetStatus();

    void GetStatus(TextWriter log);

    void Wait(Task task);

    T Wait<T>(Task<T> task);

    void WaitAll(params Task[] tasks);

    void Close(bool allowCommandsToComplete = true);

    Task CloseAsync(bool allowCommandsToComplete = true);

    string ToString();
}
