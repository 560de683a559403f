using Workflows.Data.Database;

namespace Workflows.Data.Tests;

public sealed class FlushLanesTests
{
    [Fact]
    public async Task A_lane_that_dies_says_so_before_it_ends()
    {
        var heard = new TaskCompletionSource<Exception>();
        var lanes = new FlushLanes<int>(
            _ => throw new InvalidCastException("a bug"),
            lanes: 1,
            new FlushBounds<int>(10),
            capacity: 10,
            heard.SetResult);

        Assert.True(lanes.TryAdd(1));

        var fault = await heard.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal("a bug", Assert.IsType<InvalidCastException>(fault).Message);
        await Assert.ThrowsAsync<InvalidCastException>(async () => await lanes.DisposeAsync());
    }

    // Else a service that is made by somebody's first request would see what was granted to them, for everybody.
    [Fact]
    public async Task A_lane_is_nobodys_whoever_makes_it()
    {
        ObjectScope.Enter(Guid.CreateVersion7());
        var seen = new TaskCompletionSource<Guid?>();
        await using var lanes = new FlushLanes<int>(
            _ =>
            {
                seen.SetResult(ObjectScope.Person);
                return Task.CompletedTask;
            },
            lanes: 1,
            new FlushBounds<int>(10),
            capacity: 10);

        Assert.True(lanes.TryAdd(1));

        Assert.Null(await seen.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
    }
}
