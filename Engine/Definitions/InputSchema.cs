using System.Text.Json;
using System.Text.RegularExpressions;

namespace Workflows.Engine.Definitions;

/// <summary>The JSON types of the keyword <c>type</c>.</summary>
[Flags]
internal enum JsonTypes
{
    None = 0,
    Null = 1,
    Boolean = 2,
    Integer = 4,
    Number = 8,
    String = 16,
    Array = 32,
    Object = 64,
}

/// <summary>
/// A compiled JSON Schema (2020-12) of the subset that <see cref="InputSchemaReader"/> reads. Every keyword outside the subset
/// was refused when the definition was saved, so that nothing a schema says is silently not checked.
/// </summary>
internal sealed class InputSchema
{
    public static InputSchema Anything { get; } = new();

    public static InputSchema Nothing { get; } = new() { IsNothing = true };

    /// <summary>The schema <c>false</c>.</summary>
    public bool IsNothing { get; init; }

    public JsonTypes Types { get; init; }

    public IReadOnlyList<JsonElement>? Enum { get; init; }

    public JsonElement? Const { get; init; }

    public SchemaNumber? Minimum { get; init; }

    public SchemaNumber? Maximum { get; init; }

    public SchemaNumber? ExclusiveMinimum { get; init; }

    public SchemaNumber? ExclusiveMaximum { get; init; }

    public SchemaNumber? MultipleOf { get; init; }

    /// <summary>True when anything is said of the size of numbers.</summary>
    public bool BoundsNumbers => (Minimum ?? Maximum ?? ExclusiveMinimum ?? ExclusiveMaximum ?? MultipleOf) is not null;

    public int? MinLength { get; init; }

    public int? MaxLength { get; init; }

    public InputPattern? Pattern { get; init; }

    public string? Format { get; init; }

    public InputSchema? Items { get; init; }

    public int? MinItems { get; init; }

    public int? MaxItems { get; init; }

    public bool UniqueItems { get; init; }

    public IReadOnlyDictionary<string, InputSchema> Properties { get; init; } = new Dictionary<string, InputSchema>();

    public IReadOnlyList<string> Required { get; init; } = [];

    public InputSchema? AdditionalProperties { get; init; }

    public int? MinProperties { get; init; }

    public int? MaxProperties { get; init; }

    /// <summary>Everything wrong with a value, up to <see cref="Limits.InputProblems"/>.</summary>
    public IReadOnlyList<InputProblem> Validate(JsonElement value) => Validate(value, isTemplate: false);

    /// <summary>Everything that is wrong with a template whatever its <c>{{ expressions }}</c> yield.</summary>
    public IReadOnlyList<InputProblem> ValidateConstants(JsonElement template) => Validate(template, isTemplate: true);

    private IReadOnlyList<InputProblem> Validate(JsonElement value, bool isTemplate)
    {
        var validation = new InputValidation(isTemplate);
        validation.Check(this, value, "");
        return validation.Problems;
    }
}

/// <summary>The keyword <c>pattern</c>.</summary>
/// <param name="Text">As the author wrote it, in the words of ECMAScript.</param>
/// <param name="Regex">The same for .NET, without backtracking and with a limit of time.</param>
internal sealed record InputPattern(string Text, Regex Regex);
