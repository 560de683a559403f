using System.Diagnostics;

namespace StackExchange.Redis.Tests;

/// <summary>A server that goes away, comes back, or just falls silent.</summary>
public sealed class OutageTests : IAsyncLifetime
{
    private const int BlockMilliseconds = 3_000;
    private RedisProcess _redis = null!;

    public async ValueTask InitializeAsync() => _redis = await RedisProcess.StartAsync();

    public ValueTask DisposeAsync() => _redis.DisposeAsync();

    [Fact]
    public async Task Commands_given_while_the_server_is_away_run_when_it_is_back()
    {
        await using var multiplexer = await _redis.ConnectAsync();
        var db = multiplexer.GetDatabase();
        var (failed, restored) = (new TaskCompletionSource(), new TaskCompletionSource());
        multiplexer.ConnectionFailed += (_, _) => failed.TrySetResult();
        multiplexer.ConnectionRestored += (_, _) => restored.TrySetResult();

        await _redis.KillAsync();
        await failed.Task;
        Assert.False(multiplexer.IsConnected);
        var waiting = Enumerable.Range(1, 1_000).Select(_ => db.StringIncrementAsync("counter")).ToArray();
        Assert.DoesNotContain(waiting, task => task.IsCompleted);
        await _redis.RestartAsync();

        Assert.Equal(Enumerable.Range(1, 1_000).Select(i => (long)i), await Task.WhenAll(waiting));
        await restored.Task;
        Assert.True(multiplexer.IsConnected);
    }

    [Fact]
    public async Task Commands_in_flight_when_the_server_dies_fail_and_are_not_repeated()
    {
        await using var multiplexer = await _redis.ConnectAsync();
        var db = multiplexer.GetDatabase();
        await db.PingAsync();
        _redis.Freeze();
        var inFlight = Enumerable.Range(0, 100).Select(_ => db.StringIncrementAsync("counter")).ToArray();
        await _redis.KillAsync();
        foreach (var task in inFlight)
        {
            var error = await Assert.ThrowsAsync<RedisConnectionException>(() => task);
            Assert.Equal(CommandStatus.Sent, error.CommandStatus);
        }

        await _redis.RestartAsync();
        Assert.True((await db.StringGetAsync("counter")).IsNull);
    }

    [Fact]
    public async Task Commands_in_the_backlog_tell_when_their_time_is_up_what_kept_them()
    {
        await using var multiplexer = await _redis.ConnectAsync(options => options.AsyncTimeout = 500);
        await _redis.KillAsync();
        await Eventually.TrueAsync(() => !multiplexer.IsConnected, "the loss is noticed");
        var error = await Assert.ThrowsAsync<RedisConnectionException>(() => multiplexer.GetDatabase().StringGetAsync("key"));
        Assert.Equal(CommandStatus.WaitingInBacklog, error.CommandStatus);
        Assert.Contains("GET", error.Message, StringComparison.Ordinal);
        Assert.NotNull(error.InnerException);
    }

    [Fact]
    public async Task With_the_policy_to_fail_fast_no_command_waits()
    {
        await using var multiplexer = await _redis.ConnectAsync(options => options.BacklogPolicy = BacklogPolicy.FailFast);
        await _redis.KillAsync();
        await Eventually.TrueAsync(() => !multiplexer.IsConnected, "the loss is noticed");
        var command = multiplexer.GetDatabase().StringGetAsync("key");
        Assert.True(command.IsFaulted);
        await Assert.ThrowsAsync<RedisConnectionException>(() => command);
        await _redis.RestartAsync();
        await Eventually.TrueAsync(() => multiplexer.IsConnected, "the connection is back");
        await multiplexer.GetDatabase().PingAsync();
    }

    [Fact]
    public async Task A_client_may_be_there_before_its_server()
    {
        await using var late = RedisProcess.NotStarted();
        var refused = await Assert.ThrowsAsync<RedisConnectionException>(() => late.ConnectAsync(options => options.ConnectRetry = 2));
        Assert.Equal(ConnectionFailureType.UnableToConnect, refused.FailureType);

        await using var multiplexer = await late.ConnectAsync(options => options.AbortOnConnectFail = false);
        Assert.False(multiplexer.IsConnected);
        Assert.True(multiplexer.IsConnecting);
        var write = multiplexer.GetDatabase().StringSetAsync("key", "early");
        await late.RestartAsync();
        Assert.True(await write);
        Assert.Equal("early", await multiplexer.GetDatabase().StringGetAsync("key"));
    }

    [Fact]
    public async Task A_silent_server_lets_commands_time_out_and_is_then_given_up()
    {
        await using var multiplexer = await _redis.ConnectAsync(options =>
        {
            options.AsyncTimeout = 300;
            options.SyncTimeout = 200;
            options.ConnectTimeout = 500;
            options.KeepAlive = 1;
        });
        var db = multiplexer.GetDatabase();
        var failed = new TaskCompletionSource<ConnectionFailedEventArgs>();
        multiplexer.ConnectionFailed += (_, args) => failed.TrySetResult(args);
        await db.StringSetAsync("key", "value");
        _redis.Freeze();

        var error = await Assert.ThrowsAsync<RedisTimeoutException>(() => db.StringGetAsync("key"));
        Assert.Equal(CommandStatus.Sent, error.Commandstatus);
        Assert.Contains("GET", error.Message, StringComparison.Ordinal);
        Assert.Throws<RedisTimeoutException>(() => db.StringGet("key"));
        Assert.Equal(ConnectionFailureType.SocketFailure, (await failed.Task).FailureType);
        Assert.Contains("silent", (await failed.Task).Exception!.Message, StringComparison.Ordinal);

        _redis.Thaw();
        await Eventually.TrueAsync(() => multiplexer.IsConnected, "the connection is back");
        Assert.Equal("value", await db.StringGetAsync("key"));
    }

