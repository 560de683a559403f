using System.Diagnostics.CodeAnalysis;
using Workflows.Jsonata.Compilation;
using Workflows.Jsonata.Evaluation;
using Workflows.Jsonata.Syntax;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata;

/// <summary>A JSONata 2.x expression, compiled once: immutable, shared by any number of threads.</summary>
public sealed class JsonataExpression
{
    private readonly ParsedExpression _parsed;
    private readonly Node _node;
    private readonly Scope _scope;

    private JsonataExpression(string source, ParsedExpression parsed)
    {
        Source = source;
        _parsed = parsed;
        (_node, _scope) = Compiler.Compile(parsed);
    }

    /// <summary>The text this was compiled from.</summary>
    public string Source { get; }

    /// <summary>The fields of the top-level input that the expression reads.</summary>
    public IReadOnlyList<JsonataReference> References => field ??= Analyzer.References(_parsed);

    /// <summary>True when the result depends on nothing: no input, no variable, no clock, no randomness.</summary>
    public bool IsConstant => Analyzer.IsConstant(_parsed);

    /// <summary>Compiles an expression.</summary>
    /// <exception cref="JsonataException">The text is not an expression; the error says where and what was expected.</exception>
    public static JsonataExpression Parse(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new JsonataExpression(source, Parser.Parse(source));
    }

    /// <summary>Compiles an expression that stands in a longer text and ends before a terminator.</summary>
    internal static JsonataExpression ParseUntil(string text, int start, string terminator, out int end)
    {
        var parsed = Parser.ParseUntil(text, start, terminator);
        end = parsed.End;
        return new JsonataExpression(text[start..end].Trim(), parsed);
    }

    /// <summary>Compiles an expression, or tells what is wrong with it.</summary>
    public static bool TryParse(
        string source,
        [NotNullWhen(true)] out JsonataExpression? expression,
        [NotNullWhen(false)] out JsonataError? error)
    {
        try
        {
            expression = Parse(source);
            error = null;
            return true;
        }
        catch (JsonataException exception)
        {
            expression = null;
            error = exception.Error;
            return false;
        }
    }

    /// <summary>What cannot be right although it parses: unknown functions and variables, wrong numbers of arguments.</summary>
    /// <param name="variables">Names the caller will pass as <see cref="JsonataOptions.Variables"/>, without dollar signs.</param>
    public IReadOnlyList<JsonataProblem> Check(IReadOnlyCollection<string>? variables = null) =>
        Analyzer.Check(_parsed, variables ?? []);

    /// <summary>Evaluates over one input.</summary>
    /// <exception cref="JsonataException">An error of the expression or a limit that was crossed.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    public JsonataValue Evaluate(JsonataValue input, JsonataOptions? options = null)
    {
        var context = EvaluationContext.Rent(options ?? JsonataOptions.Default, input);
        var result = Evaluate(input, context);
        context.Return();
        return result;
    }

    internal JsonataValue Evaluate(in JsonataValue input, EvaluationContext context)
    {
        var frame = ReferenceEquals(_scope, Scope.Empty) ? context.RootFrame : new Frame(context, null, _scope);

        // An array as input is one value; the paths of the expression go into it, not over it.
        var start = input.IsArray
            ? Sequence.One(input, ListTraits.Sequence | ListTraits.OuterWrapper)
            : input;
        try
        {
            return _node.Evaluate(start, frame);
        }
        catch (InsufficientExecutionStackException)
        {
            throw context.TooDeep();
        }
    }
}
