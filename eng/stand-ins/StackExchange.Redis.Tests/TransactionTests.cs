namespace StackExchange.Redis.Tests;

public sealed class TransactionTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    public static TheoryData<RedisProtocol> Protocols => RedisFixture.Protocols;

    [Theory, MemberData(nameof(Protocols))]
    public async Task All_commands_run_when_the_conditions_hold(RedisProtocol protocol)
    {
        var db = redis.Database(protocol);
        var (key, hash) = (RedisFixture.NewKey(), RedisFixture.NewKey());
        await db.StringSetAsync(key, 1);
        var transaction = db.CreateTransaction();
        var condition = transaction.AddCondition(Condition.StringEqual(key, 1));
        var absent = transaction.AddCondition(Condition.KeyNotExists(hash));
        var incremented = transaction.StringIncrementAsync(key);
        var wrong = transaction.HashGetAllAsync(key);
        var set = transaction.HashSetAsync(hash, "field", "value");
        var script = transaction.ScriptEvaluateAsync("return redis.call('get', KEYS[1])", [key]);
        Assert.False(incremented.IsCompleted);

        Assert.True(await transaction.ExecuteAsync());
        Assert.Equal(2, await incremented);
        Assert.StartsWith("WRONGTYPE", (await Assert.ThrowsAsync<RedisServerException>(() => wrong)).Message, StringComparison.Ordinal);
        Assert.True(await set);
        Assert.Equal(2, (int)await script);
        Assert.True(condition.WasSatisfied && absent.WasSatisfied);
    }

    [Theory, MemberData(nameof(Protocols))]
    public async Task Nothing_runs_when_a_condition_fails(RedisProtocol protocol)
    {
        var db = redis.Database(protocol);
        var key = RedisFixture.NewKey();
        await db.StringSetAsync(key, "mine");
        var transaction = db.CreateTransaction();
        var condition = transaction.AddCondition(Condition.StringEqual(key, "yours"));
        var deleted = transaction.KeyDeleteAsync(key);
        Assert.False(await transaction.ExecuteAsync());
        Assert.False(condition.WasSatisfied);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => deleted);
        Assert.True(deleted.IsCanceled);
        Assert.Equal("mine", await db.StringGetAsync(key));
        Assert.True(await db.StringSetAsync(key, "the connection watches no more"));
    }

    [Fact]
    public async Task Of_many_that_depend_on_the_same_value_each_counts_once()
    {
        const int Writers = 8;
        const int Increments = 25;
        var key = RedisFixture.NewKey();
        await redis.Database(RedisProtocol.Resp2).StringSetAsync(key, 0);
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
        {
            var db = redis.Database(writer % 2 == 0 ? RedisProtocol.Resp2 : RedisProtocol.Resp3);
            for (var done = 0; done < Increments;)
            {
                var seen = (int)await db.StringGetAsync(key);
                var transaction = db.CreateTransaction();
                transaction.AddCondition(Condition.StringEqual(key, seen));
                _ = transaction.StringSetAsync(key, seen + 1);
                done += await transaction.ExecuteAsync() ? 1 : 0;
            }
        }));
        Assert.Equal(Writers * Increments, (int)await redis.Database(RedisProtocol.Resp2).StringGetAsync(key));
    }

    [Theory, MemberData(nameof(Protocols))]
    public async Task A_command_the_server_refuses_to_queue_aborts_all(RedisProtocol protocol)
    {
        var db = redis.Database(protocol);
        var key = RedisFixture.NewKey();
        var transaction = db.CreateTransaction();
        var good = transaction.StringSetAsync(key, 1);
        var bad = transaction.ExecuteAsync("SET", key.ToString());
        var aborted = await Assert.ThrowsAsync<RedisServerException>(() => transaction.ExecuteAsync());
        Assert.StartsWith("EXECABORT", aborted.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<RedisServerException>(() => good);
        Assert.Contains("wrong number of arguments", (await Assert.ThrowsAsync<RedisServerException>(() => bad)).Message, StringComparison.Ordinal);
        Assert.False(await db.KeyExistsAsync(key));
    }

    [Theory, MemberData(nameof(Protocols))]
    public async Task A_batch_is_sent_when_executed_and_not_before(RedisProtocol protocol)
    {
        var db = redis.Database(protocol);
        var key = RedisFixture.NewKey();
        var batch = db.CreateBatch();
        var tasks = Enumerable.Range(0, 100).Select(i => batch.ListRightPushAsync(key, i)).ToArray();
        await db.PingAsync();
        Assert.DoesNotContain(tasks, task => task.IsCompleted);
        batch.Execute();
        Assert.Equal(Enumerable.Range(1, 100).Select(i => (long)i), await Task.WhenAll(tasks));
    }
}
