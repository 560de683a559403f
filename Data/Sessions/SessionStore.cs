using System.Text.Json;
using StackExchange.Redis;

namespace Workflows.Data.Sessions;

/// <summary>A session of a person with the tenant's workflows.</summary>
/// <param name="Type">ussd, or what a workflow made it.</param>
/// <param name="Data">A JSON object.</param>
public sealed record Session(string Id, string Type, string? Msisdn, byte[] Data);

/// <summary>Redis cannot be asked at the moment.</summary>
public sealed class SessionsUnavailableException(Exception cause) : Exception(cause.Message, cause);

/// <summary>
/// Sessions in Redis: a hash per session with type, msisdn and the members of its data, living <see cref="Limits.SessionLifetime"/> from its last use. Each operation
/// is one script, so that no session is left without an end. By design they live in Redis alone: when it loses its data they are gone; the
/// dialogue itself (<see cref="DialogueStore"/>) goes on.
/// </summary>
public sealed class SessionStore(IConnectionMultiplexer redis)
{
    private const string MemberPrefix = "d:";

    private const string ReadScript = """
        redis.call('EXPIRE', KEYS[1], ARGV[1])
        return redis.call('HGETALL', KEYS[1])
        """;

    // Pairs of field and value; an empty value removes the field. What the session is stays what it was.
    private const string WriteScript = """
        redis.call('HSETNX', KEYS[1], 'type', ARGV[2])
        if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'msisdn', ARGV[3]) end
        for i = 4, #ARGV, 2 do
          if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[1], ARGV[i]) else redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
        end
        redis.call('EXPIRE', KEYS[1], ARGV[1])
        return redis.call('HGETALL', KEYS[1])
        """;

    private static readonly string Lifetime = ((int)Limits.SessionLifetime.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The session, its life begun anew; null when there is none.</summary>
    /// <exception cref="SessionsUnavailableException">Redis is away.</exception>
    public async Task<Session?> ReadAsync(Guid tenantId, string id) => Parse(id, await RunAsync(ReadScript, tenantId, id, [Lifetime]));

    /// <summary>Sets members of a session's data (a JSON null removes one); makes the session if it is not there.</summary>
    /// <exception cref="SessionsUnavailableException">Redis is away.</exception>
    public async Task<Session> WriteAsync(Guid tenantId, string id, string type, string? msisdn, JsonElement data)
    {
        List<RedisValue> values = [Lifetime, type, msisdn ?? ""];
        foreach (var member in data.ValueKind == JsonValueKind.Object ? data.EnumerateObject().ToList() : [])
        {
            values.Add(MemberPrefix + member.Name);
            values.Add(member.Value.ValueKind == JsonValueKind.Null ? "" : member.Value.GetRawText());
        }

        return Parse(id, await RunAsync(WriteScript, tenantId, id, [.. values]))!;
    }

    /// <returns>False when there was none.</returns>
    /// <exception cref="SessionsUnavailableException">Redis is away.</exception>
    public async Task<bool> EndAsync(Guid tenantId, string id)
    {
        try
        {
            return await redis.GetDatabase().KeyDeleteAsync(KeyOf(tenantId, id));
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            throw new SessionsUnavailableException(exception);
        }
    }

    private async Task<RedisResult> RunAsync(string script, Guid tenantId, string id, RedisValue[] values)
    {
        try
        {
            return await redis.GetDatabase().ScriptEvaluateAsync(script, [KeyOf(tenantId, id)], values);
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
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
            .ToDictionary(entry => entry.Key[MemberPrefix.Length..], entry => JsonElement.Parse(entry.Value));
        return new Session(id, fields.GetValueOrDefault("type", ""), fields.GetValueOrDefault("msisdn"), JsonSerializer.SerializeToUtf8Bytes(data));
    }

    private static RedisKey KeyOf(Guid tenantId, string id) => $"wf:{{{tenantId:N}}}:session:{id}";
}
