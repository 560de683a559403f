using Workflows.Engine.Definitions;
using Workflows.Engine.Nodes;

namespace Workflows.Engine.Executions;

/// <summary>One node of one frame: from its turn to the step record, with attempts, waits and error ports.</summary>
internal static class StepRunner
{
    /// <summary>The node's turn has come: adopt what is recorded of it, or begin its next attempt.</summary>
    public static void Activate(
        ExecutionState state, Frame frame, int ordinal, DateTimeOffset now, ICollection<Decision> decisions)
    {
        if (frame.IsReplay)
        {
            RecordedSteps.Replay(frame, ordinal, now, decisions);
        }
        else if (state.Recorded is not { } recorded || !recorded.TryAdopt(frame, ordinal, now, decisions))
        {
            BeginAttempt(state, frame, ordinal, notBefore: null, now, decisions);
        }
    }

    public static void Succeed(ExecutionState state, StepSucceeded succeeded, DateTimeOffset now, ICollection<Decision> decisions)
    {
        if (TryTakeRun(state, succeeded.Node, succeeded.Iteration, succeeded.Attempt, out var frame))
        {
            var node = state.Workflow.Nodes[succeeded.Node];
            var step = new FinishedStep(frame, node, succeeded.StartedAt, succeeded.FinishedAt, now)
            {
                RowsProcessed = succeeded.RowsProcessed,
            };
            Finish(step, StepOutcome.By(succeeded.Port, succeeded.Output), decisions);
        }
    }

    public static void Fail(ExecutionState state, StepFailed failed, DateTimeOffset now, ICollection<Decision> decisions)
    {
        if (TryTakeRun(state, failed.Node, failed.Iteration, failed.Attempt, out var frame))
        {
            var step = new FinishedStep(frame, state.Workflow.Nodes[failed.Node], failed.StartedAt, failed.FinishedAt, now);
            Finish(step, new StepOutcome("", default, failed.Error), decisions);
        }
    }

    public static void ResolveWait(
        ExecutionState state, WaitResolved resolved, DateTimeOffset now, ICollection<Decision> decisions)
    {
        if (state.FrameOf(resolved.Node, resolved.Iteration) is not { } frame
            || frame.Slot(resolved.Node).Phase is not (NodePhase.Waiting or NodePhase.Retrying))
        {
            state.Recorded?.Resolve(resolved); // of a node that has not been taken over yet
            return;
        }

        ref var slot = ref frame.Slot(resolved.Node);
        if (slot.Attempt != resolved.Attempt)
        {
            return;
        }

        state.OpenWaitCount--;
        var node = state.Workflow.Nodes[resolved.Node];
        var kind = slot.Phase == NodePhase.Retrying ? WaitKind.Retry : slot.WaitKind;
        if (slot.Phase == NodePhase.Waiting)
        {
            var outcome = NodeEvaluator.Resolve(
                new NodeContext(state, frame, node, slot.Attempt, now), resolved.Outcome, resolved.Event);
            Finish(new FinishedStep(frame, node, slot.StartedAt, now, now), outcome, decisions);
        }
        else if (node.IsCompensation)
        {
            BeginAttempt(state, frame, resolved.Node, notBefore: null, now, decisions);
        }
        else
        {
            // Through the queue, since a pause may hold it up.
            slot.Phase = NodePhase.Ready;
            state.Ready.Enqueue((frame, resolved.Node));
        }

        // After the record of what it led to: without the record the outcome must still be there.
        decisions.Add(new CloseWait(resolved.Node, node.Id, resolved.Iteration, resolved.Attempt, kind) { IsAnswered = resolved.Outcome == WaitOutcome.Answered });
    }

