using System.Diagnostics.CodeAnalysis;

namespace StackExchange.Redis;

public static class ExtensionMethods
{
    [return: NotNullIfNotNull(nameof(hash))]
    public static Dictionary<RedisValue, RedisValue>? ToDictionary(this HashEntry[]? hash) =>
        hash?.ToDictionary(entry => entry.Name, entry => entry.Value);

    [return: NotNullIfNotNull(nameof(hash))]
    public static Dictionary<string, string>? ToStringDictionary(this HashEntry[]? hash) =>
        hash?.ToDictionary(entry => entry.Name.ToString(), entry => entry.Value.ToString(), StringComparer.Ordinal);

    [return: NotNullIfNotNull(nameof(sortedSet))]
    public static Dictionary<string, double>? ToStringDictionary(this SortedSetEntry[]? sortedSet) =>
        sortedSet?.ToDictionary(entry => entry.Element.ToString(), entry => entry.Score, StringComparer.Ordinal);

    [return: NotNullIfNotNull(nameof(values))]
    public static RedisValue[]? ToRedisValueArray(this string[]? values) =>
        values is null ? null : Array.ConvertAll(values, value => (RedisValue)value);

    [return: NotNullIfNotNull(nameof(values))]
    public static string?[]? ToStringArray(this RedisValue[]? values) =>
        values is null ? null : Array.ConvertAll(values, value => (string?)value);
}
