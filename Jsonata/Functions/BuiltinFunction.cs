using Workflows.Jsonata.Evaluation;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Functions;

/// <summary>What a built-in function gets besides its arguments.</summary>
/// <param name="Frame">The variables where it was called.</param>
/// <param name="Input">The context value there.</param>
internal readonly record struct Call(Frame Frame, JsonataValue Input)
{
    public EvaluationContext Context => Frame.Context;
}

/// <param name="arguments">As many as the signature has parameters; missing ones are undefined.</param>
/// <param name="call">Where it was called.</param>
internal delegate JsonataValue FunctionBody(ReadOnlySpan<JsonataValue> arguments, in Call call);

/// <summary>A function of the language itself.</summary>
internal sealed class BuiltinFunction(string name, string signature, FunctionBody body, int? arity = null) : FunctionValue
{
    private readonly Signature _signature = Signature.Parse(signature, 0);

    public string Name => name;

    public Signature Signature => _signature;

    public override int Arity => arity ?? _signature.Parameters.Count;

    public override JsonataValue Invoke(ReadOnlySpan<JsonataValue> arguments, in JsonataValue input, Frame caller)
    {
        caller.Context.Step();
        var room = default(Arguments);
        var bound = _signature.Bind(arguments, input, room);
        foreach (ref readonly var argument in bound)
        {
            caller.Context.StepForReading(argument.TextLength);
        }

        var result = body(bound, new Call(caller, input));
        if (result.Reference is string text)
        {
            caller.Context.StepForText(text.Length);
        }

        return result;
    }
}
