namespace StackExchange.Redis;

internal abstract partial class DatabaseCommands
{
    private const string ExtendLockScript =
        "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) else return 0 end";

    private const string ReleaseLockScript =
        "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end";

    /// <summary>Sends the script's hash, and its text only when the server does not know it (yet, or any more).</summary>
    public virtual Task<RedisResult> ScriptEvaluateAsync(
        string script, RedisKey[]? keys = null, RedisValue[]? values = null, CommandFlags flags = CommandFlags.None)
    {
        ArgumentNullException.ThrowIfNull(script);
        if ((flags & (CommandFlags.FireAndForget | CommandFlags.NoScriptCache)) != 0)
        {
            return SendScript(Commands.Eval, script, keys, values, flags); // nobody is there to hear that it is unknown
        }

        var reply = new ScriptReply(this, script, keys, values);
        SubmitScript(reply, Commands.Evalsha, ScriptHash.Of(script), keys, values);
        return reply.Task;
    }

    public Task<RedisResult> ScriptEvaluateAsync(
        byte[] hash, RedisKey[]? keys = null, RedisValue[]? values = null, CommandFlags flags = CommandFlags.None)
    {
        ArgumentNullException.ThrowIfNull(hash);
        return SendScript(Commands.Evalsha, ScriptHash.ToText(hash), keys, values, flags);
    }

    public Task<bool> LockExtendAsync(RedisKey key, RedisValue value, TimeSpan expiry, CommandFlags flags = CommandFlags.None) =>
        LockScriptAsync(ExtendLockScript, key, [value, (long)expiry.TotalMilliseconds], flags);

    public Task<RedisValue> LockQueryAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => StringGetAsync(key, flags);

    public Task<bool> LockReleaseAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None) =>
        LockScriptAsync(ReleaseLockScript, key, [value], flags);

    /// <summary>True when nobody held the lock. The value says who holds it and must be unique to the holder.</summary>
    public Task<bool> LockTakeAsync(RedisKey key, RedisValue value, TimeSpan expiry, CommandFlags flags = CommandFlags.None)
    {
        RequireValue(value);
        return StringSetAsync(key, value, new Expiration(expiry), When.NotExists, flags);
    }

    private protected Task<RedisResult> SendScript(
        Command command, RedisValue script, RedisKey[]? keys, RedisValue[]? values, CommandFlags flags)
    {
        var space = default(ArgumentList.Space);
        var arguments = new ArgumentList(space);
        AddScript(ref arguments, script, keys, values);
        return Send(command, arguments.Items, Replies.Result, flags);
    }

    private void SubmitScript(IPendingReply reply, Command command, RedisValue script, RedisKey[]? keys, RedisValue[]? values)
    {
        var space = default(ArgumentList.Space);
        var arguments = new ArgumentList(space);
        AddScript(ref arguments, script, keys, values);
        Submit(reply, command, arguments.Items);
    }

    private async Task<bool> LockScriptAsync(string script, RedisKey key, RedisValue[] values, CommandFlags flags)
    {
        RequireValue(values[0]);
        var result = await ScriptEvaluateAsync(script, [key], values, flags).ConfigureAwait(false);
        return result is not null && (bool)result;
    }

    private static void AddScript(ref ArgumentList arguments, RedisValue script, RedisKey[]? keys, RedisValue[]? values)
    {
        arguments.Add(script, keys?.Length ?? 0);
        arguments.Add(keys ?? []);
        arguments.Add((values ?? []).AsSpan());
    }

    private static void RequireValue(RedisValue value)
    {
        if (value.IsNull)
        {
            throw new ArgumentNullException(nameof(value));
        }
    }

    /// <summary>Hears NOSCRIPT and sends the text instead, once, so that the caller never learns of it.</summary>
    private sealed class ScriptReply(DatabaseCommands owner, string script, RedisKey[]? keys, RedisValue[]? values)
        : PendingReply<RedisResult>(Commands.Evalsha, Replies.Result, owner.Owner.Options.AsyncTimeout, owner.AsyncState)
    {
        private bool _sentText;

        public override void ServerError(string message)
        {
            if (_sentText || !message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
            {
                base.ServerError(message);
                return;
            }

            _sentText = true;
            try
            {
                owner.SubmitScript(this, Commands.Eval, script, keys, values);
            }
            catch (Exception e)
            {
                Fail(e); // this runs on the reader, which must go on for the others
            }
        }
    }
}
