using Workflows.Engine.Definitions;
using Workflows.Engine.Nodes;
using Workflows.Jsonata;

namespace Workflows.Engine.Executions;

/// <summary>
/// The rounds of one loop node in one frame: which come next, and what becomes of their results. Holds the frames that are under way and nothing of those
/// that are over but their results.
/// </summary>
internal abstract class LoopRun(Frame parent, CompiledNode node)
{
    /// <summary>The frame the loop node stands in.</summary>
    public Frame Parent => parent;

    public CompiledNode Node => node;

    /// <summary>Rounds under way, by index.</summary>
    public Dictionary<int, Frame> Frames { get; } = [];

    /// <summary>No further round begins; the loop is over when those under way are.</summary>
    public bool IsClosing { get; set; }

    /// <summary>Rebuilds the frames of a loop that is over, or will not go on, for their compensations; has no outcome.</summary>
    public bool IsReplay { get; init; }

    /// <summary>Whether <see cref="Take"/> and <see cref="TakeFailure"/> are to be told of the rounds at all.</summary>
    public virtual bool NeedsResults => true;

    /// <summary>Why the loop fails; the first cause counts.</summary>
    public StepError? Failure { get; set; }

    /// <summary>The next round, if one may begin while those of <see cref="Frames"/> are under way.</summary>
    public abstract bool TryNext(out int index, out JsonataValue item);

    /// <summary>A round is over. Returns the error that the loop fails with because of it; null = it goes on.</summary>
    public abstract StepError? Take(in NodeContext context, Frame frame, ReadOnlyMemory<byte> result);

    /// <summary>A round has failed. Returns the error that the loop fails with; null = it goes on.</summary>
    public abstract StepError? TakeFailure(Frame frame, FrameFailure failure);

    /// <summary>The loop's own outcome, once all rounds are over.</summary>
    public abstract StepOutcome Complete(in NodeContext context);

    /// <summary>What a failed round makes of the loop: the same code, and where it came from.</summary>
    protected static StepError FailureOf(Frame frame, FrameFailure failure) =>
        StepOutputs.Clean(new StepError(failure.Error.Code, $"Round {frame.Index}, node '{failure.NodeId}': {failure.Error.Message}"));
}
