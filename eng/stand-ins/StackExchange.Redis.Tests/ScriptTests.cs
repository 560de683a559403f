namespace StackExchange.Redis.Tests;

public sealed class ScriptTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    public static TheoryData<RedisProtocol> Protocols => RedisFixture.Protocols;

    [Theory, MemberData(nameof(Protocols))]
    public async Task A_script_runs_although_the_server_forgot_it(RedisProtocol protocol)
    {
        var db = redis.Database(protocol);
        var server = redis[protocol].GetServers()[0];
        const string Script = "redis.call('incrby', KEYS[1], ARGV[1]); return {redis.call('get', KEYS[1]), 7, ARGV[2]}";
        var key = RedisFixture.NewKey();
        for (var i = 1; i <= 3; i++)
        {
            var result = await db.ScriptEvaluateAsync(Script, [key], [2, "text"]);
            Assert.Equal([2 * i, 7, "text"], (RedisValue[])result!);
            if (i == 2)
            {
                Assert.True(await server.ScriptExistsAsync(Script));
                await server.ScriptFlushAsync();
                Assert.False(await server.ScriptExistsAsync(Script));
            }
        }

        var hash = await server.ScriptLoadAsync("return 'loaded'");
        Assert.Equal("loaded", (string?)await db.ScriptEvaluateAsync(hash));
        await server.ScriptFlushAsync();
        var unknown = await Assert.ThrowsAsync<RedisServerException>(() => db.ScriptEvaluateAsync(hash));
        Assert.StartsWith("NOSCRIPT", unknown.Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Protocols))]
    public async Task Results_of_scripts_keep_their_shape(RedisProtocol protocol)
    {
        var db = redis.Database(protocol);
        Assert.True((await db.ScriptEvaluateAsync("return nil")).IsNull);
        Assert.Equal(3, (int)await db.ScriptEvaluateAsync("return 3.99"));
        var nested = await db.ScriptEvaluateAsync("return {1, {2, {'three'}}}");
        Assert.Equal("three", (string?)nested[1][1][0]);
        var error = await Assert.ThrowsAsync<RedisServerException>(() => db.ScriptEvaluateAsync("return redis.error_reply('MINE went wrong')"));
        Assert.StartsWith("MINE went wrong", error.Message, StringComparison.Ordinal);
        Assert.Equal(RedisValue.Null, (RedisValue)await db.ScriptEvaluateAsync("return false"));
    }

    [Theory, MemberData(nameof(Protocols))]
    public async Task A_lock_has_one_holder_who_alone_extends_and_releases_it(RedisProtocol protocol)
    {
        var db = redis.Database(protocol);
        var key = RedisFixture.NewKey();
        var minute = TimeSpan.FromMinutes(1);
        Assert.True(await db.LockTakeAsync(key, "me", minute));
        Assert.False(await db.LockTakeAsync(key, "you", minute));
        Assert.Equal("me", await db.LockQueryAsync(key));
        Assert.False(await db.LockExtendAsync(key, "you", minute));
        Assert.True(await db.LockExtendAsync(key, "me", TimeSpan.FromHours(1)));
        Assert.True(await db.KeyTimeToLiveAsync(key) > minute);
        Assert.False(await db.LockReleaseAsync(key, "you"));
        Assert.True(await db.LockReleaseAsync(key, "me"));
        Assert.True(db.LockTake(key, "you", minute));
    }
}
