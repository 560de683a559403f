using Workflows.Engine.Definitions;

namespace Workflows.Engine.Executions;

/// <summary>Ends a frame before its nodes have: what waits is closed, what runs is aborted, and so in the frames within it.</summary>
internal static class FrameEnding
{
    /// <summary>A node has failed for good, and nothing in its frame is there to deal with it.</summary>
    public static void Fail(Frame frame, CompiledNode node, StepError error, ICollection<Decision> decisions)
    {
        ref var slot = ref frame.Slot(node.Ordinal);
        slot.Phase = NodePhase.Failed;
        if (frame.Loop is null)
        {
            Decider.BeginEnding(frame.State, StepRunner.Failure(node.Id, error), decisions);
        }
        else
        {
            frame.Failure = new FrameFailure(node.Id, error);
            Close(frame, decisions);
        }

        frame.Settle(ref slot, NodePhase.Failed);
    }

    /// <summary>Nothing starts in the frame any more: its open waits close, its runs are aborted, and so in the frames within it.</summary>
    public static void Close(Frame frame, ICollection<Decision> decisions)
    {
        if (frame.IsClosing)
        {
            return;
        }

        // What is on record here and not taken over yet still is, so that it can be undone.
        frame.IsClosing = true;
        frame.IsReplay |= LoopRunner.MustReplay(frame.State, frame.Graph);
        for (var place = 0; place < frame.Slots.Length; place++)
        {
            ref var slot = ref frame.Slots[place];
            var node = frame.State.Workflow.Nodes[frame.Graph.First + place];
            switch (slot.Phase)
            {
                case NodePhase.Ready when !frame.IsReplay:
                    frame.Settle(ref slot, NodePhase.Cancelled);
                    break;
                case NodePhase.Waiting or NodePhase.Retrying:
                    var kind = slot.Phase == NodePhase.Retrying ? WaitKind.Retry : slot.WaitKind;
                    decisions.Add(new CloseWait(node.Ordinal, node.Id, frame.Iteration, slot.Attempt, kind));
                    frame.State.OpenWaitCount--;
                    frame.Settle(ref slot, NodePhase.Cancelled);
                    break;
                case NodePhase.Running:
                    decisions.Add(new AbortNode(node.Ordinal, node.Id, frame.Iteration, slot.Attempt));
                    break;
                case NodePhase.Looping:
                    LoopRunner.Close(slot.Loop!, decisions);
                    break;
            }
        }
    }
}