    /// <summary>The attempt after the one that failed: soon from memory, later from a durable timer.</summary>
    public static void ScheduleRetry(
        Frame frame,
        CompiledNode node,
        StepError error,
        DateTimeOffset failedAt,
        DateTimeOffset now,
        ICollection<Decision> decisions)
    {
        var state = frame.State;
        ref var slot = ref frame.Slot(node.Ordinal);
        var delay = Backoff.Delay(
            node.Definition.Retry,
            slot.Attempt - slot.AttemptBase,
            Backoff.Seed(state.Facts.ExecutionId, node.Id, frame.Iteration, slot.Attempt),
            error.RetryAfter);
        var dueAt = failedAt + delay;
        if (dueAt <= now.AddSeconds(Limits.InMemoryRetrySeconds) && !state.IsPausing)
        {
            BeginAttempt(state, frame, node.Ordinal, dueAt > now ? dueAt : null, now, decisions);
            return;
        }

        slot.Phase = NodePhase.Retrying;
        slot.DueAt = dueAt;
        state.OpenWaitCount++;
        decisions.Add(new OpenWait(new WaitSpec(node.Ordinal, node.Id, frame.Iteration, slot.Attempt, WaitKind.Retry, dueAt)));
    }

    public static void BeginAttempt(
        ExecutionState state,
        Frame frame,
        int ordinal,
        DateTimeOffset? notBefore,
        DateTimeOffset now,
        ICollection<Decision> decisions)
    {
        var node = state.Workflow.Nodes[ordinal];
        ref var slot = ref frame.Slot(ordinal);
        slot.Attempt++;
        slot.StartedAt = now;
        slot.DueAt = null;
        var context = new NodeContext(state, frame, node, slot.Attempt, now);
        var step = new FinishedStep(frame, node, now, now, now);
        switch (node.Action)
        {
            case PureAction pure when !node.IsRunOutside:
                var outcome = NodeEvaluator.Evaluate(pure, context);
                Finish(step.EndedAt(state.Turn.Now), outcome, decisions);
                break;
            case PureAction:
                Run(state, frame, node, parameters: default, notBefore, decisions);
                break;
            case EffectAction effect:
                var rendered = NodeEvaluator.Render(effect, context);
                if (rendered.Error is null)
                {
                    Run(state, frame, node, rendered.Output, notBefore, decisions);
                }
                else
                {
                    Finish(step.EndedAt(state.Turn.Now), rendered, decisions);
                }

                break;
            case WaitAction wait:
                Wait(state, context, wait, step, decisions);
                break;
            case LoopAction loop:
                LoopRunner.Begin(frame, node, loop, now, decisions);
                break;
            case TerminateAction terminate:
                var ending = NodeEvaluator.Evaluate(terminate, context);
                Terminate(step.EndedAt(state.Turn.Now), ending, decisions);
                break;
            default:
                throw new InvalidOperationException($"{node.Action.GetType().Name} is none of the kinds of action.");
        }
    }

    private static void Run(
        ExecutionState state,
        Frame frame,
        CompiledNode node,
        ReadOnlyMemory<byte> parameters,
        DateTimeOffset? notBefore,
        ICollection<Decision> decisions)
    {
        ref var slot = ref frame.Slot(node.Ordinal);
        slot.Phase = NodePhase.Running;
        state.RunningCount++;
        decisions.Add(new RunNode(new NodeRun(
            state.Facts.ExecutionId,
            node.Ordinal,
            node.Id,
            (node.Action as EffectAction)?.Runner ?? node.Type.Name,
            frame.Iteration,
            slot.Attempt,
            parameters,
            node.TimeoutSeconds,
            notBefore)
        {
            UndoneRun = state.UndoneRun,
        }));
    }

    private static void Wait(
        ExecutionState state, in NodeContext context, WaitAction action, in FinishedStep step, ICollection<Decision> decisions)
    {
        var wait = NodeEvaluator.Open(action, context, out var outcome);
        if (wait is not null && FindProblem(wait) is { } problem)
        {
            wait = null;
            outcome =
                StepOutcome.Failed(
                StepErrorCodes.ParameterInvalid, $"What the node asks for cannot be stored: {problem}.");
        }

        if (wait is null)
        {
            Finish(step.EndedAt(state.Turn.Now), outcome, decisions);
            return;
        }

        ref var slot = ref context.Frame.Slot(wait.Ordinal);
        slot.Phase = NodePhase.Waiting;
        slot.WaitKind = wait.Kind;
        slot.DueAt = wait.DueAt;
        state.OpenWaitCount++;
        decisions.Add(new OpenWait(wait));
    }

