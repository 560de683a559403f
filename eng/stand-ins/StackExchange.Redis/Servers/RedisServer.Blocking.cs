namespace StackExchange.Redis;

internal sealed partial class RedisServer
{
    public TimeSpan Ping(CommandFlags flags = CommandFlags.None) => Wait(PingAsync(flags));

    public RedisResult Execute(string command, params object[] args) => Wait(ExecuteAsync(command, args));

    public RedisResult Execute(string command, ICollection<object> args, CommandFlags flags = CommandFlags.None) =>
        Wait(ExecuteAsync(command, args, flags));

    public KeyValuePair<string, string>[] ConfigGet(RedisValue pattern = default, CommandFlags flags = CommandFlags.None) =>
        Wait(ConfigGetAsync(pattern, flags));

    public void ConfigSet(RedisValue setting, RedisValue value, CommandFlags flags = CommandFlags.None) =>
        Wait(ConfigSetAsync(setting, value, flags));

    public long DatabaseSize(
        int database = -1, CommandFlags flags = CommandFlags.None) => Wait(DatabaseSizeAsync(database, flags));

    public RedisValue Echo(RedisValue message, CommandFlags flags = CommandFlags.None) => Wait(EchoAsync(message, flags));

    public void FlushAllDatabases(CommandFlags flags = CommandFlags.None) => Wait(FlushAllDatabasesAsync(flags));

    public void FlushDatabase(
        int database = -1, CommandFlags flags = CommandFlags.None) => Wait(FlushDatabaseAsync(database, flags));

    public IGrouping<string, KeyValuePair<string, string>>[] Info(
        RedisValue section = default, CommandFlags flags = CommandFlags.None) =>
        Wait(InfoAsync(section, flags));

    public string? InfoRaw(
        RedisValue section = default, CommandFlags flags = CommandFlags.None) => Wait(InfoRawAsync(section, flags));

    public bool ScriptExists(string script, CommandFlags flags = CommandFlags.None) => Wait(ScriptExistsAsync(script, flags));

    public void ScriptFlush(CommandFlags flags = CommandFlags.None) => Wait(ScriptFlushAsync(flags));

    public byte[] ScriptLoad(string script, CommandFlags flags = CommandFlags.None) => Wait(ScriptLoadAsync(script, flags));

    public RedisChannel[] SubscriptionChannels(RedisChannel pattern = default, CommandFlags flags = CommandFlags.None) =>
        Wait(SubscriptionChannelsAsync(pattern, flags));

    public long SubscriptionSubscriberCount(RedisChannel channel, CommandFlags flags = CommandFlags.None) =>
        Wait(SubscriptionSubscriberCountAsync(channel, flags));

    public DateTime Time(CommandFlags flags = CommandFlags.None) => Wait(TimeAsync(flags));
}
