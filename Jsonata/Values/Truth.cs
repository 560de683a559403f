namespace Workflows.Jsonata.Values;

/// <summary>What counts as true.</summary>
internal static class Truth
{
    public static bool Of(in JsonataValue value)
    {
        switch (value.Kind)
        {
            case JsonataKind.Boolean:
                return value.AsBoolean();
            case JsonataKind.Number:
                value.TryGetNumber(out var number);
                return double.IsInfinity(number)
                    ? throw Errors.Of("D1001", value: NumberText.Format(number))
                    : number != 0 && !double.IsNaN(number);
            case JsonataKind.String:
                return value.Reference is JsonDom dom ? !dom.IsEmptyText(value.Row) : ((string)value.Reference!).Length > 0;
            case JsonataKind.Array:
                return OfArray(value);
            case JsonataKind.Object:
                return value.HasMembers();
            default:
                return false;
        }
    }

    private static bool OfArray(in JsonataValue array)
    {
        // Arrays in arrays in arrays ...: a loop for the usual one item, so that depth costs no stack.
        var current = array;
        while (current.Kind == JsonataKind.Array)
        {
            var count = current.ItemCount();
            if (count == 0)
            {
                return false;
            }

            if (count > 1)
            {
                return AnyTrue(current);
            }

            current = current.ItemAt(0);
        }

        return Of(current);
    }

    private static bool AnyTrue(in JsonataValue array)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        foreach (var item in array.Items())
        {
            if (Of(item))
            {
                return true;
            }
        }

        return false;
    }
}
