namespace StackExchange.Redis.Tests;

public sealed class MultiplexingTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    public static TheoryData<RedisProtocol> Protocols => RedisFixture.Protocols;

    [Theory, MemberData(nameof(Protocols))]
    public async Task Every_caller_gets_the_reply_to_its_own_command(RedisProtocol protocol)
    {
        const int Callers = 64;
        const int Rounds = 300;
        var multiplexer = redis[protocol];
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            var db = multiplexer.GetDatabase(caller % 3);
            var key = RedisFixture.NewKey();
            for (var i = 0; i < Rounds; i++)
            {
                var value = $"{caller}:{i}:{new string('x', (caller * i) % 2_000)}";
                await db.StringSetAsync(key, value);
                Assert.Equal(value, await db.StringGetAsync(key));
                if (i % 50 == 0)
                {
                    await Assert.ThrowsAsync<RedisServerException>(() => db.ListLengthAsync(key));
                }
            }
        })));
    }

    [Theory, MemberData(nameof(Protocols))]
    public async Task Commands_of_one_caller_run_in_the_order_given(RedisProtocol protocol)
    {
        var db = redis.Database(protocol);
        var key = RedisFixture.NewKey();
        var pushes = Enumerable.Range(0, 20_000).Select(i => db.ListRightPushAsync(key, i)).ToArray();
        await Task.WhenAll(pushes);
        Assert.Equal(Enumerable.Range(0, 20_000), (await db.ListRangeAsync(key)).Select(value => (int)value));
    }

    [Theory, MemberData(nameof(Protocols))]
    public async Task Fire_and_forget_is_done_at_once_and_runs_all_the_same(RedisProtocol protocol)
    {
        var db = redis.Database(protocol);
        var key = RedisFixture.NewKey();
        for (var i = 0; i < 1_000; i++)
        {
            var forgotten = db.StringIncrementAsync(key, flags: CommandFlags.FireAndForget);
            Assert.True(forgotten.IsCompletedSuccessfully);
        }

        _ = db.HashGetAllAsync(key, CommandFlags.FireAndForget);
        _ = db.ScriptEvaluateAsync("redis.call('incr', KEYS[1])", [key], flags: CommandFlags.FireAndForget);
        Assert.Equal(1_001, (int)await db.StringGetAsync(key));
    }

    [Fact]
    public async Task A_caller_that_blocks_in_its_continuation_stops_nobody_else()
    {
        var db = redis.Database(RedisProtocol.Resp2);
        var release = new TaskCompletionSource();
        var blocked = BlockAsync();
        for (var i = 0; i < 100; i++)
        {
            await db.PingAsync();
        }

        release.SetResult();
        await blocked;

        async Task BlockAsync()
        {
            await db.PingAsync();
            db.Ping();
            await release.Task;
        }
    }

    [Fact]
    public async Task What_cannot_be_sent_is_refused_and_leaves_the_connection_whole()
    {
        var db = redis.Database(RedisProtocol.Resp2);
        var key = RedisFixture.NewKey();
        Assert.Throws<ArgumentException>(() => { _ = db.ListRightPushAsync(key, ["good", RedisValue.Null]); });
        Assert.Throws<InvalidCastException>(() => { _ = db.ExecuteAsync("SET", key, new object()); });
        var tooMany = new RedisValue[Limits.MaxArguments];
        Array.Fill(tooMany, "x");
        Assert.Throws<RedisCommandException>(() => { _ = db.ListRightPushAsync(key, tooMany); });
        Assert.Equal(0, await db.ListLengthAsync(key));
    }

    [Fact]
    public async Task A_closed_multiplexer_finishes_what_was_begun_and_takes_no_more()
    {
        var multiplexer = await redis.Server.ConnectAsync();
        var db = multiplexer.GetDatabase();
        var key = RedisFixture.NewKey();
        var begun = Enumerable.Range(0, 500).Select(_ => db.StringIncrementAsync(key)).ToArray();
        await multiplexer.CloseAsync();
        Assert.All(begun, task => Assert.True(task.IsCompletedSuccessfully));
        Assert.Throws<ObjectDisposedException>(() => { _ = db.StringGetAsync(key); });
        Assert.False(multiplexer.IsConnected);
        await multiplexer.DisposeAsync();
    }

    [Fact]
    public async Task A_wrong_password_is_said_to_be_wrong()
    {
        var error = await Assert.ThrowsAsync<RedisConnectionException>(() => redis.Server.ConnectAsync(options =>
        {
            options.Password = "wrong";
            options.ConnectRetry = 1;
        }));
        Assert.Equal(ConnectionFailureType.AuthenticationFailure, error.FailureType);
        Assert.Contains("WRONGPASS", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(RedisProcess.Password, error.ToString(), StringComparison.Ordinal);
        await Assert.ThrowsAsync<RedisConnectionException>(() => redis.Server.ConnectAsync(options => options.Password = null));
    }

    [Fact]
    public async Task Blocking_connect_and_dispose_work_too()
    {
        using var multiplexer = ConnectionMultiplexer.Connect(redis.Server.Options().ToString(), options => options.ClientName = "my client");
        var clients = (string?)await multiplexer.GetDatabase().ExecuteAsync("CLIENT", "LIST");
        Assert.Contains("name=myclient", clients, StringComparison.Ordinal);
        Assert.Contains("in flight", multiplexer.GetStatus(), StringComparison.Ordinal);
    }
}
