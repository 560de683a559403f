using System.Text;
using System.Text.Json;
using StackExchange.Redis;
using Workflows.Data.Dispatch;
using Workflows.Engine;

namespace Workflows.Data.Sessions;

/// <summary>A session of a person with the tenant's workflows.</summary>
/// <param name="Type">ussd, or what a workflow made it.</param>
/// <param name="Data">A JSON object.</param>
/// <param name="CreatedAt">Null of sessions that an earlier release made.</param>
/// <param name="LastActivityAt">When it was written or read before.</param>
public sealed record Session(
    string Id, string Type, string? Msisdn, byte[] Data, DateTimeOffset? CreatedAt = null,
    DateTimeOffset? LastActivityAt = null);

/// <summary>Redis cannot be asked at the moment.</summary>
public sealed class SessionsUnavailableException(Exception cause) : Exception(cause.Message, cause);

/// <summary>What sessions may take of Redis.</summary>
/// <param name="Bytes">One session, names of its members included.</param>
/// <param name="Count">Sessions of one tenant at once.</param>
/// <param name="TotalBytes">All sessions of a tenant.</param>
public sealed record SessionLimits(
    int Bytes = Limits.SessionBytes,
    int Count = Limits.SessionsPerTenant,
    long TotalBytes = Limits.SessionBytesPerTenant);

/// <summary>A session, or all of a tenant, would be larger than they may be.</summary>
public sealed class SessionLimitException(string message) : Exception(message);

/// <summary>
/// Sessions in Redis: a hash per session with type, msisdn and the members of its data, living <see cref="Limits.SessionLifetime"/> from its last use. Each operation
/// is one script, so that no session is left without an end. By design they live in Redis alone: when it loses its data they are gone; the
/// dialogue itself (<see cref="DialogueStore"/>) goes on.
/// </summary>
/// <param name="redis">Where they live.</param>
/// <param name="limits">Null = those of the platform.</param>
public sealed class SessionStore(IConnectionMultiplexer redis, SessionLimits? limits = null)
{
    private readonly SessionLimits _limits = limits ?? new SessionLimits();

    private const string MemberPrefix = "d:";

    // KEYS: the session, when each of the tenant's ends, how many bytes each has, their sum.
    // Those that have ended leave the books; a bounded number at once, and each write does it again.
    private const string Books = """
        local now = tonumber(redis.call('TIME')[1])
        for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 1000)) do
          redis.call('DECRBY', KEYS[4], redis.call('HGET', KEYS[3], id) or 0)
          redis.call('HDEL', KEYS[3], id)
          redis.call('ZREM', KEYS[2], id)
        end

        """;

    private const string ReadScript = """
        local all = redis.call('HGETALL', KEYS[1])
        if #all > 0 then
          redis.call('HSET', KEYS[1], 'used', redis.call('TIME')[1])
          redis.call('EXPIRE', KEYS[1], ARGV[1])
          redis.call('ZADD', KEYS[2], 'XX', tonumber(redis.call('TIME')[1]) + ARGV[1], ARGV[2])
          for i = 2, 4 do redis.call('EXPIRE', KEYS[i], ARGV[1] * 2) end
        end
        return all
        """;

    // Pairs of field and value; an empty value removes the field. What the session is stays what it was. Nothing is
    // written that would be too much: then the answer says of what.
    private const string WriteScript = Books + """
        local all, size = {}, 0
        local stored = redis.call('HGETALL', KEYS[1])
        for i = 1, #stored, 2 do all[stored[i]] = stored[i + 1] end
        if all['type'] == nil then all['type'] = ARGV[3] end
        if ARGV[4] ~= '' then all['msisdn'] = ARGV[4] end
        for i = 8, #ARGV, 2 do
          if ARGV[i + 1] == '' then all[ARGV[i]] = nil else all[ARGV[i]] = ARGV[i + 1] end
        end
        for field, value in pairs(all) do size = size + #field + #value end
        local known = tonumber(redis.call('HGET', KEYS[3], ARGV[2]) or -1)
        local before = math.max(known, 0)
        if size > tonumber(ARGV[5]) then return 'session' end
        if known < 0 and redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[6]) then return 'count' end
        if size > before and tonumber(redis.call('GET', KEYS[4]) or 0) + size - before > tonumber(ARGV[7]) then
          return 'bytes'
        end
        redis.call('HSETNX', KEYS[1], 'type', ARGV[3])
        redis.call('HSETNX', KEYS[1], 'created', now)
        redis.call('HSET', KEYS[1], 'used', now)
        if ARGV[4] ~= '' then redis.call('HSET', KEYS[1], 'msisdn', ARGV[4]) end
        for i = 8, #ARGV, 2 do
          if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[1], ARGV[i]) else redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
        end
        redis.call('EXPIRE', KEYS[1], ARGV[1])
        redis.call('ZADD', KEYS[2], now + ARGV[1], ARGV[2])
        redis.call('HSET', KEYS[3], ARGV[2], size)
        redis.call('INCRBY', KEYS[4], size - before)
        for i = 2, 4 do redis.call('EXPIRE', KEYS[i], ARGV[1] * 2) end
        return redis.call('HGETALL', KEYS[1])
        """;

