using Workflows.Data.Database;

namespace Workflows.Data.Tests;

public sealed class FlushLanesTests
{
    [Fact]
    public async Task A_lane_that_dies_says_so_before_it_ends()
    {
        var heard = new TaskCompletionSource<Exception>();
        var lanes = new FlushLanes<int>(
            (_, _) => throw new InvalidCastException("a bug"), lanes: 1, maxBatch: 10, capacity: 10, heard.SetResult);

        Assert.True(lanes.TryAdd(1));

        var fault = await heard.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal("a bug", Assert.IsType<InvalidCastException>(fault).Message);
        await Assert.ThrowsAsync<InvalidCastException>(async () => await lanes.DisposeAsync());
    }
}
