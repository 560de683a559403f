using Workflows.Jsonata.Evaluation;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Functions;

internal static class ObjectFunctions
{
    public static JsonataValue Keys(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var keys = new ValueList(ListTraits.Sequence);
        CollectKeys(arguments[0], seen, keys, call.Context);
        return JsonataValue.FromHeap(keys);
    }

    private static void CollectKeys(in JsonataValue value, HashSet<string> seen, ValueList keys, EvaluationContext context)
    {
        context.Enter();
        foreach (var item in value.Items())
        {
            CollectKeys(item, seen, keys, context);
        }

        foreach (var member in value.Members())
        {
            context.Step();
            if (seen.Add(member.Key))
            {
                context.Add(keys, JsonataValue.FromString(member.Key));
            }
        }

        context.Leave();
    }

    public static JsonataValue Lookup(ReadOnlySpan<JsonataValue> arguments, in Call call) => arguments[1].IsUndefined
        ? default
        : new FieldName(StringFunctions.Text(arguments[1])).LookUpSequence(arguments[0], call.Context);

    public static JsonataValue Spread(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        var value = Sequence.Unwrap(arguments[0]);
        if (value.Kind is not (JsonataKind.Array or JsonataKind.Object))
        {
            return value;
        }

        // Of an object a sequence, of an array an array.
        var results = new ValueList(value.IsObject || value.ItemCount() == 0 ? ListTraits.Sequence : ListTraits.None);
        Spread(value, results, call.Context);
        return JsonataValue.FromHeap(results);
    }

    private static void Spread(in JsonataValue value, ValueList results, EvaluationContext context)
    {
        if (value.IsArray)
        {
            context.Enter();
            foreach (var item in value.Items())
            {
                Spread(item, results, context);
            }

            context.Leave();
            return;
        }

        if (!value.IsObject)
        {
            context.Add(results, value);
            return;
        }

        foreach (var member in value.Members())
        {
            context.Step();
            context.BuildItems(1);
            var single = new ObjectValue(1);
            single.Set(member.Key, member.Value);
            context.Add(results, JsonataValue.FromHeap(single));
        }
    }

    public static JsonataValue Merge(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        if (arguments[0].IsUndefined)
        {
            return default;
        }

        var merged = new ObjectValue();
        foreach (var item in arguments[0].Items())
        {
            foreach (var member in item.Members())
            {
                call.Context.Step();
                call.Context.Build(Limits.ItemBytes);
                merged.Set(member.Key, member.Value);
            }
        }

        return JsonataValue.FromHeap(merged);
    }

    public static JsonataValue Each(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        var results = new ValueList(ListTraits.Sequence);
        var function = HigherOrderFunctions.Callback(arguments[1]);
        foreach (var member in arguments[0].Members())
        {
            var result = HigherOrderFunctions.Invoke(
                function, member.Value, JsonataValue.FromString(member.Key), arguments[0], call);
            if (!result.IsUndefined)
            {
                call.Context.Add(results, result);
            }
        }

        return JsonataValue.FromHeap(results);
    }

    public static JsonataValue Sift(ReadOnlySpan<JsonataValue> arguments, in Call call)
    {
        var result = new ObjectValue();
        var function = HigherOrderFunctions.Callback(arguments[1]);
        foreach (var member in Sequence.Unwrap(arguments[0]).Members())
        {
            if (HigherOrderFunctions.Invoke(
                function, member.Value, JsonataValue.FromString(member.Key), arguments[0], call).ToBoolean())
            {
                call.Context.Build(Limits.ItemBytes);
                result.Set(member.Key, member.Value);
            }
        }

        return result.Count == 0 ? default : JsonataValue.FromHeap(result);
    }

    public static JsonataValue Clone(ReadOnlySpan<JsonataValue> arguments, in Call call) => Copy(arguments[0], call.Context);

    /// <summary>A copy whose objects the transform operator may change.</summary>
    public static JsonataValue Copy(in JsonataValue value, EvaluationContext context)
    {
        context.Step();
        switch (value.Kind)
        {
            case JsonataKind.Array:
                context.Enter();
                context.BuildItems(0);
                var list = new ValueList(ListTraits.None, value.ItemCount());
                foreach (var item in value.Items())
                {
                    context.Add(list, Copy(item, context));
                }

                context.Leave();
                return JsonataValue.FromHeap(list);
            case JsonataKind.Object:
                context.Enter();
                context.BuildItems(0);
                var copy = new ObjectValue();
                foreach (var member in value.Members())
                {
                    context.Build(Limits.ItemBytes);
                    copy.Set(member.Key, Copy(member.Value, context));
                }

                context.Leave();
                return JsonataValue.FromHeap(copy);
            case JsonataKind.Function:
                return JsonataValue.FromString("");
            default:
                return value;
        }
    }
}
