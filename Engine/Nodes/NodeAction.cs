using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>What one node of a workflow does: its compiled parameters. Immutable, shared by all executions.</summary>
internal abstract class NodeAction
{
    /// <summary>Ports named by the parameters, besides those of the type.</summary>
    public virtual IReadOnlyList<string> FurtherPorts => [];

    /// <summary>Ports of the type that this node, as configured, can never leave by, and why.</summary>
    public virtual IReadOnlyList<(string Port, string Reason)> UnusedPorts => [];

    /// <summary>How many incoming edges must be taken: 0 = every one that is not dead.</summary>
    public virtual int Quorum => 0;

    /// <summary>The time one attempt may take if the node itself does not say.</summary>
    public virtual double? TimeoutSeconds => null;
}

/// <summary>Evaluated from what is known: parameters, input, earlier steps.</summary>
internal abstract class PureAction : NodeAction
{
    public abstract StepOutcome Evaluate(in NodeContext context);
}

/// <summary>Run by a runner in the worker, which gets the rendered parameters.</summary>
internal abstract class EffectAction : NodeAction
{
    /// <summary>The node type whose runner does the work; null = the node's own.</summary>
    public virtual string? Runner => null;

    /// <summary>UTF-8 JSON of the shape the runner reads.</summary>
    public abstract ReadOnlyMemory<byte> Render(in NodeContext context);
}

/// <summary>Parks the execution.</summary>
internal abstract class WaitAction : NodeAction
{
    /// <summary>What to wait for; null = nothing, and <paramref name="outcome"/> is the result at once.</summary>
    public abstract WaitSpec? Open(in NodeContext context, out StepOutcome outcome);

    public abstract StepOutcome Resolve(in NodeContext context, WaitOutcome outcome, ReadOnlyMemory<byte> payload);
}

/// <summary>Repeats its body.</summary>
internal abstract class LoopAction : NodeAction
{
    /// <param name="isReplay">See <see cref="LoopRun.IsReplay"/>.</param>
    public abstract LoopRun Begin(in NodeContext context, bool isReplay);
}

/// <summary>Ends the execution, wherever it stands: as completed with the output, or as failed with the error.</summary>
internal abstract class TerminateAction : NodeAction
{
    public abstract StepOutcome Evaluate(in NodeContext context);
}

/// <summary>How an evaluation ended: by a port with an output, or with an error.</summary>
internal readonly record struct StepOutcome(string Port, ReadOnlyMemory<byte> Output, StepError? Error)
{
    public static StepOutcome Main(ReadOnlyMemory<byte> output) => new(NodePort.Main, output, null);

    public static StepOutcome By(string port, ReadOnlyMemory<byte> output) => new(port, output, null);

    public static StepOutcome Failed(string code, string message) => new("", default, new StepError(code, message));
}

/// <summary>Carries a step error out of the rendering of parameters; caught by <see cref="NodeEvaluator"/> alone.</summary>
internal sealed class StepException(StepError error) : Exception(error.Message)
{
    public StepError Error => error;
}