    // A wait that the database refuses would send the checkpoint of everybody in it one by one.
    private static string? FindProblem(WaitSpec wait) =>
        JsonText.FindTextProblem(wait.Request.Span)
        ?? JsonText.FindDepthProblem(wait.Request.Span, envelope: 1) // {"input": ...} and the like
        ?? (wait.CorrelationKey is { } key ? JsonText.FindCharacterProblem(key) : null)
        ?? (wait.EventType is { } type ? JsonText.FindCharacterProblem(type) : null);

    /// <summary>Records an outcome and lets it take effect: on along the edges, to the next attempt, or to the end of the frame.</summary>
    public static void Finish(in FinishedStep step, in StepOutcome reached, ICollection<Decision> decisions)
    {
        var (node, frame) = (step.Node, step.Frame);
        var outcome = frame.State.Mask.Apply(reached); // before anything reads it: memory and rows hold the same
        var port = -1;
        var error = outcome.Error is null ? StepOutputs.FindProblem(node, outcome, out port) : StepOutputs.Clean(outcome.Error);
        if (error is null)
        {
            var output = outcome.Output.IsEmpty ? StepOutputs.Null : outcome.Output;
            decisions.Add(step.Record(StepStatus.Completed, node.Ports[port], output, error: null));
            if (node.Action is EmitEventAction)
            {
                decisions.Add(EmitEventAction.ToDecision(output));
            }

            LeaveBy(frame, node, port, output, hasFailed: false, frame.State.LastSequence);
            return;
        }

        ref var slot = ref frame.Slot(node.Ordinal);
        if (node.IsCompensation)
        {
            FailCompensation(step, error, decisions);
        }
        else if (frame.IsClosing)
        {
            var status = error.Kind == StepErrorKind.Cancelled ? StepStatus.Cancelled : StepStatus.Failed;
            decisions.Add(step.Record(status, port: null, output: default, error));
            frame.Settle(ref slot, NodePhase.Cancelled);
        }
        else if (MayRetry(node, slot.Attempt - slot.AttemptBase, error))
        {
            decisions.Add(step.Record(StepStatus.Failed, port: null, output: default, error));
            ScheduleRetry(frame, node, error, step.FinishedAt, step.Now, decisions);
        }
        else if (node.ErrorPort >= 0)
        {
            var output = StepOutputs.OfError(error);
            decisions.Add(step.Record(StepStatus.Failed, NodePort.Error, output, error));
            LeaveBy(frame, node, node.ErrorPort, output, hasFailed: true, frame.State.LastSequence);
        }
        else if (node.Definition.OnError == OnError.Continue && node.PortOf(NodePort.Main) is var main and >= 0)
        {
            var output = StepOutputs.OfContinued(error);
            decisions.Add(step.Record(StepStatus.Failed, NodePort.Main, output, error));
            LeaveBy(frame, node, main, output, hasFailed: true, frame.State.LastSequence);
        }
        else
        {
            decisions.Add(step.Record(StepStatus.Failed, port: null, output: default, error));
            FrameEnding.Fail(frame, node, error, decisions);
        }
    }

    private static void Terminate(in FinishedStep step, in StepOutcome reached, ICollection<Decision> decisions)
    {
        var (node, frame) = (step.Node, step.Frame);
        var outcome = frame.State.Mask.Apply(reached);
        var error = outcome.Error is null
            ? ExecutionOutput.FindProblem(outcome.Output, "The output", Limits.ExecutionOutputBytes)
            : StepOutputs.Clean(outcome.Error);
        decisions.Add(error is null
            ? step.Record(StepStatus.Completed, port: null, outcome.Output, error: null)
            : step.Record(StepStatus.Failed, port: null, output: default, error));
        ref var slot = ref frame.Slot(node.Ordinal);
        slot.Phase = error is null ? NodePhase.Done : NodePhase.Failed;
        Decider.BeginEnding(frame.State, error is null ? new CompleteExecution(outcome.Output) : Failure(node.Id, error), decisions);
        frame.Settle(ref slot, slot.Phase);
    }

