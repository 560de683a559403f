using System.Net;

namespace StackExchange.Redis;

/// <summary>
/// The one entry point: a connection for commands, shared by all callers, and one for subscriptions, made when first
/// needed. See <see cref="Bridge"/> for what happens when they break.
/// </summary>
public sealed class ConnectionMultiplexer : IConnectionMultiplexer
{
    private readonly ConfigurationOptions _options;
    private readonly Bridge _commands;
    private readonly Subscriptions _subscriptions;
    private readonly ITimer _heartbeat;
    private RedisDatabase? _defaultDatabase;
    private int _closed;

    private ConnectionMultiplexer(ConfigurationOptions configuration)
    {
        _options = configuration.Clone();
        _options.SetDefaultPorts();
        if (_options.EndPoints.Count == 0)
        {
            throw new ArgumentException("No endpoints specified", nameof(configuration));
        }

        _commands = new Bridge(this, _options, ConnectionType.Interactive);
        _subscriptions = new Subscriptions(this, _options);
        _heartbeat = TimeProvider.System.CreateTimer(
            static state => ((ConnectionMultiplexer)state!).Heartbeat(), this, _options.HeartbeatInterval, _options.HeartbeatInterval);
    }

    public event EventHandler<RedisErrorEventArgs>? ErrorMessage;

    public event EventHandler<ConnectionFailedEventArgs>? ConnectionFailed;

    public event EventHandler<InternalErrorEventArgs>? InternalError;

    public event EventHandler<ConnectionFailedEventArgs>? ConnectionRestored;

    public string ClientName => _options.ClientName ?? Environment.MachineName;

    public string Configuration => _options.ToString();

    public int TimeoutMilliseconds => _options.SyncTimeout;

    public long OperationCount => _commands.OperationCount;

    public bool IsConnected => _commands.IsConnected;

    public bool IsConnecting => !IsConnected && _closed == 0;

    internal ConfigurationOptions Options => _options;

    internal Bridge Commands => _commands;

    internal Subscriptions Subscriptions => _subscriptions;

    /// <summary>Conditional transactions use WATCH, which belongs to the connection; they take turns.</summary>
    internal SemaphoreSlim TransactionTurn { get; } = new(1, 1);

    public static ConnectionMultiplexer Connect(string configuration, TextWriter? log = null) =>
        Connect(ConfigurationOptions.Parse(configuration), log);

    public static ConnectionMultiplexer Connect(
        string configuration, Action<ConfigurationOptions> configure, TextWriter? log = null) =>
        Connect(ConfigurationOptions.Parse(configuration).Apply(configure), log);

    public static ConnectionMultiplexer Connect(ConfigurationOptions configuration, TextWriter? log = null) =>
        Task.Run(() => ConnectAsync(configuration, log)).GetAwaiter().GetResult(); // off any synchronization context

    public static Task<ConnectionMultiplexer> ConnectAsync(string configuration, TextWriter? log = null) =>
        ConnectAsync(ConfigurationOptions.Parse(configuration), log);

    public static Task<ConnectionMultiplexer> ConnectAsync(
        string configuration, Action<ConfigurationOptions> configure, TextWriter? log = null) =>
        ConnectAsync(ConfigurationOptions.Parse(configuration).Apply(configure), log);

    public static async Task<ConnectionMultiplexer> ConnectAsync(ConfigurationOptions configuration, TextWriter? log = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var multiplexer = new ConnectionMultiplexer(configuration);
        var failure = await multiplexer._commands.StartAsync().ConfigureAwait(false);
        if (log is not null)
        {
            await log.WriteLineAsync(failure is null ? $"Connected to {multiplexer}" : $"Not connected: {failure.Message}").ConfigureAwait(false);
        }

        if (failure is null || !configuration.AbortOnConnectFail)
        {
            return multiplexer;
        }

        await multiplexer.CloseAsync(allowCommandsToComplete: false).ConfigureAwait(false);
        var type = (failure as RedisConnectionException)?.FailureType ?? ConnectionFailureType.UnableToConnect;
        throw new RedisConnectionException(type == ConnectionFailureType.AuthenticationFailure ? type : ConnectionFailureType.UnableToConnect,
            $"It was not possible to connect to the redis server(s). {failure.Message}", failure);
    }

    public IDatabase GetDatabase(int db = -1, object? asyncState = null)
    {
        var number = db < 0 ? _options.DefaultDatabase ?? 0 : db;
        return asyncState is null && number == (_defaultDatabase ??= new RedisDatabase(this, _options.DefaultDatabase ?? 0, null)).Database
            ? _defaultDatabase
            : new RedisDatabase(this, number, asyncState);
    }

