using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Evaluation;

internal static class Operand
{
    /// <summary>A usable number; infinities are out of range wherever they are calculated with.</summary>
    public static bool TryNumber(in JsonataValue value, out double number)
    {
        if (!value.TryGetNumber(out number) || double.IsNaN(number))
        {
            return false;
        }

        return double.IsFinite(number) ? true : throw Errors.Of("D1001", value: NumberText.Format(number));
    }

    /// <summary>Adds the operator's place to an error that an operand raised without one.</summary>
    public static bool TryNumber(in JsonataValue value, int position, out double number) =>
        value.TryGetNumber(out number) && !double.IsNaN(number)
        && (double.IsFinite(number) ? true : throw Errors.At(position, "D1001", value: NumberText.Format(number)));
}

internal enum ArithmeticOperator
{
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

internal sealed class ArithmeticNode(ArithmeticOperator op, string token, Node left, Node right, int position) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame)
    {
        var first = left.Evaluate(input, frame);
        var second = right.Evaluate(input, frame);
        if (first.IsPlainNumber && second.IsPlainNumber
            && double.IsFinite(first.PlainNumber) && double.IsFinite(second.PlainNumber))
        {
            return JsonataValue.FromNumber(Calculate(first.PlainNumber, second.PlainNumber));
        }

        var a = 0.0;
        var b = 0.0;
        if (!first.IsUndefined && !Operand.TryNumber(first, position, out a))
        {
            throw Errors.At(position, "T2001", token, Errors.Show(first));
        }

        if (!second.IsUndefined && !Operand.TryNumber(second, position, out b))
        {
            throw Errors.At(position, "T2002", token, Errors.Show(second));
        }

        return first.IsUndefined || second.IsUndefined ? default : JsonataValue.FromNumber(Calculate(a, b));
    }

    private double Calculate(double a, double b) => op switch
    {
        ArithmeticOperator.Add => a + b,
        ArithmeticOperator.Subtract => a - b,
        ArithmeticOperator.Multiply => a * b,
        ArithmeticOperator.Divide => a / b,
        ArithmeticOperator.Remainder => a % b,
    };
}

internal sealed class NegateNode(Node operand, int position) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame)
    {
        var value = operand.Evaluate(input, frame);
        if (value.IsUndefined)
        {
            return default;
        }

        return Operand.TryNumber(value, position, out var number)
            ? JsonataValue.FromNumber(-number)
            : throw Errors.At(position, "D1002", "-", Errors.Show(value));
    }
}

internal enum ComparisonOperator
{
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

internal sealed class CompareNode(ComparisonOperator op, string token, Node left, Node right, int position) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame)
    {
        var first = left.Evaluate(input, frame);
        var second = right.Evaluate(input, frame);
        if (first.TryGetNumber(out var a) && second.TryGetNumber(out var b))
        {
            return JsonataValue.FromBoolean(a == b ? IsEqualHeld(first, second, a) : op switch
            {
                ComparisonOperator.Less or ComparisonOperator.LessOrEqual => a < b,
                _ => a > b,
            });
        }

        frame.Context.StepForReading(first.TextLength + second.TextLength);
        if (!IsComparable(first) || !IsComparable(second))
        {
            throw Errors.At(position, "T2010", token, Errors.Show(IsComparable(first) ? second : first));
        }

        if (first.IsUndefined || second.IsUndefined)
        {
            return default;
        }

        if (!first.TryGetString(out var firstText) || !second.TryGetString(out var secondText))
        {
            throw Errors.At(position, "T2009", token, Errors.Show(first), Errors.Show(second));
        }

        var order = string.CompareOrdinal(firstText, secondText);
        return JsonataValue.FromBoolean(op switch
        {
            ComparisonOperator.Less => order < 0,
            ComparisonOperator.LessOrEqual => order <= 0,
            ComparisonOperator.Greater => order > 0,
            ComparisonOperator.GreaterOrEqual => order >= 0,
        });
    }

    // Two numbers with one double may still be two decimals.
    private bool IsEqualHeld(in JsonataValue first, in JsonataValue second, double number)
    {
        var order = ExactNumber.Compare(first, second, number, number);
        return op switch
        {
            ComparisonOperator.Less => order < 0,
            ComparisonOperator.LessOrEqual => order <= 0,
            ComparisonOperator.Greater => order > 0,
            ComparisonOperator.GreaterOrEqual => order >= 0,
        };
    }

    private static bool IsComparable(in JsonataValue value) =>
        value.Kind is JsonataKind.Undefined or JsonataKind.Number or JsonataKind.String;
}

