using Workflows.Engine.Definitions;

namespace Workflows.Engine.Executions;

/// <summary>
/// Undoes what an execution has done, once it is going to fail and nothing of it runs any more: the completed nodes that name a compensating node, over all
/// frames, one after the other, the last one first. Guarantees: each is undone once by the records, also over crashes; one that cannot be undone does
/// not keep the others from it, and the execution's error counts it.
/// </summary>
internal sealed class Compensation(ExecutionState state)
{
    private readonly List<(int Sequence, Frame Frame, CompiledNode Node)> _completed = [];
    private bool _isSorted;

    /// <summary>The compensating node under way and the frame it belongs to; null = none.</summary>
    public (Frame Frame, int Ordinal)? Current { get; private set; }

    public int CompletedCount { get; private set; }

    public int FailedCount { get; private set; }

    /// <summary>Whether an execution that ends like this is undone.</summary>
    public static bool IsDueAt(ExecutionState state, Decision ending) => state.Workflow.Root.HasCompensations && ending switch
    {
        FailExecution => true,
        CancelExecution => state.Workflow.Settings.CompensateOnCancel,
        _ => false,
    };

    /// <summary>A node has completed that can be undone. The frame lives on for it.</summary>
    /// <param name="sequence">The number of its record.</param>
    public void Add(Frame frame, CompiledNode node, int sequence)
    {
        _completed.Add((sequence, frame, node));
        _isSorted = false;
    }

    /// <summary>Goes on as far as it goes in this turn; true when all is undone.</summary>
    public bool Advance(ICollection<Decision> decisions)
    {
        for (var begun = 0; ; begun++)
        {
            if (Current is { } current)
            {
                var phase = current.Frame.Slot(current.Ordinal).Phase;
                if (phase is not (NodePhase.Done or NodePhase.Failed))
                {
                    return false;
                }

                CompletedCount += phase == NodePhase.Done ? 1 : 0;
                FailedCount += phase == NodePhase.Failed ? 1 : 0;
                Current = null;
            }

            if (_completed.Count == 0)
            {
                return true;
            }

            if (begun > 0 && state.Turn.IsOver)
            {
                state.LeaveRest(decisions);
                return false;
            }

            if (!_isSorted)
            {
                _completed.Sort(static (left, right) => left.Sequence.CompareTo(right.Sequence));
                _isSorted = true;
            }

            var (_, frame, node) = _completed[^1];
            _completed.RemoveAt(_completed.Count - 1);
            Current = (frame, node.Compensation);
            var now = state.Turn.Now;
            if (state.Recorded is not { } recorded || !recorded.TryAdopt(frame, node.Compensation, now, decisions))
            {
                StepRunner.BeginAttempt(state, frame, node.Compensation, notBefore: null, now, decisions);
            }
        }
    }

    /// <summary>The end, with the tally of what was undone.</summary>
    public Decision Conclude(Decision ending)
    {
        if (CompletedCount + FailedCount == 0)
        {
            return ending;
        }

        var tally = new CompensationTally(CompletedCount, FailedCount);
        return ending switch
        {
            FailExecution failure => failure with { Error = failure.Error with { Compensation = tally } },
            CancelExecution cancel => cancel with { Compensation = tally },
            _ => ending,
        };
    }
}
