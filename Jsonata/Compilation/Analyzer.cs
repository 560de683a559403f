using System.Globalization;
using System.Runtime.CompilerServices;
using Workflows.Jsonata.Functions;
using Workflows.Jsonata.Syntax;

namespace Workflows.Jsonata.Compilation;

/// <summary>
/// What can be said of an expression without evaluating it: the fields of the input it reads, whether it is constant,
/// what cannot be right.
/// </summary>
internal sealed class Analyzer
{
    private static readonly string[] Changing = ["now", "millis", "random", "shuffle", "eval"];

    private readonly List<JsonataReference> _references = [];
    private readonly List<JsonataProblem> _problems = [];
    private readonly IReadOnlyCollection<string> _variables;
    private readonly Stack<HashSet<string>> _scopes = new();
    private readonly HashSet<string> _bound = new(StringComparer.Ordinal);
    private bool _isConstant = true;

    private Analyzer(IReadOnlyCollection<string> variables) => _variables = variables;

    public static IReadOnlyList<JsonataReference> References(ParsedExpression parsed) => Analyze(parsed, [])._references;

    public static bool IsConstant(ParsedExpression parsed) => Analyze(parsed, [])._isConstant;

    public static IReadOnlyList<JsonataProblem> Check(ParsedExpression parsed, IReadOnlyCollection<string> variables) =>
        Analyze(parsed, variables)._problems;

    private static Analyzer Analyze(ParsedExpression parsed, IReadOnlyCollection<string> variables)
    {
        var analyzer = new Analyzer(variables);
        analyzer._scopes.Push([.. parsed.Names.Names]);
        analyzer.Visit(parsed.Root, Context.Root);
        return analyzer;
    }

    /// <summary>Where a name is looked up: in the input itself, in a member of it, or in something calculated.</summary>
    private sealed record Context(IReadOnlyList<string>? Path)
    {
        public static readonly Context Root = new([]);
        public static readonly Context Unknown = new((IReadOnlyList<string>?)null);

        public Context Append(string name) => Path is null ? this : new Context([.. Path, name]);
    }

