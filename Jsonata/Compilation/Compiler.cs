using System.Globalization;
using Workflows.Jsonata.Evaluation;
using Workflows.Jsonata.Functions;
using Workflows.Jsonata.Syntax;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Compilation;

/// <summary>Turns a syntax tree into evaluator nodes: variables become slots, paths become the cheapest node that fits.</summary>
internal static partial class Compiler
{
    // Every so many levels of a tree the stack is looked at; a level takes at most about a kilobyte.
    private const int LevelsPerStackGuard = 24;

    private static readonly TimeSpan RegexTimeout = TimeSpan.FromMilliseconds(JsonataLimits.Default.RegexTimeoutMilliseconds);

    /// <summary>Compiles a whole expression.</summary>
    public static (Node Node, Scope Scope) Compile(ParsedExpression parsed)
    {
        var scope = parsed.Names.Names.Count == 0 ? Scope.Empty : new Scope(null, parsed.Names.Names);
        return (Compile(parsed.Root, scope), scope);
    }

    /// <summary>Compiles the text of $eval: it sees the variables where it is called, and binds there what is bound there.</summary>
    public static Node CompileWithin(ParsedExpression parsed, Scope scope)
    {
        var own = parsed.Names.Names.Where(name => FindBinding(name, scope).Slot < 0).ToList();
        if (own.Count == 0)
        {
            return Compile(parsed.Root, scope);
        }

        var inner = new Scope(scope, own);
        return new BlockNode([Compile(parsed.Root, inner)], inner);
    }

    private static Node Compile(SyntaxNode syntax, Scope scope, bool isTail = false)
    {
        if (!System.Runtime.CompilerServices.RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw Errors.At(syntax.Position, "S0902", value: Limits.MaxSyntaxDepth.ToString(CultureInfo.InvariantCulture));
        }

        var node = CompileDecorated(syntax, scope, isTail);
        return syntax.Height % LevelsPerStackGuard == LevelsPerStackGuard - 1 ? new StackGuardNode(node) : node;
    }

    private static Node CompileDecorated(SyntaxNode syntax, Scope scope, bool isTail)
    {
        if (syntax is PathSyntax path)
        {
            return CompilePath(path, scope);
        }

        var isPlain = syntax.Predicates is null && syntax.Group is null && !syntax.KeepArray;
        var node = CompileCore(syntax, scope, isTail && isPlain);
        if (syntax.Predicates is not null)
        {
            node = new FilteredNode(node, CompileFilters(syntax.Predicates, scope));
        }

        if (syntax.Group is not null)
        {
            node = new GroupNode(node, CompileGrouping(syntax.Group, scope));
        }

        // A block has taken its last value for what it is before anything is kept.
        return syntax.KeepArray && syntax is not BlockSyntax { Predicates: null } ? new KeepArrayNode(node) : node;
    }

    private static Node CompileCore(SyntaxNode syntax, Scope scope, bool isTail) => syntax switch
    {
        NameSyntax name => new FieldNode(new FieldName(name.Name)),
        StringSyntax text => new ConstantNode(JsonataValue.FromString(text.Value)),
        NumberSyntax number => new ConstantNode(ExactNumber.FromText(number.Text, number.Value)),
        ConstantSyntax constant => new ConstantNode(constant.Value),
        RegexSyntax regex => new ConstantNode(JsonataValue.FromHeap(
            new RegexFunction(RegexTranslator.Compile(regex.Pattern, regex.Flags, regex.Position, RegexTimeout)))),
        VariableSyntax variable => CompileVariable(variable.Name, scope),
        ParentSyntax parent => CompileVariable(parent.Slot.Label, scope),
        WildcardSyntax => new WildcardNode(),
        DescendantSyntax => new DescendantNode(),
        BinarySyntax binary => CompileBinary(binary, scope),
        NegateSyntax negate => Fold(new NegateNode(Compile(negate.Operand, scope), negate.Position), negate.Operand),
        ArraySyntax array => CompileArray(array, scope),
        ObjectSyntax built => new GroupNode(null, CompileGrouping(new GroupClause(built.Pairs, built.Position), scope)),
        CallSyntax call => CompileCall(call, scope, isTail),
        LambdaSyntax lambda => CompileLambda(lambda, scope),
        ConditionSyntax condition => new ConditionNode(
            Compile(condition.Condition, scope),
            Compile(condition.Then, scope, isTail),
            condition.Otherwise is null ? null : Compile(condition.Otherwise, scope, isTail)),
        FallbackSyntax fallback => new FallbackNode(
            Compile(fallback.Left, scope), Compile(fallback.Right, scope, isTail), fallback.OnlyWhenUndefined),
        BlockSyntax block => CompileBlock(block, scope, isTail),
        BindSyntax bind => CompileBind(bind, scope),
        ApplySyntax apply =>
            new ApplyNode(Compile(apply.Left, scope), CompileApplied(apply.Right, scope), apply.Position),
        TransformSyntax transform => new TransformNode(
            Compile(transform.Pattern, scope),
            Compile(transform.Update, scope),
            transform.Delete is null ? null : Compile(transform.Delete, scope),
            CompileVariable("clone", scope),
            new TransformPositions(transform.Position, transform.Update.Position, transform.Delete?.Position ?? 0)),
        _ => throw Errors.At(syntax.Position, "S0201", "?"),
    };

