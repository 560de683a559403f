using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Evaluation;

/// <summary>Results of a path together with the variables bound on the way: each is a frame with the value in slot 0.</summary>
internal sealed class TupleStream(Scope scope) : HeapArray(ListTraits.Sequence)
{
    public Scope Scope => scope;

    public List<Frame> Tuples { get; private set; } = [];

    public override int Count => Tuples.Count;

    public override JsonataValue this[int index] => Tuples[index].Read(0);

    public TupleStream With(List<Frame> tuples) => new(scope) { Tuples = tuples };
}
