using System.Threading.Channels;

namespace Workflows.Data.Database;

/// <summary>How much one flush takes.</summary>
/// <param name="Items">At most so many items.</param>
/// <param name="Bytes">No further item once it has so many bytes, as <paramref name="Weigh"/> says; one item may be
/// larger.</param>
/// <param name="Weigh">What an item weighs in bytes; null = only items are counted.</param>
public sealed record FlushBounds<TItem>(int Items, long Bytes = long.MaxValue, Func<TItem, long>? Weigh = null);

/// <summary>
/// Group commit: whatever was handed over while a flush was under way goes out together in the next one. There is no
/// timer in between, so a single item on an idle system is flushed at once and a busy system forms large batches by
/// itself. Guarantees: each item is handed to exactly one flush, in the order of arrival per lane; the flush settles
/// its items, also when it fails. Does not survive the process: what is not flushed was never acknowledged.
/// </summary>
public sealed class FlushLanes<TItem> : IAsyncDisposable
{
    private readonly Channel<TItem> _pending;
    private readonly Task[] _lanes;
    private readonly FlushBounds<TItem> _bounds;
    private readonly Action<Exception>? _fault;
    private int _mostItems;

    /// <param name="flush">Writes one batch. Must not throw for failures that its items can report; what it throws ends
    /// the process's trust in the lane.</param>
    /// <param name="lanes">Flushes under way at once.</param>
    /// <param name="bounds">How much one flush takes.</param>
    /// <param name="capacity">Items that may wait; beyond it <see cref="TryAdd"/> refuses.</param>
    /// <param name="fault">Is told when a flush throws all the same, before its lane ends; the items behind it are
    /// never flushed then.</param>
    public FlushLanes(
        Func<List<TItem>, Task> flush, int lanes, FlushBounds<TItem> bounds, int capacity,
        Action<Exception>? fault = null)
    {
        _fault = fault;
        _bounds = bounds;
        _mostItems = bounds.Items;
        _pending = Channel.CreateBounded<TItem>(new BoundedChannelOptions(capacity) { SingleReader = lanes == 1 });
        // Whoever happens to ask first makes the lanes, and what flows with that request must not stay in them.
        using var nobodys = ExecutionContext.SuppressFlow();
        _lanes = [.. Enumerable.Range(0, lanes).Select(_ => Task.Run(() => RunLaneAsync(flush)))];
    }

    /// <returns>False when too many items wait already, or the lanes have ended.</returns>
    public bool TryAdd(TItem item) => _pending.Writer.TryWrite(item);

    /// <summary>
    /// A flush of so many items took too long: those to come take half as many, until some go through.
    /// </summary>
    public void TookTooLong(int items) => Volatile.Write(ref _mostItems, Math.Clamp(items / 2, 1, _bounds.Items));

    /// <summary>A flush went through: after one that took too long the next take twice as many again.</summary>
    public void WentThrough()
    {
        if (Volatile.Read(ref _mostItems) is var most && most < _bounds.Items)
        {
            Volatile.Write(ref _mostItems, Math.Min(most * 2, _bounds.Items));
        }
    }

    private async Task RunLaneAsync(Func<List<TItem>, Task> flush)
    {
        var batch = new List<TItem>();
        while (await _pending.Reader.WaitToReadAsync())
        {
            Fill(batch);
            if (batch.Count > 0)
            {
                await FlushAsync(flush, batch);
                batch.Clear();
            }
        }
    }

    private void Fill(List<TItem> batch)
    {
        var most = Volatile.Read(ref _mostItems);
        for (var bytes = 0L; batch.Count < most && bytes < _bounds.Bytes && _pending.Reader.TryRead(out var item);)
        {
            batch.Add(item);
            bytes += _bounds.Weigh?.Invoke(item) ?? 0;
        }
    }

    private async Task FlushAsync(Func<List<TItem>, Task> flush, List<TItem> batch)
    {
        try
        {
            await flush(batch);
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
    }
}