    private static void FailCompensation(in FinishedStep step, StepError error, ICollection<Decision> decisions)
    {
        var (node, frame) = (step.Node, step.Frame);
        ref var slot = ref frame.Slot(node.Ordinal);
        decisions.Add(step.Record(StepStatus.Failed, port: null, output: default, error));
        if (MayRetry(node, slot.Attempt - slot.AttemptBase, error))
        {
            ScheduleRetry(frame, node, error, step.FinishedAt, step.Now, decisions);
        }
        else
        {
            slot.Phase = NodePhase.Failed;
        }
    }

    public static FailExecution Failure(string nodeId, StepError error) =>
        new(new ExecutionError(error.Code, error.Message, nodeId) { Kind = error.Kind }, ExecutionStatus.Failed);

    /// <param name="attempt">Counted from 1 since the last retry by a person.</param>
    public static bool MayRetry(CompiledNode node, int attempt, StepError error)
    {
        var policy = node.Definition.Retry;
        return error.Kind is StepErrorKind.Transient or StepErrorKind.Timeout
            && attempt < policy.MaxAttempts
            && !policy.NonRetryableCodes.Contains(error.Code);
    }

    /// <param name="sequence">The number of the record that says so.</param>
    public static void LeaveBy(Frame frame, CompiledNode node, int port, ReadOnlyMemory<byte> output, bool hasFailed, int sequence)
    {
        ref var slot = ref frame.Slot(node.Ordinal);
        slot.Port = port;
        slot.Output = output;
        slot.HasFailed = hasFailed;
        if (node.IsCompensation)
        {
            slot.Phase = NodePhase.Done;
            return;
        }

        if (node.Compensation >= 0 && !hasFailed)
        {
            frame.State.Compensation.Add(frame, node, sequence);
        }

        slot.Phase = NodePhase.Done;
        if (!frame.IsClosing || frame.IsReplay)
        {
            frame.Leave(node, port);
        }

        frame.Settle(ref slot, NodePhase.Done);
    }

    private static bool TryTakeRun(ExecutionState state, int ordinal, string iteration, int attempt, out Frame frame)
    {
        frame = state.FrameOf(ordinal, iteration)!;
        if (frame is null)
        {
            return false;
        }

        ref var slot = ref frame.Slot(ordinal);
        if (slot.Phase != NodePhase.Running || slot.Attempt != attempt)
        {
            return false;
        }

        state.RunningCount--;
        return true;
    }
}

/// <summary>An attempt that has an outcome, on its way into a record.</summary>
internal readonly record struct FinishedStep(
    Frame Frame, CompiledNode Node, DateTimeOffset StartedAt, DateTimeOffset FinishedAt, DateTimeOffset Now)
{
    /// <summary>Takes the next number: to be added to the decisions at once.</summary>
    public RecordStep Record(StepStatus status, string? port, ReadOnlyMemory<byte> output, StepError? error) =>
        new(new StepRecord(
        Node.Ordinal,
        Node.Id,
        Node.Type.Name,
        Frame.Iteration,
        Frame.Slot(Node.Ordinal).Attempt,
        status,
        port,
        output,
        error,
        StartedAt,
        FinishedAt)
        {
            Sequence = ++Frame.State.LastSequence,
            Run = Frame.State.Facts.Attempt,
            RowsProcessed = RowsProcessed,
        });

    public long? RowsProcessed { get; init; }

    /// <summary>The same, known to have ended at <paramref name="now"/>.</summary>
    public FinishedStep EndedAt(DateTimeOffset now) => this with { FinishedAt = now, Now = now };
}
