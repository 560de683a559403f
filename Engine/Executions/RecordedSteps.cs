using Workflows.Engine.Definitions;
using Workflows.Engine.Nodes;

namespace Workflows.Engine.Executions;

/// <summary>
/// What is durable of an execution, by node and iteration: taken over, in the order of the graph, while it is resumed. What a round of a loop has on record
/// is taken over when that round begins.
/// </summary>
internal sealed class RecordedSteps
{
    private readonly ExecutionState _state;
    private readonly Dictionary<(int Ordinal, string Iteration), RecordedNode> _nodes;
    private bool _isSettled;

    public RecordedSteps(ExecutionState state, IReadOnlyList<RecordedStep> steps, IReadOnlyList<RecordedWait> waits)
    {
        _state = state;
        _nodes = new Dictionary<(int, string), RecordedNode>(steps.Count + waits.Count);
        foreach (var step in steps)
        {
            state.LastSequence = Math.Max(state.LastSequence, step.Sequence);
            if (step.Run < state.Facts.Attempt)
            {
                state.SequenceBefore = Math.Max(state.SequenceBefore, step.Sequence);
            }

            if (step.Run < state.Facts.Attempt && state.Workflow.OrdinalOf(step.NodeId) is var ordinal and >= 0
                && state.Workflow.Nodes[ordinal].IsCompensation)
            {
                state.UndoneRun = Math.Max(state.UndoneRun, step.Run);
            }
        }

        foreach (var step in steps)
        {
            var node = NodeOf(step.NodeId, step.Iteration);
            if (IsVoid(step))
            {
                node.AttemptBase = Math.Max(node.AttemptBase, step.Attempt);
            }
            else if (node.Last is not { } last || last.Attempt < step.Attempt)
            {
                node.Last = step;
            }
        }

        foreach (var wait in waits)
        {
            var node = NodeOf(wait.NodeId, wait.Iteration);
            if (!(node.Wait?.Attempt > wait.Attempt))
            {
                node.Wait = wait;
            }
        }
    }

    /// <summary>Nothing is left to take over.</summary>
    public bool IsEmpty => _nodes.Count == 0;

    /// <summary>
    /// The end that a recorded step leads to: the failure of a node outside all loops (inside, the loop decides), or a terminate node anywhere. The
    /// earliest counts, as it did when it happened.
    /// </summary>
    public Decision? FindEnding()
    {
        (Decision Ending, int Sequence)? first = null;
        foreach (var ((ordinal, iteration), recorded) in _nodes)
        {
            var node = _state.Workflow.Nodes[ordinal];
            if (recorded.Last is not { Port: null } last || node.IsCompensation || first?.Sequence <= last.Sequence)
            {
                continue;
            }

            if (last.Status == StepStatus.Completed && node.Action is TerminateAction)
            {
                first = (new CompleteExecution(last.Output), last.Sequence);
            }
            else if (last.Status == StepStatus.Failed
                && (iteration.Length == 0 || node.Action is TerminateAction)
                && ErrorOf(last) is var error
                && !StepRunner.MayRetry(node, last.Attempt - recorded.AttemptBase, error))
            {
                first = (StepRunner.Failure(last.NodeId, error), last.Sequence);
            }
        }

        return first?.Ending;
    }

