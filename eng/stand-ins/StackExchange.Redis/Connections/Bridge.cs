using System.Diagnostics.CodeAnalysis;

namespace StackExchange.Redis;

/// <summary>
/// Keeps one connection of a kind alive. While there is none, commands wait in the backlog (or fail at once, by policy)
/// until one is there or their time is up. Commands in flight when a connection breaks fail: nobody knows whether they
/// ran. Reconnects at once after a loss, then at the pace of the retry policy, for as long as the multiplexer lives.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "CloseAsync cancels the token source, which then holds nothing.")]
internal sealed partial class Bridge
{
    private static readonly Command Ping = "PING";

    private readonly ConnectionMultiplexer _multiplexer;
    private readonly ConfigurationOptions _options;
    private readonly Lock _gate = new();
    private readonly Backlog _backlog = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource<Exception?> _firstAttempt = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Connection? _connection;
    private RedisConnectionException? _lastFailure;
    private Task _supervisor = Task.CompletedTask;
    private long _operations;
    private bool _pinging;

    public Bridge(ConnectionMultiplexer multiplexer, ConfigurationOptions options, ConnectionType type)
    {
        _multiplexer = multiplexer;
        _options = options;
        Type = type;
    }

    public ConnectionType Type { get; }

    public Connection? Connection => Volatile.Read(ref _connection);

    public bool IsConnected => Connection is not null;

    public Exception? LastFailure => Volatile.Read(ref _lastFailure);

    public long OperationCount => Volatile.Read(ref _operations);

    /// <summary>What HELLO told of the server last connected to.</summary>
    public ServerIdentity Server { get; private set; } = ServerIdentity.Unknown;

    /// <summary>Published messages and the like; set for the subscription connection only.</summary>
    public Func<RespReader, bool>? OutOfBand { get; set; }

    /// <summary>Runs on each new connection before any waiting command.</summary>
    public Func<Bridge, Connection, Task>? Established { get; set; }

    /// <summary>Starts connecting; the result is null, or why the tries allowed by ConnectRetry failed.</summary>
    public Task<Exception?> StartAsync()
    {
        _supervisor = Task.Run(SuperviseAsync);
        return _firstAttempt.Task;
    }

    public void Submit(IPendingReply reply, int database, Command command, ReadOnlySpan<RedisValue> arguments)
    {
        Connection? sender;
        lock (_gate)
        {
            _operations++;
            var connection = _connection;
            if (connection is null)
            {
                if (MayWait(reply, command))
                {
                    _backlog.Add(reply, database, command, arguments);
                }

                return;
            }

            sender = connection.Write(reply, database, command, arguments) ? connection : null;
        }

        sender?.Send();
    }

    /// <summary>
    /// Sends requests as one block that no other caller's command can come between. With a required connection, only
    /// over that one: what was watched on it does not hold on another.
    /// </summary>
    public void SubmitBlock(
        ReadOnlySpan<IPendingReply> replies, int database, Command command, ReadOnlySpan<byte> requests, Connection? required)
    {
        Connection? sender;
        lock (_gate)
        {
            var connection = _connection;
            if (required is not null && connection != required)
            {
                var lost = new RedisConnectionException(ConnectionFailureType.SocketClosed,
                    "The connection was lost before the transaction was sent; nothing ran", _lastFailure, CommandStatus.WaitingToBeSent);
                foreach (var reply in replies)
                {
                    reply.Fail(lost);
                }

                return;
            }

            if (connection is null)
            {
                if (replies.Length > 0 && MayWait(replies, command))
                {
                    _backlog.AddBlock(replies, database, requests);
                }

                return;
            }

            sender = connection.WriteRaw(replies, database, requests) ? connection : null;
        }

        sender?.Send();
    }

    /// <summary>Sends over a connection that is still being set up, past the backlog.</summary>
    public void SubmitOver(Connection connection, IPendingReply reply, Command command, ReadOnlySpan<RedisValue> arguments)
    {
        bool send;
        lock (_gate)
        {
            send = connection.Write(reply, -1, command, arguments);
        }

        if (send)
        {
            connection.Send();
        }
    }

    public void OnServerError(Connection connection, string message) => _multiplexer.RaiseErrorMessage(connection.EndPoint, message);

