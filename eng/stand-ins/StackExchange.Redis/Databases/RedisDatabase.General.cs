namespace StackExchange.Redis;

internal sealed partial class RedisDatabase
{
    public TimeSpan Ping(CommandFlags flags = CommandFlags.None) => Wait(PingAsync(flags));

    public long Publish(RedisChannel channel, RedisValue message, CommandFlags flags = CommandFlags.None) =>
        Wait(PublishAsync(channel, message, flags));

    public RedisResult Execute(string command, ICollection<object>? args, CommandFlags flags = CommandFlags.None) =>
        Wait(ExecuteAsync(command, args, flags));
}
