namespace Workflows.Jsonata.Values;

/// <summary>Anything that can be called: a built-in function, a lambda, a partial application, a matcher.</summary>
internal abstract class FunctionValue() : HeapValue(JsonataKind.Function);
