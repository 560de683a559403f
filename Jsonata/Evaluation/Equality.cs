
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Evaluation;

/// <summary>Deep equality: same kind, same content; order counts in arrays and does not in objects.</summary>
internal static class Equality
{
    public static bool AreEqual(in JsonataValue left, in JsonataValue right, EvaluationContext context)
    {
        var kind = left.Kind;
        if (kind != right.Kind)
        {
            return false;
        }

        switch (kind)
        {
            case JsonataKind.Boolean:
                return left.AsBoolean() == right.AsBoolean();
            case JsonataKind.Number:
                left.TryGetNumber(out var leftNumber);
                right.TryGetNumber(out var rightNumber);
                return leftNumber == rightNumber && ExactNumber.Compare(left, right, leftNumber, rightNumber) == 0;
            case JsonataKind.String:
                context.StepForReading(left.TextLength);
                return StringsEqual(left, right);
            case JsonataKind.Array:
                return ArraysEqual(left, right, context);
            case JsonataKind.Object:
                return ObjectsEqual(left, right, context);
            case JsonataKind.Function:
                return ReferenceEquals(left.Reference, right.Reference);
            default:
                return true;
        }
    }

    private static bool StringsEqual(in JsonataValue left, in JsonataValue right)
    {
        if (left.Reference is JsonDom dom && right.Reference is JsonDom other)
        {
            return dom.TextEquals(left.Row, other, right.Row);
        }

        left.TryGetString(out var text);
        right.TryGetString(out var otherText);
        return string.Equals(text, otherText, StringComparison.Ordinal);
    }

    private static bool ArraysEqual(in JsonataValue left, in JsonataValue right, EvaluationContext context)
    {
        var count = left.ItemCount();
        if (count != right.ItemCount())
        {
            return false;
        }

        context.Enter();
        context.Step(count);
        var others = right.Items().GetEnumerator();
        foreach (var item in left.Items())
        {
            others.MoveNext();
            if (!AreEqual(item, others.Current, context))
            {
                context.Leave();
                return false;
            }
        }

        context.Leave();
        return true;
    }

    private static bool ObjectsEqual(in JsonataValue left, in JsonataValue right, EvaluationContext context)
    {
        context.Enter();
        var count = 0;
        var equal = true;
        var others = new Dictionary<string, JsonataValue>(StringComparer.Ordinal);
        foreach (var member in right.Members())
        {
            context.Step();
            others[member.Key] = member.Value;
        }

        foreach (var member in left.Members())
        {
            context.Step();
            count++;
            if (!others.TryGetValue(member.Key, out var other) || !AreEqual(member.Value, other, context))
            {
                equal = false;
                break;
            }
        }

        context.Leave();
        return equal && count == others.Count;
    }
}