    /// <returns>What the value of the node is, as far as it is a part of the input.</returns>
    private Context Visit(SyntaxNode node, Context context)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw Errors.At(node.Position, "S0902", value: Limits.MaxSyntaxDepth.ToString(CultureInfo.InvariantCulture));
        }

        var result = node is PathSyntax path ? VisitPath(path, context) : VisitCore(node, context);
        VisitStages(node.Predicates, result);
        if (node.Group is null)
        {
            return result;
        }

        VisitPairs(node.Group.Pairs, result);
        return Context.Unknown;
    }

    private Context VisitPath(PathSyntax path, Context context)
    {
        var current = context;
        var recorded = -1;
        for (var i = 0; i < path.Steps.Count; i++)
        {
            var step = path.Steps[i];
            var before = current;
            current = step is NameSyntax name ? Named(name, before, ref recorded) : Visit(step, before);
            if (step.Focus is not null)
            {
                Bind(step.Focus);
                current = before;
                recorded = -1;
            }

            Bind(step.Index);
            (step.Stages ?? []).ForEach(stage => Bind(stage.Index));
            VisitStages(step.Stages, current);
        }

        return current;
    }

    // What a path binds is known from there on: to its group, and through parentheses to the path around it.
    private void Bind(string? name)
    {
        if (name is not null)
        {
            _bound.Add(name);
        }
    }

    private Context Named(NameSyntax name, Context before, ref int recorded)
    {
        _isConstant = false;
        var after = before.Append(name.Name);
        if (after.Path is null)
        {
            return after;
        }

        // The longest path counts: steps.charge.output is one reference, not three.
        if (recorded >= 0)
        {
            _references[recorded] = _references[recorded] with { Path = after.Path };
        }
        else
        {
            recorded = _references.Count;
            _references.Add(new JsonataReference(after.Path, name.Position));
        }

        return after;
    }

    private void VisitStages(List<Stage>? stages, Context context)
    {
        foreach (var stage in stages ?? [])
        {
            if (stage.Filter is not null)
            {
                Visit(stage.Filter, context);
            }
        }
    }

    private void VisitPairs(List<KeyValuePair<SyntaxNode, SyntaxNode>> pairs, Context context)
    {
        foreach (var (key, value) in pairs)
        {
            Visit(key, context);
            Visit(value, context);
        }
    }

    private Context VisitCore(SyntaxNode node, Context context)
    {
        switch (node)
        {
            case VariableSyntax variable:
                return VisitVariable(variable, context);
            case WildcardSyntax or DescendantSyntax or ParentSyntax:
                _isConstant = false;
                Whole(context, node);
                return Context.Unknown;
            case BlockSyntax block:
                _scopes.Push([.. block.Names.Names]);
                var last = Context.Unknown;
                block.Expressions.ForEach(part => last = Visit(part, context));
                _scopes.Pop();
                return last;
            case LambdaSyntax lambda:
                _scopes.Push([.. lambda.Names.Names]);
                Visit(lambda.Body, context);
                _scopes.Pop();
                return Context.Unknown;
            case ObjectSyntax built:
                VisitPairs(built.Pairs, context);
                return Context.Unknown;
            case SortSyntax sort:
                sort.Terms.ForEach(term => Visit(term.Expression, context));
                return context;
            case TransformSyntax transform:
                VisitTransform(transform, context);
                return Context.Unknown;
            case ApplySyntax apply:
                VisitApply(apply, context);
                return Context.Unknown;
            case CallSyntax call:
                VisitCall(call, context, 0);
                return Context.Unknown;
            default:
                Children(node).ForEach(child => Visit(child, context));
                return Context.Unknown;
        }
    }

    private static List<SyntaxNode> Children(SyntaxNode node) => node switch
    {
        BinarySyntax binary => [binary.Left, binary.Right],
        NegateSyntax negate => [negate.Operand],
        ArraySyntax array => array.Items,
        FallbackSyntax fallback => [fallback.Left, fallback.Right],
        BindSyntax bind => [bind.Value],
        ConditionSyntax { Otherwise: null } condition => [condition.Condition, condition.Then],
        ConditionSyntax condition => [condition.Condition, condition.Then, condition.Otherwise],
        _ => [],
    };

    // The clauses see copies of what the function is given.
    private void VisitTransform(TransformSyntax transform, Context context)
    {
        Visit(transform.Pattern, Context.Unknown);
        Visit(transform.Update, Context.Unknown);
        if (transform.Delete is not null)
        {
            Visit(transform.Delete, Context.Unknown);
        }

        _isConstant &= context.Path is not null;
    }

    private void VisitApply(ApplySyntax apply, Context context)
    {
        Visit(apply.Left, context);
        if (apply.Right is CallSyntax { IsPartial: false } call)
        {
            VisitCall(call, context, 1);
        }
        else
        {
            Visit(apply.Right, context);
        }
    }

    private Context VisitVariable(VariableSyntax variable, Context context)
    {
        switch (variable.Name)
        {
            case "":
                _isConstant = false;
                Whole(context, variable);
                return context;
            case "$":
                _isConstant = false;
                return Context.Root;
        }

        if (IsBound(variable.Name))
        {
            return Context.Unknown;
        }

        var isBuiltin = BuiltinFunctions.ByName.ContainsKey(variable.Name);
        _isConstant &= isBuiltin && !Changing.Contains(variable.Name, StringComparer.Ordinal);
        if (!isBuiltin)
        {
            var known = _scopes.SelectMany(names => names).Concat(_bound).Concat(_variables).Concat(
                BuiltinFunctions.ByName.Keys);
            _problems.Add(new JsonataProblem(
                "unknown_variable",
                $"There is no variable ${variable.Name} here.",
                variable.Position,
                Suggestions.Nearest(variable.Name, known) is { } nearest ? $"Did you mean ${nearest}?" : null));
        }

        return Context.Unknown;
    }

    private bool IsBound(string name) =>
        _bound.Contains(name) || _scopes.Any(names => names.Contains(name)) || _variables.Contains(
            name, StringComparer.Ordinal);

    // The value itself is used, not a member of it.
    private void Whole(Context context, SyntaxNode node)
    {
        if (context.Path is { Count: 0 })
        {
            _references.Add(new JsonataReference([], node.Position));
        }
    }

    private void VisitCall(CallSyntax call, Context context, int applied)
    {
        call.Arguments.ForEach(argument => Visit(argument, context));
        switch (call.Procedure)
        {
            case VariableSyntax { Predicates: null } variable when !IsBound(variable.Name):
                CheckFunction(call, variable, applied);
                break;
            case PathSyntax { Steps: [NameSyntax { Stages: null } name] } when BuiltinFunctions.ByName.ContainsKey(name.Name):
                _problems.Add(new JsonataProblem(
                    "unknown_function",
                    $"{name.Name} is a field here, not a function.",
                    name.Position,
                    $"Did you mean ${name.Name}?"));
                break;
            default:
                Visit(call.Procedure, context);
                break;
        }
    }

    private void CheckFunction(CallSyntax call, VariableSyntax variable, int applied)
    {
        if (!BuiltinFunctions.ByName.TryGetValue(variable.Name, out var function))
        {
            _isConstant = false;
            _problems.Add(new JsonataProblem(
                "unknown_function",
                $"There is no function ${variable.Name}.",
                variable.Position,
                Suggestions.Nearest(variable.Name, BuiltinFunctions.ByName.Keys) is { } nearest ? $"Did you mean ${nearest}?" : null));
            return;
        }

        var parameters = function.Signature.Parameters;
        var given = call.Arguments.Count + applied;
        var least = parameters.Count(parameter => !parameter.IsOptional);
        var isOpen = parameters.Any(parameter => parameter.IsRepeated);

        // A parameter left out for the context value reads the context.
        _isConstant &= !Changing.Contains(variable.Name, StringComparer.Ordinal)
            && (given >= parameters.Count || !parameters.Any(parameter => parameter.UsesContext));
        if (given < least || (given > parameters.Count && !isOpen))
        {
            var most = isOpen ? "or more" : parameters.Count == least ? "" : $"to {parameters.Count}";
            var range = $"{least} {most}".TrimEnd();
            _problems.Add(new JsonataProblem(
                "wrong_argument_count",
                $"${variable.Name} takes {range} argument(s), not {given}.",
                call.Position,
                JsonataFunctions.Find(variable.Name)?.Signature));
        }
    }
}
