namespace StackExchange.Redis.Tests;

public sealed class LimitTests
{
    [Fact]
    public async Task A_full_backlog_refuses_the_next_command()
    {
        await using var absent = RedisProcess.NotStarted();
        await using var multiplexer = await absent.ConnectAsync(options => options.AbortOnConnectFail = false);
        var db = multiplexer.GetDatabase();
        var batch = db.CreateBatch();
        for (var i = 0; i < Limits.MaxBacklogCommands; i++)
        {
            _ = batch.PingAsync(CommandFlags.FireAndForget);
        }

        batch.Execute();
        var error = await Assert.ThrowsAsync<RedisConnectionException>(() => db.StringGetAsync("key"));
        Assert.Contains($"{Limits.MaxBacklogCommands} commands", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_argument_that_no_server_would_take_is_refused_unsent()
    {
        var buffer = new RespBuffer();
        var error = Assert.Throws<RedisCommandException>(() => buffer.WriteCommand("SET", ["key", new byte[Limits.MaxArgumentBytes + 1]]));
        Assert.Contains($"{Limits.MaxArgumentBytes}", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, buffer.Length);
    }

    [Fact]
    public void A_queue_nobody_reads_takes_no_more_when_it_is_full()
    {
        var channel = RedisChannel.Literal("channel");
        var queue = new ChannelMessageQueue(channel, null!);
        var message = new ChannelMessage(channel, channel, "message");
        for (var i = 0; i < Limits.MaxQueuedMessages; i++)
        {
            Assert.True(queue.TryAdd(message));
        }

        Assert.False(queue.TryAdd(message));
        Assert.True(queue.TryRead(out _));
        Assert.True(queue.TryAdd(message));
    }
}
