using Workflows.Engine.Definitions;

namespace Workflows.Engine.Executions;

/// <summary>What is durable of an execution, by node: taken over, in the order of the graph, while it is resumed.</summary>
internal sealed class RecordedSteps
{
    private readonly ExecutionState _state;
    private readonly RecordedNode?[] _nodes;

    public RecordedSteps(ExecutionState state, IReadOnlyList<RecordedStep> steps, IReadOnlyList<RecordedWait> waits)
    {
        _state = state;
        _nodes = new RecordedNode?[state.Workflow.Nodes.Count];
        foreach (var step in steps)
        {
            var node = NodeOf(step.NodeId);
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
            var node = NodeOf(wait.NodeId);
            if (!(node.Wait?.Attempt > wait.Attempt))
            {
                node.Wait = wait;
            }
        }
    }

    /// <summary>The end that a recorded failure leads to; the earliest failure counts, as it did when it happened.</summary>
    public FailExecution? FindFailure()
    {
        (FailExecution Failure, DateTimeOffset At)? first = null;
        for (var ordinal = 0; ordinal < _nodes.Length; ordinal++)
        {
            if (_nodes[ordinal] is { Last: { Status: StepStatus.Failed, Port: null } last } recorded
                && ErrorOf(last) is var error
                && !StepRunner.MayRetry(_state.Workflow.Nodes[ordinal], last.Attempt - recorded.AttemptBase, error)
                && !(first?.At <= last.FinishedAt))
            {
                first = (StepRunner.Failure(last.NodeId, error), last.FinishedAt);
            }
        }

        return first?.Failure;
    }

    /// <summary>
    /// Brings a node to where its records left it; false when there is nothing to take over and it has to begin.
    /// </summary>
    public bool TryAdopt(Frame frame, int ordinal, DateTimeOffset now, ICollection<Decision> decisions)
    {
        if (_nodes[ordinal] is not { } recorded)
        {
            return false;
        }

        var node = _state.Workflow.Nodes[ordinal];
        ref var slot = ref frame.Slots[ordinal];
        slot.AttemptBase = recorded.AttemptBase;
        slot.Attempt = recorded.AttemptBase;
        if (recorded.Last is { Status: not StepStatus.Cancelled } last)
        {
            slot.Attempt = last.Attempt;
            if (last.Port is { } portName)
            {
                AdoptOutcome(frame, node, last, portName);
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

    private static void AdoptOutcome(Frame frame, CompiledNode node, in RecordedStep step, string portName)
    {
        var port = node.PortOf(portName);
        if (port < 0)
        {
            throw new InvalidOperationException(
                $"Step '{step.NodeId}' is recorded as having left by '{portName}', a port the workflow's version does not have.");
        }

        StepRunner.LeaveBy(frame, node, port, step.Output, step.Status == StepStatus.Failed);
    }

    private void AdoptWait(
        Frame frame, CompiledNode node, in RecordedWait wait, DateTimeOffset now, ICollection<Decision> decisions)
    {
        ref var slot = ref frame.Slots[node.Ordinal];
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

    /// <summary>Whether a retry by a person has made the attempt void.</summary>
    private bool IsVoid(in RecordedStep step) =>
        step is { Port: null, Status: not StepStatus.Completed }
        && _state.Facts.RetriedAt is { } retriedAt
        && step.FinishedAt <= retriedAt;

    private static StepError ErrorOf(in RecordedStep step) =>
        step.Error ?? new StepError(StepErrorCodes.Failed, "The step failed; its error was not kept.");

    private RecordedNode NodeOf(string nodeId)
    {
        var ordinal = _state.Workflow.OrdinalOf(nodeId);
        return ordinal >= 0
            ? _nodes[ordinal] ??= new RecordedNode()
            : throw new InvalidOperationException(
                $"A step of node '{nodeId}' is recorded, which the workflow's version does not have.");
    }

    private sealed class RecordedNode
    {
        public int AttemptBase { get; set; }

        public RecordedStep? Last { get; set; }

        public RecordedWait? Wait { get; set; }
    }
}
