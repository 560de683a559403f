using Workflows.Data.Dispatch;
using Workflows.Data.Executions;

namespace Workflows.Worker.Checkpoints;

/// <summary>Tells workers of what became queued or was woken: hints only, which the sweeps replace.</summary>
internal sealed class DispatchAnnouncer(DispatchStreams streams, WorkerSignals signals)
{
    public void Announce(CheckpointResult result)
    {
        if (result.Requeued.Count > 0)
        {
            streams.Announce(result.Requeued.Select(execution => new DispatchHint(execution.Key, execution.Priority)));
        }

        if (result.Woken.Count > 0)
        {
            Announce(result.Woken);
        }
    }

    public void Announce(IReadOnlyList<WokenExecution> woken)
    {
        streams.Announce(woken.Where(execution => execution.Status == "queued")
            .Select(execution => new DispatchHint(execution.Key, execution.Priority)));
        foreach (var execution in woken)
        {
            if (execution.Owner is { } owner)
            {
                signals.Nudge(owner, execution.Key);
            }
        }
    }
}
