using System.Text;
using Workflows.Jsonata.Functions;

namespace Workflows.Jsonata.Syntax;

/// <summary>The bracketed forms of the language.</summary>
internal sealed partial class Parser
{
    private SyntaxNode Negate(in Token token)
    {
        var operand = Expression(70);
        return operand is NumberSyntax number
            ? new NumberSyntax(-number.Value, number.Text[0] == '-' ? number.Text[1..] : "-" + number.Text)
            {
                Start = token.Start,
                Position = number.Position,
                Predicates = number.Predicates,
                Group = number.Group,
                KeepArray = number.KeepArray,
            }
            : Over(new NegateSyntax(operand) { Start = token.Start, Position = token.End }, operand);
    }

    private BlockSyntax Block(in Token token)
    {
        var names = new ScopeNames();
        _scopes.Push(names);
        var expressions = new List<SyntaxNode>();
        while (!_token.Is(")"))
        {
            expressions.Add(Expression(0));
            if (!_token.Is(";"))
            {
                break;
            }

            Advance();
        }

        Expect(")", afterValue: true);
        _scopes.Pop();
        var block = new BlockSyntax(expressions, names) { Start = token.Start, Position = token.End };
        foreach (var part in expressions)
        {
            block.IsConstructor |= part.IsConstructor || (part is PathSyntax path && path.Steps[0].IsConstructor);
            Over(block, part);
        }

        return block;
    }

    private ArraySyntax ArrayConstructor(in Token token)
    {
        var items = new List<SyntaxNode>();
        if (!_token.Is("]"))
        {
            while (true)
            {
                items.Add(ArrayItem());
                if (!_token.Is(","))
                {
                    break;
                }

                Advance();
            }
        }

        Expect("]", afterValue: true);
        var array = new ArraySyntax(items) { Start = token.Start, Position = token.End };
        foreach (var item in items)
        {
            Over(array, item);
        }

        return array;
    }

    private SyntaxNode ArrayItem()
    {
        var item = Expression(0);
        if (!_token.Is(".."))
        {
            return item;
        }

        var token = _token;
        Advance();
        var last = Expression(0);
        return Over(new BinarySyntax("..", item, last) { Start = token.Start, Position = token.End }, item, last);
    }

    private List<KeyValuePair<SyntaxNode, SyntaxNode>> Pairs()
    {
        var pairs = new List<KeyValuePair<SyntaxNode, SyntaxNode>>();
        if (!_token.Is("}"))
        {
            while (true)
            {
                var key = Expression(0);
                Expect(":");
                pairs.Add(new(key, Expression(0)));
                if (!_token.Is(","))
                {
                    break;
                }

                Advance();
            }
        }

        Expect("}", afterValue: true);
        return pairs;
    }

    private ObjectSyntax ObjectConstructor(in Token token)
    {
        var node = new ObjectSyntax(Pairs()) { Start = token.Start, Position = token.End };
        foreach (var (key, value) in node.Pairs)
        {
            Over(node, key, value);
        }

        return node;
    }

    private SyntaxNode GroupBy(in Token token, SyntaxNode left)
    {
        _deferred ??= left.Group is null ? null : Fail("S0210", token);
        var pairs = Pairs();
        left.Group = new GroupClause(pairs, token.End);
        foreach (var (key, value) in pairs)
        {
            Grown(left, key, value);
        }

        return left;
    }

    private SyntaxNode Predicate(in Token token, SyntaxNode left)
    {
        if (_token.Is("]"))
        {
            PathBuilder.KeepArray(left);
            AdvanceAfterValue();
            return left;
        }

        var bracket = token;
        _deferred ??= PathBuilder.LastStep(left).Group is null ? null : Errors.At(bracket.End, "S0209", "[");
        var filter = Expression(0);
        Expect("]", afterValue: true);
        return Grown(Built(left, () => PathBuilder.Filter(left, filter, bracket)), left, filter);
    }

    private SyntaxNode OrderBy(in Token token, SyntaxNode left)
    {
        Expect("(");
        var terms = new List<SortTerm>();
        while (true)
        {
            var descending = _token.Is(">");
            if (descending || _token.Is("<"))
            {
                Advance();
            }

            terms.Add(new SortTerm(Expression(0), descending));
            if (!_token.Is(","))
            {
                break;
            }

            Advance();
        }

        Expect(")", afterValue: true);
        var sort = new SortSyntax(terms) { Start = token.Start, Position = token.End };
        foreach (var term in terms)
        {
            Over(sort, term.Expression);
        }

        return Grown(Built(left, () => PathBuilder.Sort(left, sort)), left, sort);
    }

