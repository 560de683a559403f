using System.Net;
using System.Net.Sockets;
using System.Text;

namespace StackExchange.Redis.Tests;

public sealed class ProtocolTests
{
    private const string Replies =
        "+OK\r\n$5\r\nhe\r\nl\r\n:-42\r\n*2\r\n$1\r\na\r\n*-1\r\n%1\r\n+key\r\n~2\r\n#t\r\n,1.5\r\n_\r\n$-1\r\n=6\r\ntxt:ab\r\n"
        + "|1\r\n+ttl\r\n:9\r\n:7\r\n>2\r\n+push\r\n(123\r\n$0\r\n\r\n-ERR no\r\n*0\r\n!3\r\nBAD\r\n";

    [Fact]
    public void Replies_are_found_wherever_the_packets_are_cut()
    {
        var bytes = Encoding.UTF8.GetBytes(Replies);
        var whole = Scan(bytes, bytes.Length);
        Assert.Equal(14, whole.Count);
        Assert.Equal(bytes.Length, whole.Sum());
        for (var packet = 1; packet < bytes.Length; packet++)
        {
            Assert.Equal(whole, Scan(bytes, packet));
        }
    }

    [Fact]
    public void Each_shape_becomes_the_result_it_is()
    {
        var results = new List<RedisResult>();
        var bytes = Encoding.UTF8.GetBytes(Replies).AsSpan();
        foreach (var length in Scan(bytes.ToArray(), bytes.Length))
        {
            var reader = new RespReader(bytes[..length]);
            results.Add(RedisResult.Read(ref reader, 0));
            bytes = bytes[length..];
        }

        Assert.Equal("he\r\nl", (string?)results[1]);
        Assert.Equal(-42, (int)results[2]);
        Assert.True(results[3][1].IsNull);
        Assert.Equal((ResultType.Map, ResultType.Set), (results[4].Resp3Type, results[4][1].Resp3Type));
        Assert.True((bool)results[4][1][0]);
        Assert.Equal(1.5, (double)results[4][1][1]);
        Assert.True(results[5].IsNull && results[6].IsNull);
        Assert.Equal("ab", (string?)results[7]);
        Assert.Equal(7, (int)results[8]);
        Assert.Equal(string.Empty, (string?)results[10]);
        Assert.Throws<RedisServerException>(() => (string?)results[11]);
    }

    [Theory]
    [InlineData("?\r\n")]
    [InlineData("$abc\r\n")]
    [InlineData("$-2\r\n")]
    [InlineData("*99999999999\r\n")]
    [InlineData("$900000000\r\n")]
    [InlineData("+OK\rX")]
    public void Nonsense_is_a_protocol_failure(string text)
    {
        var scanner = new RespScanner();
        var error = Assert.Throws<RedisConnectionException>(() => scanner.TryScan(Encoding.UTF8.GetBytes(text), out _));
        Assert.Equal(ConnectionFailureType.ProtocolFailure, error.FailureType);
    }

    [Fact]
    public void Lines_and_nesting_have_their_limits()
    {
        var scanner = new RespScanner();
        var endless = new byte[Limits.MaxLineBytes + 1];
        Array.Fill(endless, (byte)'+');
        Assert.Throws<RedisConnectionException>(() => scanner.TryScan(endless, out _));

        var nested = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("*1\r\n", Limits.MaxReplyDepth + 2)) + ":1\r\n");
        Assert.Throws<RedisException>(() =>
        {
            var reader = new RespReader(nested);
            RedisResult.Read(ref reader, 0);
        });
    }

    [Fact]
    public async Task A_peer_that_does_not_speak_redis_is_refused()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var cancellation = TestContext.Current.CancellationToken;
        var serving = Task.Run(
            async () =>
            {
                using var client = await listener.AcceptTcpClientAsync(cancellation);
                await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray(), cancellation);
                await client.GetStream().ReadAtLeastAsync(new byte[1], 1, throwOnEndOfStream: false, cancellation);
            },
            cancellation);
        var error = await Assert.ThrowsAsync<RedisConnectionException>(() => ConnectionMultiplexer.ConnectAsync(
            $"{listener.LocalEndpoint},connectRetry=1,connectTimeout=2000"));
        Assert.Contains("unknown reply type", error.ToString(), StringComparison.Ordinal);
        await serving;
    }

    private static List<int> Scan(byte[] bytes, int packet)
    {
        var lengths = new List<int>();
        var scanner = new RespScanner();
        var start = 0;
        for (var end = 0; end < bytes.Length;)
        {
            end = Math.Min(bytes.Length, end + packet);
            while (start < end && scanner.TryScan(bytes.AsSpan(start, end - start), out var length))
            {
                lengths.Add(length);
                start += length;
            }
        }

        return lengths;
    }
}
