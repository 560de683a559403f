using System.Collections.Concurrent;

namespace StackExchange.Redis.Tests;

public sealed class PubSubTests(RedisFixture redis) : IClassFixture<RedisFixture>
{
    public static TheoryData<RedisProtocol> Protocols => RedisFixture.Protocols;

    [Theory, MemberData(nameof(Protocols))]
    public async Task A_queue_gives_messages_in_order(RedisProtocol protocol)
    {
        var subscriber = redis[protocol].GetSubscriber();
        var channel = RedisChannel.Literal(RedisFixture.NewKey("channel").ToString());
        var queue = await subscriber.SubscribeAsync(channel);
        var publishes = Enumerable.Range(0, 1_000).Select(i => subscriber.PublishAsync(channel, i)).ToArray();
        Assert.All(await Task.WhenAll(publishes), receivers => Assert.Equal(1, receivers));
        for (var i = 0; i < 1_000; i++)
        {
            var message = await queue.ReadAsync(TestContext.Current.CancellationToken);
            Assert.Equal((channel, channel, i), (message.Channel, message.SubscriptionChannel, (int)message.Message));
        }

        Assert.False(queue.TryRead(out _));
        await queue.UnsubscribeAsync();
        await queue.Completion;
        Assert.Equal(0, await subscriber.PublishAsync(channel, "nobody"));
    }

    [Theory, MemberData(nameof(Protocols))]
    public async Task Handlers_of_channels_and_patterns_each_get_a_message(RedisProtocol protocol)
    {
        var subscriber = redis[protocol].GetSubscriber();
        var name = RedisFixture.NewKey("events").ToString();
        var (first, second, pattern) = (NewSource(), NewSource(), NewSource());
        Action<RedisChannel, RedisValue> firstHandler = (_, message) => first.TrySetResult(message!);
        await subscriber.SubscribeAsync(RedisChannel.Literal(name), firstHandler);
        await subscriber.SubscribeAsync(RedisChannel.Literal(name), (_, message) => second.TrySetResult(message!));
        await subscriber.SubscribeAsync(RedisChannel.Pattern(name[..^4] + "*"), (channel, message) => pattern.TrySetResult($"{channel}={message}"));

        Assert.Equal(2, await subscriber.PublishAsync(RedisChannel.Literal(name), "hello"));
        Assert.Equal("hello", await first.Task);
        Assert.Equal("hello", await second.Task);
        Assert.Equal($"{name}=hello", await pattern.Task);
        Assert.NotNull(subscriber.SubscribedEndpoint(RedisChannel.Literal(name)));

        await subscriber.UnsubscribeAsync(RedisChannel.Literal(name), firstHandler);
        Assert.Equal(2, await subscriber.PublishAsync(RedisChannel.Literal(name), "one handler left"));
        await subscriber.UnsubscribeAsync(RedisChannel.Literal(name));
        await subscriber.UnsubscribeAsync(RedisChannel.Pattern(name[..^4] + "*"));
        Assert.Equal(0, await subscriber.PublishAsync(RedisChannel.Literal(name), "nobody"));
        Assert.Null(subscriber.SubscribedEndpoint(RedisChannel.Literal(name)));
    }

    [Theory, MemberData(nameof(Protocols))]
    public async Task A_handler_that_throws_is_reported_and_called_again(RedisProtocol protocol)
    {
        var multiplexer = redis[protocol];
        var subscriber = multiplexer.GetSubscriber();
        var channel = RedisChannel.Literal(RedisFixture.NewKey("channel").ToString());
        var reported = new TaskCompletionSource<Exception>();
        multiplexer.InternalError += (_, args) => reported.TrySetResult(args.Exception);
        var queue = await subscriber.SubscribeAsync(channel);
        var seen = new ConcurrentQueue<string>();
        var both = new TaskCompletionSource();
        queue.OnMessage(message =>
        {
            seen.Enqueue(message.Message!);
            if (seen.Count == 1)
            {
                throw new InvalidOperationException("the first is too much");
            }

            both.SetResult();
        });
        await subscriber.PublishAsync(channel, "a");
        await subscriber.PublishAsync(channel, "b");
        await both.Task;
        Assert.Equal(["a", "b"], seen);
        Assert.Equal("the first is too much", (await reported.Task).Message);
    }

    [Fact]
    public async Task Subscriptions_stand_again_after_the_server_came_back()
    {
        await using var server = await RedisProcess.StartAsync();
        await using var multiplexer = await server.ConnectAsync();
        var subscriber = multiplexer.GetSubscriber();
        var queue = await subscriber.SubscribeAsync(RedisChannel.Literal("news"));
        var patterns = await subscriber.SubscribeAsync(RedisChannel.Pattern("new?"));
        await server.KillAsync();
        await server.RestartAsync();
        await Eventually.TrueAsync(
            async () => await subscriber.PublishAsync(RedisChannel.Literal("news"), "back") == 2, "both are subscribed again");
        Assert.Equal("back", (await queue.ReadAsync(TestContext.Current.CancellationToken)).Message);
        Assert.Equal("back", (await patterns.ReadAsync(TestContext.Current.CancellationToken)).Message);
    }

    private static TaskCompletionSource<string> NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
