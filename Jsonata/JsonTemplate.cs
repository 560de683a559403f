using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Workflows.Jsonata.Evaluation;
using Workflows.Jsonata.Templates;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata;

/// <summary>An expression in a template that does not parse.</summary>
/// <param name="Pointer">JSON pointer (RFC 6901) of the string within the template.</param>
/// <param name="Error">What is wrong; positions count from the start of that string.</param>
public sealed record JsonTemplateError(string Pointer, JsonataError Error);

/// <summary>
/// A JSON value whose strings may hold <c>{{ expression }}</c>: a string that is wholly one expression yields the
/// expression's value, embedded ones build a string; objects and arrays are walked. Compiled once, immutable.
/// </summary>
/// <remarks>
/// Undefined: a whole expression that yields nothing leaves its object member out, is null as an item of an array and
/// undefined as the whole template; an embedded one is empty text. Where the two braces are meant as text, an expression
/// yields them: <c>{{ "{{" }}</c>. Names of members are never expressions.
/// </remarks>
public sealed class JsonTemplate
{
    private readonly TemplateNode _root;
    private readonly List<TemplateExpression> _expressions;

    private JsonTemplate(TemplateNode root, List<TemplateExpression> expressions)
    {
        _root = root;
        _expressions = expressions;
        IsConstant = root is ConstantTemplate;
        References = [.. expressions.SelectMany(part => part.Expression.References
            .Select(reference => reference with { Position = reference.Position, Pointer = part.Pointer }))];
    }

    /// <summary>True when no expression in it depends on anything.</summary>
    public bool IsConstant { get; }

    /// <summary>The fields of the scope that its expressions read, each with the pointer of its string.</summary>
    public IReadOnlyList<JsonataReference> References { get; }

    /// <summary>Compiles a template, or tells everything that is wrong with it.</summary>
    public static bool TryParse(
        JsonElement template,
        [NotNullWhen(true)] out JsonTemplate? parsed,
        out IReadOnlyList<JsonTemplateError> errors) => TryParse(template, new FoldingBudget(), out parsed, out errors);

    /// <summary>
    /// Compiles one of several templates that share what evaluating their constants in advance may cost.
    /// </summary>
    public static bool TryParse(
        JsonElement template,
        FoldingBudget folding,
        [NotNullWhen(true)] out JsonTemplate? parsed,
        out IReadOnlyList<JsonTemplateError> errors)
    {
        ArgumentNullException.ThrowIfNull(folding);
        var parser = new TemplateParser(folding);
        var root = parser.Parse(template);
        errors = parser.Errors;
        parsed = parser.Errors.Count == 0 ? new JsonTemplate(root, parser.Expressions) : null;
        return parsed is not null;
    }

    /// <summary>What cannot be right in its expressions although they parse, see <see cref="JsonataExpression.Check"/>.</summary>
    public IReadOnlyList<JsonataProblem> Check(IReadOnlyCollection<string>? variables = null) =>
        [.. _expressions.SelectMany(part => part.Expression.Check(variables)
            .Select(problem => problem with { Pointer = part.Pointer }))];

    /// <summary>Evaluates all expressions over one scope; they share one budget of steps.</summary>
    /// <exception cref="JsonataException">An expression ended in an error.</exception>
    public JsonataValue Render(JsonataValue scope, JsonataOptions? options = null) =>
        RenderWith(EvaluationContext.Rent(options ?? JsonataOptions.Default, scope), scope);

    private JsonataValue RenderWith(EvaluationContext context, in JsonataValue scope)
    {
        var result = _root.Render(scope, context);
        context.Return();
        return result;
    }

    /// <summary>
    /// As <see cref="Render"/>, straight to UTF-8: constant parts are copied as they were encoded at parsing. Writes null
    /// when the whole template is undefined, and ends with U1005 beyond <see cref="JsonataLimits.MaxOutputBytes"/>.
    /// </summary>
    public void WriteTo(Utf8JsonWriter writer, JsonataValue scope, JsonataOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(writer);
        var context = EvaluationContext.Rent(options ?? JsonataOptions.Default, scope);
        _root.Write(new OutputWriter(writer, context.Limits.MaxOutputBytes), scope, context);
        context.Return();
    }
}
