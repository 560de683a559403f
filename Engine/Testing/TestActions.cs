using Workflows.Engine.Executions;
using Workflows.Engine.Nodes;

namespace Workflows.Engine.Testing;

/// <summary>Answers in the place of a node.</summary>
/// <param name="port">The port it leaves by.</param>
internal sealed class StandInAction(string port, ReadOnlyMemory<byte> output, string origin, StepInputs inputs)
    : PureAction
{
    public override StepOutcome Evaluate(in NodeContext context)
    {
        Recording.Keep(inputs, context, origin);
        return StepOutcome.By(port, output);
    }
}

/// <summary>Of a node that a test leaves out: no way leads to it.</summary>
internal sealed class LeftOutAction : PureAction
{
    public override StepOutcome Evaluate(in NodeContext context) =>
        throw new InvalidOperationException($"The node '{context.Node.Id}' is not part of the test.");
}

/// <summary>Keeps what nodes ran on, and has them do what they do.</summary>
internal static class Recording
{
    /// <summary>The same action, whose parameters are kept each time it is evaluated.</summary>
    public static NodeAction Of(NodeAction action, StepInputs inputs) => action switch
    {
        PureAction pure => new Pure(pure, inputs),
        EffectAction effect => new Effect(effect, effect.Runner, null, inputs),
        LoopAction loop => new Loop(loop, inputs),
        TerminateAction terminate => new Terminate(terminate, inputs),
        // The one-time address of a node is found by its action.
        WaitForWebhookAction wait => wait,
        WaitAction wait => new Wait(wait, inputs),
        _ => throw new InvalidOperationException($"{action.GetType().Name} is none of the kinds of action."),
    };

    /// <summary>The same work, done by another runner.</summary>
    public static NodeAction By(EffectAction action, string runner, string origin, StepInputs inputs) =>
        new Effect(action, runner, origin, inputs);

    public static void Keep(StepInputs inputs, in NodeContext context, string? origin) => inputs.Keep(
        context.Node.Id, context.Frame.Iteration, context.Attempt, NodeInput.Render(context, origin));

    // An event is published by the kind of action that the node has: this is another one.
    private sealed class Pure(PureAction inner, StepInputs inputs) : PureAction
    {
        public override int Quorum => inner.Quorum;

        public override double? TimeoutSeconds => inner.TimeoutSeconds;

        public override StepOutcome Evaluate(in NodeContext context)
        {
            Keep(inputs, context, null);
            return inner.Evaluate(context);
        }
    }

    private sealed class Effect(EffectAction inner, string? runner, string? origin, StepInputs inputs) : EffectAction
    {
        public override string? Runner => runner;

        public override double? TimeoutSeconds => inner.TimeoutSeconds;

        public override ReadOnlyMemory<byte> Render(in NodeContext context)
        {
            Keep(inputs, context, origin);
            return inner.Render(context);
        }
    }

    private sealed class Wait(WaitAction inner, StepInputs inputs) : WaitAction
    {
        public override WaitSpec? Open(in NodeContext context, out StepOutcome outcome)
        {
            Keep(inputs, context, null);
            return inner.Open(context, out outcome);
        }

        public override StepOutcome Resolve(
            in NodeContext context, WaitOutcome outcome, ReadOnlyMemory<byte> payload) =>
            inner.Resolve(context, outcome, payload);
    }

    private sealed class Loop(LoopAction inner, StepInputs inputs) : LoopAction
    {
        public override LoopRun Begin(in NodeContext context, bool isReplay)
        {
            Keep(inputs, context, null);
            return inner.Begin(context, isReplay);
        }
    }

    private sealed class Terminate(TerminateAction inner, StepInputs inputs) : TerminateAction
    {
        public override StepOutcome Evaluate(in NodeContext context)
        {
            Keep(inputs, context, null);
            return inner.Evaluate(context);
        }
    }
}