    /// <summary>
    /// Brings a node to where its records left it; false when there is nothing to take over and it has to begin.
    /// </summary>
    public bool TryAdopt(Frame frame, int ordinal, DateTimeOffset now, ICollection<Decision> decisions)
    {
        if (!_nodes.Remove((ordinal, frame.Iteration), out var recorded))
        {
            return false;
        }

        var node = _state.Workflow.Nodes[ordinal];
        frame.HasRecords = true;
        ref var slot = ref frame.Slot(ordinal);
        slot.AttemptBase = recorded.AttemptBase;
        slot.Attempt = recorded.AttemptBase;
        if (recorded.Last is { Status: not StepStatus.Cancelled } last)
        {
            slot.Attempt = last.Attempt;
            if (last.Port is { } portName)
            {
                AdoptOutcome(frame, node, last, portName, now, decisions);
            }
            else if (!StepRunner.MayRetry(node, last.Attempt - recorded.AttemptBase, ErrorOf(last)))
            {
                AdoptFailure(frame, node, ErrorOf(last), now, decisions);
            }
            else if (recorded.Wait is { Kind: WaitKind.Retry } retry && retry.Attempt == last.Attempt)
            {
                AdoptWait(frame, node, retry, now, decisions);
            }
            else if (recorded.Wait is { } next && next.Attempt > last.Attempt)
            {
                slot.Attempt = next.Attempt; // the attempt after the failed one waits already
                AdoptWait(frame, node, next, now, decisions);
            }
            else
            {
                StepRunner.ScheduleRetry(frame, node, ErrorOf(last), last.FinishedAt, now, decisions);
            }

            return true;
        }

        // A cancelled attempt of an execution that goes on after all has no outcome: the node runs again, with the next number.
        slot.Attempt = Math.Max(slot.Attempt, recorded.Last?.Attempt ?? 0);
        slot.AttemptBase = slot.Attempt;
        if (recorded.Wait is { } wait && wait.Attempt > slot.Attempt)
        {
            slot.Attempt = wait.Attempt;
            AdoptWait(frame, node, wait, now, decisions);
            return true;
        }

        return false;
    }

    /// <summary>Takes over what a node has completed, and begins nothing.</summary>
    public static void Replay(Frame frame, int ordinal, DateTimeOffset now, ICollection<Decision> decisions)
    {
        var node = frame.State.Workflow.Nodes[ordinal];
        if (frame.State.Recorded is { } recorded && recorded._nodes.Remove((ordinal, frame.Iteration), out var records))
        {
            frame.HasRecords = true;
            if (records.Wait is { } wait)
            {
                decisions.Add(new CloseWait(ordinal, node.Id, frame.Iteration, wait.Attempt, wait.Kind));
            }

            if (records.Last is { Port: { } portName } last)
            {
                AdoptOutcome(frame, node, last, portName, now, decisions);
                return;
            }
        }

        LoopRunner.Replay(frame, node, now, decisions);
        frame.Settle(ref frame.Slot(ordinal), NodePhase.Cancelled);
    }

    /// <summary>Notes the outcome of a wait that has not been taken over yet; without one nothing.</summary>
    public void Resolve(WaitResolved resolved)
    {
        if (_nodes.TryGetValue((resolved.Node, resolved.Iteration), out var recorded)
            && recorded.Wait is { Outcome: null } wait
            && wait.Attempt == resolved.Attempt)
        {
            recorded.Wait = wait with { Outcome = resolved.Outcome, Event = resolved.Event };
        }
    }

    /// <summary>
    /// Closes the waits that nothing will take over: all but those of compensations when the execution ends; otherwise, once all that can be taken over
    /// is, those of rounds that ended before their turn came, e.g. since another round is on record as failed.
    /// </summary>
    public void CloseOrphans(ICollection<Decision> decisions)
    {
        if (_isSettled)
        {
            return;
        }

        _isSettled = true;
        foreach (var ((ordinal, iteration), recorded) in _nodes)
        {
            var node = _state.Workflow.Nodes[ordinal];
            if (recorded.Wait is { } wait && !node.IsCompensation && (_state.Ending is not null || !MayBegin(node.Graph, iteration, ordinal)))
            {
                decisions.Add(new CloseWait(ordinal, node.Id, iteration, wait.Attempt, wait.Kind));
                recorded.Wait = null;
            }
        }
    }

