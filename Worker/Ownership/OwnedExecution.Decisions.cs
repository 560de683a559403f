using Workflows.Data.Executions;
using Workflows.Engine.Executions;

namespace Workflows.Worker.Ownership;

// Turns the decisions of one call into the rows of progress. Under the lock.
internal sealed partial class OwnedExecution
{
    private Progress Collect() => _collecting ??= new Progress(this);

    /// <summary>Resumes it from what is durable, or ends it when it should never have been started.</summary>
    private void Begin()
    {
        var recorded = _recorded!;
        _recorded = null;
        _rowsProcessed = recorded.Steps.Sum(step => step.RowsProcessed ?? 0);
        _hasChildren = recorded.Waits.Any(wait => wait.Kind == WaitKinds.Child);
        if (StartProblems.Find(Claimed, _state.Workflow, recorded) is { } problem)
        {
            FailInternally(problem.Code, problem.Message);
            return;
        }

        if (_state.DeadlineAt is { } deadline)
        {
            Collect().Add(new TimerRow(Key, "", "", 0, "execution_timeout", deadline));
        }

        if (Claimed.StopRequest == "pause")
        {
            _isResting = true; // asked for while another worker had it; nothing begins here
            return;
        }

        _mustLookBack = recorded.Waits.Any(wait => wait.Outcome is null && wait.Kind == WaitKinds.Event);
        Decider.Resume(
            _state,
            [.. recorded.Steps.Select(step => step.ToRecorded())],
            [.. recorded.Waits.Select(wait => wait.ToRecorded())],
            _turn,
            _decisions);
        if (Claimed.StopRequest == "timeout")
        {
            Translate();
            Apply(new TimedOut());
        }
    }

    /// <summary>Empties the decisions into progress; parks it when nothing is left to do but wait.</summary>
    private void Translate()
    {
        if (_decisions.Count > 0)
        {
            SealWhenLarge();
        }

        var now = _turn.Now;
        foreach (var decision in _decisions)
        {
            Translate(decision, now);
        }

        _decisions.Clear();
        if (_collecting is { } collecting)
        {
            // What was decided since takes it back; a pause by a cancellation.
            (collecting.Parks, collecting.Pauses) = (false, false);
        }

        if (_collecting?.Finished is not null || _hasFailed)
        {
            return;
        }

        if (_isResting || _state.IsPaused)
        {
            Collect().Pauses = true;
        }
        else if (_state.IsParked && !_mustLookBack && !_isLookingBack)
        {
            var progress = Collect();
            progress.Parks = true;
            progress.Wakes = _wakes;
        }
    }

    // What becomes durable together is bounded in bytes: the next goes out after it. Any part of what is decided may
    // become durable before the rest.
    private void SealWhenLarge()
    {
        if (_collecting is { } collecting && collecting.Bytes >= Limits.ProgressBytes && collecting.Finished is null)
        {
            (collecting.Parks, collecting.Pauses) = (false, false);
            (_full ??= new Queue<Progress>()).Enqueue(collecting);
            _collecting = null;
        }
    }

    private void Translate(Decision decision, DateTimeOffset now)
    {
        switch (decision)
        {
            case RecordStep record:
                _rowsProcessed += record.Step.RowsProcessed ?? 0;
                Collect().Add(record.Step.ToRow(Key));
                break;
            case RunNode node:
                Collect().StartAfter.Add(node.Run);
                break;
            case AbortNode abort:
                Abort(abort);
                break;
            case OpenWait open:
                Open(open.Wait, now);
                break;
            case CloseWait close:
                Close(close);
                break;
            case PublishEvent publish:
                Collect().Add(publish.ToRow(Key.TenantId, now));
                break;
            case CompleteExecution complete:
                Collect().Finish(End(ExecutionStatuses.Completed, complete.Output.ToRowBytes(), null, now), null);
                break;
            case FailExecution fail:
                Fail(fail.Error, fail.Status.ToText(), now);
                break;
            case CancelExecution cancel:
                var error = new ExecutionError("CANCELLED", cancel.Reason ?? "Cancelled.", null, cancel.Compensation);
                Collect().Finish(End(ExecutionStatuses.Cancelled, null, RowMapping.ErrorJson(error), now), null);
                break;
            case ContinueLater:
                Collect().Continues = true;
                break;
            default:
                throw new InvalidOperationException($"Unknown decision {decision.GetType().Name}.");
        }
    }

