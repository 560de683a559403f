using System.Runtime.CompilerServices;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Evaluation;

/// <summary>A compiled expression. Immutable, so that any number of evaluations may run through it at once.</summary>
internal abstract class Node
{
    public abstract JsonataValue Evaluate(in JsonataValue input, Frame frame);

    /// <summary>As <see cref="Evaluate"/>, but a sequence of one result stays a sequence, for <c>[]</c> to keep it.</summary>
    public virtual JsonataValue EvaluateSequence(in JsonataValue input, Frame frame) => Evaluate(input, frame);

    /// <summary>The value when it is known at compile time.</summary>
    public virtual bool TryGetConstant(out JsonataValue value)
    {
        value = default;
        return false;
    }
}

/// <summary>A value known at compile time.</summary>
internal sealed class ConstantNode(JsonataValue value) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame) => value;

    public override bool TryGetConstant(out JsonataValue constant)
    {
        constant = value;
        return true;
    }
}

/// <summary><c>$</c>: the context value.</summary>
internal sealed class ContextNode : Node
{
    public static readonly ContextNode Instance = new();

    public override JsonataValue Evaluate(in JsonataValue input, Frame frame) => Sequence.Normalize(Sequence.Unwrap(input));
}

/// <summary><c>$$</c>: the input of the whole evaluation.</summary>
internal sealed class RootNode : Node
{
    public static readonly RootNode Instance = new();

    public override JsonataValue Evaluate(in JsonataValue input, Frame frame) => frame.Context.Root;
}

/// <summary>A variable with a slot. While the slot is unbound the name means what it means further out.</summary>
internal sealed class LocalVariableNode(int hops, int slot, Node outer) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame)
    {
        var owner = frame;
        for (var i = 0; i < hops; i++)
        {
            owner = owner.Parent!;
        }

        ref readonly var value = ref owner.Slots[slot];
        if (value.IsUndefined)
        {
            return outer.Evaluate(input, frame);
        }

        return ReferenceEquals(value.Reference, Tag.BoundUndefined) ? default : Sequence.Normalize(value);
    }
}

/// <summary>A variable that no scope binds: one of the caller's, or a built-in function.</summary>
internal sealed class GlobalVariableNode(string name, JsonataValue builtin) : Node
{
    public string Name => name;

    public override JsonataValue Evaluate(in JsonataValue input, Frame frame) =>
        frame.Context.Variables is { } variables && variables.TryGetValue(name, out var value)
            ? Sequence.Normalize(value)
            : builtin;
}

internal sealed class BindNode(int slot, Node value) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame)
    {
        var result = value.Evaluate(input, frame);
        frame.Bind(slot, result);
        return result;
    }
}

/// <summary>A bind outside the innermost scope, from inside the tuples of a path.</summary>
internal sealed class OuterBindNode(int hops, int slot, Node value) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame)
    {
        var result = value.Evaluate(input, frame);
        var owner = frame;
        for (var i = 0; i < hops; i++)
        {
            owner = owner.Parent!;
        }

        owner.Bind(slot, result);
        return result;
    }
}

internal sealed class BlockNode(Node[] expressions, Scope? scope) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame)
    {
        var inner = scope is null ? frame : new Frame(frame.Context, frame, scope);
        for (var i = 0; i < expressions.Length - 1; i++)
        {
            expressions[i].Evaluate(input, inner);
        }

        return expressions[^1].Evaluate(input, inner);
    }
}

internal sealed class ConditionNode(Node condition, Node then, Node? otherwise) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame)
    {
        if (condition.Evaluate(input, frame).ToBoolean())
        {
            return then.Evaluate(input, frame);
        }

        return otherwise is null ? default : otherwise.Evaluate(input, frame);
    }
}

/// <summary><c>??</c> and <c>?:</c>.</summary>
internal sealed class FallbackNode(Node left, Node right, bool onlyWhenUndefined) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame)
    {
        var value = left.Evaluate(input, frame);
        return (onlyWhenUndefined ? !value.IsUndefined : value.ToBoolean()) ? value : right.Evaluate(input, frame);
    }
}

/// <summary>Marks the result of <c>[]</c>: a sequence of one stays an array.</summary>
internal sealed class KeepArrayNode(Node inner) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame) =>
        Sequence.Normalize(Sequence.KeepArray(inner.EvaluateSequence(input, frame)));
}

/// <summary>Stands at every few levels of a deep tree, so that no depth of the tree can overflow the stack.</summary>
internal sealed class StackGuardNode(Node inner) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame) =>
        RuntimeHelpers.TryEnsureSufficientExecutionStack()
            ? inner.Evaluate(input, frame)
            : throw frame.Context.TooDeep();
}
