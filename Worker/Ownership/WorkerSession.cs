using System.Collections.Concurrent;
using Workflows.Data.Executions;

namespace Workflows.Worker.Ownership;

/// <summary>
/// One life of this worker: a registered id and the executions owned under it. When the id is fenced (this process was
/// paused, or cut off from the database, for longer than its lease) everything here is void; the process goes on under
/// a new session.
/// </summary>
internal sealed class WorkerSession : IDisposable
{
    private readonly CancellationTokenSource _ended = new();
    private int _fenced;

    public WorkerSession() => Ended = _ended.Token; // usable also after the session is disposed

    public Guid WorkerId { get; } = Guid.CreateVersion7();

    public ConcurrentDictionary<ExecutionKey, OwnedExecution> Owned { get; } = new();

    /// <summary>What was claimed together and has not begun to the last.</summary>
    public ConcurrentDictionary<List<ClaimedExecution>, Task> Starting { get; } = new();

    /// <summary>Executions in memory; while some still begin, those of their claim are counted twice.</summary>
    public int InFlight => Starting.IsEmpty ? Owned.Count : Owned.Count + Starting.Keys.Sum(batch => batch.Count);

    /// <summary>Keeps what was claimed among <see cref="Starting"/> until it has begun.</summary>
    public Task Start(List<ClaimedExecution> claimed, Task beginning)
    {
        if (beginning.IsCompletedSuccessfully)
        {
            return beginning;
        }

        Starting[claimed] = beginning;
        return EndAsync();

        async Task EndAsync()
        {
            try
            {
                await beginning;
            }
            finally
            {
                Starting.TryRemove(claimed, out _);
            }
        }
    }

    /// <summary>Cancelled when the session is fenced: outside calls of its executions are abandoned.</summary>
    public CancellationToken Ended { get; }

    public bool IsFenced => Volatile.Read(ref _fenced) != 0;

    /// <summary>Set by a graceful stop: what runs may end, nothing new begins.</summary>
    public bool IsStopping { get; set; }

    /// <returns>True for the first who notices.</returns>
    public bool TryFence()
    {
        if (Interlocked.Exchange(ref _fenced, 1) != 0)
        {
            return false;
        }

        _ended.Cancel();
        Owned.Clear();
        return true;
    }

    public void Dispose() => _ended.Dispose();
}
