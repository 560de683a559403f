using Microsoft.Extensions.Time.Testing;
using Workflows.Data.Database;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>The database's time in a process whose machine has another.</summary>
public sealed class DatabaseClockTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(40);

    private DataStack _stack = null!;

    public async ValueTask InitializeAsync() => _stack = await DataStack.CreateAsync(server);

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    [Fact]
    public async Task Once_asked_it_says_what_the_database_says_whatever_the_machine_does()
    {
        var machine = new JumpingClock { Offset = TimeSpan.FromHours(5) };
        var clock = new DatabaseClock(machine);
        Assert.True(clock.GetUtcNow() - TimeProvider.System.GetUtcNow() > TimeSpan.FromHours(4));

        foreach (var database in new[] { _stack.Api, _stack.Worker })
        {
            await clock.SyncAsync(database, TestContext.Current.CancellationToken);
            foreach (var hours in new[] { 5, -5, 0, 1000 })
            {
                machine.Offset = TimeSpan.FromHours(hours);
                Assert.InRange(clock.GetUtcNow() - TimeProvider.System.GetUtcNow(), TimeSpan.FromSeconds(-5), TimeSpan.FromSeconds(5)); // server and test share a machine
            }
        }
    }

    [Fact]
    public void An_answer_changes_it_by_no_more_than_it_rules_out()
    {
        var machine = new FakeTimeProvider();
        var clock = new DatabaseClock(machine);
        var noon = new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

        clock.Learn(noon, machine.GetTimestamp(), Pass(machine, RoundTrip));
        Assert.Equal(noon + (RoundTrip / 2), clock.GetUtcNow());

        // Its answer could be as old as the question, or new: what is believed lies in between and stays.
        clock.Learn(noon + TimeSpan.FromMilliseconds(30), machine.GetTimestamp(), Pass(machine, RoundTrip));
        Assert.Equal(noon + TimeSpan.FromMilliseconds(60), clock.GetUtcNow());

        // It was 100 ms at the least when it answered, 140 at the most.
        clock.Learn(noon + TimeSpan.FromMilliseconds(140), machine.GetTimestamp(), Pass(machine, RoundTrip));
        Assert.Equal(noon + TimeSpan.FromMilliseconds(140), clock.GetUtcNow());
        clock.Learn(noon + TimeSpan.FromMilliseconds(100), machine.GetTimestamp(), Pass(machine, RoundTrip));
        Assert.Equal(noon + TimeSpan.FromMilliseconds(140), clock.GetUtcNow());
        machine.Advance(TimeSpan.FromHours(1));
        Assert.Equal(noon + TimeSpan.FromMilliseconds(140) + TimeSpan.FromHours(1), clock.GetUtcNow());
    }

    private static long Pass(FakeTimeProvider machine, TimeSpan time)
    {
        machine.Advance(time);
        return machine.GetTimestamp();
    }
}
