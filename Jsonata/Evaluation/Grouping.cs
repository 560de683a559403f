using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Evaluation;

internal sealed record KeyValueNodes(Node Key, Node Value);

/// <summary>
/// An object constructor: over one value it builds an object, over a sequence it groups the items by key and evaluates
/// each value once over all items of its group.
/// </summary>
internal sealed class Grouping(KeyValueNodes[] pairs, int position)
{
    public JsonataValue Apply(in JsonataValue input, Frame frame)
    {
        if (input.Reference is TupleStream stream)
        {
            return ApplyToTuples(stream, frame);
        }

        if (!input.IsArray)
        {
            return Single(input, frame);
        }

        var groups = new OrderedGroups<JsonataValue>();
        foreach (var item in input.Items())
        {
            AddToGroups(groups, item, item, frame);
        }

        if (input.ItemCount() == 0)
        {
            AddToGroups(groups, default, default, frame);
        }

        frame.Context.BuildItems(groups.Entries.Count);
        var result = new ObjectValue(groups.Entries.Count);
        foreach (var group in groups.Entries)
        {
            Set(result, group.Key, pairs[group.Pair].Value.Evaluate(Merge(group.Items, frame.Context), frame));
        }

        return JsonataValue.FromHeap(result);
    }

    // The usual constructor { "a": x, "b": y } over one value needs no groups.
    private JsonataValue Single(in JsonataValue input, Frame frame)
    {
        frame.Context.BuildItems(pairs.Length);
        var result = new ObjectValue(pairs.Length);
        if (pairs.Length == 1)
        {
            if (Key(pairs[0], input, frame) is { } only)
            {
                Set(result, only, pairs[0].Value.Evaluate(input, frame));
            }

            return JsonataValue.FromHeap(result);
        }

        var keys = new string?[pairs.Length];
        for (var i = 0; i < pairs.Length; i++)
        {
            keys[i] = Key(pairs[i], input, frame);
        }

        CheckDistinct(keys);
        for (var i = 0; i < pairs.Length; i++)
        {
            if (keys[i] is { } key)
            {
                Set(result, key, pairs[i].Value.Evaluate(input, frame));
            }
        }

        return JsonataValue.FromHeap(result);
    }

    private void CheckDistinct(string?[] keys)
    {
        var seen = keys.Length > 8 ? new HashSet<string>(StringComparer.Ordinal) : null;
        for (var i = 0; i < keys.Length; i++)
        {
            if (keys[i] is { } key && (seen is null ? Array.IndexOf(keys, key, 0, i) >= 0 : !seen.Add(key)))
            {
                throw Errors.At(position, "D1009", value: key);
            }
        }
    }

    private static void Set(ObjectValue result, string key, in JsonataValue value)
    {
        if (!value.IsUndefined)
        {
            result.Set(key, value);
        }
    }

    private string? Key(KeyValueNodes pair, in JsonataValue item, Frame frame)
    {
        frame.Context.Step();
        frame.Context.Build(Limits.ItemBytes);
        var key = pair.Key.Evaluate(item, frame);
        if (key.IsUndefined)
        {
            return null;
        }

        frame.Context.StepForReading(key.TextLength);
        frame.Context.Build((long)key.TextLength * sizeof(char));
        return key.TryGetString(out var text) ? text : throw Errors.At(position, "T1003", value: Errors.Show(key));
    }

    private void AddToGroups<T>(OrderedGroups<T> groups, in JsonataValue value, T member, Frame frame)
    {
        for (var i = 0; i < pairs.Length; i++)
        {
            if (Key(pairs[i], value, frame) is { } key && !groups.TryAdd(key, i, member))
            {
                throw Errors.At(position, "D1009", value: key);
            }
        }
    }

    private static JsonataValue Merge(List<JsonataValue> items, EvaluationContext context)
    {
        if (items.Count == 1)
        {
            return items[0];
        }

        var list = new ValueList(ListTraits.None, items.Count);
        foreach (var item in items)
        {
            Sequence.AppendTo(list, item, context);
        }

        return JsonataValue.FromHeap(list);
    }

    private JsonataValue ApplyToTuples(TupleStream stream, Frame frame)
    {
        var groups = new OrderedGroups<Frame>();
        foreach (var tuple in stream.Tuples)
        {
            AddToGroups(groups, tuple.Read(0), tuple, tuple);
        }

        if (stream.Count == 0)
        {
            var nothing = new Frame(frame.Context, frame, stream.Scope);
            AddToGroups(groups, default, nothing, nothing);
        }

        frame.Context.BuildItems(groups.Entries.Count);
        var result = new ObjectValue(groups.Entries.Count);
        foreach (var group in groups.Entries)
        {
            var merged = Merge(group.Items);
            Set(result, group.Key, pairs[group.Pair].Value.Evaluate(merged.Read(0), merged));
        }

        return JsonataValue.FromHeap(result);
    }

    /// <summary>One tuple of all: each variable holds what it was bound to in all of them.</summary>
    private static Frame Merge(List<Frame> tuples)
    {
        var merged = tuples[0].Copy();
        if (tuples.Count == 1)
        {
            return merged;
        }

        for (var slot = 0; slot < merged.Slots.Length; slot++)
        {
            var list = new ValueList(ListTraits.None, tuples.Count);
            foreach (var tuple in tuples)
            {
                var value = tuple.Read(slot);
                if (!value.IsUndefined)
                {
                    Sequence.AppendTo(list, value, merged.Context);
                }
            }

            if (list.Count > 0)
            {
                merged.Bind(slot, JsonataValue.FromHeap(list));
            }
        }

        return merged;
    }

    /// <summary>Groups in the order their keys came up.</summary>
    private sealed class OrderedGroups<T>
    {
        private readonly Dictionary<string, int> _positions = new(StringComparer.Ordinal);

        public List<(string Key, int Pair, List<T> Items)> Entries { get; } = [];

        /// <returns>False when another pair of the constructor has the same key.</returns>
        public bool TryAdd(string key, int pair, T item)
        {
            if (!_positions.TryGetValue(key, out var position))
            {
                _positions.Add(key, Entries.Count);
                Entries.Add((key, pair, [item]));
                return true;
            }

            Entries[position].Items.Add(item);
            return Entries[position].Pair == pair;
        }
    }
}

/// <summary>An object constructor, or grouping of the value of an expression.</summary>
internal sealed class GroupNode(Node? inner, Grouping grouping) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame) =>
        grouping.Apply(inner is null ? input : inner.Evaluate(input, frame), frame);
}

internal sealed class ArrayNode(Node[] items, bool[] isArray, ListTraits traits) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame)
    {
        var context = frame.Context;
        context.BuildItems(0);
        if (items.Length == 1 && !isArray[0])
        {
            // [1..1000000] stays a range.
            var only = items[0].Evaluate(input, frame);
            if (only.Reference is RangeArray range)
            {
                return JsonataValue.FromHeap(new RangeArray(range.First, range.Count, traits));
            }

            var single = new ValueList(traits, 1);
            if (!only.IsUndefined)
            {
                Sequence.AppendTo(single, only, context);
            }

            return JsonataValue.FromHeap(single);
        }

        var list = new ValueList(traits, items.Length);
        for (var i = 0; i < items.Length; i++)
        {
            var value = items[i].Evaluate(input, frame);
            if (value.IsUndefined)
            {
                continue;
            }

            if (isArray[i])
            {
                context.Add(list, value);
            }
            else
            {
                Sequence.AppendTo(list, value, context);
            }
        }

        return JsonataValue.FromHeap(list);
    }
}
