using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Evaluation;

/// <summary>A stage of a step that carries bindings: a filter, or an index binding after a filter.</summary>
internal sealed record TupleStage(Filter? Filter, int IndexSlot);

/// <summary>One step of such a path; slots are -1 for what it does not bind.</summary>
internal sealed record TupleStep(
    Node? Node,
    Sorter? Sort,
    TupleStage[] Stages,
    int FocusSlot,
    int IndexSlot,
    int AncestorSlot,
    bool IsConstructor);

/// <summary>
/// A path that binds variables on its way: <c>@$focus</c>, <c>#$index</c>, or hidden ones for <c>%</c>. Steps before the
/// first binding are an ordinary path; from there on each result is a tuple of the value and what was bound for it.
/// </summary>
internal sealed class TuplePathNode(
    Node? plainSteps,
    TupleStep[] steps,
    Scope scope,
    bool yieldsTuples,
    bool keepSingleton,
    Grouping? grouping,
    bool startsWithVariable) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame)
    {
        JsonataValue start;
        if (plainSteps is not null)
        {
            start = plainSteps.Evaluate(input, frame);
            if (start.IsUndefined)
            {
                return grouping is null
                    ? default
                    : grouping.Apply(JsonataValue.FromHeap(new TupleStream(scope)), frame);
            }
        }
        else
        {
            start = startsWithVariable && input.IsArray ? Sequence.One(input) : input;
        }

        TupleStream? stream = null;
        var seed = new Frame(frame.Context, frame, scope);
        foreach (var step in steps)
        {
            stream = Apply(step, start, stream, seed);
        }

        JsonataValue result;
        if (yieldsTuples || grouping is not null)
        {
            result = JsonataValue.FromHeap(stream!);
        }
        else
        {
            frame.Context.BuildItems(stream!.Count);
            var values = new ValueList(ListTraits.Sequence, stream.Count);
            foreach (var tuple in stream.Tuples)
            {
                values.Add(tuple.Read(0));
            }

            result = JsonataValue.FromHeap(values);
        }

        if (keepSingleton)
        {
            result = PathNode.Keep(result);
        }

        return grouping is not null ? grouping.Apply(result, frame) : yieldsTuples ? result : Sequence.Normalize(result);
    }

    /// <param name="step">The step.</param>
    /// <param name="start">What the first step starts from.</param>
    /// <param name="stream">What the step before yielded, null at the first.</param>
    /// <param name="seed">A tuple with nothing bound yet.</param>
    private TupleStream Apply(TupleStep step, in JsonataValue start, TupleStream? stream, Frame seed)
    {
        if (step.Sort is not null)
        {
            stream = stream is null ? Sorted(step, start, seed) : step.Sort.ApplyToTuples(stream);
            return ApplyStages(step, stream);
        }

        var result = new TupleStream(scope);
        if (stream is not null)
        {
            foreach (var tuple in stream.Tuples)
            {
                AddResults(step, tuple.Read(0), tuple, result);
            }
        }
        else if (step.IsConstructor || !start.IsArray)
        {
            AddResults(step, start, seed, result);
        }
        else
        {
            foreach (var item in start.Items())
            {
                AddResults(step, item, seed, result);
            }
        }

        return ApplyStages(step, result);
    }

    private TupleStream Sorted(TupleStep step, in JsonataValue start, Frame seed)
    {
        var result = new TupleStream(scope);
        var sorted = Sequence.AsArray(step.Sort!.Apply(start, seed));
        foreach (var item in sorted.Items())
        {
            var tuple = seed.Copy();
            tuple.Bind(0, item);
            if (step.IndexSlot >= 0)
            {
                tuple.Bind(step.IndexSlot, JsonataValue.FromNumber(result.Count));
            }

            Add(result, tuple);
        }

        return result;
    }

    private void AddResults(TupleStep step, in JsonataValue context, Frame tuple, TupleStream results)
    {
        var value = step.Node!.Evaluate(context, tuple);
        if (value.IsUndefined)
        {
            return;
        }

        if (value.Reference is TupleStream inner)
        {
            foreach (var innerTuple in inner.Tuples)
            {
                var merged = tuple.Copy();
                Merge(innerTuple, merged);
                Add(results, merged);
            }

            return;
        }

        if (!value.IsArray)
        {
            Add(results, Bound(step, context, value, 0, tuple.Copy()));
            return;
        }

        var index = 0;
        foreach (var item in value.Items())
        {
            Add(results, Bound(step, context, item, index++, tuple.Copy()));
        }
    }

    private static void Add(TupleStream results, Frame tuple)
    {
        tuple.Context.Step();
        tuple.Context.CheckLength(results.Count + 1L);
        results.Tuples.Add(tuple);
    }

    private static Frame Bound(TupleStep step, in JsonataValue context, in JsonataValue value, int index, Frame tuple)
    {
        if (step.FocusSlot >= 0)
        {
            tuple.Bind(step.FocusSlot, value);
            tuple.Bind(0, context);
        }
        else
        {
            tuple.Bind(0, value);
        }

        if (step.IndexSlot >= 0)
        {
            tuple.Bind(step.IndexSlot, JsonataValue.FromNumber(index));
        }

        if (step.AncestorSlot >= 0)
        {
            tuple.Bind(step.AncestorSlot, context);
        }

        return tuple;
    }

    /// <summary>Takes over what an inner path bound; its names are known to this path too.</summary>
    private void Merge(Frame inner, Frame tuple)
    {
        for (var i = 0; i < inner.Slots.Length; i++)
        {
            if (!inner.Slots[i].IsUndefined)
            {
                tuple.Slots[scope.SlotOf(inner.Scope.Names[i])] = inner.Slots[i];
            }
        }
    }

    private static TupleStream ApplyStages(TupleStep step, TupleStream stream)
    {
        foreach (var stage in step.Stages)
        {
            if (stage.Filter is not null)
            {
                stream = stage.Filter.ApplyToTuples(stream);
                continue;
            }

            for (var i = 0; i < stream.Tuples.Count; i++)
            {
                stream.Tuples[i].Bind(stage.IndexSlot, JsonataValue.FromNumber(i));
            }
        }

        return stream;
    }
}
