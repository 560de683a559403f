using Workflows.Engine.Definitions;
using Workflows.Engine.Nodes;

namespace Workflows.Engine.Executions;

/// <summary>
/// Opens the rounds of loops as frames, takes their results and ends the loop. A round that is over is found in a queue (<see cref="ExecutionState.Over"/>),
/// so that 100,000 rounds that end at once become neither a stack as deep nor a scan.
/// </summary>
internal static class LoopRunner
{
    /// <summary>The loop node's turn has come.</summary>
    public static void Begin(Frame frame, CompiledNode node, LoopAction action, DateTimeOffset now, ICollection<Decision> decisions)
    {
        ref var slot = ref frame.Slot(node.Ordinal);
        var context = new NodeContext(frame.State, frame, node, slot.Attempt, now);
        var loop = NodeEvaluator.Begin(action, context, isReplay: false, out var outcome);
        if (loop is null)
        {
            StepRunner.Finish(new FinishedStep(frame, node, now, now, now), outcome, decisions);
            return;
        }

        slot.Phase = NodePhase.Looping;
        slot.Loop = loop;
        Advance(loop, now, decisions);
    }

    /// <summary>Rebuilds the frames of a loop that itself is done with, as far as their compensations may be needed.</summary>
    public static void Replay(Frame frame, CompiledNode node, DateTimeOffset now, ICollection<Decision> decisions)
    {
        if (node is { Body.HasCompensations: true, Action: LoopAction action }
            && NodeEvaluator.Begin(action, new NodeContext(frame.State, frame, node, 1, now), isReplay: true, out _) is { } loop)
        {
            Advance(loop, now, decisions);
        }
    }

    /// <summary>A round is over.</summary>
    public static void End(Frame frame, DateTimeOffset now, ICollection<Decision> decisions)
    {
        var loop = frame.Loop!;
        loop.Frames.Remove(frame.Index);
        if (!loop.IsClosing && loop.NeedsResults && Take(loop, frame, now) is { } failure)
        {
            loop.Failure = failure;
            Close(loop, decisions);
        }

        Advance(loop, now, decisions);
    }

    /// <summary>No further round begins, and those under way end.</summary>
    public static void Close(LoopRun loop, ICollection<Decision> decisions)
    {
        loop.IsClosing = true;
        foreach (var frame in loop.Frames.Values)
        {
            StepRunner.Close(frame, decisions);
        }
    }

    private static StepError? Take(LoopRun loop, Frame frame, DateTimeOffset now)
    {
        if (frame.Failure is not null)
        {
            return loop.TakeFailure(frame, frame.Failure);
        }

        var result = ExecutionOutput.OfRound(frame, loop.Node, now);
        return result.Error is { } error
            ? loop.TakeFailure(frame, new FrameFailure(loop.Node.Id, error))
            : NodeEvaluator.Take(loop, ContextOf(loop, now), frame, result.Output);
    }

    private static void Advance(LoopRun loop, DateTimeOffset now, ICollection<Decision> decisions)
    {
        while (!loop.IsClosing && loop.TryNext(out var index, out var item))
        {
            var frame = new Frame(loop, index, item) { IsReplay = loop.IsReplay };
            loop.Frames.Add(index, frame);
            frame.Start();
        }

        if (loop.Frames.Count > 0 || loop.IsReplay)
        {
            return;
        }

        var parent = loop.Parent;
        ref var slot = ref parent.Slot(loop.Node.Ordinal);
        if (parent.IsClosing)
        {
            parent.Settle(ref slot, NodePhase.Cancelled);
            return;
        }

        var outcome = loop.Failure is { } failure
            ? new StepOutcome("", default, failure)
            : loop.Complete(ContextOf(loop, now));
        StepRunner.Finish(new FinishedStep(parent, loop.Node, slot.StartedAt, now, now), outcome, decisions);
    }

    private static NodeContext ContextOf(LoopRun loop, DateTimeOffset now) =>
        new(loop.Parent.State, loop.Parent, loop.Node, loop.Parent.Slot(loop.Node.Ordinal).Attempt, now);
}
