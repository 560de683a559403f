using System.Security.Cryptography;
using Workflows.Connectors.Network;

namespace Workflows.Connectors.Tests;

public sealed class ResponseBodyTests
{
    private static readonly Guid Tenant = Guid.CreateVersion7();

    private readonly ResponseBudget _budget = new(4_000_000, 2_000_000);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, 10)]
    [InlineData(9, 10)]
    [InlineData(10, 10)]
    [InlineData(11, 10)]
    [InlineData(16_383, 100_000)]
    [InlineData(16_384, 16_384)]
    [InlineData(16_385, 16_384)]
    [InlineData(50_000, 1_000_000)]
    [InlineData(1_000_000, 1_000_000)]
    [InlineData(1_000_001, 1_000_000)]
    public async Task A_body_is_read_to_its_end_or_to_the_limit_whatever_it_declares(int length, int limit)
    {
        var content = RandomNumberGenerator.GetBytes(length);
        foreach (long? declared in new long?[] { null, length, 0, 20_000, long.MaxValue })
        {
            foreach (var piece in new[] { 1_000, int.MaxValue })
            {
                await using var stream = new Pieces(content, piece);
                using var body = await ResponseBody.ReadAsync(stream, limit, declared, _budget, Tenant, Token);

                Assert.Equal(length > limit, body.IsCut);
                Assert.True(content.AsSpan(0, Math.Min(length, limit)).SequenceEqual(body.Bytes.Span));
            }
        }

        Assert.Equal(0, _budget.Held);
    }

    [Fact]
    public async Task What_is_held_counts_until_it_is_let_go_and_a_small_body_does_not_count()
    {
        await using var small = new Pieces(new byte[1_000], 1_000);
        using var first = await ResponseBody.ReadAsync(small, 500_000, null, _budget, Tenant, Token);
        Assert.Equal(0, _budget.Held);

        await using var large = new Pieces(new byte[100_000], 1_000);
        var second = await ResponseBody.ReadAsync(large, 500_000, null, _budget, Tenant, Token);
        Assert.Equal(500_000, _budget.Held);
        second.Dispose();
        Assert.Equal(0, _budget.Held);
    }

    [Fact]
    public async Task A_body_that_breaks_off_gives_its_room_back()
    {
        await using var stream = new Pieces(new byte[100_000], 1_000) { BreaksAt = 50_000 };

        await Assert.ThrowsAsync<IOException>(
            () => ResponseBody.ReadAsync(stream, 500_000, null, _budget, Tenant, Token));

        Assert.Equal(0, _budget.Held);
    }

    private sealed class Pieces(byte[] content, int piece) : MemoryStream(content)
    {
        public int BreaksAt { get; init; } = int.MaxValue;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Position >= BreaksAt
                ? throw new IOException("broken")
                : base.ReadAsync(buffer[..Math.Min(buffer.Length, piece)], cancellationToken);
    }
}
