using Workflows.Engine.Nodes;
using Workflows.Jsonata;

namespace Workflows.Engine.Executions;

/// <summary>Evaluates the actions of nodes; the one place where an expression's exception becomes a step error.</summary>
public static class NodeEvaluator
{
    /// <summary>
    /// Runs a node of a pure type that goes through <see cref="RunNode"/> because it has <c>effect: true</c>. Must be called by
    /// the owner of <paramref name="state"/>, once all that the run depends on is durable; the result is to be applied.
    /// </summary>
    public static ExecutionEvent Run(ExecutionState state, NodeRun run, DateTimeOffset now) =>
        Run(state, run, DecisionTurn.At(now));

    /// <summary>The same, with the times at which it began and ended.</summary>
    public static ExecutionEvent Run(ExecutionState state, NodeRun run, DecisionTurn turn)
    {
        var now = turn.Now;
        var node = state.Workflow.Nodes[run.Ordinal];
        if (node.Action is not PureAction pure || state.FrameOf(run.Ordinal, run.Iteration) is not { } frame)
        {
            throw new ArgumentException(
                $"'{run.NodeId}' ({run.Type}) is not of a pure type: its runner is in the worker.", nameof(run));
        }

        var outcome = Evaluate(pure, new NodeContext(state, frame, node, run.Attempt, now));
        return outcome.Error is null
            ? new StepSucceeded(run.Ordinal, run.Iteration, run.Attempt, outcome.Port, outcome.Output, now, turn.Now)
            : new StepFailed(run.Ordinal, run.Iteration, run.Attempt, outcome.Error, now, turn.Now);
    }

    /// <summary>
    /// True when <see cref="Run(ExecutionState, NodeRun, DecisionTurn)"/> does the work of this node, false when a
    /// runner of the worker has to.
    /// </summary>
    public static bool CanRun(ExecutionState state, NodeRun run) => state.Workflow.Nodes[run.Ordinal].Action is PureAction;

    internal static StepOutcome Evaluate(PureAction action, in NodeContext context)
    {
        try
        {
            return action.Evaluate(context);
        }
        catch (Exception exception) when (ErrorOf(exception) is { } error)
        {
            return new StepOutcome("", default, error);
        }
    }

    internal static StepOutcome Evaluate(TerminateAction action, in NodeContext context)
    {
        try
        {
            return action.Evaluate(context);
        }
        catch (Exception exception) when (ErrorOf(exception) is { } error)
        {
            return new StepOutcome("", default, error);
        }
    }

    /// <summary>The rendered parameters as the outcome's output, or why they could not be rendered.</summary>
    internal static StepOutcome Render(EffectAction action, in NodeContext context)
    {
        try
        {
            var parameters = action.Render(context);
            return JsonText.FindDepthProblem(parameters.Span) is { } problem
                ? StepOutcome.Failed(
                    StepErrorCodes.ParameterInvalid, $"The rendered parameters cannot be used: {problem}.")
                : parameters.Length <= Limits.RenderedParameterBytes ? StepOutcome.Main(parameters)
                : StepOutcome.Failed(
                    StepErrorCodes.ParametersTooLarge,
                    $"The rendered parameters have {parameters.Length} bytes; at most {Limits.RenderedParameterBytes} are allowed.");
        }
        catch (Exception exception) when (ErrorOf(exception) is { } error)
        {
            return new StepOutcome("", default, error);
        }
    }

    internal static WaitSpec? Open(WaitAction action, in NodeContext context, out StepOutcome outcome)
    {
        try
        {
            return action.Open(context, out outcome);
        }
        catch (Exception exception) when (ErrorOf(exception) is { } error)
        {
            outcome = new StepOutcome("", default, error);
        }

        return null;
    }

    /// <summary>The rounds of a loop; null when it could not begin, and <paramref name="outcome"/> says why.</summary>
    internal static LoopRun? Begin(LoopAction action, in NodeContext context, bool isReplay, out StepOutcome outcome)
    {
        outcome = default;
        try
        {
            return action.Begin(context, isReplay);
        }
        catch (Exception exception) when (ErrorOf(exception) is { } error)
        {
            outcome = new StepOutcome("", default, error);
        }

        return null;
    }

    /// <summary>Hands the result of a round to its loop; returns the error the loop fails with.</summary>
    internal static StepError? Take(LoopRun loop, in NodeContext context, Frame frame, ReadOnlyMemory<byte> result)
    {
        try
        {
            return loop.Take(context, frame, result);
        }
        catch (Exception exception) when (ErrorOf(exception) is { } error)
        {
            return error;
        }
    }

    internal static StepOutcome Resolve(in NodeContext context, WaitOutcome outcome, ReadOnlyMemory<byte> payload) =>
        ((WaitAction)context.Node.Action).Resolve(context, outcome, payload);

    internal static StepError ToStepError(JsonataException exception)
    {
        var error = exception.Error;

        // The limits on what an expression may build are limits on the output, for the author of a workflow.
        var code = error.Code is "U1003" or "U1004" or "U1005" ? StepErrorCodes.OutputTooLarge : StepErrorCodes.ExpressionError;
        return new StepError(code, FormattableString.Invariant($"{error.Code} at position {error.Position}: {error.Message}"));
    }

    // What expressions and data may cause; anything else is a bug, and the execution's owner deals with it.
    internal static StepError? ErrorOf(Exception exception) => exception switch
    {
        JsonataException jsonata => ToStepError(jsonata),
        StepException step => step.Error,
        InvalidOperationException when JsonBuffer.IsTooDeep => new StepError(
            StepErrorCodes.OutputInvalid,
            $"The value cannot be kept: it is nested deeper than {Limits.JsonDepth} levels."),
        _ => null,
    };
}
