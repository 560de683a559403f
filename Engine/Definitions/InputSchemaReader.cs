using System.Text.Json;
using System.Text.RegularExpressions;
using Workflows.Jsonata.Functions;
using static Workflows.Engine.Definitions.DefinitionProblemCodes;

namespace Workflows.Engine.Definitions;

/// <summary>Reads the JSON Schema of a definition's input; what it cannot enforce it refuses.</summary>
internal sealed class InputSchemaReader(ProblemList problems)
{
    private static readonly string[] Keywords =
    [
        "type", "properties", "required", "additionalProperties", "enum", "const", "minimum", "maximum", "exclusiveMinimum",
        "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern", "format", "items", "minItems", "maxItems",
        "uniqueItems", "minProperties", "maxProperties",
    ];

    /// <summary>Keywords that describe and assert nothing.</summary>
    private static readonly string[] Annotations =
        ["$schema", "$id", "$comment", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"];

    private int _properties;

    /// <summary>Null when the schema has problems, which are then reported.</summary>
    public static InputSchema? Read(JsonElement json, string pointer, ProblemList problems)
    {
        var reader = new InputSchemaReader(problems);
        var schema = reader.Read(json, pointer, depth: 0);
        return schema;
    }

    private InputSchema? Read(JsonElement json, string pointer, int depth)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.True:
                return InputSchema.Anything;
            case JsonValueKind.False:
                return InputSchema.Nothing;
            case JsonValueKind.Object when depth < Limits.InputSchemaDepth:
                break;
            case JsonValueKind.Object:
                Invalid(pointer, $"The schema nests deeper than {Limits.InputSchemaDepth} levels.", "Make it flatter.");
                return null;
            default:
                Invalid(pointer, $"A schema is an object or a boolean, not {ObjectReader.Name(json.ValueKind)}.", "Write { … }.");
                return null;
        }

