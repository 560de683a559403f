using Workflows.Data.Executions;
using Workflows.Testing;

namespace Workflows.Data.Tests;

/// <summary>An execution goes to sleep while something wakes it: whoever comes first, it never sleeps over the wake-up.</summary>
public sealed class ParkingTests(PostgresServer server) : IAsyncLifetime
{
    private const int Rounds = 60;

    private DataStack _stack = null!;
    private TestTenant _tenant = null!;
    private Guid _worker;

    public async ValueTask InitializeAsync()
    {
        _stack = await DataStack.CreateAsync(server);
        _tenant = await _stack.AddTenantAsync();
        _worker = await _stack.AddWorkerAsync();
    }

    public ValueTask DisposeAsync() => _stack.DisposeAsync();

    public static TheoryData<string> WakeUps => ["timer", "event", "cancel", "execution timeout"];

    [Theory]
    [MemberData(nameof(WakeUps))]
    public async Task An_execution_never_sleeps_over(string wakeUp)
    {
        var random = new Random(20_261_120);
        for (var round = 0; round < Rounds; round++)
        {
            var owned = await _stack.ClaimNewAsync(_tenant, _worker);
            await OpenAsync(owned, wakeUp);

            var (parkAfter, wakeAfter) = (random.Next(0, 4), random.Next(0, 4));
            var park = After(parkAfter, () => _stack.WriteAsync(_worker, checkpoint => checkpoint.Parked.Add(owned.Parked())));
            var wake = After(wakeAfter, () => WakeAsync(owned, wakeUp));
            await Task.WhenAll(park, wake);

            Assert.True(
                await _stack.StatusOfAsync(owned.Key) == "queued",
                $"Round {round} (park after {parkAfter}, wake after {wakeAfter}): it sleeps over its {wakeUp}.");
            var next = await _stack.ClaimAsync(owned.Key, _worker);
            Assert.True(next.Wakes > owned.Wakes);
            await _stack.WriteAsync(_worker, checkpoint => { checkpoint.Cleared.Add(next.Key); checkpoint.Finished.Add(next.Finished()); });
        }
    }

    [Fact]
    public async Task An_execution_that_nothing_wakes_sleeps()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);

        var result = await _stack.WriteAsync(_worker, checkpoint => checkpoint.Parked.Add(owned.Parked()));

        Assert.Empty(result.Requeued);
        Assert.Equal("waiting", await _stack.StatusOfAsync(owned.Key));
        Assert.Empty(await _stack.Claims.ClaimAsync(_worker, [owned.Key], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_overtaken_parking_reports_the_execution_as_queued()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        await OpenAsync(owned, "timer");
        await WakeAsync(owned, "timer");

        var result = await _stack.WriteAsync(_worker, checkpoint => checkpoint.Parked.Add(owned.Parked()));

        Assert.Equal(owned.Key, Assert.Single(result.Requeued).Key);
    }

    // Parked by its next owner while the one that looks back was away: the event is stored, and its routing found the wait resolved.
    [Fact]
    public async Task A_look_back_wakes_an_execution_that_has_gone_to_sleep_meanwhile()
    {
        var owned = await _stack.ClaimNewAsync(_tenant, _worker);
        await _stack.WriteAsync(_worker, checkpoint =>
        {
            checkpoint.Opened.Add(owned.EventWait("w", "paid", "k"));
            checkpoint.Parked.Add(owned.Parked());
        });
        await _stack.ExecuteAsync(
            "insert into events (tenant_id, id, event_id, source, type, correlation_key, received_at) values ($1, $2, 'e', '/s', 'paid', 'k', now())",
            _tenant.Id, Guid.CreateVersion7());

        var woken = await _stack.Backlog.LookBackAsync([owned.WaitKey("w")], TestContext.Current.CancellationToken);

        Assert.Equal("queued", Assert.Single(woken).Status);
        Assert.Equal("queued", await _stack.StatusOfAsync(owned.Key));
    }

    private static async Task After(int milliseconds, Func<Task> action)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(milliseconds), TimeProvider.System, TestContext.Current.CancellationToken);
        await action();
    }

    private Task<CheckpointResult> OpenAsync(ClaimedExecution owned, string wakeUp)
    {
        var past = TimeProvider.System.GetUtcNow().AddMinutes(-1);
        return _stack.WriteAsync(_worker, checkpoint =>
        {
            if (wakeUp == "event")
            {
                checkpoint.Opened.Add(owned.EventWait("w", "paid", owned.Key.Id.ToString()));
            }
            else if (wakeUp == "timer")
            {
                checkpoint.Opened.Add(owned.TimerWait("w", past));
                checkpoint.Timers.Add(owned.Timer("w", past));
            }
            else if (wakeUp == "execution timeout")
            {
                checkpoint.Timers.Add(new TimerRow(owned.Key, "", "", 0, "execution_timeout", past));
            }
        });
    }

    private async Task WakeAsync(ClaimedExecution owned, string wakeUp)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        switch (wakeUp)
        {
            case "event":
                await _stack.IngestAsync(_tenant, TestTenant.NewEvent("paid", owned.Key.Id.ToString()));
                break;
            case "cancel":
                await _stack.Control.CancelAsync(_tenant.Id, owned.Key.Id, "because", new Actor("system", null, "test"), cancellationToken);
                break;
            default:
                Assert.Single(await _stack.Timers.FireDueAsync(10, cancellationToken));
                break;
        }
    }
}
