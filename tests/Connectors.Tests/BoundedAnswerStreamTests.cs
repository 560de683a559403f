using System.Text;

namespace Workflows.Connectors.Tests;

public sealed class BoundedAnswerStreamTests
{
    private const int Limit = 100;

    [Fact]
    public async Task The_limit_can_be_read_and_not_one_byte_more()
    {
        await using var stream = new BoundedAnswerStream(new Endless(), Limit);

        Assert.Equal(Limit, await ReadAllAsync(stream, Limit));
        Assert.False(stream.IsExceeded);
        await Assert.ThrowsAsync<IOException>(() => ReadAllAsync(stream, 1));
        Assert.True(stream.IsExceeded);
        Assert.Throws<IOException>(() => stream.ReadByte());
    }

    [Fact]
    public async Task Each_word_of_ours_allows_another_answer()
    {
        await using var stream = new BoundedAnswerStream(new Endless(), Limit);
        for (var round = 0; round < 5; round++)
        {
            Assert.Equal(Limit, await ReadAllAsync(stream, Limit));
            if (round % 2 == 0)
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes("NOOP\r\n"), TestContext.Current.CancellationToken);
            }
            else
            {
                stream.Write(Encoding.ASCII.GetBytes("NOOP\r\n"), 0, 6);
            }
        }
    }

    [Fact]
    public async Task The_end_of_the_connection_is_not_the_limit()
    {
        await using var stream = new BoundedAnswerStream(new MemoryStream(new byte[10]), Limit);

        Assert.Equal(10, await ReadAllAsync(stream, Limit));
        Assert.Equal((true, false), (stream.HasEnded, stream.IsExceeded));
    }

    private static async Task<int> ReadAllAsync(Stream stream, int count) =>
        await stream.ReadAtLeastAsync(
            new byte[count], count, throwOnEndOfStream: false, TestContext.Current.CancellationToken);

    private sealed class Endless : MemoryStream
    {
        public override int Read(byte[] buffer, int offset, int count)
        {
            Array.Fill(buffer, (byte)'x', offset, count);
            return count;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            buffer.Span.Fill((byte)'x');
            return ValueTask.FromResult(buffer.Length);
        }

        public override ValueTask WriteAsync(
            ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public override void Write(byte[] buffer, int offset, int count)
        {
        }
    }
}
