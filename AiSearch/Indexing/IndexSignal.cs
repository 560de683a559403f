namespace Workflows.AiSearch.Indexing;

/// <summary>Wakes the consumer of the outbox. Several pulses before it looks are one; a pulse while it works is not lost.</summary>
internal sealed class IndexSignal(TimeProvider clock)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _pulse = Create();

    public void Pulse()
    {
        lock (_gate)
        {
            _pulse.TrySetResult();
        }
    }

    /// <summary>Returns at the next pulse, or at one that came since the last wait, or after the time.</summary>
    public async Task WaitAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        Task pulse;
        lock (_gate)
        {
            pulse = _pulse.Task;
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(pulse, Task.Delay(atMost, clock, ended.Token));
        await ended.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (_pulse.Task.IsCompleted)
            {
                _pulse = Create();
            }
        }
    }

    private static TaskCompletionSource Create() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
