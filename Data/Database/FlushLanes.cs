using System.Threading.Channels;

namespace Workflows.Data.Database;

/// <summary>
/// Group commit: whatever was handed over while a flush was under way goes out together in the next one. There is no timer in between, so
/// a single item on an idle system is flushed at once and a busy system forms large batches by itself.
/// Guarantees: each item is handed to exactly one flush, in the order of arrival per lane; the flush settles its items, also when it
/// fails. Does not survive the process: what is not flushed was never acknowledged.
/// </summary>
public sealed class FlushLanes<TItem> : IAsyncDisposable
{
    private readonly Channel<TItem> _pending;
    private readonly Task[] _lanes;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Action<Exception>? _fault;

    /// <param name="flush">Writes one batch. Must not throw for failures that its items can report; what it throws ends the process's trust in the lane.</param>
    /// <param name="lanes">Flushes under way at once.</param>
    /// <param name="maxBatch">Items in one flush.</param>
    /// <param name="capacity">Items that may wait; beyond it <see cref="TryAdd"/> refuses.</param>
    /// <param name="fault">Is told when a flush throws all the same, before its lane ends; the items behind it are
    /// never flushed then.</param>
    public FlushLanes(
        Func<List<TItem>, CancellationToken, Task> flush, int lanes, int maxBatch, int capacity,
        Action<Exception>? fault = null)
    {
        _fault = fault;
        _pending = Channel.CreateBounded<TItem>(new BoundedChannelOptions(capacity) { SingleReader = lanes == 1 });
        _lanes = [.. Enumerable.Range(0, lanes).Select(_ => Task.Run(() => RunLaneAsync(flush, maxBatch)))];
    }

    /// <returns>False when too many items wait already.</returns>
    public bool TryAdd(TItem item) => _pending.Writer.TryWrite(item);

    private async Task RunLaneAsync(Func<List<TItem>, CancellationToken, Task> flush, int maxBatch)
    {
        var batch = new List<TItem>();
        while (await _pending.Reader.WaitToReadAsync())
        {
            while (batch.Count < maxBatch && _pending.Reader.TryRead(out var item))
            {
                batch.Add(item);
            }

            if (batch.Count > 0)
            {
                await FlushAsync(flush, batch);
                batch.Clear();
            }
        }
    }

    private async Task FlushAsync(Func<List<TItem>, CancellationToken, Task> flush, List<TItem> batch)
    {
        try
        {
            await flush(batch, _stopping.Token);
        }
        catch (Exception exception) when (_fault is not null)
        {
            _fault(exception);
            throw;
        }
    }

    /// <summary>Flushes what waits, then ends the lanes.</summary>
    public async ValueTask DisposeAsync()
    {
        _pending.Writer.TryComplete();
        await Task.WhenAll(_lanes);
        _stopping.Dispose();
    }
}