    private void Open(WaitSpec wait, DateTimeOffset now)
    {
        var progress = Collect();
        HasWaits = true;
        _mustLookBack |= wait is { Kind: WaitKind.Event, CorrelationKey: not null };
        progress.Add(wait.ToRow(Key, now));
        if (wait.Kind == WaitKind.Child)
        {
            _hasChildren = true;
            progress.Add(wait.ToChild(Key, _state, now));
        }

        if (wait is { Kind: WaitKind.Retry, DueAt: { } retryAt })
        {
            var code = RowMapping.CodeOf(progress.LastErrorOf(wait.NodeId, wait.Iteration));
            progress.Add(new LogRow(
                Guid.CreateVersion7(now), Key, "warning", wait.NodeId,
                $"Attempt {wait.Attempt} failed with {code}; it is tried again at {retryAt:u}.", null, now));
        }

        if (wait.DueAt is { } due)
        {
            progress.Add(new TimerRow(Key, wait.NodeId, wait.Iteration, wait.Attempt, "wait", due));
        }
    }

    private void Close(CloseWait close)
    {
        var wait = new WaitKey(Key, close.NodeId, close.Iteration, close.Attempt);
        Collect().Close(wait);
        if (close is { Kind: WaitKind.Child, IsAnswered: false })
        {
            Collect().Abandon(wait); // nobody waits for the child any more
        }
    }

    private void Abort(AbortNode abort)
    {
        var key = (abort.Ordinal, abort.Iteration, abort.Attempt);
        if (_calls.TryGetValue(key, out var call))
        {
            _ = call.CancelAsync(); // its end is reported by the call itself
        }
        else
        {
            // It waits for a checkpoint; when its turn comes it is reported as aborted instead of started.
            _aborted.Add(key);
        }
    }

    private void Keep(IReadOnlyList<LogRow> notes)
    {
        foreach (var note in notes)
        {
            if (_notes++ < Limits.NotesPerStay)
            {
                Collect().Add(note);
            }
        }
    }

    private void Fail(ExecutionError error, string status, DateTimeOffset now)
    {
        var json = RowMapping.ErrorJson(error);
        // What the database has refused twice is most likely the input, which the row has anyway.
        var input = _rejections > 1 ? null : _state.Mask.Apply(Claimed.Input).ToRowBytes();
        Collect().Finish(
            End(status, null, json, now),
            new DeadLetter(Guid.CreateVersion7(now), Key, Claimed.WorkflowId, error.NodeId, json, input));
    }

    // Ends an execution that the platform cannot carry on, without what it last decided.
    private void FailInternally(string code, string message)
    {
        _hasFailed = true;
        _decisions.Clear();
        _collecting = null;
        _full = null;
        if (_hasChildren)
        {
            Collect().Abandon(new WaitKey(Key, "", "", 0));
        }

        foreach (var call in _calls.Values)
        {
            _ = call.CancelAsync();
        }

        _toStart.Clear();
        _mustContinue = false;
        Fail(new ExecutionError(code, message, null), ExecutionStatuses.Failed, _turn.Now);
    }

    private void FailRejected(string reason) => FailInternally(
        "CHECKPOINT_REJECTED", $"The database refused the results of this execution: {reason}");

    private FinishedExecution End(string status, byte[]? output, byte[]? error, DateTimeOffset now) => new()
    {
        Key = Key,
        Fence = Claimed.Fence,
        Status = status,
        Output = output,
        Error = error,
        FinishedAt = now,
        IsChild = Claimed.TriggerType == "sub_workflow",
        RowsProcessed = _rowsProcessed,
        Steps = _state.StepsOfRun,
        IsLimited = Claimed.IsLimited,
    };
}
