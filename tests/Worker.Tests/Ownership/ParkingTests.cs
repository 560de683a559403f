using Workflows.Data.Executions;
using Workflows.Engine.Executions;
using Workflows.Worker.Ownership;

namespace Workflows.Worker.Tests.Ownership;

/// <summary>
/// What a worker says when an execution goes to sleep; the database decides by it whether a wake-up came in between.
/// </summary>
public sealed class ParkingTests
{
    private const string Delay = """{"id": "d", "type": "delay", "parameters": {"seconds": 60}}""";
    private const string Call = """{"id": "c", "type": "http", "parameters": {"url": "http://x.test/"}}""";
    private const string Other = """{"id": "o", "type": "http", "parameters": {"url": "http://x.test/"}}""";
    private const string Event =
        """{"id": "e", "type": "waitForEvent", "parameters": {"eventType": "e", "correlation": "'k'"}}""";

    [Fact]
    public void A_parking_bears_the_wakes_of_the_moment_in_which_it_was_decided()
    {
        using var bed = new OwnedBed(Delay);
        bed.Begin();
        // Told after the decision, before the checkpoint went out.
        bed.Execution.Handle(new WaitsResolved([], Wakes: 5));

        Assert.Equal(2, Assert.Single(bed.Writing().Parked).Wakes);
    }

    [Fact]
    public void What_comes_before_the_parking_goes_out_takes_it_back()
    {
        using var bed = new OwnedBed($"{Call}, {Delay}");
        bed.Begin();
        bed.Commit(); // the delay's wait; the call is under way
        bed.Answer(); // the last thing that runs: it could park now
        Assert.True(bed.Effects.Writing!.Parks);

        bed.Execution.Handle(new WaitsResolved([Due("d")], Wakes: 3));
        bed.Commit(); // was on its way already: the database sees the wakes and queues it again

        Assert.NotNull(bed.Effects.Last);
        Assert.True(bed.Effects.Last.Parks);
    }

    [Fact]
    public void What_comes_while_the_parking_waits_to_go_out_takes_it_back()
    {
        using var bed = new OwnedBed($"{Call}, {Other}, {Delay}");
        bed.Begin();
        bed.Commit();
        bed.Answer(); // on its way
        bed.Answer(); // the last thing that runs: it could park after that
        bed.Execution.Handle(new WaitsResolved([Due("d")], Wakes: 3));
        bed.Commit();

        var checkpoint = bed.Writing();
        Assert.Empty(checkpoint.Parked);
        Assert.Equal("completed", Assert.Single(checkpoint.Finished).Status);
    }

    [Fact]
    public void An_execution_parks_only_when_it_has_looked_back()
    {
        using var bed = new OwnedBed(Event);
        bed.Begin();
        Assert.Empty(bed.Writing().Parked);
        Assert.False(bed.Effects.IsLookingBack); // not before the wait is durable
        bed.Commit();

        Assert.True(bed.Effects.IsLookingBack);
        Assert.Null(bed.Effects.Writing);
        bed.Effects.TakeLookBack();
        bed.Execution.Handle(new LookedBack([]));
        Assert.Single(bed.Writing().Parked);
    }

    [Fact]
    public void A_wait_that_was_taken_over_is_looked_back_for_again()
    {
        var wait = Due("e") with { Kind = WaitKinds.Event, CorrelationKey = "k", Outcome = null };
        using var bed = new OwnedBed(Event, change: claimed => claimed with { Fence = 2 }, recorded: new([], [wait]));
        bed.Begin();

        Assert.True(bed.Effects.IsLookingBack);
        bed.Effects.TakeLookBack();
        bed.Execution.Handle(new LookedBack([wait with { Outcome = "event", Payload = "{}"u8.ToArray() }]));
        Assert.Equal("completed", Assert.Single(bed.Writing().Finished).Status);
    }

    [Fact]
    public void A_look_back_that_fails_ends_the_execution()
    {
        using var bed = new OwnedBed(Event);
        bed.Begin();
        bed.Commit();
        bed.Effects.TakeLookBack();
        bed.Execution.Handle(new Broken("LOOK_BACK_FAILED", "x"));

        Assert.Equal("failed", Assert.Single(bed.Writing().Finished).Status);
    }

    [Fact]
    public void An_execution_that_ends_leaves_neither_the_wait_nor_the_timer_it_had_opened()
    {
        using var bed = new OwnedBed($"{Call}, {Delay}", change: claimed => claimed with { StopRequest = "cancel" });
        bed.Begin();

        var checkpoint = bed.Writing();
        Assert.Equal("cancelled", Assert.Single(checkpoint.Finished).Status);
        Assert.Empty(checkpoint.Opened);
        Assert.Empty(checkpoint.Timers);
    }

    [Fact]
    public void Wakes_are_told_once()
    {
        using var bed = new OwnedBed(Delay);
        Assert.False(bed.Execution.TellWakes(2)); // as claimed
        Assert.True(bed.Execution.TellWakes(3));
        Assert.False(bed.Execution.TellWakes(3));
        bed.Begin();
        bed.Execution.Handle(new WaitsResolved([], Wakes: 5));
        Assert.False(bed.Execution.TellWakes(5));
    }

    private static WaitRow Due(string node) => new()
    {
        Key = default,
        NodeId = node,
        Attempt = 1,
        Kind = WaitKinds.Timer,
        Outcome = "due",
    };
}
