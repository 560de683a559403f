using Workflows.Jsonata.Functions;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Evaluation;

/// <summary>Where the clauses of a transform stand, for messages.</summary>
internal sealed record TransformPositions(int Operator, int Update, int Delete);

/// <summary><c>| pattern | update, delete |</c>: a function that yields a changed copy of what it is given.</summary>
internal sealed class TransformNode(Node pattern, Node update, Node? delete, Node clone, TransformPositions positions) : Node
{
    public override JsonataValue Evaluate(in JsonataValue input, Frame frame)
    {
        frame.Context.HasClosures = true;
        return JsonataValue.FromHeap(new TransformFunction(this, frame));
    }

    private JsonataValue Transform(in JsonataValue original, Frame frame)
    {
        if (original.IsUndefined)
        {
            return default;
        }

        if (clone.Evaluate(original, frame).Reference is not FunctionValue copy)
        {
            throw Errors.At(positions.Operator, "T2013");
        }

        // Whatever $clone is bound to, only objects made here are changed.
        var result = copy.Invoke([original], default, frame);
        if (copy is not BuiltinFunction)
        {
            result = ObjectFunctions.Copy(result, frame.Context);
        }

        var matches = pattern.Evaluate(result, frame);
        if (matches.IsArray)
        {
            foreach (var match in matches.Items())
            {
                Change(match, frame);
            }
        }
        else if (!matches.IsUndefined)
        {
            Change(matches, frame);
        }

        return result;
    }

    private void Change(in JsonataValue match, Frame frame)
    {
        frame.Context.Step();
        var changes = update.Evaluate(match, frame);
        if (!changes.IsUndefined && !changes.IsObject)
        {
            throw Errors.At(positions.Update, "T2011", value: Errors.Show(changes));
        }

        var target = match.Reference as ObjectValue;
        foreach (var change in changes.Members())
        {
            target?.Set(change.Key, change.Value);
        }

        if (delete is not null)
        {
            Delete(target, delete.Evaluate(match, frame));
        }
    }

    private void Delete(ObjectValue? target, in JsonataValue names)
    {
        if (names.IsUndefined)
        {
            return;
        }

        foreach (var name in Sequence.AsArray(names).Items())
        {
            if (!name.TryGetString(out var text))
            {
                throw Errors.At(positions.Delete, "T2012", value: Errors.Show(names));
            }

            target?.Remove(text!);
        }
    }

    private sealed class TransformFunction(TransformNode definition, Frame closure) : FunctionValue
    {
        private static readonly Signature Signature = Signature.Parse("<(oa):o>", 0);

        public override int Arity => 1;

        public override JsonataValue Invoke(ReadOnlySpan<JsonataValue> arguments, in JsonataValue input, Frame caller)
        {
            var room = default(Arguments);
            caller.Context.Enter();
            var result = definition.Transform(Signature.Bind(arguments, input, room)[0], closure);
            caller.Context.Leave();
            return result;
        }
    }
}