    [Fact]
    public async Task An_idle_connection_to_a_silent_server_is_noticed_by_its_ping()
    {
        await using var multiplexer = await _redis.ConnectAsync(options =>
        {
            options.AsyncTimeout = 300;
            options.KeepAlive = 1;
        });
        var failed = new TaskCompletionSource();
        multiplexer.ConnectionFailed += (_, _) => failed.TrySetResult();
        _redis.Freeze();
        await failed.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.False(multiplexer.IsConnected);
    }

    [Fact]
    public async Task A_reply_that_comes_too_late_is_not_given_to_the_next_command()
    {
        await using var multiplexer = await _redis.ConnectAsync(options => options.AsyncTimeout = 200);
        var db = multiplexer.GetDatabase();
        await db.StringSetAsync("a", "first");
        await db.StringSetAsync("b", "second");
        _redis.Freeze();
        await Assert.ThrowsAsync<RedisTimeoutException>(() => db.StringGetAsync("a"));
        _redis.Thaw();
        Assert.Equal("second", await db.StringGetAsync("b"));
        Assert.Equal("first", await db.StringGetAsync("a"));
    }

    [Fact]
    public async Task A_blocking_read_on_its_own_multiplexer_is_cut_by_no_heartbeat()
    {
        await using var reader = await _redis.ConnectAsync(options =>
        {
            options.AsyncTimeout = 2 * BlockMilliseconds;
            options.KeepAlive = 1;
        });
        await using var writer = await _redis.ConnectAsync();
        var failures = 0;
        reader.ConnectionFailed += (_, _) => Interlocked.Increment(ref failures);
        await writer.GetDatabase().StreamCreateConsumerGroupAsync("stream", "workers", StreamPosition.Beginning);
        object[] read = ["GROUP", "workers", "a", "COUNT", 10, "BLOCK", BlockMilliseconds, "STREAMS", "stream", ">"];

        var watch = Stopwatch.StartNew();
        Assert.True((await reader.GetDatabase().ExecuteAsync("XREADGROUP", read)).IsNull);
        Assert.True(watch.ElapsedMilliseconds >= BlockMilliseconds);

        var blocked = reader.GetDatabase().ExecuteAsync("XREADGROUP", read);
        var id = await writer.GetDatabase().StreamAddAsync("stream", "n", 1);
        Assert.Equal(id, (RedisValue)(await blocked)[0][1][0][0]);
        Assert.Equal(0, failures);
    }

    [Fact]
    public async Task After_everything_was_flushed_the_lost_group_is_named()
    {
        await using var multiplexer = await _redis.ConnectAsync();
        var db = multiplexer.GetDatabase();
        await db.StreamCreateConsumerGroupAsync("stream", "workers");
        await multiplexer.GetServers()[0].FlushAllDatabasesAsync();
        var errors = new TaskCompletionSource<string>();
        multiplexer.ErrorMessage += (_, args) => errors.TrySetResult(args.Message);
        var error = await Assert.ThrowsAsync<RedisServerException>(() => db.StreamReadGroupAsync("stream", "workers", "a"));
        Assert.StartsWith("NOGROUP", error.Message, StringComparison.Ordinal);
        Assert.Equal(error.Message, await errors.Task);
    }

    [Fact]
    public async Task A_transaction_cut_off_before_it_was_sent_does_not_run()
    {
        await using var multiplexer = await _redis.ConnectAsync();
        var db = multiplexer.GetDatabase();
        var transaction = db.CreateTransaction();
        transaction.AddCondition(Condition.KeyNotExists("key"));
        var set = transaction.StringSetAsync("key", "value");
        _redis.Freeze();
        var execute = transaction.ExecuteAsync();
        await _redis.KillAsync();
        await Assert.ThrowsAsync<RedisConnectionException>(() => execute);
        await Assert.ThrowsAsync<RedisConnectionException>(() => set);
        await _redis.RestartAsync();
        Assert.False(await db.KeyExistsAsync("key"));
    }

    [Theory, MemberData(nameof(RedisFixture.Protocols), MemberType = typeof(RedisFixture))]
    public async Task Connections_cut_again_and_again_never_mix_up_replies(RedisProtocol protocol)
    {
        const int Callers = 32;
        const int Cuts = 20;
        await using var multiplexer = await _redis.ConnectAsync(options =>
        {
            options.Protocol = protocol;
            options.ReconnectRetryPolicy = new LinearRetry(1);
        });
        await using var other = await _redis.ConnectAsync();
        var db = multiplexer.GetDatabase();
        using var stop = new CancellationTokenSource();
        var (replies, failures) = (0, 0);
        var callers = Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                try
                {
                    var echo = $"{caller}:{i}";
                    Assert.Equal(echo, (string?)await db.ExecuteAsync("ECHO", echo));
                    Interlocked.Increment(ref replies);
                }
                catch (RedisConnectionException)
                {
                    Interlocked.Increment(ref failures);
                }
            }
        })).ToArray();
        for (var cut = 0; cut < Cuts; cut++)
        {
            var before = Volatile.Read(ref replies);
            await other.GetDatabase().ExecuteAsync("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
            await Eventually.TrueAsync(() => Volatile.Read(ref replies) > before + Callers, "callers go on after a cut");
        }

        await stop.CancelAsync();
        await Task.WhenAll(callers);
        Assert.True(failures > 0, "no command was in flight at any cut");
    }
}
