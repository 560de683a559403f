using System.Net;

namespace StackExchange.Redis;

internal sealed partial class Bridge
{
    private static readonly TimeSpan RetryPoll = TimeSpan.FromMilliseconds(100);

    /// <summary>A connection lost sooner than this is not made again at once, or a server that drops us would be stormed.</summary>
    private const long FlappingMilliseconds = 1_000;

    private bool _reportedDown; // ConnectionFailed is raised once per outage, not once per try

    private async Task SuperviseAsync()
    {
        var attempts = 0;
        while (!_closing.IsCancellationRequested)
        {
            var started = Environment.TickCount64;
            try
            {
                var connection = await ConnectAsync().ConfigureAwait(false);
                _firstAttempt.TrySetResult(null);
                if (_reportedDown)
                {
                    _reportedDown = false;
                    _multiplexer.RaiseConnectionRestored(connection.EndPoint, Type);
                }

                await connection.Completion.ConfigureAwait(false);
                if (_closing.IsCancellationRequested)
                {
                    break;
                }

                ReportDown(connection.EndPoint, connection.Failure!);
                attempts = 0;
                if (Environment.TickCount64 - started > FlappingMilliseconds)
                {
                    continue;
                }
            }
            catch (Exception e) when (!_closing.IsCancellationRequested)
            {
                OnAttemptFailed(e, attempts);
            }
            catch (Exception) when (_closing.IsCancellationRequested)
            {
                break; // how a try ended that was under way when we were closed is of no interest, least of all to who closes
            }

            await WaitForRetryAsync(++attempts, started).ConfigureAwait(false);
        }

        _firstAttempt.TrySetResult(LastFailure ?? new ObjectDisposedException(_multiplexer.ToString()));
    }

    private void OnAttemptFailed(Exception e, int attempts)
    {
        var failure = e as RedisConnectionException
            ?? new RedisConnectionException(ConnectionFailureType.UnableToConnect, e.Message, e);
        lock (_gate)
        {
            _lastFailure = failure;
        }

        // With AbortOnConnectFail the caller waits for all tries; without, it gets a multiplexer that goes on trying.
        if (!_options.AbortOnConnectFail || attempts + 1 >= Math.Max(1, _options.ConnectRetry))
        {
            _firstAttempt.TrySetResult(failure);
        }

        ReportDown(_options.EndPoints[0], failure);
    }

    private void ReportDown(EndPoint endPoint, RedisConnectionException failure)
    {
        if (!_reportedDown)
        {
            _reportedDown = true;
            _multiplexer.RaiseConnectionFailed(endPoint, Type, failure);
        }
    }

    private async Task WaitForRetryAsync(int attempts, long lastTry)
    {
        try
        {
            do
            {
                await Task.Delay(RetryPoll, TimeProvider.System, _closing.Token).ConfigureAwait(false);
            }
            while (_firstAttempt.Task.IsCompleted
                && !_options.ReconnectRetryPolicy.ShouldRetry(attempts - 1, (int)(Environment.TickCount64 - lastTry)));
        }
        catch (OperationCanceledException)
        {
            // Closing; the caller's loop ends.
        }
    }

    private async Task<Connection> ConnectAsync()
    {
        Exception? failure = null;
        foreach (var endPoint in _options.EndPoints)
        {
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
            timeout.CancelAfter(_options.ConnectTimeout);
            try
            {
                return await ConnectAsync(endPoint, timeout.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!_closing.IsCancellationRequested)
            {
                failure = new RedisConnectionException(ConnectionFailureType.UnableToConnect,
                    $"{EndPointCollection.ToString(endPoint)} did not answer within {_options.ConnectTimeout} ms");
            }
            catch (Exception e) when (!_closing.IsCancellationRequested)
            {
                failure = e;
            }
        }

        throw failure!;
    }

    private async Task<Connection> ConnectAsync(EndPoint endPoint, CancellationToken cancellationToken)
    {
        var stream = await Transport.OpenAsync(endPoint, _options, cancellationToken).ConfigureAwait(false);
        var connection = new Connection(_gate, stream, endPoint, this);
        try
        {
            Server = await Handshake.RunAsync(this, connection, _options, cancellationToken).ConfigureAwait(false);
            if (Established is { } established)
            {
                await established(this, connection).WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e)
        {
            connection.Fail(ConnectionFailureType.UnableToConnect, e.Message, e);
            throw;
        }

        Connection? sender;
        lock (_gate)
        {
            if (connection.Failure is { } failure)
            {
                throw failure;
            }

            _connection = connection;
            sender = _backlog.MoveTo(connection) ? connection : null;
        }

        sender?.Send();
        return connection;
    }
}
