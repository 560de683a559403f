using Workflows.Engine.Executions;

namespace Workflows.Worker.Execution;

/// <summary>
/// The outside calls of one execution that are under way, by node, iteration and attempt. Has a lock of its own: a call
/// that ends must not wait while the execution decides something else, for it would keep a thread of the pool.
/// </summary>
internal sealed class RunningCalls
{
    private readonly Lock _gate = new();
    private Dictionary<(int Ordinal, string Iteration, int Attempt), CancellationTokenSource>? _calls;

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _calls?.Count ?? 0;
            }
        }
    }

    public void Add(NodeRun node, CancellationTokenSource abort)
    {
        lock (_gate)
        {
            (_calls ??= [])[(node.Ordinal, node.Iteration, node.Attempt)] = abort;
        }
    }

    public void Remove(NodeRun node)
    {
        lock (_gate)
        {
            _calls?.Remove((node.Ordinal, node.Iteration, node.Attempt));
        }
    }

    /// <summary>
    /// Stops one call; its end is reported by the call itself, elsewhere, since the caller is in the midst of its
    /// decisions. False when it is not under way.
    /// </summary>
    public bool TryAbort(int ordinal, string iteration, int attempt)
    {
        lock (_gate)
        {
            if (_calls is null || !_calls.TryGetValue((ordinal, iteration, attempt), out var abort))
            {
                return false;
            }

            _ = abort.CancelAsync();
            return true;
        }
    }

    public void AbortAll()
    {
        lock (_gate)
        {
            foreach (var abort in _calls?.Values ?? Enumerable.Empty<CancellationTokenSource>())
            {
                _ = abort.CancelAsync();
            }
        }
    }
}
