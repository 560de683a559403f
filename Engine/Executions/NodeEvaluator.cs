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
    public static ExecutionEvent Run(ExecutionState state, NodeRun run, DateTimeOffset now)
    {
        var node = state.Workflow.Nodes[run.Ordinal];
        if (node.Action is not PureAction pure || state.FrameOf(run.Ordinal, run.Iteration) is not { } frame)
        {
            throw new ArgumentException(
                $"'{run.NodeId}' ({run.Type}) is not of a pure type: its runner is in the worker.", nameof(run));
        }

        var outcome = Evaluate(pure, new NodeContext(state, frame, node, run.Attempt, now));
        return outcome.Error is null
            ? new StepSucceeded(run.Ordinal, run.Iteration, run.Attempt, outcome.Port, outcome.Output, now, now)
            : new StepFailed(run.Ordinal, run.Iteration, run.Attempt, outcome.Error, now, now);
    }

    /// <summary>True when <see cref="Run"/> does the work of this node, false when a runner of the worker has to.</summary>
    public static bool CanRun(ExecutionState state, NodeRun run) => state.Workflow.Nodes[run.Ordinal].Action is PureAction;

    internal static StepOutcome Evaluate(PureAction action, in NodeContext context)
    {
        try
        {
            return action.Evaluate(context);
        }
        catch (JsonataException exception)
        {
            return ToOutcome(exception);
        }
        catch (StepException exception)
        {
            return new StepOutcome("", default, exception.Error);
        }
    }

    internal static StepOutcome Evaluate(TerminateAction action, in NodeContext context)
    {
        try
        {
            return action.Evaluate(context);
        }
        catch (JsonataException exception)
        {
            return ToOutcome(exception);
        }
        catch (StepException exception)
        {
            return new StepOutcome("", default, exception.Error);
        }
    }

    /// <summary>The rendered parameters as the outcome's output, or why they could not be rendered.</summary>
    internal static StepOutcome Render(EffectAction action, in NodeContext context)
    {
        try
        {
            var parameters = action.Render(context);
            return parameters.Length <= Limits.RenderedParameterBytes
                ? StepOutcome.Main(parameters)
                : StepOutcome.Failed(
                    StepErrorCodes.ParametersTooLarge,
                    $"The rendered parameters have {parameters.Length} bytes; at most {Limits.RenderedParameterBytes} are allowed.");
        }
        catch (JsonataException exception)
        {
            return ToOutcome(exception);
        }
        catch (StepException exception)
        {
            return new StepOutcome("", default, exception.Error);
        }
    }

    internal static WaitSpec? Open(WaitAction action, in NodeContext context, out StepOutcome outcome)
    {
        try
        {
            return action.Open(context, out outcome);
        }
        catch (JsonataException exception)
        {
            outcome = ToOutcome(exception);
        }
        catch (StepException exception)
        {
            outcome = new StepOutcome("", default, exception.Error);
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
        catch (JsonataException exception)
        {
            outcome = ToOutcome(exception);
        }
        catch (StepException exception)
        {
            outcome = new StepOutcome("", default, exception.Error);
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
        catch (JsonataException exception)
        {
            return ToStepError(exception);
        }
        catch (StepException exception)
        {
            return exception.Error;
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

    private static StepOutcome ToOutcome(JsonataException exception) => new("", default, ToStepError(exception));
}
