using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Evaluation;

/// <summary>
/// The rules of sequences: results of a query are a sequence; an empty one is nothing, one result is that result itself.
/// </summary>
internal static class Sequence
{
    public static readonly JsonataValue Empty = JsonataValue.FromHeap(new ValueList(ListTraits.Sequence));

    /// <summary>Takes a sequence of none or one for what it means.</summary>
    public static JsonataValue Normalize(in JsonataValue value)
    {
        if (value.Reference is not HeapArray { IsSequence: true } sequence)
        {
            return value;
        }

        return sequence.Count switch
        {
            0 => default,
            1 when (sequence.Traits & ListTraits.KeepSingleton) == 0 && sequence is not TupleStream => sequence[0],
            _ => value,
        };
    }

    /// <summary>Takes off the array that stands around a top-level input that is an array.</summary>
    public static JsonataValue Unwrap(in JsonataValue input) =>
        input.Reference is HeapArray { Traits: var traits } array && (traits & ListTraits.OuterWrapper) != 0 ? array[0] : input;

    /// <summary>A sequence that stays an array with one item. Values that are no sequences stay as they are.</summary>
    public static JsonataValue KeepArray(in JsonataValue value) => value.Reference switch
    {
        ValueList { IsSequence: true } list => JsonataValue.FromHeap(list.With(list.Traits | ListTraits.KeepSingleton)),
        _ => value,
    };

    /// <summary>A sequence of exactly this value.</summary>
    public static JsonataValue One(in JsonataValue value, ListTraits traits = ListTraits.Sequence) =>
        JsonataValue.FromHeap(new ValueList([value], traits));

    /// <summary>A value as an array of its own: itself if it is one.</summary>
    public static JsonataValue AsArray(in JsonataValue value) => value.IsArray ? value : One(value);

    /// <summary>One array of both, each an item when it is no array; nothing adds nothing.</summary>
    public static JsonataValue Append(in JsonataValue first, in JsonataValue second, EvaluationContext context)
    {
        if (first.IsUndefined || second.IsUndefined)
        {
            return first.IsUndefined ? second : first;
        }

        var list = new ValueList();
        AppendTo(list, first, context);
        AppendTo(list, second, context);
        return JsonataValue.FromHeap(list);
    }

    /// <summary>Adds the items of an array, or the one value.</summary>
    public static void AppendTo(ValueList list, in JsonataValue value, EvaluationContext context)
    {
        if (!value.IsArray)
        {
            context.Add(list, value);
            return;
        }

        var count = value.ItemCount();
        context.Step(count);
        context.CheckLength((long)list.Count + count);
        context.Build((long)count * Limits.ItemBytes);
        foreach (var item in value.Items())
        {
            list.Add(item);
        }
    }

    public static bool IsConstructed(in JsonataValue value) => (value.Traits & ListTraits.Constructed) != 0;
}

/// <summary>
/// Collects the results of a path step. One result is kept as it is, so that a path through plain objects builds no list.
/// </summary>
internal ref struct StepResults(EvaluationContext context)
{
    private JsonataValue _first;
    private ValueList? _list;
    private int _count;

    public void Add(in JsonataValue result)
    {
        if (!result.IsUndefined)
        {
            AddCounted(result);
        }
    }

    /// <summary>Adds a result that counts even when it is empty, as that of a filter does.</summary>
    public void AddCounted(in JsonataValue result)
    {
        context.Step();
        switch (_count++)
        {
            case 0:
                _first = result;
                return;
            case 1:
                _list = new ValueList(ListTraits.Sequence);
                Flatten(_first);
                break;
        }

        Flatten(result);
    }

    private readonly void Flatten(in JsonataValue value)
    {
        if (value.IsUndefined)
        {
            return;
        }

        if (!value.IsArray || Sequence.IsConstructed(value))
        {
            context.Add(_list!, value);
        }
        else
        {
            Sequence.AppendTo(_list!, value, context);
        }
    }

    /// <summary>The sequence of all results; a single value that is no array stands for a sequence of itself.</summary>
    public JsonataValue Finish(bool isLastStep)
    {
        if (_list is not null)
        {
            return JsonataValue.FromHeap(_list);
        }

        if (_count == 0 || !_first.IsArray || (isLastStep && !_first.IsSequence))
        {
            return _first;
        }

        if (Sequence.IsConstructed(_first))
        {
            return Sequence.One(_first);
        }

        // One array: its items are the results.
        return isLastStep && _first.Reference is ValueList list
            ? JsonataValue.FromHeap(list.With(ListTraits.Sequence))
            : _first;
    }
}