/// <summary>What an action sees while it runs.</summary>
internal readonly ref struct NodeContext(
    ExecutionState state, Frame frame, Definitions.CompiledNode node, int attempt, DateTimeOffset now)
{
    public ExecutionState State => state;

    public Frame Frame => frame;

    public Definitions.CompiledNode Node => node;

    public int Attempt => attempt;

    public DateTimeOffset Now => now;

    public JsonataValue Evaluate(JsonataExpression expression) => expression.Evaluate(ScopeOf(expression), Options);

    public JsonataValue Evaluate(JsonTemplate template) => template.Render(ScopeOf(template), Options);

    /// <summary>The same for a template that is none of the node's own.</summary>
    public JsonataValue Evaluate(JsonTemplate template, bool maySeeSecrets) =>
        template.Render(maySeeSecrets ? frame.SecretScope : frame.Scope, Options);

    /// <summary>For parameters that are evaluated for each item of a list.</summary>
    public JsonataValue Evaluate(JsonataExpression expression, ItemScope scope) => expression.Evaluate(scope.Self, Options);

    /// <summary>The template as UTF-8 JSON; undefined becomes null.</summary>
    public ReadOnlyMemory<byte> Render(JsonTemplate template)
    {
        var buffer = JsonBuffer.Rent();
        template.WriteTo(buffer.Writer, ScopeOf(template), Options);
        return buffer.ToJson();
    }

    /// <summary>
    /// The same for a parameter that is text: a number or a boolean becomes text, with the digits it has. Anything
    /// else stays what it
    /// is, for whoever reads it to refuse.
    /// </summary>
    public ReadOnlyMemory<byte> RenderText(JsonTemplate template)
    {
        var value = Evaluate(template);
        return value.Kind is JsonataKind.Number or JsonataKind.Boolean && value.TryGetText(out var text)
            ? JsonataValue.FromString(text).ToUtf8Json()
            : value.IsUndefined ? "null"u8.ToArray() : value.ToUtf8Json(Options.Limits);
    }

    /// <summary>
    /// The text a parameter renders to, a number or a boolean as text; null when it yields nothing; a step error when
    /// it is no text.
    /// </summary>
    /// <param name="isName">It names something, and a number or a boolean names nothing.</param>
    public string? Text(
        JsonTemplate? template, string parameter, int maxLength = Limits.ExpressionLength, bool isName = false)
    {
        if (template is null)
        {
            return null;
        }

        var value = Evaluate(template);
        if (value.Kind is JsonataKind.Undefined or JsonataKind.Null)
        {
            return null;
        }

        if ((isName && value.Kind != JsonataKind.String) || !value.TryGetText(out var text))
        {
            throw new StepException(new StepError(
                StepErrorCodes.ParameterInvalid, $"The parameter '{parameter}' must be text; its expression yields {Describe(value)}."));
        }

        if (JsonText.FindCharacterProblem(text!) is { } problem)
        {
            throw new StepException(new StepError(
                StepErrorCodes.ParameterInvalid, $"The parameter '{parameter}' cannot be used: it holds {problem}."));
        }

        return text!.Length <= maxLength
            ? text
            : throw new StepException(new StepError(
                StepErrorCodes.ParameterInvalid, $"The parameter '{parameter}' has {text.Length} characters; at most {maxLength} are allowed."));
    }

    /// <summary>The text a parameter renders to; a step error when it yields nothing, or no text.</summary>
    public string RequiredText(JsonTemplate? template, string parameter, int maxLength =
        Limits.ExpressionLength, bool isName = false) =>
        Text(template, parameter, maxLength, isName) is { Length: > 0 } text
            ? text
            : throw new StepException(
                new StepError(StepErrorCodes.ParameterInvalid, $"The parameter '{parameter}' yields no text."));

    /// <summary>The seconds a parameter renders to; null when it yields nothing; a step error when they are no length of a wait.</summary>
    public double? Seconds(JsonTemplate? template, string parameter)
    {
        if (template is null)
        {
            return null;
        }

        var value = Evaluate(template);
        if (value.Kind is JsonataKind.Undefined or JsonataKind.Null)
        {
            return null;
        }

        return value.TryGetNumber(out var seconds) && seconds is > 0 and <= Limits.WaitSeconds
            ? seconds
            : throw new StepException(new StepError(
                StepErrorCodes.ParameterInvalid, $"'{parameter}' must be a number between 0 and {Limits.WaitSeconds}."));
    }

    /// <param name="reader">The template or expression to be evaluated: secrets come into sight for those alone that may read them.</param>
    private JsonataValue ScopeOf(object reader) =>
        node.SecretReaders.Length > 0 && Array.IndexOf(node.SecretReaders, reader) >= 0 ? frame.SecretScope : frame.Scope;

    private JsonataOptions Options => state.OptionsFor(frame, node, attempt, now);

    private static string Describe(in JsonataValue value)
    {
        var text = value.ToString();
        return text.Length <= 60 ? text : text[..60] + "…";
    }
}