/// <summary><c>=</c> and <c>!=</c>; both are false when a side is undefined.</summary>
internal sealed class EqualNode(bool negated, Node left, Node right) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame)
    {
        var first = left.Evaluate(input, frame);
        var second = right.Evaluate(input, frame);
        return JsonataValue.FromBoolean(
            !first.IsUndefined && !second.IsUndefined && Equality.AreEqual(first, second, frame.Context) != negated);
    }
}

/// <summary>Comparison with a string known at compile time, which needs no decoding of the JSON text.</summary>
internal sealed class EqualTextNode(bool negated, Node left, string text) : Node
{
    private readonly byte[] _utf8 = System.Text.Encoding.UTF8.GetBytes(text);

    public override JsonataValue Evaluate(in JsonataValue input, Frame frame)
    {
        var value = left.Evaluate(input, frame);
        if (value.IsUndefined)
        {
            return JsonataValue.False;
        }

        frame.Context.StepForReading(value.TextLength);
        return JsonataValue.FromBoolean(value.IsText(text, _utf8) != negated);
    }
}

internal sealed class AndNode(Node left, Node right) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame) => JsonataValue.FromBoolean(
        left.Evaluate(input, frame).ToBoolean() && right.Evaluate(input, frame).ToBoolean());
}

internal sealed class OrNode(Node left, Node right) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame) => JsonataValue.FromBoolean(
        left.Evaluate(input, frame).ToBoolean() || right.Evaluate(input, frame).ToBoolean());
}

internal sealed class InNode(Node left, Node right) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame)
    {
        var value = left.Evaluate(input, frame);
        var set = right.Evaluate(input, frame);
        if (value.IsUndefined || set.IsUndefined)
        {
            return JsonataValue.False;
        }

        if (!set.IsArray)
        {
            return JsonataValue.FromBoolean(IsSame(value, set, frame.Context));
        }

        foreach (var item in set.Items())
        {
            frame.Context.Step();
            if (IsSame(value, item, frame.Context))
            {
                return JsonataValue.True;
            }
        }

        return JsonataValue.False;
    }

    // Membership is identity: two objects of the same content are not the same object, unless both come from the
    // input, where identity cannot be told.
    private static bool IsSame(in JsonataValue left, in JsonataValue right, EvaluationContext context) =>
        (left.Kind is not (JsonataKind.Array or JsonataKind.Object) || (left.IsJson && right.IsJson))
            ? Equality.AreEqual(left, right, context)
            : ReferenceEquals(left.Reference, right.Reference);
}

/// <summary>A chain of <c>&amp;</c>, joined at once.</summary>
/// <param name="parts">The operands.</param>
/// <param name="positions">Of the operators: each is between the operand of its index and the next.</param>
internal sealed class ConcatNode(Node[] parts, int[] positions) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame)
    {
        var texts = new string[parts.Length];
        var length = 0L;
        for (var i = 0; i < parts.Length; i++)
        {
            var value = parts[i].Evaluate(input, frame);
            texts[i] = value.TryGetString(out var text)
                ? text!
                : TextOf(value, positions[Math.Max(0, i - 1)], frame.Context);
            length += texts[i].Length;
            frame.Context.CheckString(length);
        }

        frame.Context.StepForText((int)length);
        return JsonataValue.FromString(string.Concat(texts));
    }

    private static string TextOf(in JsonataValue value, int position, EvaluationContext context)
    {
        try
        {
            return JsonText.Of(value, context);
        }
        catch (JsonataException exception) when (Errors.Locate(exception, position, "&"))
        {
            throw;
        }
    }
}

internal sealed class RangeNode(Node left, Node right, int position) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame)
    {
        var first = left.Evaluate(input, frame);
        var last = right.Evaluate(input, frame);
        var a = 0.0;
        var b = 0.0;
        if (!first.IsUndefined && !(first.TryGetNumber(out a) && double.IsInteger(a)))
        {
            throw Errors.At(position, "T2003", "..", Errors.Show(first));
        }

        if (!last.IsUndefined && !(last.TryGetNumber(out b) && double.IsInteger(b)))
        {
            throw Errors.At(position, "T2004", "..", Errors.Show(last));
        }

        if (first.IsUndefined || last.IsUndefined || a > b)
        {
            return default;
        }

        var count = b - a + 1;
        if (count > Limits.MaxRangeLength)
        {
            throw Errors.At(position, "D2014", "..", NumberText.Format(count));
        }

        return Sequence.Normalize(JsonataValue.FromHeap(new RangeArray(a, (int)count, ListTraits.Sequence)));
    }
}
