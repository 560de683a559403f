using Workflows.Jsonata.Evaluation;
using Workflows.Jsonata.Syntax;

namespace Workflows.Jsonata.Compilation;

internal static partial class Compiler
{
    private static Node CompileBinary(BinarySyntax binary, Scope scope)
    {
        if (binary.Operator == "&")
        {
            return CompileConcat(binary, scope);
        }

        var left = Compile(binary.Left, scope);
        var right = Compile(binary.Right, scope);
        var (token, position) = (binary.Operator, binary.Position);
        Node node = token switch
        {
            "+" => new ArithmeticNode(ArithmeticOperator.Add, token, left, right, position),
            "-" => new ArithmeticNode(ArithmeticOperator.Subtract, token, left, right, position),
            "*" => new ArithmeticNode(ArithmeticOperator.Multiply, token, left, right, position),
            "/" => new ArithmeticNode(ArithmeticOperator.Divide, token, left, right, position),
            "%" => new ArithmeticNode(ArithmeticOperator.Remainder, token, left, right, position),
            "=" or "!=" => CompileEqual(token == "!=", left, right),
            "<" => new CompareNode(ComparisonOperator.Less, token, left, right, position),
            "<=" => new CompareNode(ComparisonOperator.LessOrEqual, token, left, right, position),
            ">" => new CompareNode(ComparisonOperator.Greater, token, left, right, position),
            ">=" => new CompareNode(ComparisonOperator.GreaterOrEqual, token, left, right, position),
            "and" => new AndNode(left, right),
            "or" => new OrNode(left, right),
            "in" => new InNode(left, right),
            ".." => new RangeNode(left, right, position),
            _ => throw Errors.At(position, "S0204", token),
        };
        return token == ".." ? node : Fold(node, binary.Left, binary.Right);
    }

    private static Node CompileEqual(bool negated, Node left, Node right)
    {
        if (right.TryGetConstant(out var constant) && constant.Reference is string text)
        {
            return new EqualTextNode(negated, left, text);
        }

        return left.TryGetConstant(out constant) && constant.Reference is string first
            ? new EqualTextNode(negated, right, first)
            : new EqualNode(negated, left, right);
    }

    private static Node CompileConcat(BinarySyntax binary, Scope scope)
    {
        // "a" & b & "c" leans left; its parts are joined in one go.
        var parts = new List<SyntaxNode>();
        var positions = new List<int>();
        SyntaxNode current = binary;
        while (current is BinarySyntax { Operator: "&", Predicates: null, Group: null } chain)
        {
            parts.Add(chain.Right);
            positions.Add(chain.Position);
            current = chain.Left;
        }

        parts.Add(current);
        parts.Reverse();
        positions.Reverse();
        return Fold(new ConcatNode([.. parts.Select(part => Compile(part, scope))], [.. positions]), [.. parts]);
    }

    // Literals are as long as the author wrote them, so this is ample; what is not folded is evaluated.
    private static readonly JsonataOptions Folding = new()
    {
        Limits = new JsonataLimits(
            MaxSteps: 10_000, MaxStringLength: Limits.MaxSourceLength, MaxBytes: 4 * Limits.MaxSourceLength),
    };

    /// <summary>An operator over constants is a constant, unless it is an error, which belongs to the evaluation.</summary>
    private static Node Fold(Node node, params ReadOnlySpan<SyntaxNode> operands)
    {
        foreach (var operand in operands)
        {
            if (!IsLiteral(operand))
            {
                return node;
            }
        }

        try
        {
            var context = new EvaluationContext(Folding, default);
            return new ConstantNode(node.Evaluate(default, new Frame(context, null, new Scope(null, []))));
        }
        catch (JsonataException)
        {
            // Evaluated where nobody may ever come: "false ? 1/'a' : 2" is a good expression.
            return node;
        }
    }

    private static bool IsLiteral(SyntaxNode syntax) =>
        syntax.Predicates is null && syntax.Group is null && !syntax.KeepArray && syntax switch
        {
            StringSyntax or NumberSyntax or ConstantSyntax => true,
            BinarySyntax { Operator: not ".." } binary => IsLiteral(binary.Left) && IsLiteral(binary.Right),
            NegateSyntax negate => IsLiteral(negate.Operand),
            _ => false,
        };
}
