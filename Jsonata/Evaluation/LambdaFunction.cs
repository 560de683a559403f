using Workflows.Jsonata.Functions;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Evaluation;

/// <summary>A function written in an expression; evaluating it takes hold of the variables and context around it.</summary>
internal sealed class LambdaNode(int[] slots, Signature? signature, Scope scope) : Node
{
    private Node? _body;

    public int[] Slots => slots;

    public Signature? Signature => signature;

    public Scope Scope => scope;

    public Node Body => _body!;

    /// <summary>Set once by the compiler, which needs the node before it can compile the body.</summary>
    public LambdaNode With(Node body)
    {
        _body = body;
        return this;
    }

    public override JsonataValue Evaluate(in JsonataValue input, Frame frame)
    {
        frame.Context.HasClosures = true;
        frame.Context.Build(Limits.ContainerBytes);
        return JsonataValue.FromHeap(new LambdaFunction(this, input, frame));
    }
}

internal sealed class LambdaFunction(LambdaNode definition, JsonataValue input, Frame closure) : FunctionValue
{
    /// <summary>What the body yields when it ends in a call: the caller's loop makes that call, so it takes no stack.</summary>
    public static readonly JsonataValue TailCall = JsonataValue.FromHeap(new Tag(JsonataKind.Function));

    public override int Arity => definition.Slots.Length;

    public override JsonataValue Invoke(ReadOnlySpan<JsonataValue> arguments, in JsonataValue input, Frame caller)
    {
        var context = caller.Context;
        context.Enter();
        context.Step();
        var result = Run(arguments, input);
        while (ReferenceEquals(result.Reference, TailCall.Reference))
        {
            context.Step();
            var next = context.TailFunction!;
            result = next is LambdaFunction lambda
                ? lambda.Run(context.TailArguments, input)
                : next.Invoke(context.TailArguments, input, caller);
        }

        context.Leave();
        return result;
    }

    private JsonataValue Run(ReadOnlySpan<JsonataValue> arguments, in JsonataValue context)
    {
        if (definition.Signature is { } signature)
        {
            var room = default(Arguments);
            return Run(signature.Bind(arguments, context, room));
        }

        return Run(arguments);
    }

    private JsonataValue Run(ReadOnlySpan<JsonataValue> arguments)
    {
        closure.Context.BuildItems(definition.Scope.Count);
        var frame = new Frame(closure.Context, closure, definition.Scope);
        for (var i = 0; i < definition.Slots.Length; i++)
        {
            frame.Bind(definition.Slots[i], i < arguments.Length ? arguments[i] : default);
        }

        return definition.Body.Evaluate(input, frame);
    }
}

/// <summary>A function with some arguments given; the rest fill the open places in order.</summary>
internal sealed class PartialFunction(FunctionValue function, JsonataValue[] given, bool[] open) : FunctionValue
{
    public override int Arity => open.Count(isOpen => isOpen) + Math.Max(0, function.Arity - open.Length);

    public override JsonataValue Invoke(ReadOnlySpan<JsonataValue> arguments, in JsonataValue input, Frame caller)
    {
        var values = (JsonataValue[])given.Clone();
        var used = 0;
        for (var i = 0; i < open.Length && used < arguments.Length; i++)
        {
            if (open[i])
            {
                values[i] = arguments[used++];
            }
        }

        return function.Invoke(values, input, caller);
    }
}

/// <summary><c>f ~&gt; g</c>.</summary>
internal sealed class ChainedFunction(FunctionValue first, FunctionValue second) : FunctionValue
{
    public override int Arity => 1;

    public override JsonataValue Invoke(ReadOnlySpan<JsonataValue> arguments, in JsonataValue input, Frame caller)
    {
        caller.Context.Enter();
        var middle = Sequence.Normalize(first.Invoke(arguments.Length > 1 ? arguments[..1] : arguments, input, caller));
        var result = second.Invoke([middle], input, caller);
        caller.Context.Leave();
        return result;
    }
}
