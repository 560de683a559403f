using Workflows.Data.Executions;
using Workflows.Worker.Ownership;

namespace Workflows.Worker.Checkpoints;

/// <summary>Who is told of a checkpoint that is committed. Hints: whoever misses one finds it in the tables.</summary>
internal interface ICheckpointHints
{
    /// <summary>
    /// Tells workers of what was queued and callers of what ended; never throws for trouble of Redis.
    /// </summary>
    void Announce(IReadOnlyList<Progress> batch, CheckpointResult result);
}