    private SyntaxNode BindStep(in Token token, SyntaxNode left)
    {
        var (variable, op) = (Expression(80), token);
        return variable is VariableSyntax { Predicates: null } named
            ? Built(left, () => op.Text == "@" ? PathBuilder.BindFocus(left, named.Name, op) : PathBuilder.BindIndex(
                left, named.Name, op))
            : throw Errors.At(variable.Position, "S0214", token.Text, suggestion: "For example: " + token.Text + "$name.");
    }

    private SyntaxNode Condition(in Token token, SyntaxNode condition)
    {
        var then = Expression(0);
        SyntaxNode? otherwise = null;
        if (_token.Is(":"))
        {
            Advance();
            otherwise = Expression(0);
        }

        var node = new ConditionSyntax(condition, then, otherwise) { Start = token.Start, Position = token.End };
        Over(node, condition, then);
        return otherwise is null ? node : Over(node, otherwise);
    }

    private SyntaxNode Bind(in Token token, SyntaxNode left)
    {
        if (left is not VariableSyntax { Predicates: null, Group: null } variable)
        {
            var error = Errors.Describe(left.Position, "S0212", token.Text, null, null, "For a comparison write =.");
            throw new JsonataException(error with { Start = left.Start });
        }

        _scopes.Peek().Add(variable.Name);
        var value = Expression(9);
        return Over(new BindSyntax(variable.Name, value) { Start = token.Start, Position = token.End }, value);
    }

    private SyntaxNode Transform(in Token token)
    {
        var pattern = Expression(0);
        Expect("|");
        var update = Expression(0);
        SyntaxNode? delete = null;
        if (_token.Is(","))
        {
            Advance();
            delete = Expression(0);
        }

        Expect("|", afterValue: true);
        var node = new TransformSyntax(pattern, update, delete) { Start = token.Start, Position = token.End };
        Grown(node, pattern, update);
        return delete is null ? node : Grown(node, delete);
    }

    private SyntaxNode Call(in Token token, SyntaxNode procedure)
    {
        var arguments = new List<SyntaxNode>();
        var isPartial = false;
        if (!_token.Is(")"))
        {
            while (true)
            {
                if (_token.Is("?"))
                {
                    isPartial = true;
                    arguments.Add(new PlaceholderSyntax { Start = _token.Start, Position = _token.End });
                    AdvanceAfterValue();
                }
                else
                {
                    arguments.Add(Expression(0));
                }

                if (!_token.Is(","))
                {
                    break;
                }

                Advance();
            }
        }

        Expect(")", afterValue: true);
        if (procedure is PathSyntax { Steps: [NameSyntax { Name: "function" or "λ" } keyword] } && keyword.Stages is null)
        {
            return Lambda(token, arguments);
        }

        var call = new CallSyntax(procedure, arguments, isPartial) { Start = procedure.Start, Position = token.End };
        foreach (var argument in arguments)
        {
            Over(call, argument);
        }

        return Grown(call, procedure);
    }

    private SyntaxNode Lambda(in Token token, List<SyntaxNode> arguments)
    {
        var parameters = new List<string>();
        foreach (var argument in arguments)
        {
            parameters.Add(argument is VariableSyntax variable
                ? variable.Name
                : throw Errors.At(argument.Position, "S0208", ShownParameter(argument), $"{parameters.Count + 1}"));
        }

        var signature = _token.Is("<") ? ParseSignature(token) : null;
        var names = new ScopeNames();
        parameters.ForEach(names.Add);
        _scopes.Push(names);
        Expect("{");
        var body = Expression(0);
        Expect("}", afterValue: true);
        _scopes.Pop();
        return Grown(new LambdaSyntax(parameters, signature, body, names) { Start = token.Start, Position = token.End }, body);
    }

    private static string ShownParameter(SyntaxNode argument) => argument switch
    {
        PathSyntax { Steps: [NameSyntax name] } => name.Name,
        StringSyntax text => text.Value,
        NumberSyntax number => Values.NumberText.Format(number.Value),
        _ => "",
    };

    private Signature ParseSignature(in Token lambda)
    {
        var text = new StringBuilder();
        var depth = 0;
        do
        {
            depth += _token.Is("<") ? 1 : _token.Is(">") ? -1 : 0;
            text.Append(_token.Text);
            Advance();
        }
        while (depth > 0 && !_token.Is("{") && _token.Kind != TokenKind.End);

        return Signature.Parse(text.ToString(), lambda.End);
    }
}
