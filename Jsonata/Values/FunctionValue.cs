using Workflows.Jsonata.Evaluation;

namespace Workflows.Jsonata.Values;

/// <summary>Anything that can be called: a built-in function, a lambda, a partial application, a matcher.</summary>
internal abstract class FunctionValue() : HeapValue(JsonataKind.Function)
{
    /// <summary>How many arguments the higher-order functions pass to it at most.</summary>
    public abstract int Arity { get; }

    /// <param name="arguments">As written; the function checks them against its signature.</param>
    /// <param name="input">The context value of the call.</param>
    /// <param name="caller">The variables where the call stands.</param>
    public abstract JsonataValue Invoke(ReadOnlySpan<JsonataValue> arguments, in JsonataValue input, Frame caller);
}
