using Workflows.Data.Executions;

namespace Workflows.Data.Tests;

public sealed class ExecutionTimesTests
{
    private static readonly DateTimeOffset Accepted = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void What_has_waited_was_queued_when_it_was_accepted_and_not_after_it_began()
    {
        var (id, started) = (Guid.CreateVersion7(Accepted), Accepted.AddSeconds(1));

        Assert.Equal(Accepted, ExecutionTimes.QueuedAt(id, Accepted.AddHours(1), started));
    }

    [Fact]
    public void What_has_not_waited_was_queued_when_its_row_says()
    {
        var queued = Accepted.AddMilliseconds(0.25);

        Assert.Equal(queued, ExecutionTimes.QueuedAt(Guid.CreateVersion7(Accepted), queued, Accepted.AddSeconds(1)));
        Assert.Equal(queued, ExecutionTimes.QueuedAt(Guid.CreateVersion7(Accepted), queued, startedAt: null));
    }

    // Clocks differ by milliseconds, and an id may be of the caller's.
    [Fact]
    public void It_is_never_after_the_beginning()
    {
        var id = Guid.CreateVersion7(Accepted.AddMinutes(1));

        Assert.Equal(Accepted, ExecutionTimes.QueuedAt(id, Accepted.AddHours(1), Accepted));
    }
}
