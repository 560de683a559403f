using System.Collections.Concurrent;
using Workflows.Testing;
using Workflows.Worker.Ownership;

namespace Workflows.Worker.Tests.Ownership;

public sealed class DecisionTurnsTests : IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private readonly Guid _a = Guid.CreateVersion7();
    private readonly Guid _b = Guid.CreateVersion7();
    private readonly WorkerMetrics _metrics = new();
    private readonly DecisionTurns _turns;

    public DecisionTurnsTests() => _turns = new DecisionTurns(new WorkerOptions { DecisionThreads = 1 }, _metrics);

    public void Dispose()
    {
        _turns.Dispose();
        _metrics.Dispose();
    }

    [Fact]
    public void A_tenant_is_heavy_once_its_long_decisions_have_used_enough()
    {
        _turns.Charge(_a, Limits.DecisionTurn);

        Assert.False(_turns.IsHeavy(_a));

        _turns.Charge(_a, Limits.HeavyUse);

        Assert.True(_turns.IsHeavy(_a));
        Assert.False(_turns.IsHeavy(_b));
    }

    [Fact]
    public void Short_decisions_never_make_a_tenant_heavy()
    {
        for (var decision = 0; decision < 1_000; decision++)
        {
            _turns.Charge(_a, Limits.DecisionTurn / 2);
        }

        Assert.False(_turns.IsHeavy(_a));
    }

    [Fact]
    public async Task Who_has_had_less_goes_before_a_hundred_others_of_who_has_had_more()
    {
        var order = new ConcurrentQueue<string>();
        using var go = new ManualResetEventSlim();
        _turns.Enqueue(_a, () => go.Wait(Soon));
        for (var decision = 0; decision < 100; decision++)
        {
            _turns.Enqueue(_a, () =>
            {
                Spin(TimeSpan.FromMilliseconds(2));
                order.Enqueue("a");
            });
        }

        _turns.Enqueue(_b, () => order.Enqueue("b"));
        go.Set();

        await Eventually.TrueAsync(() =>
            Task.FromResult(order.Count == 101), Soon, TestContext.Current.CancellationToken);
        Assert.InRange(order.ToList().IndexOf("b"), 0, 2);
    }

    [Fact]
    public async Task What_asks_for_an_end_goes_before_what_else_of_the_tenant_waits()
    {
        var order = new ConcurrentQueue<int>();
        using var go = new ManualResetEventSlim();
        _turns.Enqueue(_a, () => go.Wait(Soon));
        await Eventually.TrueAsync(() =>
            Task.FromResult(_turns.Congested().Count == 0), Soon, TestContext.Current.CancellationToken);
        for (var decision = 1; decision <= Limits.DecisionsWaiting + 1; decision++)
        {
            var number = decision;
            _turns.Enqueue(_a, () => order.Enqueue(number));
        }

        Assert.Equal([_a], _turns.Congested());
        _turns.Enqueue(_a, () => order.Enqueue(0), first: true);
        go.Set();

        await Eventually.TrueAsync(
            () => Task.FromResult(order.Count == Limits.DecisionsWaiting + 2), Soon,
            TestContext.Current.CancellationToken);
        Assert.Equal(0, order.First());
        Assert.Equal(order.Order(), order);
    }

    [Fact]
    public async Task After_an_item_that_takes_long_the_others_do_not_wait_for_their_thread()
    {
        var threads = new ConcurrentDictionary<int, int>();

        DecisionTurns.ForEach(Enumerable.Range(0, 3).ToList(), item =>
        {
            threads[item] = 1;
            if (item == 0)
            {
                Spin(2 * Limits.DecisionTurn);
            }
        });

        await Eventually.TrueAsync(() =>
            Task.FromResult(threads.Count == 3), Soon, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void The_time_of_a_thread_grows_with_what_it_does_and_not_while_it_waits()
    {
        var began = ThreadTime.Now;
        Spin(TimeSpan.FromMilliseconds(30));
        var worked = ThreadTime.Now;
        using var never = new ManualResetEventSlim();
        never.Wait(TimeSpan.FromMilliseconds(200), TestContext.Current.CancellationToken);

        Assert.True(worked - began >= TimeSpan.FromMilliseconds(30), $"{worked - began}");
        Assert.True(ThreadTime.Now - worked < TimeSpan.FromMilliseconds(100), $"{ThreadTime.Now - worked}");
    }

    [Fact]
    public void A_recent_time_of_a_thread_is_behind_by_no_more_than_its_slack()
    {
        for (var round = 0; round < 20; round++)
        {
            var recent = ThreadTime.Recent;
            Assert.InRange(ThreadTime.Now - recent, TimeSpan.Zero, 2 * ThreadTime.Slack);
            Spin(ThreadTime.Slack);
        }
    }

    private static void Spin(TimeSpan processorTime)
    {
        for (var began = ThreadTime.Now; ThreadTime.Now - began < processorTime;)
        {
            Thread.SpinWait(1_000);
        }
    }
}