    public bool TryTakeOutOfBand(RespReader reader) => OutOfBand?.Invoke(reader) ?? reader.IsPush;

    /// <summary>No request reaches the connection after this returns.</summary>
    public void OnClosing(Connection connection)
    {
        lock (_gate)
        {
            _lastFailure = connection.Failure;
            if (_connection == connection)
            {
                _connection = null;
                if (_options.BacklogPolicy.AbortPendingOnConnectionFailure)
                {
                    _backlog.FailAll(_ => connection.Failure!);
                }
            }
        }
    }

    /// <summary>
    /// Once per heartbeat: tells callers whose time is up, sends a ping over an idle connection, and gives up a
    /// connection that is silent although something is overdue. A command that blocks on the server within its time
    /// is neither overdue nor idle, so it is never cut.
    /// </summary>
    public void Heartbeat(long now)
    {
        lock (_gate)
        {
            _backlog.FailOverdue(now, reply => Overdue(reply, CommandStatus.WaitingInBacklog));
        }

        if (Connection is not { } connection)
        {
            return;
        }

        var overdue = connection.FailOverdue(now, reply => Overdue(reply, CommandStatus.Sent));
        var silence = now - connection.LastReadTick;
        var keepAlive = _options.KeepAliveMilliseconds;
        if (overdue > 0 && silence >= Math.Max(keepAlive, _options.AsyncTimeout))
        {
            connection.Fail(ConnectionFailureType.SocketFailure,
                $"The server at {EndPointCollection.ToString(connection.EndPoint)} has been silent for {silence} ms with {overdue} commands overdue", null);
        }
        else if (keepAlive > 0 && silence >= keepAlive && connection.IsIdle && !_pinging)
        {
            _ = PingAsync();
        }
    }

    /// <summary>Refuses commands from now on and, if asked, first waits for those under way.</summary>
    public async Task CloseAsync(bool allowCommandsToComplete)
    {
        if (allowCommandsToComplete && IsConnected)
        {
            await PingAsync().ConfigureAwait(false); // replies come in order, so this one comes last
        }

        await _closing.CancelAsync().ConfigureAwait(false);
        Connection?.Fail(ConnectionFailureType.ConnectionDisposed, "The multiplexer was closed", null);
        await _supervisor.ConfigureAwait(false);
        var closed = new ObjectDisposedException(_multiplexer.ToString());
        lock (_gate)
        {
            _backlog.FailAll(_ => closed);
        }
    }

    /// <summary>Ends with the reply or without it; the heartbeat draws the conclusion from an overdue ping.</summary>
    private async Task PingAsync()
    {
        _pinging = true;
        var pong = new PendingReply<bool>(Ping, Replies.Ignore, _options.AsyncTimeout, null);
        Submit(pong, -1, Ping, []);
        await ((Task)pong.Task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _pinging = false;
    }

    private bool MayWait(IPendingReply reply, Command command) => MayWait([reply], command);

    private bool MayWait(ReadOnlySpan<IPendingReply> replies, Command command)
    {
        ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, _multiplexer);
        var full = _backlog.IsFull;
        if (_options.BacklogPolicy.QueueWhileDisconnected && !full)
        {
            return true;
        }

        var reason = full ? $"the backlog holds {Limits.MaxBacklogCommands} commands or {Limits.MaxBacklogBytes} bytes already"
            : _lastFailure?.Message ?? "not connected yet";
        var failure = new RedisConnectionException(ConnectionFailureType.UnableToResolvePhysicalConnection,
            $"No connection is available to service this operation: {command}; {reason}", _lastFailure, CommandStatus.WaitingToBeSent);
        foreach (var reply in replies)
        {
            reply.Fail(failure);
        }

        return false;
    }

    private Exception Overdue(IPendingReply reply, CommandStatus status)
    {
        if (status == CommandStatus.Sent)
        {
            return new RedisTimeoutException(
                $"Timeout awaiting response, command={reply.Command}, connection: {Connection}", status);
        }

        var message = $"The message timed out in the backlog attempting to send because no connection became available, command={reply.Command}";
        return _lastFailure is { } failure
            ? new RedisConnectionException(failure.FailureType, $"{message} - Last Connection Exception: {failure.Message}", failure, status)
            : new RedisTimeoutException(message, status);
    }
}
