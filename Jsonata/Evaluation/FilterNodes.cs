using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Evaluation;

/// <summary>
/// A predicate: keeps items by index or by truth. Works on one result of a step at a time; an empty result is undefined
/// and a single one that is no array stands for itself.
/// </summary>
internal abstract class Filter
{
    public abstract JsonataValue Apply(in JsonataValue input, Frame frame);

    /// <summary>The same over tuples: each item's variables are seen by the predicate.</summary>
    public abstract TupleStream ApplyToTuples(TupleStream input);

    protected static int Resolve(double index, int count)
    {
        var position = Math.Floor(index);
        position = position < 0 ? position + count : position;
        return position >= 0 && position < count ? (int)position : -1;
    }
}

/// <summary><c>[0]</c>, <c>[-1]</c>: one item, found without looking at the others.</summary>
internal sealed class IndexFilter(double index) : Filter
{
    public override JsonataValue Apply(in JsonataValue input, Frame frame)
    {
        if (!input.IsArray)
        {
            return Resolve(index, 1) == 0 ? input : default;
        }

        var position = Resolve(index, input.ItemCount());
        return position < 0 ? default : input.ItemAt(position);
    }

    public override TupleStream ApplyToTuples(TupleStream input)
    {
        var position = Resolve(index, input.Count);
        return input.With(position < 0 ? [] : [input.Tuples[position]]);
    }
}

internal sealed class PredicateFilter(Node predicate) : Filter
{
    public override JsonataValue Apply(in JsonataValue input, Frame frame)
    {
        if (!input.IsArray)
        {
            return Keeps(predicate.Evaluate(input, frame), 0, 1, frame.Context) ? input : default;
        }

        var context = frame.Context;
        var count = input.ItemCount();
        var first = default(JsonataValue);
        ValueList? list = null;
        var kept = 0;
        var index = 0;
        foreach (var item in input.Items())
        {
            context.Step();
            var result = predicate.Evaluate(item, frame);
            for (var times = Matches(result, index, count, context); times > 0; times--)
            {
                if (++kept == 1)
                {
                    first = item;
                    continue;
                }

                if (list is null)
                {
                    list = new ValueList(ListTraits.Sequence);
                    list.Add(first);
                }

                context.Add(list, item);
            }

            index++;
        }

        if (list is not null)
        {
            return JsonataValue.FromHeap(list);
        }

        return kept == 1 && first.IsArray ? Sequence.One(first) : first;
    }

    public override TupleStream ApplyToTuples(TupleStream input)
    {
        var kept = new List<Frame>();
        for (var i = 0; i < input.Tuples.Count; i++)
        {
            var tuple = input.Tuples[i];
            tuple.Context.Step();
            var result = predicate.Evaluate(tuple.Read(0), tuple);
            for (var times = Matches(result, i, input.Tuples.Count, tuple.Context); times > 0; times--)
            {
                kept.Add(tuple);
            }
        }

        return input.With(kept);
    }

    private static bool Keeps(in JsonataValue result, int index, int count, EvaluationContext context) =>
        Matches(result, index, count, context) > 0;

    /// <summary>How often the item at <paramref name="index"/> is in the result: numbers are indexes, and may repeat.</summary>
    private static int Matches(in JsonataValue result, int index, int count, EvaluationContext context)
    {
        if (result.Kind == JsonataKind.Boolean)
        {
            return result.AsBoolean() ? 1 : 0;
        }

        if (Operand.TryNumber(result, out var number))
        {
            return Resolve(number, count) == index ? 1 : 0;
        }

        if (!result.IsArray || !IsArrayOfNumbers(result, context))
        {
            return result.ToBoolean() ? 1 : 0;
        }

        var times = 0;
        foreach (var item in result.Items())
        {
            item.TryGetNumber(out var position);
            times += Resolve(position, count) == index ? 1 : 0;
        }

        return times;
    }

    private static bool IsArrayOfNumbers(in JsonataValue array, EvaluationContext context)
    {
        context.Step(array.ItemCount());
        foreach (var item in array.Items())
        {
            if (!Operand.TryNumber(item, out _))
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>Predicates on the value of an expression as a whole, such as <c>$x[0]</c> or <c>(a.b)[c = 1]</c>.</summary>
internal sealed class FilteredNode(Node inner, Filter[] filters) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame) => Sequence.Normalize(Apply(input, frame));

    public override JsonataValue EvaluateSequence(in JsonataValue input, Frame frame)
    {
        var value = Apply(input, frame);
        return value.IsUndefined || value.IsArray ? value : Sequence.One(value);
    }

    private JsonataValue Apply(in JsonataValue input, Frame frame)
    {
        var value = inner.Evaluate(input, frame);
        foreach (var filter in filters)
        {
            // A path in parentheses hands on what % means in each of its results.
            value = value.Reference is TupleStream stream
                ? JsonataValue.FromHeap(filter.ApplyToTuples(stream))
                : filter.Apply(value, frame);
        }

        return value;
    }
}
