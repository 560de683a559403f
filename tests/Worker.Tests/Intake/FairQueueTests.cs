using StackExchange.Redis;
using Workflows.Data.Dispatch;
using Workflows.Data.Executions;
using Workflows.Worker.Intake;

namespace Workflows.Worker.Tests.Intake;

public sealed class FairQueueTests : IDisposable
{
    private readonly FairQueue _queue = new();
    private readonly List<DispatchEntry> _settled = [];

    public void Dispose() => _queue.Dispose();

    [Fact]
    public void Tenants_take_turns_however_much_one_of_them_has_queued()
    {
        var (flood, modest) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        _queue.Add([Entry("1-0", flood, 100), Entry("2-0", modest, 1)]);

        var taken = _queue.Take(2, _settled);

        Assert.Equal([flood, modest], taken.Select(key => key.TenantId));
        Assert.Equal(99, _queue.Count);
    }

    [Fact]
    public void A_higher_priority_comes_first_whatever_the_order_of_arrival()
    {
        var tenant = Guid.CreateVersion7();
        var (low, normal, high) = (Entry("1-0", tenant, 1, ExecutionPriority.Low),
            Entry("2-0", tenant, 1), Entry("3-0", tenant, 1, ExecutionPriority.High));
        _queue.Add([low, normal, high]);

        Assert.Equal([high.Keys[0], normal.Keys[0], low.Keys[0]], _queue.Take(10, _settled));
    }

    [Fact]
    public void Within_a_tenant_what_was_accepted_first_goes_first_also_when_it_comes_back_from_a_wait()
    {
        var tenant = Guid.CreateVersion7();
        var begun = TimeProvider.System.GetUtcNow();
        var keys = Enumerable.Range(0, 6)
            .Select(second => new ExecutionKey(tenant, Guid.CreateVersion7(begun.AddSeconds(second)))).ToArray();
        _queue.Add([new DispatchEntry(ExecutionPriority.Normal, "1-0", keys[1..])]);
        _queue.Add([new DispatchEntry(ExecutionPriority.Normal, "2-0", [keys[0]])]);

        Assert.Equal(keys, _queue.Take(2, _settled).Concat(_queue.Take(9, _settled)));
    }

    [Fact]
    public void An_entry_is_settled_when_its_last_execution_is_taken_and_only_once()
    {
        _queue.Add([Entry("1-0", Guid.CreateVersion7(), 3)]);
        _queue.Take(2, _settled);
        Assert.Empty(_settled);

        _queue.Take(2, _settled);

        Assert.Equal("1-0", Assert.Single(_settled).EntryId);
        Assert.Empty(_queue.Take(2, _settled));
        Assert.Single(_settled);
    }

    [Fact]
    public async Task What_is_added_wakes_the_consumer_also_when_it_was_not_waiting_yet()
    {
        _queue.Add([Entry("1-0", Guid.CreateVersion7(), 1)]);
        _queue.Signal();
        await _queue.WaitAsync(Timeout.InfiniteTimeSpan, TestContext.Current.CancellationToken);

        var waiting = _queue.WaitAsync(Timeout.InfiniteTimeSpan, TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted);
        _queue.Signal();
        await waiting;
    }

    [Fact]
    public async Task Nothing_is_lost_or_doubled_between_threads()
    {
        const int Entries = 200, Keys = 32;
        var tenants = Enumerable.Range(0, 7).Select(_ => Guid.CreateVersion7()).ToArray();
        var entries =
            Enumerable.Range(0, Entries).Select(index => Entry($"{index}-1", tenants[index % 7], Keys)).ToList();
        var adding = Task.Run(
            () => Parallel.ForEach(entries, entry => _queue.Add([entry])), TestContext.Current.CancellationToken);
        var takers = Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            var (taken, settled) = (new List<ExecutionKey>(), new List<DispatchEntry>());
            while (!adding.IsCompleted || _queue.Count > 0)
            {
                taken.AddRange(_queue.Take(17, settled));
            }

            return (taken, settled);
        }, TestContext.Current.CancellationToken));

        var results = await Task.WhenAll(takers);

        Assert.Equal(entries.SelectMany(entry => entry.Keys).ToHashSet(),
            results.SelectMany(result => result.taken).ToHashSet());
        Assert.Equal(Entries * Keys, results.Sum(result => result.taken.Count));
        Assert.Equal(Entries, results.Sum(result => result.settled.Count));
    }

    private static DispatchEntry Entry(
        RedisValue id, Guid tenant, int count, ExecutionPriority priority = ExecutionPriority.Normal) =>
        new(priority, id, [.. Enumerable.Range(0, count).Select(_ => new ExecutionKey(tenant, Guid.CreateVersion7()))]);
}