        RejectUnsupported(json, pointer);
        return new InputSchema
        {
            Types = Types(json, pointer),
            Enum = Choices(json, pointer),
            Const = json.TryGetProperty("const", out var only) ? only : null,
            Minimum = Number(json, pointer, "minimum"),
            Maximum = Number(json, pointer, "maximum"),
            ExclusiveMinimum = Number(json, pointer, "exclusiveMinimum"),
            ExclusiveMaximum = Number(json, pointer, "exclusiveMaximum"),
            MultipleOf = MultipleOf(json, pointer),
            MinLength = Count(json, pointer, "minLength"),
            MaxLength = Count(json, pointer, "maxLength"),
            Pattern = Pattern(json, pointer),
            Format = Format(json, pointer),
            Items = json.TryGetProperty("items", out var items)
                ? Read(items, ProblemList.Append(pointer, "items"), depth + 1)
                : null,
            MinItems = Count(json, pointer, "minItems"),
            MaxItems = Count(json, pointer, "maxItems"),
            UniqueItems = Boolean(json, pointer, "uniqueItems"),
            Properties = Properties(json, pointer, depth),
            Required = Required(json, pointer),
            AdditionalProperties = json.TryGetProperty("additionalProperties", out var additional)
                ? Read(additional, ProblemList.Append(pointer, "additionalProperties"), depth + 1)
                : null,
            MinProperties = Count(json, pointer, "minProperties"),
            MaxProperties = Count(json, pointer, "maxProperties"),
        };
    }

    private void RejectUnsupported(JsonElement json, string pointer)
    {
        foreach (var member in json.EnumerateObject())
        {
            if (!Keywords.Contains(member.Name) && !Annotations.Contains(member.Name))
            {
                problems.Add(
                    ProblemList.Append(pointer, member.Name),
                    InputSchemaKeywordUnsupported,
                    $"The keyword '{member.Name}' is not supported.",
                    Nearest.Of(member.Name, Keywords) is { } nearest
                        ? $"Did you mean '{nearest}'?"
                        : $"Supported: {string.Join(", ", Keywords)}.");
            }
        }
    }

    private JsonTypes Types(JsonElement json, string pointer)
    {
        if (!json.TryGetProperty("type", out var value))
        {
            return JsonTypes.None;
        }

        var types = JsonTypes.None;
        foreach (var item in value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToArray() : [value])
        {
            var type = item.ValueKind == JsonValueKind.String ? TypeOf(item.GetString()!) : JsonTypes.None;
            if (type == JsonTypes.None)
            {
                Invalid(
                    ProblemList.Append(pointer, "type"),
                    $"{item.GetRawText()} is no type.",
                    "Write string, number, integer, boolean, array, object or null, or a list of them.");
            }

            types |= type;
        }

        return types;
    }

    private static JsonTypes TypeOf(string name) => name switch
    {
        "null" => JsonTypes.Null,
        "boolean" => JsonTypes.Boolean,
        "integer" => JsonTypes.Integer,
        "number" => JsonTypes.Number,
        "string" => JsonTypes.String,
        "array" => JsonTypes.Array,
        "object" => JsonTypes.Object,
        _ => JsonTypes.None,
    };

    private JsonElement[]? Choices(JsonElement json, string pointer)
    {
        if (!json.TryGetProperty("enum", out var value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0)
        {
            return value.EnumerateArray().ToArray();
        }

        Invalid(ProblemList.Append(pointer, "enum"), "'enum' must be a list of at least one value.", "Write [\"a\", \"b\"].");
        return null;
    }

    private SchemaNumber? Number(JsonElement json, string pointer, string keyword)
    {
        if (!json.TryGetProperty(keyword, out var value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && SchemaNumber.IsUsable(value)
            ? SchemaNumber.Of(value)
            : Mistyped<SchemaNumber>(pointer, keyword, "a number");
    }

    private SchemaNumber? MultipleOf(JsonElement json, string pointer)
    {
        if (!json.TryGetProperty("multipleOf", out var value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && SchemaNumber.IsUsable(value)
            && SchemaNumber.Of(value) is { Value: { IsNegative: false, Digits.Length: > 0 } } step
            ? step
            : Mistyped<SchemaNumber>(pointer, "multipleOf", "a number above 0");
    }

    private int? Count(JsonElement json, string pointer, string keyword)
    {
        if (!json.TryGetProperty(keyword, out var value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var count) && count >= 0
            ? count
            : Mistyped<int?>(pointer, keyword, "a whole number from 0 on");
    }

    private bool Boolean(JsonElement json, string pointer, string keyword)
    {
        if (!json.TryGetProperty(keyword, out var value))
        {
            return false;
        }

        return value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : Mistyped<bool>(pointer, keyword, "true or false");
    }

    private InputPattern? Pattern(JsonElement json, string pointer)
    {
        if (!json.TryGetProperty("pattern", out var value))
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.String || value.GetString()!.Length > Limits.InputSchemaPatternLength)
        {
            return Mistyped<InputPattern>(
                pointer, "pattern", $"text of at most {Limits.InputSchemaPatternLength} characters");
        }

        if (PatternCost.FindProblem(value.GetString()!) is { } cost)
        {
            Invalid(ProblemList.Append(pointer, "pattern"), $"The pattern is too costly: {cost}.", "Repeat less, or bound the length.");
            return null;
        }

        try
        {
            // Without backtracking the time is linear in the input, whatever the pattern; look-around and back-references are
            // the price.
            var regex = new Regex(
                RegexTranslator.Translate(value.GetString()!),
                RegexOptions.NonBacktracking | RegexOptions.CultureInvariant,
                TimeSpan.FromSeconds(Limits.InputSchemaPatternMatchSeconds));
            return new InputPattern(value.GetString()!, regex);
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            Invalid(
                ProblemList.Append(pointer, "pattern"),
                $"The pattern cannot be used: {exception.Message}",
                "Write a regular expression without look-around and back-references.");
            return null;
        }
    }

    private string? Format(JsonElement json, string pointer)
    {
        if (!json.TryGetProperty("format", out var value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.String && TextFormats.Names.Contains(value.GetString()))
        {
            return value.GetString();
        }

        problems.Add(
            ProblemList.Append(pointer, "format"),
            InputSchemaKeywordUnsupported,
            $"The format {value.GetRawText()} is not supported.",
            $"Supported: {string.Join(", ", TextFormats.Names)}; or use 'pattern'.");
        return null;
    }

    private Dictionary<string, InputSchema> Properties(JsonElement json, string pointer, int depth)
    {
        var properties = new Dictionary<string, InputSchema>(StringComparer.Ordinal);
        if (!json.TryGetProperty("properties", out var value))
        {
            return properties;
        }

        if (value.ValueKind != JsonValueKind.Object)
        {
            Mistyped<int>(pointer, "properties", "an object of schemas");
            return properties;
        }

        foreach (var member in value.EnumerateObject())
        {
            if (++_properties > Limits.InputSchemaProperties)
            {
                Invalid(
                    ProblemList.Append(pointer, "properties"),
                    $"The schema has more than {Limits.InputSchemaProperties} properties.",
                    "Make it smaller.");
                break;
            }

            var at = ProblemList.Append(ProblemList.Append(pointer, "properties"), member.Name);
            if (Read(member.Value, at, depth + 1) is { } property)
            {
                properties[member.Name] = property;
            }
        }

        return properties;
    }

    private List<string> Required(JsonElement json, string pointer)
    {
        var required = new List<string>();
        if (!json.TryGetProperty("required", out var value))
        {
            return required;
        }

        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(name => name.ValueKind != JsonValueKind.String))
        {
            Mistyped<int>(pointer, "required", "a list of names");
            return required;
        }

        required.AddRange(value.EnumerateArray().Select(name => name.GetString()!));
        return required;
    }

    private T? Mistyped<T>(string pointer, string keyword, string expected)
    {
        Invalid(ProblemList.Append(pointer, keyword), $"'{keyword}' must be {expected}.", $"Write {expected}.");
        return default;
    }

    private void Invalid(string pointer, string message, string hint) => problems.Add(pointer, InputSchemaInvalid, message, hint);
}