    /// <summary>Whether the turn of a node that is not taken over may yet come, seen from the outermost loop inwards.</summary>
    private bool MayBegin(CompiledGraph graph, ReadOnlySpan<char> iteration, int ordinal)
    {
        var frame = _state.Root;
        if (graph.Parent is { } parent)
        {
            var slash = iteration.LastIndexOf('/');
            var outer = slash < 0 ? default : iteration[..slash];
            if (_state.Find(parent, outer) is not { } holder)
            {
                return MayBegin(parent, outer, graph.Loop);
            }

            if (holder.Slot(graph.Loop) is not { Phase: NodePhase.Looping, Loop: { } loop })
            {
                return MayBegin(parent, outer, graph.Loop);
            }

            var index = int.Parse(iteration[(slash + 1)..], System.Globalization.CultureInfo.InvariantCulture);
            if (!loop.Frames.TryGetValue(index, out frame!))
            {
                return !loop.IsClosing && !loop.HasBegun(index);
            }
        }

        return !frame.IsClosing && frame.Slot(ordinal).Phase is (NodePhase.Idle or NodePhase.Ready);
    }

    private static void AdoptOutcome(
        Frame frame, CompiledNode node, in RecordedStep step, string portName, DateTimeOffset now, ICollection<Decision> decisions)
    {
        var port = node.PortOf(portName);
        if (port < 0)
        {
            throw new InvalidOperationException(
                $"Step '{step.NodeId}' is recorded as having left by '{portName}', a port the workflow's version does not have.");
        }

        // The frames of a loop that is over are not needed any more, but for what may have to be undone in them.
        LoopRunner.Replay(frame, node, now, decisions);
        StepRunner.LeaveBy(frame, node, port, step.Output, step.Status == StepStatus.Failed, step.Sequence);
    }

    private static void AdoptFailure(
        Frame frame, CompiledNode node, StepError error, DateTimeOffset now, ICollection<Decision> decisions)
    {
        if (node.IsCompensation)
        {
            frame.Slot(node.Ordinal).Phase = NodePhase.Failed;
        }
        else
        {
            LoopRunner.Replay(frame, node, now, decisions);
            FrameEnding.Fail(frame, node, error, decisions);
        }
    }

    private void AdoptWait(
        Frame frame, CompiledNode node, in RecordedWait wait, DateTimeOffset now, ICollection<Decision> decisions)
    {
        ref var slot = ref frame.Slot(node.Ordinal);
        slot.Phase = wait.Kind == WaitKind.Retry ? NodePhase.Retrying : NodePhase.Waiting;
        slot.WaitKind = wait.Kind;
        slot.DueAt = wait.DueAt;
        slot.StartedAt = wait.OpenedAt ?? now;
        _state.OpenWaitCount++;
        if (wait.Outcome is { } outcome)
        {
            StepRunner.ResolveWait(
                _state, new WaitResolved(node.Ordinal, frame.Iteration, wait.Attempt, outcome, wait.Event), now, decisions);
        }
    }

    /// <summary>
    /// Whether a retry by a person has made the attempt void: a failed or stopped one before the retry; any one of a run that was undone.
    /// </summary>
    private bool IsVoid(in RecordedStep step) =>
        step.Run <= _state.UndoneRun
        || (step is { Port: null, Status: not StepStatus.Completed }
            && _state.Facts.RetriedAt is { } retriedAt
            && step.FinishedAt <= retriedAt);

    private static StepError ErrorOf(in RecordedStep step) =>
        step.Error ?? new StepError(StepErrorCodes.Failed, "The step failed; its error was not kept.");

    private RecordedNode NodeOf(string nodeId, string iteration)
    {
        var ordinal = _state.Workflow.OrdinalOf(nodeId);
        if (ordinal < 0)
        {
            throw new InvalidOperationException(
                $"A step of node '{nodeId}' is recorded, which the workflow's version does not have.");
        }

        if (!_nodes.TryGetValue((ordinal, iteration), out var node))
        {
            _nodes.Add((ordinal, iteration), node = new RecordedNode());
        }

        return node;
    }

    private sealed class RecordedNode
    {
        public int AttemptBase { get; set; }

        public RecordedStep? Last { get; set; }

        public RecordedWait? Wait { get; set; }
    }
}
