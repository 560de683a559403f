using System.Globalization;
using System.Text;

namespace StackExchange.Redis.Tests;

public sealed class RedisValueTests
{
    [Fact]
    public void A_number_equals_its_text_and_hashes_alike()
    {
        RedisValue[] ones = [1, 1L, 1u, 1UL, 1.0, "1", "1"u8.ToArray(), true];
        foreach (var x in ones)
        {
            foreach (var y in ones)
            {
                Assert.Equal(x, y);
                Assert.Equal(x.GetHashCode(), y.GetHashCode());
                Assert.Equal(0, x.CompareTo(y));
            }
        }

        Assert.NotEqual((RedisValue)"01", 1);
        Assert.NotEqual((RedisValue)"+1", 1);
        Assert.NotEqual((RedisValue)" 1", 1);
        Assert.Equal((RedisValue)"1.5", 1.5);
        Assert.True((RedisValue)ulong.MaxValue == "18446744073709551615");
    }

    [Fact]
    public void Text_equals_its_bytes_and_null_equals_only_null()
    {
        RedisValue text = "h\u00e9llo";
        RedisValue bytes = Encoding.UTF8.GetBytes("h\u00e9llo");
        Assert.Equal(text, bytes);
        Assert.Equal(text.GetHashCode(), bytes.GetHashCode());
        Assert.NotEqual(RedisValue.Null, RedisValue.EmptyString);
        Assert.True(((RedisValue)(string?)null).IsNull);
        Assert.True(RedisValue.EmptyString.IsNullOrEmpty);
        Assert.False(RedisValue.EmptyString.IsNull);
        Assert.True(((RedisValue)0).HasValue);
        Assert.Equal(string.Empty, RedisValue.Null.ToString());
        Assert.Null((string?)RedisValue.Null);
    }

    [Fact]
    public void Conversions_give_the_number_or_say_why_not()
    {
        Assert.Equal(42, (int)(RedisValue)"42");
        Assert.Equal(-7L, (long)(RedisValue)"-7"u8.ToArray());
        Assert.Equal(1e300, (double)(RedisValue)"1e300");
        Assert.Equal(double.PositiveInfinity, (double)(RedisValue)"inf");
        Assert.Equal(0.1m, (decimal)(RedisValue)"0.1");
        Assert.True((bool)(RedisValue)"1");
        Assert.Equal(0, (int)RedisValue.Null);
        Assert.Null((int?)RedisValue.Null);
        Assert.Throws<InvalidCastException>(() => (int)(RedisValue)"forty-two");
        Assert.Throws<InvalidCastException>(() => (bool)(RedisValue)"2");
        Assert.Throws<OverflowException>(() => (int)(RedisValue)long.MaxValue);
    }

    [Fact]
    public void TryParse_takes_numbers_and_null_only()
    {
        Assert.True(((RedisValue)"12").TryParse(out int number));
        Assert.Equal(12, number);
        Assert.True(RedisValue.Null.TryParse(out long nothing));
        Assert.Equal(0, nothing);
        Assert.False(((RedisValue)"1.5").TryParse(out long _));
        Assert.False(((RedisValue)long.MaxValue).TryParse(out int _));
        Assert.True(((RedisValue)"1.5").TryParse(out double half));
        Assert.Equal(1.5, half);
    }

    [Fact]
    public void Memory_is_kept_without_copying_and_doubles_keep_their_value()
    {
        var bytes = "..middle.."u8.ToArray();
        RedisValue value = new ReadOnlyMemory<byte>(bytes, 2, 6);
        Assert.Equal("middle", value);
        bytes[2] = (byte)'M';
        Assert.Equal("Middle", value);
        Assert.Equal(6, value.Length());
        Assert.True(value.StartsWith("Mid"));

        foreach (var number in (double[])[0.1, 1.0 / 3, double.Epsilon, -12345.678, 1e21])
        {
            Assert.Equal(number, double.Parse(((RedisValue)number).ToString(), CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public void Keys_and_channels_compare_by_their_bytes()
    {
        RedisKey key = "a:b";
        Assert.Equal(key, (RedisKey)"a:b"u8.ToArray());
        Assert.Equal(key.GetHashCode(), ((RedisKey)"a:b"u8.ToArray()).GetHashCode());
        Assert.Equal("a:b:c", (string?)key.Append(":c"));
        Assert.Equal("x:a:b", (string?)key.Prepend("x:"u8.ToArray()));
        Assert.True(key == "a:b");
        Assert.NotEqual(RedisChannel.Literal("a*"), RedisChannel.Pattern("a*"));
        Assert.True(((RedisChannel)"a*").IsPattern);
        Assert.False(RedisChannel.Literal("a*").IsPattern);
    }
}
