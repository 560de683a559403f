using Workflows.Jsonata.Evaluation;
using Workflows.Jsonata.Syntax;

namespace Workflows.Jsonata.Compilation;

internal static partial class Compiler
{
    private static Node CompilePath(PathSyntax path, Scope scope)
    {
        var firstTuple = path.Steps.FindIndex(step => step.IsTuple);
        if (firstTuple >= 0)
        {
            return CompileTuplePath(path, firstTuple, scope);
        }

        var keepSingleton = path.KeepSingletonArray || path.KeepArray;
        if (!keepSingleton && path.Group is null && FieldPath(path.Steps, scope) is { } fields)
        {
            return Decorate(path, fields, scope);
        }

        var grouping = path.Group is null ? null : CompileGrouping(path.Group, scope);
        return Decorate(path, CompileSteps(path.Steps, scope, keepSingleton, grouping), scope);
    }

    // A path has predicates of its own only when it stands as a value: (a.b)[0] is a block, but a partial tree may have them.
    private static Node Decorate(PathSyntax path, Node node, Scope scope) =>
        path.Predicates is null ? node : new FilteredNode(node, CompileFilters(path.Predicates, scope));

    private static FieldPathNode? FieldPath(List<SyntaxNode> steps, Scope scope)
    {
        var hasHead = steps[0] is VariableSyntax { Stages: null, Predicates: null, Group: null };
        for (var i = hasHead ? 1 : 0; i < steps.Count; i++)
        {
            if (!IsPlainName(steps[i]))
            {
                return null;
            }
        }

        return new FieldPathNode(
            hasHead ? Compile(steps[0], scope) : null,
            [.. steps.Skip(hasHead ? 1 : 0).Select(step => new FieldName(((NameSyntax)step).Name))]);
    }

    private static bool IsPlainName(SyntaxNode step) =>
        step is NameSyntax { Stages: null, Predicates: null, Group: null, IsTuple: false };

    private static PathNode CompileSteps(List<SyntaxNode> steps, Scope scope, bool keepSingleton, Grouping? grouping)
    {
        var compiled = new List<PathStep>();
        for (var i = 0; i < steps.Count; i++)
        {
            var run = i;
            while (run < steps.Count && IsPlainName(steps[run]))
            {
                run++;
            }

            if (run > i)
            {
                var names = steps[i..run].Select(step => new FieldName(((NameSyntax)step).Name));
                compiled.Add(new PathStep(null, [], Fields: new FieldPathNode(null, [.. names])));
                i = run - 1;
                continue;
            }

            compiled.Add(CompileStep(steps[i], scope));
        }

        return new PathNode([.. compiled], steps[0] is VariableSyntax, keepSingleton, grouping);
    }

    private static PathStep CompileStep(SyntaxNode step, Scope scope)
    {
        var filters = CompileFilters(step.Stages, scope);
        return step is SortSyntax sort
            ? new PathStep(null, filters, Sort: CompileSort(sort, scope))
            : new PathStep(CompileStepNode(step, scope), filters, IsConstructor: step.IsConstructor);
    }

    // [] after a step is kept by the path as a whole.
    private static Node CompileStepNode(SyntaxNode step, Scope scope)
    {
        var node = step is PathSyntax path ? CompilePath(path, scope) : CompileCore(step, scope, isTail: false);
        if (step is not PathSyntax && step.Predicates is not null)
        {
            node = new FilteredNode(node, CompileFilters(step.Predicates, scope));
        }

        return step is not PathSyntax && step.Group is not null
            ? new GroupNode(node, CompileGrouping(step.Group, scope))
            : node;
    }

    private static Sorter CompileSort(SortSyntax sort, Scope scope) => new(
        [.. sort.Terms.Select(term => new OrderTerm(Compile(term.Expression, scope), term.Descending))], sort.Position);

    private static TuplePathNode CompileTuplePath(PathSyntax path, int firstTuple, Scope outer)
    {
        var names = new ScopeNames();
        names.Add("@");
        CollectBindings(path, names);
        var scope = new Scope(outer, names.Names, isTuple: true);
        var steps = path.Steps.Skip(firstTuple).Select(step => CompileTupleStep(step, scope));
        var plain = firstTuple == 0 ? null : CompileSteps(path.Steps[..firstTuple], outer, keepSingleton: false, null);
        return new TuplePathNode(
            plain,
            [.. steps],
            scope,
            path.IsTuple,
            path.KeepSingletonArray || path.KeepArray,
            path.Group is null ? null : CompileGrouping(path.Group, scope),
            path.Steps[0] is VariableSyntax);
    }

    private static TupleStep CompileTupleStep(SyntaxNode step, Scope scope)
    {
        var sort = step as SortSyntax;
        return new TupleStep(
            sort is null ? CompileStepNode(step, scope) : null,
            sort is null ? null : CompileSort(sort, scope),
            [.. (step.Stages ?? []).Select(stage => new TupleStage(
                stage.Filter is null ? null : CompileFilter(stage.Filter, scope),
                stage.Index is null ? -1 : scope.SlotOf(stage.Index)))],
            step.Focus is null ? -1 : scope.SlotOf(step.Focus),
            step.Index is null ? -1 : scope.SlotOf(step.Index),
            step.Ancestor is null ? -1 : scope.SlotOf(step.Ancestor.Label),
            step.IsConstructor);
    }

    /// <summary>Names bound in the path, and in paths inside that hand their tuples on to it.</summary>
    private static void CollectBindings(SyntaxNode node, ScopeNames names)
    {
        switch (node)
        {
            case PathSyntax path:
                foreach (var step in path.Steps)
                {
                    AddNames(step, names);
                    if (step.IsTuple)
                    {
                        CollectBindings(step, names);
                    }
                }

                break;
            case BlockSyntax { Expressions.Count: > 0 } block:
                CollectBindings(block.Expressions[^1], names);
                break;
        }
    }

    private static void AddNames(SyntaxNode step, ScopeNames names)
    {
        IEnumerable<string?> bound = [step.Focus, step.Index, step.Ancestor?.Label, .. (step.Stages ?? []).Select(stage => stage.Index)];
        foreach (var name in bound.OfType<string>())
        {
            names.Add(name);
        }
    }
}