    public ISubscriber GetSubscriber(object? asyncState = null) => new RedisSubscriber(this, asyncState);

    public IServer GetServer(string host, int port, object? asyncState = null) => GetServer(EndPointCollection.TryParse($"{host}:{port}")!, asyncState);

    public IServer GetServer(string hostAndPort, object? asyncState = null) => GetServer(
        EndPointCollection.TryParse(hostAndPort) ?? throw new ArgumentException($"The specified endpoint could not be parsed: {hostAndPort}", nameof(hostAndPort)),
        asyncState);

    public IServer GetServer(IPAddress host, int port) => GetServer(new IPEndPoint(host, port));

    public IServer GetServer(EndPoint endpoint, object? asyncState = null) => _options.EndPoints.Contains(endpoint)
        ? new RedisServer(this, endpoint, asyncState)
        : throw new ArgumentException("The specified endpoint is not defined", nameof(endpoint));

    public IServer[] GetServers() => Array.ConvertAll(GetEndPoints(), endPoint => GetServer(endPoint));

    /// <summary>The endpoints; unless only the configured ones are wanted, the one in use comes first.</summary>
    public EndPoint[] GetEndPoints(bool configuredOnly = false) => !configuredOnly && _commands.Connection is { } connection
        ? [connection.EndPoint, .. _options.EndPoints.Where(endPoint => !endPoint.Equals(connection.EndPoint))]
        : [.. _options.EndPoints];

    public string GetStatus()
    {
        using var text = new StringWriter();
        GetStatus(text);
        return text.ToString();
    }

    public void GetStatus(TextWriter log)
    {
        ArgumentNullException.ThrowIfNull(log);
        log.WriteLine($"Commands: {_commands.Connection?.ToString() ?? "not connected"}");
        log.WriteLine($"Last failure: {_commands.LastFailure?.Message ?? "none"}");
    }

    public void Wait(Task task) => Waiting.For(task, TimeoutMilliseconds);

    public T Wait<T>(Task<T> task) => Waiting.For(task, TimeoutMilliseconds);

    public void WaitAll(params Task[] tasks) => Waiting.For(Task.WhenAll(tasks), TimeoutMilliseconds);

    public void Close(bool allowCommandsToComplete = true) =>
        Task.Run(() => CloseAsync(allowCommandsToComplete)).GetAwaiter().GetResult();

    public async Task CloseAsync(bool allowCommandsToComplete = true)
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
        {
            return;
        }

        await _subscriptions.CloseAsync().ConfigureAwait(false);
        await _commands.CloseAsync(allowCommandsToComplete).ConfigureAwait(false);
        await _heartbeat.DisposeAsync().ConfigureAwait(false);
    }

    public void Dispose() => Close(allowCommandsToComplete: _closed == 0);

    public async ValueTask DisposeAsync() => await CloseAsync(allowCommandsToComplete: true).ConfigureAwait(false);

    public override string ToString() => string.Join(',', _options.EndPoints.Select(EndPointCollection.ToString));

    internal void RaiseErrorMessage(EndPoint endPoint, string message)
    {
        if (ErrorMessage is { } handler)
        {
            Raise(handler, new RedisErrorEventArgs(endPoint, message));
        }
    }

    internal void RaiseConnectionFailed(EndPoint endPoint, ConnectionType type, RedisConnectionException failure)
    {
        if (ConnectionFailed is { } handler && _closed == 0)
        {
            Raise(handler, new ConnectionFailedEventArgs(endPoint, type, failure.FailureType, failure));
        }
    }

    internal void RaiseConnectionRestored(EndPoint endPoint, ConnectionType type)
    {
        if (ConnectionRestored is { } handler)
        {
            Raise(handler, new ConnectionFailedEventArgs(endPoint, type, ConnectionFailureType.None, null));
        }
    }

    internal void RaiseInternalError(ConnectionType type, Exception exception, string origin)
    {
        if (InternalError is { } handler)
        {
            Raise(handler, new InternalErrorEventArgs(_commands.Connection?.EndPoint, type, exception, origin));
        }
    }

    /// <summary>On the thread pool: a handler that blocks must not stall the reader.</summary>
    private void Raise<T>(EventHandler<T> handler, T arguments) =>
        ThreadPool.UnsafeQueueUserWorkItem(
            _ =>
            {
                try
                {
                    handler(this, arguments);
                }
                catch (Exception e) when (arguments is not InternalErrorEventArgs)
                {
                    RaiseInternalError(ConnectionType.None, e, handler.Method.Name);
                }
            },
            null);

    private void Heartbeat()
    {
        var now = Environment.TickCount64;
        _commands.Heartbeat(now);
        _subscriptions.Heartbeat(now);
    }
}
