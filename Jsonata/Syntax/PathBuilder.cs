namespace Workflows.Jsonata.Syntax;

/// <summary>
/// Puts paths together from what the parser reads, and finds for each <c>%</c> the step whose context it means: that step
/// is marked so that its context is carried along as a hidden variable.
/// </summary>
internal sealed class PathBuilder
{
    private int _parents;

    public static PathSyntax FromName(NameSyntax name) => new()
    {
        Start = name.Start,
        Position = name.Position,
        Steps = [name],
        Height = 2,
    };

    public ParentSyntax Parent(in Token token)
    {
        // An exclamation mark cannot be part of a variable's name, so these never meet the author's.
        var slot = new ParentSlot("!" + _parents++.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return new ParentSyntax(slot) { Start = token.Start, Position = token.End };
    }

    public static PathSyntax Join(SyntaxNode left, SyntaxNode right, in Token dot)
    {
        var path = left as PathSyntax ?? new PathSyntax { Start = left.Start, Position = dot.End, Steps = [left] };
        var known = left is PathSyntax && path.Steps[0] is not (NumberSyntax or ConstantSyntax or StringSyntax)
            ? path.Steps.Count
            : 0;
        if (left is ParentSyntax parent)
        {
            path.SeekingParents = [parent.Slot];
        }

        if (right is PathSyntax tail)
        {
            path.Steps.AddRange(tail.Steps);
        }
        else
        {
            right.Stages = right.Predicates;
            right.Predicates = null;
            path.Steps.Add(right);
        }

        NormalizeSteps(path, known);
        path.Height = Math.Max(path.Height, right.Height + 1);
        ResolveParents(path);
        return path;
    }

    private static void NormalizeSteps(PathSyntax path, int from)
    {
        for (var i = from; i < path.Steps.Count; i++)
        {
            var step = path.Steps[i];
            switch (step)
            {
                case NumberSyntax number:
                    throw Errors.At(number.Position, "S0213", value: Values.NumberText.Format(number.Value));
                case ConstantSyntax constant:
                    throw Errors.At(constant.Position, "S0213", value: constant.Value.ToString());
                case StringSyntax text:
                    path.Steps[i] = step = new NameSyntax(text.Value)
                    {
                        Start = text.Start,
                        Position = text.Position,
                        KeepArray = text.KeepArray,
                        Predicates = text.Predicates,
                        Stages = text.Stages,
                        Group = text.Group,
                        Focus = text.Focus,
                        Index = text.Index,
                        IsTuple = text.IsTuple,
                    };
                    break;
            }

            path.KeepSingletonArray |= step.KeepArray;
        }

        // Array constructors at the ends of a path keep their arrays whole.
        path.Steps[0].IsConstructor |= path.Steps[0] is ArraySyntax;
        path.Last.IsConstructor |= path.Last is ArraySyntax;
    }

    /// <summary>What a filter after it applies to.</summary>
    public static SyntaxNode LastStep(SyntaxNode left) => left is PathSyntax path ? path.Last : left;

    public static SyntaxNode Filter(SyntaxNode left, SyntaxNode filter, in Token bracket)
    {
        var step = LastStep(left);
        if (filter.SeekingParents is not null)
        {
            foreach (var slot in filter.SeekingParents)
            {
                if (slot.Level == 1)
                {
                    Seek(step, slot);
                }
                else
                {
                    slot.Level--;
                }
            }

            PassOnParents(step, filter);
        }

        var stage = new Stage(filter, null, bracket.End);
        if (left is PathSyntax)
        {
            (step.Stages ??= []).Add(stage);
        }
        else
        {
            (step.Predicates ??= []).Add(stage);
        }

        return left;
    }

    public static PathSyntax Sort(SyntaxNode left, SortSyntax sort)
    {
        var path = left as PathSyntax ?? new PathSyntax { Start = left.Start, Position = left.Position, Steps = [left] };
        path.Steps.Add(sort);
        ResolveParents(path);
        return path;
    }

    public static SyntaxNode BindFocus(SyntaxNode left, string variable, in Token token)
    {
        var step = left is PathSyntax path ? path.Last : left;
        if (step.Stages is not null || step.Predicates is not null)
        {
            throw Errors.At(token.End, "S0215", "@");
        }

        if (step is SortSyntax)
        {
            throw Errors.At(token.End, "S0216", "@");
        }

        step.Focus = variable;
        step.IsTuple = true;
        return left;
    }

    public static PathSyntax BindIndex(SyntaxNode left, string variable, in Token token)
    {
        if (left is not PathSyntax path)
        {
            path = new PathSyntax { Start = left.Start, Position = left.Position, Steps = [left], Height = left.Height + 1 };
            left.Stages = left.Predicates;
            left.Predicates = null;
        }

        var step = path.Last;
        if (step.Stages is null)
        {
            step.Index = variable;
        }
        else
        {
            step.Stages.Add(new Stage(null, variable, token.End));
        }

        step.IsTuple = true;
        return path;
    }

    /// <summary>Marks what <c>[]</c> stands after.</summary>
    public static void KeepArray(SyntaxNode node)
    {
        if (node is not PathSyntax path || path.Group is not null)
        {
            node.KeepArray = true;
            return;
        }

        var step = path.Last;
        var boundIndex = step.Index is not null || step.Stages is [.., { Index: not null }];
        if (step is SortSyntax || boundIndex)
        {
            path.KeepArray = true;
            return;
        }

        step.KeepArray = true;
        path.KeepSingletonArray = true;
        path.KeepArray |= step.Focus is not null;
    }

    /// <summary>
    /// Whether <c>[]</c> at its beginning or end is said of the whole, and so of an application of or to it.
    /// </summary>
    public static bool KeepsArray(SyntaxNode node) =>
        node.KeepArray || node is PathSyntax { Steps: [NameSyntax { KeepArray: true }, ..] };

    /// <summary>What a child could not resolve its parent node has to.</summary>
    public static void PassOnParents(SyntaxNode node, SyntaxNode child)
    {
        if (child.SeekingParents is null && child is not ParentSyntax)
        {
            return;
        }

        node.SeekingParents ??= [];
        node.SeekingParents.AddRange(child.SeekingParents ?? []);
        if (child is ParentSyntax parent)
        {
            node.SeekingParents.Add(parent.Slot);
        }
    }

    private static void ResolveParents(PathSyntax path)
    {
        var slots = new List<ParentSlot>(path.Last.SeekingParents ?? []);
        if (path.Last is ParentSyntax last)
        {
            slots.Add(last.Slot);
        }

        foreach (var slot in slots)
        {
            var index = path.Steps.Count - 2;
            while (slot.Level > 0)
            {
                if (index < 0)
                {
                    (path.SeekingParents ??= []).Add(slot);
                    break;
                }

                var step = path.Steps[index--];

                // Steps that bind their focus share one context.
                while (index >= 0 && step.Focus is not null && path.Steps[index].Focus is not null)
                {
                    step = path.Steps[index--];
                }

                Seek(step, slot);
            }
        }
    }

    /// <summary>Goes one step back for <paramref name="slot"/>; at level 0 the step is found.</summary>
    private static void Seek(SyntaxNode node, ParentSlot slot)
    {
        switch (node)
        {
            case NameSyntax or WildcardSyntax:
                if (--slot.Level == 0)
                {
                    if (node.Ancestor is null)
                    {
                        node.Ancestor = slot;
                    }
                    else
                    {
                        slot.Label = node.Ancestor.Label;
                    }

                    node.IsTuple = true;
                }

                break;
            case ParentSyntax:
                slot.Level++;
                break;
            case BlockSyntax { Expressions.Count: 0 }:
                // It yields nothing, so whatever step comes before it will do.
                break;
            case BlockSyntax block:
                block.IsTuple = true;
                Seek(block.Expressions[^1], slot);
                break;
            case PathSyntax path:
                path.IsTuple = true;
                var index = path.Steps.Count - 1;
                do
                {
                    Seek(path.Steps[index--], slot);
                }
                while (slot.Level > 0 && index >= 0);

                break;
            default:
                throw Errors.At(node.Position, "S0217", "%");
        }
    }
}
