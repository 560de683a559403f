using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Evaluation;

/// <summary>Results of a path together with the variables bound on the way: each is a frame with the value in slot 0.</summary>
internal sealed class TupleStream(Scope scope) : HeapArray(ListTraits.Sequence)
{
    public Scope Scope => scope;

    public List<Frame> Tuples { get; private set; } = [];

    public override int Count => Tuples.Count;

    public override JsonataValue this[int index] => Tuples[index].Read(0);

    /// <summary>The values alone, where nobody asks any more what was bound for them.</summary>
    public JsonataValue ToValues()
    {
        var values = new ValueList(ListTraits.Sequence | (Traits & ListTraits.KeepSingleton), Count);
        foreach (var tuple in Tuples)
        {
            values.Add(tuple.Read(0));
        }

        return Sequence.Normalize(JsonataValue.FromHeap(values));
    }

    public TupleStream With(List<Frame> tuples) => new(scope) { Tuples = tuples };
}
