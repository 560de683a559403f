namespace StackExchange.Redis.Tests;

public sealed class StreamTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    public static TheoryData<RedisProtocol> Protocols => RedisFixture.Protocols;

    [Theory, MemberData(nameof(Protocols))]
    public async Task A_group_reads_each_entry_once_and_acknowledges_it(RedisProtocol protocol)
    {
        var db = redis.Database(protocol);
        var key = RedisFixture.NewKey();
        Assert.True(await db.StreamCreateConsumerGroupAsync(key, "workers", StreamPosition.Beginning));
        var first = await db.StreamAddAsync(key, "id", 1);
        var second = await db.StreamAddAsync(key, [new("id", 2), new("kind", "job")]);

        var read = await db.StreamReadGroupAsync(key, "workers", "a", count: 10);
        Assert.Equal([first, second], read.Select(entry => entry.Id));
        Assert.Equal(1, (int)read[0]["id"]);
        Assert.Equal("job", read[1]["kind"]);
        Assert.True(read[1]["absent"].IsNull);
        Assert.Empty(await db.StreamReadGroupAsync(key, "workers", "b", StreamPosition.NewMessages));

        var pending = await db.StreamPendingAsync(key, "workers");
        Assert.Equal(2, pending.PendingMessageCount);
        Assert.Equal(first, pending.LowestPendingMessageId);
        Assert.Equal("a", Assert.Single(pending.Consumers).Name);
        Assert.Equal(2, await db.StreamAcknowledgeAsync(key, "workers", [first, second]));
        Assert.Equal(0, (await db.StreamPendingAsync(key, "workers")).PendingMessageCount);
    }

    [Theory, MemberData(nameof(Protocols))]
    public async Task Several_streams_are_read_at_once(RedisProtocol protocol)
    {
        var db = redis.Database(protocol);
        var (high, low) = (RedisFixture.NewKey("high"), RedisFixture.NewKey("low"));
        foreach (var key in (RedisKey[])[high, low])
        {
            await db.StreamCreateConsumerGroupAsync(key, "workers", "0-0");
            await db.StreamAddAsync(key, "key", key.ToString());
        }

        StreamPosition[] positions = [new(high, StreamPosition.NewMessages), new(low, StreamPosition.NewMessages)];
        var streams = await db.StreamReadGroupAsync(positions, "workers", "a", countPerStream: 5, noAck: true);
        Assert.Equal([high, low], streams.Select(stream => stream.Key));
        Assert.All(streams, stream => Assert.Equal(stream.Key.ToString(), Assert.Single(stream.Entries)["key"]));
        Assert.Empty(await db.StreamReadGroupAsync(positions, "workers", "a"));
        Assert.Equal(0, (await db.StreamPendingAsync(high, "workers")).PendingMessageCount);

        var plain = await db.StreamReadAsync([new(high, StreamPosition.Beginning), new(low, "0-0")]);
        Assert.Equal(2, plain.Length);
        Assert.Throws<InvalidOperationException>(() => { _ = db.StreamReadAsync(high, StreamPosition.NewMessages); });
    }

    [Theory, MemberData(nameof(Protocols))]
    public async Task Entries_of_a_dead_consumer_are_claimed_by_another(RedisProtocol protocol)
    {
        var db = redis.Database(protocol);
        var key = RedisFixture.NewKey();
        await db.StreamCreateConsumerGroupAsync(key, "workers", StreamPosition.Beginning);
        var ids = new List<RedisValue>();
        for (var i = 0; i < 4; i++)
        {
            ids.Add(await db.StreamAddAsync(key, "n", i));
        }

        await db.StreamReadGroupAsync(key, "workers", "dead");
        await db.StreamDeleteAsync(key, [ids[3]]);

        var claimed = await db.StreamAutoClaimAsync(key, "workers", "alive", 0, "0-0", count: 2);
        Assert.Equal(ids[..2], claimed.ClaimedEntries.Select(entry => entry.Id));
        Assert.Equal(ids[2], claimed.NextStartId);
        var rest = await db.StreamAutoClaimIdsOnlyAsync(key, "workers", "alive", 0, claimed.NextStartId);
        Assert.Equal([ids[2]], rest.ClaimedIds);
        Assert.Equal([ids[3]], rest.DeletedIds);
        Assert.Equal("0-0", rest.NextStartId);

        var back = await db.StreamClaimAsync(key, "workers", "third", 0, [ids[0]]);
        Assert.Equal(0, (int)Assert.Single(back)["n"]);
        Assert.Equal([ids[1]], await db.StreamClaimIdsOnlyAsync(key, "workers", "third", 0, [ids[1]]));
        var messages = await db.StreamPendingMessagesAsync(key, "workers", 10, "third");
        Assert.Equal(ids[..2], messages.Select(message => message.MessageId));
        Assert.All(messages, message => Assert.Equal("third", message.ConsumerName));
        Assert.Equal(3, messages[0].DeliveryCount);
        Assert.Equal(3, (await db.StreamPendingMessagesAsync(key, "workers", 10, RedisValue.Null, minIdleTimeInMs: 0)).Length);
    }

    [Theory, MemberData(nameof(Protocols))]
    public async Task Length_range_trim_and_delete_agree(RedisProtocol protocol)
    {
        var db = redis.Database(protocol);
        var key = RedisFixture.NewKey();
        for (var i = 1; i <= 10; i++)
        {
            await db.StreamAddAsync(key, "n", i, messageId: $"{i}-0", maxLength: 8);
        }

        Assert.Equal(8, await db.StreamLengthAsync(key));
        var lastTwo = await db.StreamRangeAsync(key, count: 2, messageOrder: Order.Descending);
        Assert.Equal(["10-0", "9-0"], lastTwo.Select(entry => (string?)entry.Id));
        Assert.Equal(3, (await db.StreamRangeAsync(key, "4", "6")).Length);
        Assert.Equal(3, await db.StreamTrimAsync(key, 5));
        Assert.Equal(2, await db.StreamTrimByMinIdAsync(key, "8-0"));
        Assert.Equal(1, await db.StreamDeleteAsync(key, ["8-0", "77-0"]));
        Assert.Equal(2, await db.StreamLengthAsync(key));
        Assert.True(await db.StreamLengthAsync(RedisFixture.NewKey("absent")) == 0);

        await db.StreamAddAsync(key, "n", 11, maxLength: 1_000, useApproximateMaxLength: true, limit: 100);
        Assert.Equal(3, await db.StreamLengthAsync(key));
    }

    [Theory, MemberData(nameof(Protocols))]
    public async Task Information_tells_of_streams_groups_and_consumers(RedisProtocol protocol)
    {
        var db = redis.Database(protocol);
        var key = RedisFixture.NewKey();
        await db.StreamAddAsync(key, "n", 1, messageId: "1-1");
        await db.StreamAddAsync(key, "n", 2, messageId: "2-2");
        await db.StreamCreateConsumerGroupAsync(key, "workers", StreamPosition.Beginning);
        await db.StreamReadGroupAsync(key, "workers", "a", count: 1);

        var stream = await db.StreamInfoAsync(key);
        Assert.Equal((2, 1, "2-2"), (stream.Length, stream.ConsumerGroupCount, (string?)stream.LastGeneratedId));
        Assert.Equal("1-1", stream.FirstEntry.Id);
        Assert.Equal(2, (int)stream.LastEntry["n"]);
        var group = Assert.Single(await db.StreamGroupInfoAsync(key));
        Assert.Equal(("workers", 1, 1, "1-1", 1L), (group.Name, group.ConsumerCount, group.PendingMessageCount, group.LastDeliveredId, group.Lag));
        var consumer = Assert.Single(await db.StreamConsumerInfoAsync(key, "workers"));
        Assert.Equal(("a", 1), (consumer.Name, consumer.PendingMessageCount));

        Assert.True(await db.StreamConsumerGroupSetPositionAsync(key, "workers", StreamPosition.NewMessages));
        Assert.Empty(await db.StreamReadGroupAsync(key, "workers", "a"));
        Assert.Equal(1, await db.StreamDeleteConsumerAsync(key, "workers", "a"));
        Assert.True(await db.StreamDeleteConsumerGroupAsync(key, "workers"));
        Assert.False(await db.StreamDeleteConsumerGroupAsync(key, "workers"));
    }

    [Theory, MemberData(nameof(Protocols))]
    public async Task A_lost_group_and_a_second_one_of_the_same_name_are_server_errors(RedisProtocol protocol)
    {
        var db = redis.Database(protocol);
        var key = RedisFixture.NewKey();
        await db.StreamCreateConsumerGroupAsync(key, "workers");
        var busy = await Assert.ThrowsAsync<RedisServerException>(() => db.StreamCreateConsumerGroupAsync(key, "workers"));
        Assert.StartsWith("BUSYGROUP", busy.Message, StringComparison.Ordinal);

        await db.KeyDeleteAsync(key);
        var lost = await Assert.ThrowsAsync<RedisServerException>(() => db.StreamReadGroupAsync(key, "workers", "a"));
        Assert.StartsWith("NOGROUP", lost.Message, StringComparison.Ordinal);
    }
}
