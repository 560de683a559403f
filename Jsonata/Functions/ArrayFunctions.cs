using Workflows.Jsonata.Evaluation;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Functions;

internal static class ArrayFunctions
{
    public static JsonataValue Count(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        JsonataValue.FromNumber(arguments[0].ItemCount());

    public static JsonataValue Append(ReadOnlySpan<JsonataValue> arguments, in Call call) =>
        Sequence.Append(arguments[0], arguments[1], call.Context);

    public static JsonataValue Reverse(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].ItemCount() <= 1)
        {
            return arguments[0];
        }

        var items = ToItems(arguments[0], call.Context);
        Array.Reverse(items);
        return JsonataValue.FromHeap(new ValueList(items));
    }

    public static JsonataValue Shuffle(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].ItemCount() <= 1)
        {
            return arguments[0];
        }

        var items = ToItems(arguments[0], call.Context);
        call.Context.Random.Shuffle(items);
        return JsonataValue.FromHeap(new ValueList(items));
    }

    public static JsonataValue Sort(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].ItemCount() <= 1)
        {
            return arguments[0];
        }

        var items = ToItems(arguments[0], call.Context);
        if (arguments[1].Reference is FunctionValue comparison)
        {
            var (frame, input) = (call.Frame, call.Input);
            MergeSort.Sort(items, (a, b) => comparison.Invoke([a, b], input, frame).ToBoolean());
        }
        else
        {
            SortScalars(items, call.Context);
        }

        return JsonataValue.FromHeap(new ValueList(items));
    }

    private static void SortScalars(JsonataValue[] items, EvaluationContext context)
    {
        context.Step(items.Length);
        if (NumbersOf(items, out var mayBeExact) is { } numbers)
        {
            Array.Sort(numbers, items);
            if (mayBeExact)
            {
                // Those with one double lie side by side; their other digits order them.
                MergeSort.Sort(
                    items,
                    (a, b) => ExactNumber.Compare(a, b, NumberFunctions.Number(a), NumberFunctions.Number(b)) > 0);
            }
        }
        else if (Array.TrueForAll(items, item => item.Kind == JsonataKind.String))
        {
            var keys = Array.ConvertAll(items, item => Decoded(item, context));
            Array.Sort(keys, items, StringComparer.Ordinal);
        }
        else
        {
            throw Errors.Of("D3070");
        }
    }

    /// <summary>The doubles of the items; null when one of them is no number.</summary>
    private static double[]? NumbersOf(JsonataValue[] items, out bool mayBeExact)
    {
        var numbers = new double[items.Length];
        mayBeExact = false;
        for (var i = 0; i < items.Length; i++)
        {
            if (!Operand.TryNumber(items[i], out numbers[i]))
            {
                return null;
            }

            mayBeExact |= ExactNumber.MayBeExact(items[i]);
        }

        return numbers;
    }

    public static JsonataValue Distinct(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        var array = arguments[0];
        if (array.ItemCount() <= 1)
        {
            return array;
        }

        var context = call.Context;
        var results = new ValueList(array.Traits & ListTraits.Sequence);
        var texts = new HashSet<string>(StringComparer.Ordinal);
        var numbers = new HashSet<double>();
        var exact = new HashSet<string>(StringComparer.Ordinal);
        var others = new List<JsonataValue>();
        foreach (var item in array.Items())
        {
            context.Step();
            var isNew = item.Kind switch
            {
                JsonataKind.String => texts.Add(Decoded(item, context)),
                JsonataKind.Number when ExactNumber.IsExact(item) => exact.Add(ExactNumber.Key(item)),
                JsonataKind.Number => IsNew(numbers, NumberFunctions.Number(item)),
                _ => AddOther(item, others, context),
            };
            if (isNew)
            {
                context.Add(results, item);
            }
        }

        return JsonataValue.FromHeap(results);
    }

    // What is no number equals nothing, not even itself.
    private static bool IsNew(HashSet<double> numbers, double number) => double.IsNaN(number) || numbers.Add(number);

    private static string Decoded(in JsonataValue item, EvaluationContext context)
    {
        context.StepForReading(item.TextLength);
        context.Build((long)item.TextLength * sizeof(char));
        return StringFunctions.Text(item);
    }

    private static bool AddOther(in JsonataValue item, List<JsonataValue> others, EvaluationContext context)
    {
        context.Step(others.Count);
        foreach (var other in others)
        {
            if (Equality.AreEqual(item, other, context))
            {
                return false;
            }
        }

        others.Add(item);
        return true;
    }

    public static JsonataValue Zip(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        var length = int.MaxValue;
        foreach (var argument in arguments)
        {
            length = Math.Min(length, argument.ItemCount());
        }

        var columns = new JsonataValue[arguments.Length][];
        for (var i = 0; i < arguments.Length; i++)
        {
            columns[i] = length == 0 ? [] : ToItems(arguments[i], call.Context);
        }

        var rows = new ValueList();
        for (var row = 0; row < length; row++)
        {
            call.Context.Step(columns.Length);
            call.Context.BuildItems(columns.Length);
            call.Context.Add(rows, JsonataValue.FromHeap(new ValueList(Array.ConvertAll(columns, column => column[row]))));
        }

        return JsonataValue.FromHeap(rows);
    }

    private static JsonataValue[] ToItems(in JsonataValue array, EvaluationContext context)
    {
        var count = array.ItemCount();
        context.Step(count);
        context.CheckLength(count);
        context.BuildItems(count);
        var items = new JsonataValue[count];
        var i = 0;
        foreach (var item in array.Items())
        {
            items[i++] = item;
        }

        return items;
    }
}
