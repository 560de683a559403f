using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace StackExchange.Redis;

/// <summary>The SHA-1 by which Redis knows a script, as lower-case hex. Not used to protect anything.</summary>
internal static class ScriptHash
{
    private static readonly ConcurrentDictionary<string, byte[]> Known = new(StringComparer.Ordinal);

    public static RedisValue Of(string script)
    {
        if (Known.TryGetValue(script, out var hash))
        {
            return hash;
        }

        hash = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Compute(script)));
        if (Known.Count < Limits.MaxCachedScripts)
        {
            Known.TryAdd(script, hash);
        }

        return hash;
    }

    public static RedisValue ToText(byte[] hash) => hash.Length switch
    {
        20 => Convert.ToHexStringLower(hash),
        40 => hash, // already in hex
        _ => throw new ArgumentException("A script hash has 20 bytes", nameof(hash)),
    };

#pragma warning disable CA5350 // Redis names scripts by SHA-1
    public static byte[] Compute(string script) => SHA1.HashData(Encoding.UTF8.GetBytes(script));
#pragma warning restore CA5350
}
