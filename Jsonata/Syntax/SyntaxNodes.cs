namespace Workflows.Jsonata.Syntax;

/// <summary>
/// A node of the syntax tree. Steps of a path carry what applies to them alone (predicates, bindings); the parser fills it
/// in while it reads, and nobody changes a tree after parsing.
/// </summary>
internal abstract class SyntaxNode
{
    /// <summary>Offset of the first character of the token that made this node.</summary>
    public int Start { get; init; }

    /// <summary>Offset after that token; the position errors carry.</summary>
    public int Position { get; init; }

    /// <summary>Levels of the tree below and with this node.</summary>
    public int Height { get; set; } = 1;

    /// <summary>The author wrote <c>[]</c> after it: one result stays an array.</summary>
    public bool KeepArray { get; set; }

    /// <summary>Filters applied to the value of the node as a whole.</summary>
    public List<Stage>? Predicates { get; set; }

    /// <summary>Filters and index bindings applied to each result of a step.</summary>
    public List<Stage>? Stages { get; set; }

    public GroupClause? Group { get; set; }

    /// <summary>Variable bound with <c>@</c> to each result of a step.</summary>
    public string? Focus { get; set; }

    /// <summary>Variable bound with <c>#</c> to the index of each result of a step.</summary>
    public string? Index { get; set; }

    /// <summary>Set on the step whose context a <c>%</c> further on refers to.</summary>
    public ParentSlot? Ancestor { get; set; }

    /// <summary>The step yields bindings besides values.</summary>
    public bool IsTuple { get; set; }

    /// <summary>An array constructor whose result is not flattened into the path around it.</summary>
    public bool IsConstructor { get; set; }

    /// <summary>Parents that are still looked for outside this node.</summary>
    public List<ParentSlot>? SeekingParents { get; set; }
}

/// <summary>A filter of a step, or an index binding that came after a filter.</summary>
internal sealed record Stage(SyntaxNode? Filter, string? Index, int Position);

internal sealed record GroupClause(List<KeyValuePair<SyntaxNode, SyntaxNode>> Pairs, int Position);

/// <summary>Connects a <c>%</c> with the step whose context it stands for, by the name of a hidden variable.</summary>
internal sealed class ParentSlot(string label)
{
    public string Label { get; set; } = label;

    /// <summary>Steps still to go back.</summary>
    public int Level { get; set; } = 1;
}

internal sealed class NameSyntax(string name) : SyntaxNode
{
    public string Name => name;
}

internal sealed class StringSyntax(string value) : SyntaxNode
{
    public string Value => value;
}

internal sealed class NumberSyntax(double value, string text) : SyntaxNode
{
    public double Value => value;

    /// <summary>As it was written, for digits that the double does not hold.</summary>
    public string Text => text;
}

/// <summary>true, false, null.</summary>
internal sealed class ConstantSyntax(JsonataValue value) : SyntaxNode
{
    public JsonataValue Value => value;
}

internal sealed class RegexSyntax(string pattern, string flags) : SyntaxNode
{
    public string Pattern => pattern;

    public string Flags => flags;
}

internal sealed class VariableSyntax(string name) : SyntaxNode
{
    /// <summary>Without the dollar sign; empty for the context value.</summary>
    public string Name => name;
}

internal sealed class WildcardSyntax : SyntaxNode;

internal sealed class DescendantSyntax : SyntaxNode;

internal sealed class ParentSyntax(ParentSlot slot) : SyntaxNode
{
    public ParentSlot Slot => slot;
}

/// <summary>The question mark of a partial application.</summary>
internal sealed class PlaceholderSyntax : SyntaxNode;

/// <summary>Stands where a value is missing at the end of the text, until the parser knows the best message for it.</summary>
internal sealed class EndSyntax : SyntaxNode;

internal sealed class BinarySyntax(string op, SyntaxNode left, SyntaxNode right) : SyntaxNode
{
    public string Operator => op;

    public SyntaxNode Left => left;

    public SyntaxNode Right => right;
}

internal sealed class NegateSyntax(SyntaxNode operand) : SyntaxNode
{
    public SyntaxNode Operand => operand;
}

internal sealed class ArraySyntax(List<SyntaxNode> items) : SyntaxNode
{
    public List<SyntaxNode> Items => items;
}

internal sealed class ObjectSyntax(List<KeyValuePair<SyntaxNode, SyntaxNode>> pairs) : SyntaxNode
{
    public List<KeyValuePair<SyntaxNode, SyntaxNode>> Pairs => pairs;
}

internal sealed class CallSyntax(SyntaxNode procedure, List<SyntaxNode> arguments, bool isPartial) : SyntaxNode
{
    public SyntaxNode Procedure => procedure;

    public List<SyntaxNode> Arguments => arguments;

    public bool IsPartial => isPartial;
}

internal sealed class LambdaSyntax(List<string> parameters, Functions.Signature? signature, SyntaxNode body, ScopeNames names) : SyntaxNode
{
    public List<string> Parameters => parameters;

    public Functions.Signature? Signature => signature;

    public SyntaxNode Body => body;

    public ScopeNames Names => names;
}

internal sealed class ConditionSyntax(SyntaxNode condition, SyntaxNode then, SyntaxNode? otherwise) : SyntaxNode
{
    public SyntaxNode Condition => condition;

    public SyntaxNode Then => then;

    public SyntaxNode? Otherwise => otherwise;
}

/// <summary><c>a ?? b</c> (when a is nothing) and <c>a ?: b</c> (when a is not true).</summary>
internal sealed class FallbackSyntax(SyntaxNode left, SyntaxNode right, bool onlyWhenUndefined) : SyntaxNode
{
    public SyntaxNode Left => left;

    public SyntaxNode Right => right;

    public bool OnlyWhenUndefined => onlyWhenUndefined;
}

internal sealed class BlockSyntax(List<SyntaxNode> expressions, ScopeNames names) : SyntaxNode
{
    public List<SyntaxNode> Expressions => expressions;

    public ScopeNames Names => names;
}

internal sealed class BindSyntax(string name, SyntaxNode value) : SyntaxNode
{
    public string Name => name;

    public SyntaxNode Value => value;
}

internal sealed class ApplySyntax(SyntaxNode left, SyntaxNode right) : SyntaxNode
{
    public SyntaxNode Left => left;

    public SyntaxNode Right => right;
}

internal sealed class TransformSyntax(SyntaxNode pattern, SyntaxNode update, SyntaxNode? delete) : SyntaxNode
{
    public SyntaxNode Pattern => pattern;

    public SyntaxNode Update => update;

    public SyntaxNode? Delete => delete;
}

internal sealed class SortSyntax(List<SortTerm> terms) : SyntaxNode
{
    public List<SortTerm> Terms => terms;
}

internal sealed record SortTerm(SyntaxNode Expression, bool Descending);

internal sealed class PathSyntax : SyntaxNode
{
    public List<SyntaxNode> Steps { get; init; } = [];

    /// <summary>One of the steps says <c>[]</c>.</summary>
    public bool KeepSingletonArray { get; set; }

    public SyntaxNode Last => Steps[^1];
}

/// <summary>Names that <c>:=</c> binds directly within one block, function body or whole expression.</summary>
internal sealed class ScopeNames
{
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public List<string> Names { get; } = [];

    public void Add(string name)
    {
        if (_known.Add(name))
        {
            Names.Add(name);
        }
    }
}
