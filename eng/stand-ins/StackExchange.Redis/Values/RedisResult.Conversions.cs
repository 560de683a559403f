namespace StackExchange.Redis;

public abstract partial class RedisResult
{
    public static explicit operator string?(RedisResult? result) => result is null ? null : (string?)result.AsValue();

    public static explicit operator byte[]?(RedisResult? result) => result is null ? null : (byte[]?)result.AsValue();

    public static explicit operator RedisValue(RedisResult? result) => result?.AsValue() ?? RedisValue.Null;

    public static explicit operator RedisKey(RedisResult? result) => (byte[]?)(result?.AsValue() ?? RedisValue.Null);

    public static explicit operator bool(RedisResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return (bool)result.AsValue();
    }

    public static explicit operator bool?(RedisResult? result) => result is null ? null : (bool?)result.AsValue();

    public static explicit operator bool[]?(RedisResult? result) => Convert(result, item => (bool)item.AsValue());

    public static explicit operator int(RedisResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return (int)result.AsValue();
    }

    public static explicit operator int?(RedisResult? result) => result is null ? null : (int?)result.AsValue();

    public static explicit operator int[]?(RedisResult? result) => Convert(result, item => (int)item.AsValue());

    public static explicit operator long(RedisResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return (long)result.AsValue();
    }

    public static explicit operator long?(RedisResult? result) => result is null ? null : (long?)result.AsValue();

    public static explicit operator long[]?(RedisResult? result) => Convert(result, item => (long)item.AsValue());

    public static explicit operator ulong(RedisResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return (ulong)result.AsValue();
    }

    public static explicit operator ulong?(RedisResult? result) => result is null ? null : (ulong?)result.AsValue();

    public static explicit operator ulong[]?(RedisResult? result) => Convert(result, item => (ulong)item.AsValue());

    public static explicit operator double(RedisResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return (double)result.AsValue();
    }

    public static explicit operator double?(RedisResult? result) => result is null ? null : (double?)result.AsValue();

    public static explicit operator double[]?(RedisResult? result) => Convert(result, item => (double)item.AsValue());

    public static explicit operator string?[]?(RedisResult? result) => Convert(result, item => (string?)item.AsValue());

    public static explicit operator byte[]?[]?(RedisResult? result) => Convert(result, item => (byte[]?)item.AsValue());

    public static explicit operator RedisValue[]?(RedisResult? result) => Convert(result, item => item.AsValue());

    public static explicit operator RedisKey[]?(RedisResult? result) => Convert(result, item => (RedisKey)item);

    public static explicit operator RedisResult[]?(RedisResult? result) => result?.AsArray();

    private static T[]? Convert<T>(RedisResult? result, Converter<RedisResult, T> converter) =>
        result?.AsArray() is { } items ? Array.ConvertAll(items, converter) : null;
}
