using System.Diagnostics;
using System.Globalization;

namespace Workflows.Worker.Tests.Ownership;

/// <summary>
/// Random definitions under random interleavings of answers, commits, crashes, stops, pauses, cancellations, refusals,
/// events that come too early, and turns that end anywhere. <see cref="RecordingEffects"/> checks after each input what
/// an owned execution promises; the rows at the end are compared with those of a run in which nothing went wrong. A
/// failure names its seed. WORKFLOWS_MODEL_SECONDS has it look longer.
/// </summary>
public sealed class OwnershipModelTests(ITestOutputHelper output)
{
    private const int FewestSeeds = 300;
    private const int MaxInputs = 3_000;

    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(
        int.TryParse(Environment.GetEnvironmentVariable("WORKFLOWS_MODEL_SECONDS"),
            NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : 3);

    [Fact]
    public void Whatever_happens_to_its_owners_an_execution_leaves_the_same_rows() => ForSeeds((workflow, seed) =>
    {
        var expected = Quiet(workflow, seed);
        using var world = new OwnershipWorld(workflow, Clock(seed));
        var faults = Drive(world, new Random(seed), new Disturbances(Crashes: true, Stops: true, Pauses: true));
        Assert.Equal(expected, world.Describe());
        return (world, faults);
    });

    [Fact]
    public void Owners_that_stop_and_hand_back_repeat_no_call() => ForSeeds((workflow, seed) =>
    {
        var expected = Quiet(workflow, seed);
        using var world = new OwnershipWorld(workflow, Clock(seed));
        var faults = Drive(world, new Random(seed), new Disturbances(Stops: true, Pauses: true));
        Assert.Equal(expected, world.Describe());
        Assert.Empty(world.Repeated);
        return (world, faults);
    });

    [Fact]
    public void A_cancelled_execution_ends_once_and_starts_nothing_after() => ForSeeds((workflow, seed) =>
    {
        using var world = new OwnershipWorld(workflow, Clock(seed));
        var faults = Drive(world, new Random(seed), new Disturbances(Crashes: true, Stops: true, Cancels: true));
        Assert.Contains(world.End!.Status, (string[])["completed", "cancelled"]);
        return (world, world.End.Status == "cancelled" ? faults + 1 : faults);
    });

    [Fact]
    public void An_execution_whose_results_cannot_be_stored_fails_and_says_so() => ForSeeds((workflow, seed) =>
    {
        using var world = new OwnershipWorld(workflow, Clock(seed)) { Unstorable = "n1" };
        var faults = Drive(world, new Random(seed), new Disturbances(Crashes: true, Pauses: true));
        Assert.Equal("failed", world.End!.Status);
        Assert.Contains(
            "CHECKPOINT_REJECTED", System.Text.Encoding.UTF8.GetString(world.End.Error!), StringComparison.Ordinal);
        return (world, faults + 1);
    });

    private void ForSeeds(Func<OwnershipWorkflow, int, (OwnershipWorld World, int Faults)> run)
    {
        var watch = Stopwatch.StartNew();
        var (seed, faults) = (0, 0);
        for (; seed < FewestSeeds || watch.Elapsed < Budget; seed++)
        {
            var workflow = new OwnershipWorkflow(seed);
            try
            {
                var (world, met) = run(workflow, seed);
                faults += met;
                Assert.Empty(world.EngineFailures);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                throw new InvalidOperationException($"Seed {seed}: {exception.Message}\n{workflow.Json}", exception);
            }
        }

        output.WriteLine($"{seed} definitions, {faults} faults");
        Assert.True(faults > seed / 4, "The generator must reach faults.");
    }

    private static SteppingClock Clock(int seed) =>
        new(seed) { LongestStep = TimeSpan.FromMilliseconds(seed % 3 == 0 ? 0 : 12) };

    private static string Quiet(OwnershipWorkflow workflow, int seed)
    {
        using var world = new OwnershipWorld(workflow, new SteppingClock(seed));
        Drive(world, null, new Disturbances());
        return world.Describe();
    }

    private static int Drive(OwnershipWorld world, Random? random, Disturbances disturbances)
    {
        var (faults, sentAll) = (0, false);
        try
        {
            for (var inputs = 0; world.End is null; inputs++)
            {
                Assert.True(inputs < MaxInputs, "It does not end.");
                if (random is not null && random.Next(8) == 0)
                {
                    faults += Disturb(world, random, disturbances);
                    continue;
                }

                if (world is { IsStopping: true, IsBusy: false })
                {
                    world.HandBack();
                    continue;
                }

                var choices = world.Choices();
                if (choices.Count > 0)
                {
                    choices[random?.Next(choices.Count) ?? 0]();
                }
                else if (world.IsPaused)
                {
                    world.ResumePaused();
                }
                else
                {
                    Assert.False(sentAll, "Nothing is under way, nothing can happen, and it has not ended.");
                    world.SendAll();
                    sentAll = true;
                }
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw new InvalidOperationException($"{exception.Message}\n{world.Story}", exception);
        }

        return faults;
    }

    private static int Disturb(OwnershipWorld world, Random random, Disturbances disturbances)
    {
        switch (random.Next(6))
        {
            case 0 when disturbances.Crashes && world.IsOwned:
                world.Crash(isCommitted: random.Next(2) == 0);
                return 1;
            case 1 when disturbances.Stops && world is { IsOwned: true, IsStopping: false }:
                world.Stop();
                return 1;
            case 2 when disturbances.Pauses:
                world.RequestPause();
                return 1;
            case 3 when disturbances.Cancels && random.Next(3) == 0:
                world.RequestCancel();
                return 1;
            case 4:
                world.Send($"n{random.Next(6)}");
                return 0;
            default:
                return 0;
        }
    }

    private sealed record Disturbances(
        bool Crashes = false, bool Stops = false, bool Pauses = false, bool Cancels = false);
}
