using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Workflows.Jsonata.Syntax;

/// <summary>What the parser found out about one text.</summary>
internal sealed record ParsedExpression(SyntaxNode Root, ScopeNames Names, int End);

/// <summary>
/// An operator-precedence parser (Pratt): each token has a binding power, and an expression takes up operators as long as
/// they bind tighter than what stands before it. Paths are put together while parsing, see PathBuilder.
/// </summary>
internal sealed partial class Parser
{
    private readonly string _source;
    private readonly Lexer _lexer;
    private readonly string? _terminator;
    private readonly PathBuilder _paths = new();
    private readonly Stack<ScopeNames> _scopes = new();
    private Token _token;
    private JsonataException? _deferred;
    private int _depth;

    private Parser(string source, int start, string? terminator)
    {
        _source = source;
        _lexer = new Lexer(source, start);
        _terminator = terminator;
    }

    /// <summary>Parses a whole text.</summary>
    public static ParsedExpression Parse(string source) => new Parser(source, 0, null).Run();

    /// <summary>Parses from <paramref name="start"/> to a terminator that no part of the expression takes up.</summary>
    public static ParsedExpression ParseUntil(string source, int start, string terminator) =>
        new Parser(source, start, terminator).Run();

    private ParsedExpression Run()
    {
        if (_source.Length > Limits.MaxSourceLength)
        {
            throw Errors.At(0, "S0901", value: Limits.MaxSourceLength.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        var names = new ScopeNames();
        _scopes.Push(names);
        Advance();
        var root = Expression(0);
        var end = _token.Start;
        if (_terminator is not null)
        {
            ExpectTerminator(_terminator);
        }
        else if (_token.Kind != TokenKind.End)
        {
            throw Fail("S0201", _token, suggestion: SuggestForExtra(_token));
        }

        if (_deferred is not null)
        {
            throw _deferred;
        }

        return root is ParentSyntax || root.SeekingParents is not null
            ? throw Errors.At(root.Position, "S0217", "%")
            : new ParsedExpression(root, names, end);
    }

    /// <summary>
    /// Puts a path together. What it must not be made of is complained about only when the whole text reads as an
    /// expression, as the reference does, which builds paths in a second pass: the first such complaint counts.
    /// </summary>
    private SyntaxNode Built(SyntaxNode left, Func<SyntaxNode> build)
    {
        try
        {
            return build();
        }
        catch (JsonataException exception) when (
            exception.Error.Code is "S0209" or "S0210" or "S0213" or "S0215" or "S0216" or "S0217")
        {
            _deferred ??= exception;
            return left;
        }
    }

    // "}}" arrives as two tokens; between them there may be nothing.
    private void ExpectTerminator(string terminator)
    {
        if (string.CompareOrdinal(_source, _token.Start, terminator, 0, terminator.Length) == 0)
        {
            return;
        }

        throw _token.Kind == TokenKind.End
            ? Fail("S0203", _token, value: terminator)
            : Fail("S0202", _token, value: terminator);
    }

    private SyntaxNode Expression(int bindingPower)
    {
        if (++_depth > Limits.MaxSyntaxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw TooDeep(_token);
        }

        var token = _token;
        if (token.Kind == TokenKind.Operator && token.Text is "(" or "[" or "{" or "-" or "|")
        {
            Advance();
        }
        else
        {
            AdvanceAfterValue();
        }

        var left = Prefix(token);
        while (_token.Kind == TokenKind.Operator && bindingPower < BindingPower(_token.Text))
        {
            token = _token;
            Advance();
            left = Infix(token, left);
        }

        _depth--;
        return left;
    }

    private static int BindingPower(string op) => op switch
    {
        "[" or "(" or "@" or "#" => 80,
        "." => 75,
        "{" => 70,
        "*" or "/" or "%" => 60,
        "+" or "-" or "&" => 50,
        "=" or "<" or ">" or "^" or "!=" or "<=" or ">=" or "~>" or "in" or "?:" or "??" => 40,
        "and" => 30,
        "or" => 25,
        "?" => 20,
        ":=" => 10,
        _ => 0,
    };

    /// <summary>A token that starts a value.</summary>
    private SyntaxNode Prefix(in Token token)
    {
        switch (token.Kind)
        {
            case TokenKind.Name:
                return PathBuilder.FromName(new NameSyntax(token.Text) { Start = token.Start, Position = token.End });
            case TokenKind.Variable:
                return new VariableSyntax(token.Text) { Start = token.Start, Position = token.End };
            case TokenKind.String:
                return new StringSyntax(token.Text) { Start = token.Start, Position = token.End };
            case TokenKind.Number:
                return new NumberSyntax(token.Number, token.Text) { Start = token.Start, Position = token.End };
            case TokenKind.Constant:
                return new ConstantSyntax(token.Text == "null" ? JsonataValue.Null : JsonataValue.FromBoolean(token.Text == "true"))
                {
                    Start = token.Start,
                    Position = token.End,
                };
            case TokenKind.Regex:
                return new RegexSyntax(token.Text, token.Flags) { Start = token.Start, Position = token.End };
            case TokenKind.End:
                _deferred ??= Errors.At(token.End, "S0207", "(end)");
                return new EndSyntax { Start = token.Start, Position = token.End };
            default:
                return PrefixOperator(token);
        }
    }

    private SyntaxNode PrefixOperator(in Token token)
    {
        switch (token.Text)
        {
            case "-":
                return Negate(token);
            case "*":
                return new WildcardSyntax { Start = token.Start, Position = token.End };
            case "**":
                return new DescendantSyntax { Start = token.Start, Position = token.End };
            case "%":
                return _paths.Parent(token);
            case "(":
                return Block(token);
            case "[":
                return ArrayConstructor(token);
            case "{":
                return ObjectConstructor(token);
            case "|":
                return Transform(token);
            case "and" or "or" or "in":
                return PathBuilder.FromName(new NameSyntax(token.Text) { Start = token.Start, Position = token.End });
            default:
                throw Fail("S0211", token);
        }
    }

    /// <summary>An operator after a value.</summary>
    private SyntaxNode Infix(in Token token, SyntaxNode left)
    {
        switch (token.Text)
        {
            case ".":
                return Joined(token, left, Expression(75));
            case "[":
                return Predicate(token, left);
            case "{":
                return GroupBy(token, left);
            case "(":
                return Call(token, left);
            case "@" or "#":
                return BindStep(token, left);
            case "^":
                return OrderBy(token, left);
            case "?":
                return Condition(token, left);
            case "?:" or "??":
                var fallback = Expression(0);
                var choice = new FallbackSyntax(left, fallback, token.Text == "??") { Start = token.Start, Position = token.End };
                return Over(choice, left, fallback);
            case ":=":
                return Bind(token, left);
            case "~>":
                var target = Expression(40);
                var apply = new ApplySyntax(left, target)
                {
                    Start = token.Start,
                    Position = token.End,
                    KeepArray = PathBuilder.KeepsArray(left) || PathBuilder.KeepsArray(target),
                };
                return Grown(apply, left, target);
            default:
                var right = Expression(BindingPower(token.Text));
                return Over(new BinarySyntax(token.Text, left, right) { Start = token.Start, Position = token.End }, left, right);
        }
    }

    private SyntaxNode Joined(Token dot, SyntaxNode left, SyntaxNode right) =>
        Grown(Built(left, () => PathBuilder.Join(left, right, dot)), left);

    private void Advance() => _token = Known(_lexer.Next(afterValue: false));

    private void AdvanceAfterValue() => _token = Known(_lexer.Next(afterValue: true));

    private static Token Known(in Token token) =>
        token is { Kind: TokenKind.Operator, Text: "!" or "~" }
            ? throw Fail("S0204", token, suggestion: token.Text == "!" ? "Use $not(...) or != to negate." : null)
            : token;

    private void Expect(string op, bool afterValue = false)
    {
        if (!_token.Is(op))
        {
            throw _token.Kind == TokenKind.End ? Fail("S0203", _token, value: op) : Fail("S0202", _token, value: op);
        }

        if (afterValue)
        {
            AdvanceAfterValue();
        }
        else
        {
            Advance();
        }
    }

    /// <summary>Takes over the heights of children and lets the parents they look for be looked for further out.</summary>
    private SyntaxNode Over(SyntaxNode node, params ReadOnlySpan<SyntaxNode> children)
    {
        foreach (var child in children)
        {
            PathBuilder.PassOnParents(node, child);
        }

        return Grown(node, children);
    }

    private SyntaxNode Grown(SyntaxNode node, params ReadOnlySpan<SyntaxNode> children)
    {
        foreach (var child in children)
        {
            node.Height = Math.Max(node.Height, child.Height + 1);
        }

        return node.Height <= Limits.MaxSyntaxDepth ? node : throw TooDeep(_token);
    }

    private static JsonataException TooDeep(in Token token) => Errors.At(
        token.End, "S0902", token.Shown, Limits.MaxSyntaxDepth.ToString(System.Globalization.CultureInfo.InvariantCulture));

    private static JsonataException Fail(string code, in Token token, string? value = null, string? suggestion = null) =>
        new(Errors.Describe(token.End, code, token.Shown, value, null, suggestion) with { Start = token.Start });

    [SuppressMessage("Style", "IDE0072", Justification = "Only the frequent slips have a hint.")]
    private static string? SuggestForExtra(in Token token) => token switch
    {
        { Kind: TokenKind.Operator, Text: ")" or "]" or "}" } => "Is there an opening bracket missing before it?",
        { Kind: TokenKind.Operator, Text: ".." } => "A range stands in brackets: [1..5].",
        { Kind: TokenKind.Operator, Text: ";" } => "Several expressions stand in parentheses: ($x := 1; $x + 1).",
        { Kind: TokenKind.Name or TokenKind.Variable or TokenKind.Number or TokenKind.String } =>
            "Is there an operator missing, such as '&' or '.'?",
        _ => null,
    };
}
