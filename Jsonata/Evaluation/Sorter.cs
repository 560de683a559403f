using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Evaluation;

/// <summary>A stable merge sort, which unlike that of the platform lets errors of the comparison through as they are.</summary>
internal static class MergeSort
{
    /// <param name="items">Sorted in place.</param>
    /// <param name="comesAfter">True when the first belongs behind the second.</param>
    public static void Sort<T>(T[] items, Func<T, T, bool> comesAfter)
    {
        if (items.Length > 1)
        {
            Sort(items, new T[items.Length], 0, items.Length, comesAfter);
        }
    }

    private static void Sort<T>(T[] items, T[] buffer, int start, int end, Func<T, T, bool> comesAfter)
    {
        if (end - start < 2)
        {
            return;
        }

        var middle = start + ((end - start) / 2);
        Sort(items, buffer, start, middle, comesAfter);
        Sort(items, buffer, middle, end, comesAfter);
        var left = start;
        var right = middle;
        for (var i = start; i < end; i++)
        {
            var takeRight = left == middle || (right < end && comesAfter(items[left], items[right]));
            buffer[i] = takeRight ? items[right++] : items[left++];
        }

        Array.Copy(buffer, start, items, start, end - start);
    }
}

/// <summary>One term of an order-by clause.</summary>
internal sealed record OrderTerm(Node Expression, bool Descending);

/// <summary>The order-by clause <c>^( )</c>. Keys are calculated when a comparison needs them, and once.</summary>
internal sealed class Sorter(OrderTerm[] terms, int position)
{
    public JsonataValue Apply(in JsonataValue input, Frame frame)
    {
        var count = input.ItemCount();
        if (!input.IsArray)
        {
            return input;
        }

        if (count <= 1)
        {
            var only = input.ItemAt(0);
            return only.IsArray ? Sequence.One(only) : only;
        }

        frame.Context.CheckLength(count);
        frame.Context.BuildItems(count * (terms.Length + 2));
        var rows = new Row[count];
        var i = 0;
        foreach (var item in input.Items())
        {
            rows[i++] = new Row(item, frame, terms.Length);
        }

        MergeSort.Sort(rows, ComesAfter);
        return JsonataValue.FromHeap(new ValueList(Array.ConvertAll(rows, row => row.Item)));
    }

    public TupleStream ApplyToTuples(TupleStream input)
    {
        var rows = input.Tuples.Select(tuple => new Row(tuple.Read(0), tuple, terms.Length)).ToArray();
        MergeSort.Sort(rows, ComesAfter);
        return input.With([.. rows.Select(row => row.Frame)]);
    }

    private bool ComesAfter(Row left, Row right)
    {
        left.Frame.Context.Step();
        for (var i = 0; i < terms.Length; i++)
        {
            var a = left.Key(i, terms[i].Expression);
            var b = right.Key(i, terms[i].Expression);

            // What has no key comes last, in either direction.
            if (a.IsUndefined || b.IsUndefined)
            {
                if (a.IsUndefined && b.IsUndefined)
                {
                    continue;
                }

                return a.IsUndefined;
            }

            left.Frame.Context.StepForReading(a.TextLength);
            left.Frame.Context.StepForReading(b.TextLength);
            var order = Compare(a, b);
            if (order != 0)
            {
                return terms[i].Descending ? order < 0 : order > 0;
            }
        }

        return false;
    }

    private int Compare(in JsonataValue a, in JsonataValue b)
    {
        if (a.TryGetNumber(out var first) && b.TryGetNumber(out var second))
        {
            return double.IsNaN(first) || double.IsNaN(second) ? 0 : ExactNumber.Compare(a, b, first, second);
        }

        if (a.TryGetString(out var firstText) && b.TryGetString(out var secondText))
        {
            return string.CompareOrdinal(firstText, secondText);
        }

        var bothComparable = a.Kind is JsonataKind.Number or JsonataKind.String && b.Kind is JsonataKind.Number or JsonataKind.String;
        throw Errors.At(position, bothComparable ? "T2007" : "T2008", "^", Errors.Show(a), Errors.Show(b));
    }

    private sealed class Row(JsonataValue item, Frame frame, int terms)
    {
        private readonly JsonataValue[] _keys = new JsonataValue[terms];
        private int _known;

        public JsonataValue Item => item;

        public Frame Frame => frame;

        // Terms are asked for in order, so a count says which keys are there.
        public JsonataValue Key(int index, Node expression)
        {
            if (index >= _known)
            {
                _keys[index] = expression.Evaluate(item, frame);
                _known = index + 1;
            }

            return _keys[index];
        }
    }
}
