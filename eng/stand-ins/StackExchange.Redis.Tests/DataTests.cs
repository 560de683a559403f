namespace StackExchange.Redis.Tests;

public sealed class DataTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    public static TheoryData<RedisProtocol> Protocols => RedisFixture.Protocols;

    [Theory, MemberData(nameof(Protocols))]
    public async Task Strings_are_set_under_conditions_and_expire(RedisProtocol protocol)
    {
        var db = redis.Database(protocol);
        var key = RedisFixture.NewKey();
        Assert.True((await db.StringGetAsync(key)).IsNull);
        Assert.False(await db.StringSetAsync(key, "absent", when: When.Exists));
        Assert.True(await db.StringSetAsync(key, "first", TimeSpan.FromMinutes(1), When.NotExists));
        Assert.False(await db.StringSetAsync(key, "second", TimeSpan.FromMinutes(1), When.NotExists));
        Assert.InRange((await db.KeyTimeToLiveAsync(key))!.Value, TimeSpan.FromSeconds(50), TimeSpan.FromMinutes(1));
        Assert.True(await db.StringSetAsync(key, "kept", null, keepTtl: true));
        Assert.NotNull(await db.KeyTimeToLiveAsync(key));
        Assert.True(await db.StringSetAsync(key, "for ever"));
        Assert.Null(await db.KeyTimeToLiveAsync(key));
        Assert.Equal("for ever", await db.StringGetSetAsync(key, "swapped"));
        Assert.Equal("swapped", await db.StringSetAndGetAsync(key, "again"));
        Assert.Equal(7, await db.StringAppendAsync(key, "st"));
        Assert.Equal(7, await db.StringLengthAsync(key));
        Assert.Equal("gain", await db.StringGetRangeAsync(key, 1, 4));
        Assert.Equal("against", await db.StringGetDeleteAsync(key));
        Assert.False(await db.KeyExistsAsync(key));

        Assert.True(await db.StringSetAsync(key, 1, TimeSpan.FromMilliseconds(1500)));
        Assert.Equal(1, (int)await db.StringGetSetExpiryAsync(key, (TimeSpan?)null));
        Assert.Null(await db.KeyTimeToLiveAsync(key));
        Assert.True(await db.StringSetAsync(key, RedisValue.Null));
        Assert.False(await db.KeyExistsAsync(key));
    }

    [Theory, MemberData(nameof(Protocols))]
    public async Task Counters_count_and_many_keys_go_at_once(RedisProtocol protocol)
    {
        var db = redis.Database(protocol);
        var (x, y, z) = (RedisFixture.NewKey("x"), RedisFixture.NewKey("y"), RedisFixture.NewKey("z"));
        Assert.Equal(5, await db.StringIncrementAsync(x, 5));
        Assert.Equal(3, await db.StringDecrementAsync(x, 2));
        Assert.Equal(3.25, await db.StringIncrementAsync(x, 0.25));
        Assert.True(await db.StringSetAsync([new(y, "why"), new(z, "zed")]));
        Assert.False(await db.StringSetAsync([new(y, "no"), new(RedisFixture.NewKey(), "no")], When.NotExists));
        Assert.Equal(["3.25", "why", RedisValue.Null, "zed"], await db.StringGetAsync([x, y, RedisFixture.NewKey(), z]));
        Assert.Empty(await db.StringGetAsync([]));
        Assert.Equal(2, await db.KeyExistsAsync([x, y, RedisFixture.NewKey()]));
        Assert.Equal(3, await db.KeyDeleteAsync([x, y, z]));
    }

    [Theory, MemberData(nameof(Protocols))]
    public async Task Keys_expire_persist_rename_and_have_a_type(RedisProtocol protocol)
    {
        var db = redis.Database(protocol);
        var key = RedisFixture.NewKey();
        Assert.False(await db.KeyExpireAsync(key, TimeSpan.FromMinutes(1)));
        await db.HashSetAsync(key, "field", 1);
        Assert.Equal(RedisType.Hash, await db.KeyTypeAsync(key));
        Assert.Equal(RedisType.None, await db.KeyTypeAsync(RedisFixture.NewKey()));
        Assert.True(await db.KeyExpireAsync(key, TimeSpan.FromMinutes(1)));
        Assert.False(await db.KeyExpireAsync(key, TimeSpan.FromMinutes(1), ExpireWhen.HasNoExpiry));
        Assert.True(await db.KeyPersistAsync(key));
        var at = TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(1);
        Assert.True(await db.KeyExpireAsync(key, at));
        Assert.Equal(at, (await db.KeyExpireTimeAsync(key))!.Value, TimeSpan.FromMilliseconds(2));

        var other = RedisFixture.NewKey();
        Assert.True(await db.KeyRenameAsync(key, other));
        Assert.True(await db.KeyCopyAsync(other, key));
        Assert.False(await db.KeyRenameAsync(key, other, When.NotExists));
        Assert.True(await db.KeyTouchAsync(key));
        var missing = await Assert.ThrowsAsync<RedisServerException>(() => db.KeyRenameAsync(RedisFixture.NewKey(), other));
        Assert.Equal("ERR no such key", missing.Message);
        Assert.Throws<ArgumentException>(() => { _ = db.KeyDeleteAsync(default(RedisKey)); });
    }

    [Theory, MemberData(nameof(Protocols))]
    public async Task Hashes_hold_fields(RedisProtocol protocol)
    {
        var db = redis.Database(protocol);
        var key = RedisFixture.NewKey();
        await db.HashSetAsync(key, [new("a", 1), new("b", "two")]);
        Assert.False(await db.HashSetAsync(key, "a", 10));
        Assert.True(await db.HashSetAsync(key, "c", 3, When.NotExists));
        Assert.False(await db.HashSetAsync(key, "c", 4, When.NotExists));
        Assert.Equal(new Dictionary<string, string> { ["a"] = "10", ["b"] = "two", ["c"] = "3" }, (await db.HashGetAllAsync(key)).ToStringDictionary());
        Assert.Equal(["two", RedisValue.Null], await db.HashGetAsync(key, ["b", "absent"]));
        Assert.Equal(12, await db.HashIncrementAsync(key, "a", 2));
        Assert.Equal(12.5, await db.HashIncrementAsync(key, "a", 0.5));
        Assert.Equal(["a", "b", "c"], (await db.HashKeysAsync(key)).Order());
        Assert.Contains("two", await db.HashValuesAsync(key));
        Assert.True(await db.HashExistsAsync(key, "b"));
        Assert.True(await db.HashSetAsync(key, "b", RedisValue.Null));
        Assert.False(await db.HashExistsAsync(key, "b"));
        Assert.Equal(1, await db.HashDeleteAsync(key, ["c", "absent"]));
        Assert.Equal(1, await db.HashLengthAsync(key));
        var scanned = new List<RedisValue>();
        await foreach (var entry in db.HashScanAsync(key))
        {
            scanned.Add(entry.Name);
        }

        Assert.Equal(["a"], scanned);
        Assert.Empty(await db.HashGetAllAsync(RedisFixture.NewKey()));
    }

    [Theory, MemberData(nameof(Protocols))]
    public async Task Sets_and_lists_hold_members(RedisProtocol protocol)
    {
        var db = redis.Database(protocol);
        var (set, other, list) = (RedisFixture.NewKey("set"), RedisFixture.NewKey("other"), RedisFixture.NewKey("list"));
        Assert.Equal(3, await db.SetAddAsync(set, ["a", "b", "c"]));
        Assert.False(await db.SetAddAsync(set, "a"));
        await db.SetAddAsync(other, ["b", "d"]);
        Assert.Equal(["a", "b", "c"], (await db.SetMembersAsync(set)).Order());
        Assert.Equal("True False", string.Join(' ', await db.SetContainsAsync(set, ["a", "z"])));
        Assert.Equal(["b"], await db.SetCombineAsync(SetOperation.Intersect, set, other));
        Assert.Equal(4, (await db.SetCombineAsync(SetOperation.Union, set, other)).Length);
        Assert.True(await db.SetMoveAsync(set, other, "a"));
        Assert.True(await db.SetRemoveAsync(set, "b"));
        Assert.Equal("c", await db.SetPopAsync(set));
        Assert.Equal(0, await db.SetLengthAsync(set));
        Assert.Empty(await db.SetPopAsync(set, 5));

        Assert.Equal(0, await db.ListRightPushAsync(list, "x", When.Exists));
        Assert.Equal(3, await db.ListRightPushAsync(list, ["b", "c", "d"]));
        Assert.Equal(4, await db.ListLeftPushAsync(list, "a"));
        Assert.Equal(["a", "b", "c", "d"], await db.ListRangeAsync(list));
        await db.ListTrimAsync(list, 1, -1);
        Assert.Equal("b", await db.ListLeftPopAsync(list));
        Assert.Equal(["d", "c"], await db.ListRightPopAsync(list, 9));
        Assert.True((await db.ListRightPopAsync(list)).IsNull);
        Assert.Empty(await db.ListLeftPopAsync(list, 9));
        Assert.Equal(0, await db.ListLengthAsync(list));
    }

    [Theory, MemberData(nameof(Protocols))]
    public async Task Sorted_sets_are_ranges_of_scores(RedisProtocol protocol)
    {
        var db = redis.Database(protocol);
        var key = RedisFixture.NewKey();
        Assert.Equal(4, await db.SortedSetAddAsync(key, [new("a", 1), new("b", 2.5), new("c", 3), new("d", double.PositiveInfinity)]));
        Assert.False(await db.SortedSetAddAsync(key, "a", 1.5));
        Assert.False(await db.SortedSetAddAsync(key, "a", 9, When.NotExists));
        Assert.False(await db.SortedSetUpdateAsync(key, "a", 1, SortedSetWhen.GreaterThan));
        Assert.Equal(1.5, await db.SortedSetScoreAsync(key, "a"));
        Assert.Null(await db.SortedSetScoreAsync(key, "z"));
        Assert.Equal([2.5, null], await db.SortedSetScoresAsync(key, ["b", "z"]));
        Assert.Equal(["b", "c"], await db.SortedSetRangeByScoreAsync(key, 1.5, 3, Exclude.Start));
        Assert.Equal(["c", "b"], await db.SortedSetRangeByScoreAsync(key, 1.5, 3, order: Order.Descending, take: 2));
        Assert.Equal(["c"], await db.SortedSetRangeByScoreAsync(key, skip: 2, take: 1));
        Assert.Equal([new("c", 3), new("d", double.PositiveInfinity)], await db.SortedSetRangeByScoreWithScoresAsync(key, 3));
        Assert.Equal([new("d", double.PositiveInfinity)], await db.SortedSetRangeByRankWithScoresAsync(key, 0, 0, Order.Descending));
        Assert.Equal(["a", "b"], await db.SortedSetRangeByRankAsync(key, 0, 1));
        Assert.Equal(1, await db.SortedSetRankAsync(key, "b"));
        Assert.Null(await db.SortedSetRankAsync(key, "z"));
        Assert.Equal(2, await db.SortedSetLengthAsync(key, 2, 3));
        Assert.Equal(4.5, await db.SortedSetIncrementAsync(key, "c", 1.5));
        Assert.Equal(new SortedSetEntry("a", 1.5), await db.SortedSetPopAsync(key));
        Assert.Equal([new("d", double.PositiveInfinity), new("c", 4.5)], await db.SortedSetPopAsync(key, 2, Order.Descending));
        Assert.Equal(1, await db.SortedSetRemoveRangeByScoreAsync(key, double.NegativeInfinity, 2.5));
        Assert.Null(await db.SortedSetPopAsync(key));
        Assert.Equal(0, await db.SortedSetLengthAsync(key));
    }

    [Theory, MemberData(nameof(Protocols))]
    public async Task Blocking_members_do_the_same(RedisProtocol protocol)
    {
        var db = redis.Database(protocol);
        var key = RedisFixture.NewKey();
        Assert.True(db.StringSet(key, "value", TimeSpan.FromMinutes(1)));
        Assert.Equal("value", db.StringGet(key));
        Assert.Equal(1, db.KeyExists([key]));
        Assert.Throws<RedisServerException>(() => db.HashGetAll(key));
        Assert.True(db.Ping() > TimeSpan.Zero);
        Assert.True(await db.PingAsync() > TimeSpan.Zero);
    }

    [Theory, MemberData(nameof(Protocols))]
    public async Task Values_of_any_size_and_content_come_back_as_they_were(RedisProtocol protocol)
    {
        var db = redis.Database(protocol);
        var random = new Random(4711);
        foreach (var size in (int[])[0, 1, 15, 16_383, 16_384, 65_536, 1_000_003, 20_000_000])
        {
            var bytes = new byte[size];
            random.NextBytes(bytes);
            var key = RedisFixture.NewKey();
            await db.StringSetAsync(key, bytes);
            Assert.Equal(bytes, (byte[]?)await db.StringGetAsync(key));
            await db.KeyDeleteAsync(key);
        }
    }

    [Fact]
    public async Task Raw_replies_have_the_shapes_of_their_protocol()
    {
        var key = RedisFixture.NewKey();
        var resp2 = redis.Database(RedisProtocol.Resp2);
        await resp2.StreamAddAsync(key, "n", 1, messageId: "1-1");
        object[] read = ["STREAMS", key, "0-0"];
        var array = await resp2.ExecuteAsync("XREAD", read);
        Assert.Equal((ResultType.Array, 1), (array.Resp3Type, array.Length));
        Assert.Equal(key.ToString(), (string?)array[0][0]);
        Assert.Equal("1-1", (string?)array[0][1][0][0]);

        var map = await redis.Database(RedisProtocol.Resp3).ExecuteAsync("XREAD", read);
        Assert.Equal((ResultType.Map, ResultType.Array, 2), (map.Resp3Type, map.Resp2Type, map.Length));
        Assert.Equal("1-1", (string?)map.ToDictionary()[key.ToString()][0][0]);
        Assert.True((await resp2.ExecuteAsync("GET", "absent")).IsNull);
        Assert.Equal(["a", "b"], (RedisValue[])(await resp2.ExecuteAsync("MGET", await NewValues(resp2, "a", "b")))!);
        await Assert.ThrowsAsync<RedisServerException>(() => resp2.ExecuteAsync("NO-SUCH-COMMAND"));
    }

    private static async Task<ICollection<object>> NewValues(IDatabase db, params string[] values)
    {
        var keys = values.Select(_ => (object)RedisFixture.NewKey()).ToArray();
        for (var i = 0; i < keys.Length; i++)
        {
            await db.StringSetAsync((RedisKey)keys[i], values[i]);
        }

        return keys;
    }
}
