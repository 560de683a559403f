using System.Diagnostics;
using Workflows.Testing;

namespace Workflows.System.Tests;

/// <summary>
/// A rolling release of the whole platform: API instances and workers are asked to stop and started again, one after the other, while many clients work
/// through a balancer that repeats nothing. No request fails, no accepted execution is lost, no step is recorded twice, no call outside is made twice.
/// </summary>
[Collection(PlatformFixture.OneAtATime)]
public sealed class RollingRestartTests(PlatformFixture fixture)
{
    private const int Rounds = 10;
    private const int Waiters = 8;
    private const string Slow = """{"schema": 1, "nodes": [{"id": "pause", "type": "delay", "parameters": {"seconds": 1.5}}, {"id": "end", "type": "noop"}], "edges": [{"from": "pause", "to": "end"}]}""";

    private static readonly TimeSpan Calm = TimeSpan.FromMilliseconds(500);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Instances_restarted_in_turn_fail_no_request()
    {
        var platform = fixture.Platform;
        using var balancer = new Balancer(platform.ApiInstances());
        using var client = new PlatformClient(platform, balancer);
        await AllReadyAsync(balancer);
        var slow = await client.PublishAsync("rolling-slow", Slow);
        using var stop = new CancellationTokenSource();
        await using var load = await LedgerLoad.StartAsync(client, "rolling-api");
        var waiting = Enumerable.Range(0, Waiters).Select(_ => WaitAgainAndAgainAsync(client, slow, stop.Token)).ToList();

        var seconds = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            await Task.Delay(Calm, Token);
            var began = Stopwatch.GetTimestamp();
            await platform.OrderAsync($"restart api-{1 + (round % 2)}", Token);
            await AllReadyAsync(balancer);
            seconds.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
            await platform.OrderAsync($"restart worker-{1 + (round % 2)}", Token);
        }

        await stop.CancelAsync();
        var ended = (await Task.WhenAll(waiting)).SelectMany(statuses => statuses).CountBy(status => status).ToDictionary();
        await load.VerifyAsync(mayRepeatCalls: false);
        Assert.Empty(balancer.Failures);
        Assert.Equal(2, balancer.Answered.Count);
        Assert.True(ended.GetValueOrDefault("completed") > Rounds * Waiters, "Hardly any wait crossed a restart.");
        await client.WaitForCompletedAsync(slow, ended.Values.Sum(), TimeSpan.FromSeconds(30));
        await client.VerifyStepsAsync(slow, ended.Values.Sum(), stepsEach: 2);
        LedgerLoad.Report(
            $"rolling-api: restarted in {string.Join(", ", seconds.Select(took => $"{took:0.0}"))} s; {balancer.Answered.Values.Sum()} requests, {balancer.Failures.Count} failed, "
            + $"the slowest answer took {balancer.Slowest.TotalSeconds:0.0} s; waits: {string.Join(", ", ended.Select(entry => $"{entry.Value} {entry.Key}"))}");
    }

    private static async Task<List<string>> WaitAgainAndAgainAsync(PlatformClient client, string workflow, CancellationToken stop)
    {
        var statuses = new List<string>();
        while (!stop.IsCancellationRequested)
        {
            statuses.Add(await client.RunAsync(workflow, "{}"u8.ToArray()));
        }

        return statuses;
    }

    private static Task AllReadyAsync(Balancer balancer) => Eventually.TrueAsync(() => balancer.Ready == 2, TimeSpan.FromSeconds(60), Token);
}
