using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Evaluation;

/// <summary>One step of a path that is more than names.</summary>
/// <param name="Node">What the step yields for one context value.</param>
/// <param name="Filters">Predicates applied to each of these results.</param>
/// <param name="Fields">Set instead of <paramref name="Node"/> for a run of plain names.</param>
/// <param name="Sort">Set instead of <paramref name="Node"/> for an order-by step.</param>
/// <param name="IsConstructor">An array constructor: as the first step it sees the input as a whole.</param>
internal sealed record PathStep(
    Node? Node, Filter[] Filters, FieldPathNode? Fields = null, Sorter? Sort = null, bool IsConstructor = false);

/// <summary>A path of any steps without variables bound on the way.</summary>
internal sealed class PathNode(PathStep[] steps, bool startsWithVariable, bool keepSingleton, Grouping? grouping) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame)
    {
        var context = frame.Context;
        var current = startsWithVariable && input.IsArray ? Sequence.One(input) : input;
        for (var i = 0; i < steps.Length; i++)
        {
            current = i == 0 && steps[0].IsConstructor
                ? steps[0].Node!.Evaluate(current, frame)
                : Step(steps[i], current, frame, i == steps.Length - 1);
            if (current.IsUndefined)
            {
                break;
            }

            if (i < steps.Length - 1 && current.IsArray && current.ItemCount() == 0)
            {
                // Nothing to go on with, unless the author wrote this empty array.
                current = i == 0 && steps[0].IsConstructor ? current : default;
                break;
            }
        }

        if (keepSingleton)
        {
            current = Keep(current);
        }

        return Sequence.Normalize(grouping is null ? current : grouping.Apply(current, frame));
    }

    private static JsonataValue Step(PathStep step, in JsonataValue input, Frame frame, bool isLast)
    {
        if (step.Fields is { } fields)
        {
            return fields.Walk(input, frame.Context);
        }

        if (step.Sort is { } sort)
        {
            return Filtered(sort.Apply(input, frame), step.Filters, frame);
        }

        var results = new StepResults(frame.Context);
        if (!input.IsArray)
        {
            AddResult(step, input, ref results, frame);
            return results.Finish(isLast);
        }

        foreach (var item in input.Items())
        {
            AddResult(step, item, ref results, frame);
        }

        return results.Finish(isLast);
    }

    private static void AddResult(PathStep step, in JsonataValue item, ref StepResults results, Frame frame)
    {
        var result = step.Node!.Evaluate(item, frame);
        if (step.Filters.Length == 0)
        {
            results.Add(result);
        }
        else
        {
            results.AddCounted(Filtered(result, step.Filters, frame));
        }
    }

    private static JsonataValue Filtered(JsonataValue value, Filter[] filters, Frame frame)
    {
        foreach (var filter in filters)
        {
            value = filter.Apply(value, frame);
        }

        return value;
    }

    /// <summary>One result becomes an array of one, and stays it.</summary>
    internal static JsonataValue Keep(in JsonataValue value)
    {
        const ListTraits kept = ListTraits.Sequence | ListTraits.KeepSingleton;
        if (value.IsUndefined)
        {
            return value;
        }

        if (!value.IsArray)
        {
            return Sequence.One(value, kept);
        }

        return value.Reference is ValueList list && (list.IsSequence || Sequence.IsConstructed(value))
            ? JsonataValue.FromHeap(Sequence.IsConstructed(value) && !list.IsSequence
                ? new ValueList([value], kept)
                : list.With(list.Traits | kept))
            : value;
    }
}
