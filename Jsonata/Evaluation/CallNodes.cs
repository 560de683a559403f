using Workflows.Jsonata.Functions;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Evaluation;

/// <summary>What a message says about a call: the name it was written with, and its place.</summary>
/// <param name="Name">Name of the function without dollar sign, null for a function without a name.</param>
/// <param name="IsPath">It was written without the dollar sign.</param>
/// <param name="Position">Offset after the opening parenthesis.</param>
internal sealed record CallSite(string? Name, bool IsPath, int Position);

internal sealed class CallNode(Node procedure, Node[] arguments, CallSite site, bool isTail) : Node
{
    // What a function ends in is handed to its caller as it is; the call that began it takes a sequence for what it means.
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame)
    {
        var result = Run(input, frame, arguments.Length, default, hasFirst: false);
        return isTail ? result : Sequence.Normalize(result);
    }

    public override JsonataValue EvaluateSequence(in JsonataValue input, Frame frame) =>
        Run(input, frame, arguments.Length, default, hasFirst: false);

    /// <summary>The call with a value before its written arguments, as <c>~&gt;</c> makes it.</summary>
    public JsonataValue EvaluateApplied(in JsonataValue first, in JsonataValue input, Frame frame) =>
        Run(input, frame, arguments.Length + 1, first, hasFirst: true);

    private JsonataValue Run(in JsonataValue input, Frame frame, int count, in JsonataValue first, bool hasFirst)
    {
        var function = Callee(procedure.Evaluate(input, frame), site, "T1005", "T1006");
        if (isTail && function is LambdaFunction)
        {
            var values = new JsonataValue[count];
            Fill(values, input, frame, first, hasFirst);
            frame.Context.TailFunction = function;
            frame.Context.TailArguments = values;
            return LambdaFunction.TailCall;
        }

        var room = default(Arguments);
        Span<JsonataValue> span = count <= Arguments.Capacity ? room : new JsonataValue[count];
        span = span[..count];
        Fill(span, input, frame, first, hasFirst);
        try
        {
            return function.Invoke(span, input, frame);
        }
        catch (JsonataException exception) when (Errors.Locate(exception, site.Position, site.Name))
        {
            throw;
        }
    }

    private void Fill(Span<JsonataValue> values, in JsonataValue input, Frame frame, in JsonataValue first, bool hasFirst)
    {
        var offset = 0;
        if (hasFirst)
        {
            values[offset++] = first;
        }

        foreach (var argument in arguments)
        {
            values[offset++] = argument.Evaluate(input, frame);
        }
    }

    internal static FunctionValue Callee(in JsonataValue value, CallSite site, string missingDollar, string notFunction)
    {
        if (value.Reference is FunctionValue function)
        {
            return function;
        }

        var known = site.Name is { } name && value.IsUndefined && BuiltinFunctions.ByName.ContainsKey(name);
        if (site.IsPath && known)
        {
            throw Errors.At(site.Position, missingDollar, site.Name);
        }

        var nearest = site.Name is null || known ? null : Suggestions.Nearest(site.Name, BuiltinFunctions.ByName.Keys);
        throw Errors.At(
            site.Position, notFunction, site.Name, suggestion: nearest is null ? null : $"Did you mean ${nearest}?");
    }
}

/// <summary><c>f(?, 2)</c>: a function of the arguments left open.</summary>
internal sealed class PartialNode(Node procedure, Node?[] arguments, CallSite site) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame)
    {
        var function = CallNode.Callee(procedure.Evaluate(input, frame), site, "T1007", "T1008");
        var values = new JsonataValue[arguments.Length];
        var open = new bool[arguments.Length];
        for (var i = 0; i < arguments.Length; i++)
        {
            open[i] = arguments[i] is null;
            values[i] = arguments[i]?.Evaluate(input, frame) ?? default;
        }

        return JsonataValue.FromHeap(new PartialFunction(function, values, open));
    }
}

/// <summary><c>value ~&gt; function</c>: a call, or with a function on the left the two chained.</summary>
internal sealed class ApplyNode(Node left, Node right, int position) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame) =>
        Sequence.Normalize(EvaluateSequence(input, frame));

    public override JsonataValue EvaluateSequence(in JsonataValue input, Frame frame)
    {
        var value = left.Evaluate(input, frame);
        if (right is CallNode call)
        {
            return call.EvaluateApplied(value, input, frame);
        }

        if (right.Evaluate(input, frame).Reference is not FunctionValue function)
        {
            throw Errors.At(position, "T2006", "~>");
        }

        if (value.Reference is FunctionValue first)
        {
            return JsonataValue.FromHeap(new ChainedFunction(first, function));
        }

        try
        {
            return function.Invoke([value], default, frame);
        }
        catch (JsonataException exception) when (Errors.Locate(exception, position, (function as BuiltinFunction)?.Name ?? "~>"))
        {
            throw;
        }
    }
}
