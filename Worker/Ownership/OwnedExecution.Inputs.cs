using Workflows.Data.Executions;
using Workflows.Engine.Executions;

namespace Workflows.Worker.Ownership;

// What becomes of each input. Under the lock.
internal sealed partial class OwnedExecution
{
    // What is so whatever becomes of the execution.
    private void Settle(ExecutionInput input)
    {
        switch (input)
        {
            case CallEnded ended:
                EndCall(ended.Run);
                break;
            case DelayEnded ended:
                EndCall(ended.Run);
                break;
            case BecameDurable { Progress.EndsStay: true } durable when !_isReleased:
                Release(durable.Progress);
                break;
            case BecameDurable durable when !_isReleased:
                _isFlushing = false;
                TakeOn(durable.Progress);
                break;
            case WasRejected rejected when !_isReleased:
                Reject(rejected.Reason);
                break;
            case TurnCame:
                _awaitsTurn = false;
                break;
            case LookedBack:
                _isLookingBack = false;
                break;
        }
    }

    // What the decider makes of it.
    private void Take(ExecutionInput input)
    {
        switch (input)
        {
            case CallEnded ended:
                Keep(ended.Notes);
                Decider.Apply(_state, ended.Outcome, _turn, _decisions);
                break;
            case DelayEnded ended:
                Evaluate(ended.Run);
                break;
            case Asked asked:
                Decider.Apply(_state, asked.Request, _turn, _decisions);
                break;
            case WaitsResolved resolved:
                Deliver(resolved.Waits);
                Volatile.Write(ref _wakes, Math.Max(_wakes, resolved.Wakes));
                break;
            case LookedBack { Found: var found }:
                Deliver(found);
                break;
            case Broken broken when !_state.IsEnded:
                FailInternally(broken.Code, broken.Message);
                break;
        }
    }

    private void Deliver(IReadOnlyList<WaitRow> resolved)
    {
        foreach (var wait in resolved)
        {
            var ordinal = _state.Workflow.OrdinalOf(wait.NodeId);
            Decider.Apply(
                _state,
                wait.Kind == WaitKinds.Retry
                    ? new RetryDue(ordinal, wait.Iteration, wait.Attempt)
                    : new WaitResolved(
                        ordinal, wait.Iteration, wait.Attempt, RowMapping.OutcomeOf(wait.Outcome!), wait.Payload),
                _turn,
                _decisions);
        }
    }

    private void Evaluate(NodeRun run) =>
        Decider.Apply(_state, NodeEvaluator.Run(_state, run, _turn), _turn, _decisions);

    private void EndCall(NodeRun run)
    {
        if (_calls.Remove((run.Ordinal, run.Iteration, run.Attempt), out var abort))
        {
            abort.Dispose();
        }
    }

    private void Reject(string reason)
    {
        _isFlushing = false;
        if (_rejections++ < 2)
        {
            _isResting = false;
            FailRejected(reason);
            return;
        }

        _effects.ReportUnstorable(this, reason);
        Release(new Progress(this)); // handed back by the comparison of what is owned, and tried again
    }

    private void Release(Progress last)
    {
        _isFlushing = false;
        _isReleased = true;
        _effects.Release(this, last);
    }
}