    private const string EndScript = """
        redis.call('DECRBY', KEYS[4], redis.call('HGET', KEYS[3], ARGV[1]) or 0)
        redis.call('HDEL', KEYS[3], ARGV[1])
        redis.call('ZREM', KEYS[2], ARGV[1])
        return redis.call('DEL', KEYS[1])
        """;

    private static readonly string Lifetime = ((int)Limits.SessionLifetime.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The session, its life begun anew; null when there is none.</summary>
    /// <exception cref="SessionsUnavailableException">Redis is away.</exception>
    public async Task<Session?> ReadAsync(Guid tenantId, string id) => Parse(id, await RunAsync(ReadScript, tenantId, id, [Lifetime, id]));

    /// <summary>Sets members of a session's data (a JSON null removes one); makes the session if it is not there.</summary>
    /// <exception cref="SessionsUnavailableException">Redis is away.</exception>
    /// <exception cref="SessionLimitException">It would be too large, or the tenant would have too much; nothing was
    /// written.</exception>
    public async Task<Session> WriteAsync(Guid tenantId, string id, string type, string? msisdn, JsonElement data)
    {
        List<RedisValue> values =
        [
            Lifetime, id, type, msisdn ?? "", _limits.Bytes, _limits.Count, _limits.TotalBytes,
        ];
        foreach (var member in data.ValueKind == JsonValueKind.Object ? data.EnumerateObject().ToList() : [])
        {
            values.Add(MemberPrefix + member.Name);
            values.Add(member.Value.ValueKind == JsonValueKind.Null ? "" : member.Value.GetRawText());
        }

        var answer = await RunAsync(WriteScript, tenantId, id, [.. values]);
        return answer.Resp2Type == ResultType.Array
            ? Parse(id, answer)!
            : throw new SessionLimitException((string?)answer switch
            {
                "session" => $"A session holds at most {_limits.Bytes} bytes.",
                "count" => $"A tenant has at most {_limits.Count} sessions at once.",
                _ => $"The sessions of a tenant hold at most {_limits.TotalBytes} bytes together.",
            });
    }

    /// <returns>False when there was none.</returns>
    /// <exception cref="SessionsUnavailableException">Redis is away.</exception>
    public async Task<bool> EndAsync(Guid tenantId, string id) =>
        (long)await RunAsync(EndScript, tenantId, id, [id]) > 0;

    private async Task<RedisResult> RunAsync(string script, Guid tenantId, string id, RedisValue[] values)
    {
        try
        {
            return await redis.GetDatabase().ScriptEvaluateAsync(script, KeysOf(tenantId, id), values);
        }
        catch (Exception exception) when (RedisErrors.IsTrouble(exception))
        {
            throw new SessionsUnavailableException(exception);
        }
    }

    private static Session? Parse(string id, RedisResult result)
    {
        var parts = (RedisResult[])result!;
        if (parts.Length == 0)
        {
            return null;
        }

        var fields = Enumerable.Range(0, parts.Length / 2).ToDictionary(index => (string)parts[2 * index]!, index => (string)parts[(2 * index) + 1]!);
        var data = fields.Where(entry => entry.Key.StartsWith(MemberPrefix, StringComparison.Ordinal))
            .ToDictionary(entry => entry.Key[MemberPrefix.Length..], entry => JsonText.ParseElement(Encoding.UTF8.GetBytes(entry.Value)));
        return new Session(id, fields.GetValueOrDefault("type", ""), fields.GetValueOrDefault("msisdn"),
            JsonSerializer.SerializeToUtf8Bytes(data, JsonText.HeldSerialization), At("created"), At("used"));

        DateTimeOffset? At(string field) => fields.TryGetValue(field, out var seconds)
            ? DateTimeOffset.FromUnixTimeSeconds(long.Parse(seconds, System.Globalization.CultureInfo.InvariantCulture))
            : null;
    }

    private static RedisKey[] KeysOf(Guid tenantId, string id)
    {
        var tenant = $"wf:{{{tenantId:N}}}";
        return
        [
            $"{tenant}:session:{id}", $"{tenant}:sessions:ends", $"{tenant}:sessions:sizes", $"{tenant}:sessions:bytes",
        ];
    }
}