    // A call after ~> is made with the value before it, and what stands after its parentheses does not apply to it:
    // [] counts
    // for the application as a whole, a predicate or a grouping for nothing, as in the reference.
    private static Node CompileApplied(SyntaxNode right, Scope scope) =>
        right is CallSyntax { IsPartial: false } ? CompileCore(right, scope, isTail: false) : Compile(right, scope);

    private static Node CompileVariable(string name, Scope scope) => name switch
    {
        "" => ContextNode.Instance,
        "$" => RootNode.Instance,
        _ => Resolve(name, scope, 0),
    };

    private static Node Resolve(string name, Scope? scope, int hops)
    {
        if (scope is null)
        {
            return new GlobalVariableNode(
                name, BuiltinFunctions.ByName.TryGetValue(name, out var function) ? JsonataValue.FromHeap(function) : default);
        }

        var slot = scope.SlotOf(name);
        var outer = Resolve(name, scope.Parent, hops + 1);
        return slot < 0 ? outer : new LocalVariableNode(hops, slot, outer);
    }

    private static (int Hops, int Slot) FindBinding(string name, Scope scope)
    {
        var hops = 0;
        var current = scope;
        while (current.IsTuple && current.Parent is not null)
        {
            current = current.Parent;
            hops++;
        }

        return (hops, current.SlotOf(name));
    }

    private static Node CompileBind(BindSyntax bind, Scope scope)
    {
        var (hops, slot) = FindBinding(bind.Name, scope);
        var value = Compile(bind.Value, scope);
        return hops == 0 ? new BindNode(slot, value) : new OuterBindNode(hops, slot, value);
    }

    private static Node CompileBlock(BlockSyntax block, Scope scope, bool isTail)
    {
        if (block.Expressions.Count == 0)
        {
            return new ConstantNode(default);
        }

        var inner = block.Names.Names.Count == 0 ? null : new Scope(scope, block.Names.Names);
        var nodes = new Node[block.Expressions.Count];
        for (var i = 0; i < nodes.Length; i++)
        {
            nodes[i] = Compile(block.Expressions[i], inner ?? scope, isTail && i == nodes.Length - 1);
        }

        return nodes.Length == 1 && inner is null ? nodes[0] : new BlockNode(nodes, inner);
    }

    private static ArrayNode CompileArray(ArraySyntax array, Scope scope) => new(
        [.. array.Items.Select(item => Compile(item, scope))],
        [.. array.Items.Select(item => item is ArraySyntax)],
        array.IsConstructor ? ListTraits.Constructed : ListTraits.None);

    private static LambdaNode CompileLambda(LambdaSyntax lambda, Scope scope)
    {
        var inner = new Scope(scope, lambda.Names.Names);
        var node = new LambdaNode([.. lambda.Parameters.Select(inner.SlotOf)], lambda.Signature, inner);
        return node.With(Compile(lambda.Body, inner, isTail: true));
    }

    private static Node CompileCall(CallSyntax call, Scope scope, bool isTail)
    {
        var site = call.Procedure switch
        {
            PathSyntax { Steps: [NameSyntax name, ..] } => new CallSite(name.Name, true, call.Position),
            VariableSyntax variable => new CallSite(variable.Name, false, call.Position),
            _ => new CallSite(null, false, call.Position),
        };
        var procedure = Compile(call.Procedure, scope);
        return call.IsPartial
            ? new PartialNode(
                procedure, [.. call.Arguments.Select(item => item is PlaceholderSyntax ? null : Compile(item, scope))], site)
            : new CallNode(procedure, [.. call.Arguments.Select(argument => Compile(argument, scope))], site, isTail);
    }

    private static Grouping CompileGrouping(GroupClause group, Scope scope) => new(
        [.. group.Pairs.Select(pair => new KeyValueNodes(Compile(pair.Key, scope), Compile(pair.Value, scope)))],
        group.Position);

    private static Filter[] CompileFilters(List<Stage>? stages, Scope scope) =>
        stages is null ? [] : [.. stages.Select(stage => CompileFilter(stage.Filter!, scope))];

    private static Filter CompileFilter(SyntaxNode filter, Scope scope) =>
        filter is NumberSyntax number
            ? new IndexFilter(number.Value)
            : new PredicateFilter(Compile(filter, scope));
}
