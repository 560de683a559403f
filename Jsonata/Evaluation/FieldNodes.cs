using System.Text;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Evaluation;

/// <summary>A name of a path in both encodings, so that looking it up converts nothing.</summary>
internal sealed class FieldName(string name)
{
    private readonly byte[] _utf8 = Encoding.UTF8.GetBytes(name);

    public string Name => name;

    public JsonataValue Of(in JsonataValue value) => value.Member(name, _utf8);

    /// <summary>
    /// The members of the objects in a JSON array, when none of them is an array and so the results are simply these.
    /// Null when it takes the general way.
    /// </summary>
    public JsonataValue? OfAll(in JsonataValue array, EvaluationContext context)
    {
        var count = array.ItemCount();
        if (array.Reference is not JsonDom dom || count < 2 || count > context.Limits.MaxSequenceLength)
        {
            return null;
        }

        context.Step(count);
        context.BuildItems(count);
        var members = new JsonataValue[count];
        return dom.TryMemberOfAll(array.Row, name, _utf8, members)
            ? JsonataValue.FromHeap(ValueList.OfDefined(members, ListTraits.Sequence))
            : null;
    }

    /// <summary>The member of an object, or those of all objects in an array.</summary>
    public JsonataValue LookUp(in JsonataValue value, EvaluationContext context) =>
        value.IsArray ? Sequence.Normalize(LookUpSequence(value, context)) : Of(value);

    /// <summary>As <see cref="LookUp"/>, but a sequence of one result stays a sequence.</summary>
    public JsonataValue LookUpSequence(in JsonataValue value, EvaluationContext context)
    {
        if (!value.IsArray)
        {
            return Of(value);
        }

        var results = new ValueList(ListTraits.Sequence);
        Collect(value, results, context);
        return JsonataValue.FromHeap(results);
    }

    private void Collect(in JsonataValue array, ValueList results, EvaluationContext context)
    {
        context.Enter();
        foreach (var item in array.Items())
        {
            context.Step();
            if (item.IsArray)
            {
                Collect(item, results, context);
                continue;
            }

            var member = Of(item);
            if (!member.IsUndefined)
            {
                Sequence.AppendTo(results, member, context);
            }
        }

        context.Leave();
    }
}

/// <summary>A single name as a step that also filters or binds.</summary>
internal sealed class FieldNode(FieldName field) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame) => field.LookUp(input, frame.Context);
}

/// <summary>
/// Names only, such as <c>order.customer.name</c>, from the context or from any other head: the bulk of real expressions.
/// Through objects it allocates nothing; where it meets an array it goes on for each item.
/// </summary>
internal sealed class FieldPathNode(Node? head, FieldName[] fields) : Node
{
    public Node? Head => head;

    public FieldName[] Fields => fields;

    public override JsonataValue Evaluate(in JsonataValue input, Frame frame) =>
        Sequence.Normalize(Walk(head is null ? input : head.Evaluate(input, frame), frame.Context));

    /// <summary>The results as a sequence that is not yet taken for what it means.</summary>
    public JsonataValue Walk(in JsonataValue start, EvaluationContext context)
    {
        var current = start;
        for (var i = 0; i < fields.Length; i++)
        {
            if (current.IsArray)
            {
                return WalkItems(current, i, context);
            }

            current = fields[i].Of(current);
            if (current.IsUndefined)
            {
                return default;
            }
        }

        return current;
    }

    private JsonataValue WalkItems(in JsonataValue array, int from, EvaluationContext context)
    {
        if (from == fields.Length - 1 && fields[from].OfAll(array, context) is { } all)
        {
            return all;
        }

        var results = new StepResults(context);
        CollectItems(array, from, ref results, context);
        return results.Finish(isLastStep: true);
    }

    private void CollectItems(in JsonataValue array, int from, ref StepResults results, EvaluationContext context)
    {
        context.Step(array.ItemCount());
        foreach (var item in array.Items())
        {
            Collect(item, from, ref results, context);
        }
    }

    private void Collect(in JsonataValue item, int from, ref StepResults results, EvaluationContext context)
    {
        var member = fields[from].LookUp(item, context);
        for (var i = from + 1; i < fields.Length; i++)
        {
            if (member.IsArray)
            {
                CollectItems(member, i, ref results, context);
                return;
            }

            member = fields[i].Of(member);
        }

        results.Add(member);
    }
}

/// <summary><c>*</c>: all members of an object, arrays among them flattened.</summary>
internal sealed class WildcardNode : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame)
    {
        var context = frame.Context;
        var value = Sequence.Unwrap(input);
        var results = new ValueList(ListTraits.Sequence);
        if (value.IsArray)
        {
            foreach (var item in value.Items())
            {
                Add(item, ref results, context);
            }
        }
        else
        {
            foreach (var member in value.MemberValues())
            {
                Add(member, ref results, context);
            }
        }

        return Sequence.Normalize(JsonataValue.FromHeap(results));
    }

    private static void Add(in JsonataValue value, ref ValueList results, EvaluationContext context)
    {
        context.Step();
        if (!value.IsArray)
        {
            context.Add(results, value);
            return;
        }

        Flatten(value, results, context);

        // An array among the members makes the result data rather than a sequence: [5] stays [5].
        results = results.IsSequence ? results.With(ListTraits.None) : results;
    }

    private static void Flatten(in JsonataValue array, ValueList results, EvaluationContext context)
    {
        context.Enter();
        foreach (var item in array.Items())
        {
            context.Step();
            if (item.IsArray)
            {
                Flatten(item, results, context);
            }
            else
            {
                context.Add(results, item);
            }
        }

        context.Leave();
    }
}

/// <summary><c>**</c>: the value itself and everything below it, arrays themselves left out.</summary>
internal sealed class DescendantNode : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame)
    {
        if (input.IsUndefined)
        {
            return default;
        }

        var results = new ValueList(ListTraits.Sequence);
        Collect(input, results, frame.Context);
        return Sequence.Normalize(JsonataValue.FromHeap(results));
    }

    private static void Collect(in JsonataValue value, ValueList results, EvaluationContext context)
    {
        context.Step();
        if (value.IsArray)
        {
            context.Enter();
            foreach (var item in value.Items())
            {
                Collect(item, results, context);
            }

            context.Leave();
            return;
        }

        context.Add(results, value);
        if (value.IsObject)
        {
            context.Enter();
            foreach (var member in value.MemberValues())
            {
                Collect(member, results, context);
            }

            context.Leave();
        }
    }
}
