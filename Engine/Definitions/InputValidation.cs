using System.Text.Json;
using System.Text.RegularExpressions;

namespace Workflows.Engine.Definitions;

/// <summary>One value against one schema, collecting every problem.</summary>
/// <param name="isTemplate">Texts with <c>{{ }}</c> may become anything, or leave out the property they stand in: nothing is said of them, nor of what depends on them.</param>
internal sealed class InputValidation(bool isTemplate)
{
    private readonly List<InputProblem> _problems = [];

    public IReadOnlyList<InputProblem> Problems => _problems;

    public void Check(InputSchema schema, JsonElement value, string pointer)
    {
        if (IsExpression(value))
        {
            return;
        }

        if (schema.IsNothing)
        {
            Report(pointer, "false", "is not allowed");
            return;
        }

        if (schema.Types != JsonTypes.None && (schema.Types & TypesOf(value)) == 0)
        {
            Report(pointer, "type", $"must be {Names(schema.Types)}, not {ObjectReader.Name(value.ValueKind)}");
            return; // whatever else is said of the value would only repeat it
        }

        if (schema.Const is { } only && !JsonElement.DeepEquals(only, value) && !HoldsExpression(value))
        {
            Report(pointer, "const", $"must be {Shortened(only)}");
        }

        if (schema.Enum is { } choices && !choices.Any(choice => JsonElement.DeepEquals(choice, value)) && !HoldsExpression(value))
        {
            Report(pointer, "enum", $"must be one of {string.Join(", ", choices.Take(20).Select(Shortened))}");
        }

        switch (value.ValueKind)
        {
            case JsonValueKind.Number:
                CheckNumber(schema, value, pointer);
                break;
            case JsonValueKind.String:
                CheckText(schema, value.GetString()!, pointer);
                break;
            case JsonValueKind.Array:
                CheckArray(schema, value, pointer);
                break;
            case JsonValueKind.Object:
                CheckObject(schema, value, pointer);
                break;
        }
    }

    private void CheckNumber(InputSchema schema, JsonElement value, string pointer)
    {
        if (!schema.BoundsNumbers)
        {
            return;
        }

        if (!SchemaNumber.IsUsable(value))
        {
            Report(pointer, "type", "has too large an exponent");
            return;
        }

        var number = SchemaNumber.Decimal(value);
        Bound(schema.Minimum, number < schema.Minimum?.Value, "minimum", "at least");
        Bound(schema.Maximum, number > schema.Maximum?.Value, "maximum", "at most");
        Bound(schema.ExclusiveMinimum, number <= schema.ExclusiveMinimum?.Value, "exclusiveMinimum", "more than");
        Bound(schema.ExclusiveMaximum, number >= schema.ExclusiveMaximum?.Value, "exclusiveMaximum", "less than");
        if (schema.MultipleOf is { } step && !number.IsMultipleOf(step.Value))
        {
            Report(pointer, "multipleOf", $"must be a multiple of {step.Text}");
        }

        void Bound(SchemaNumber? bound, bool isCrossed, string keyword, string words)
        {
            if (isCrossed)
            {
                Report(pointer, keyword, $"must be {words} {bound!.Text}");
            }
        }
    }

    private void CheckText(InputSchema schema, string text, string pointer)
    {
        if (schema.MinLength is not null || schema.MaxLength is not null)
        {
            var length = text.EnumerateRunes().Count(); // characters in the sense of JSON Schema are code points
            Count(length, schema.MinLength, schema.MaxLength, pointer, "Length", "characters");
        }

        if (schema.Pattern is { } pattern)
        {
            CheckPattern(pattern, text, pointer);
        }

        if (schema.Format is { } format && !TextFormats.Matches(format, text))
        {
            Report(pointer, "format", $"must be a {format}");
        }
    }

    private void CheckPattern(InputPattern pattern, string text, string pointer)
    {
        try
        {
            if (!pattern.Regex.IsMatch(text))
            {
                Report(pointer, "pattern", $"must match {pattern.Text}");
            }
        }
        catch (RegexMatchTimeoutException)
        {
            Report(
                pointer,
                "pattern",
                $"could not be matched with {pattern.Text} in {Limits.InputSchemaPatternMatchSeconds} seconds");
        }
    }

    private void CheckArray(InputSchema schema, JsonElement value, string pointer)
    {
        Count(value.GetArrayLength(), schema.MinItems, schema.MaxItems, pointer, "Items", "items");
        if (schema.Items is { } items)
        {
            var index = 0;
            foreach (var item in value.EnumerateArray())
            {
                if (_problems.Count >= Limits.InputProblems)
                {
                    return;
                }

                Check(items, item, ProblemList.Append(pointer, index++));
            }
        }

        if (schema.UniqueItems && HasEqualItems(value) && !HoldsExpression(value))
        {
            Report(pointer, "uniqueItems", "must not hold equal items");
        }
    }

    private void CheckObject(InputSchema schema, JsonElement value, string pointer)
    {
        foreach (var name in schema.Required)
        {
            if (!value.TryGetProperty(name, out _))
            {
                Report(ProblemList.Append(pointer, name), "required", "is required");
            }
        }

        var count = 0;
        foreach (var member in value.EnumerateObject())
        {
            count++;
            if (_problems.Count >= Limits.InputProblems)
            {
                return;
            }

            var at = ProblemList.Append(pointer, member.Name);
            if (schema.Properties.TryGetValue(member.Name, out var property))
            {
                Check(property, member.Value, at);
            }
            else if (schema.AdditionalProperties is { IsNothing: true })
            {
                var hint = Nearest.Of(member.Name, schema.Properties.Keys) is { } nearest ? $"; did you mean '{nearest}'?" : "";
                Report(at, "additionalProperties", $"is not a known property{hint}");
            }
            else if (schema.AdditionalProperties is { } additional)
            {
                Check(additional, member.Value, at);
            }
        }

        var certain = isTemplate ? value.EnumerateObject().Count(member => !IsExpression(member.Value)) : count;
        Count(count, schema.MinProperties, max: null, pointer, "Properties", "properties");
        Count(certain, min: null, schema.MaxProperties, pointer, "Properties", "properties");
    }

    private bool IsExpression(JsonElement value) =>
        isTemplate && value.ValueKind == JsonValueKind.String && value.GetString()!.Contains("{{", StringComparison.Ordinal);

    private bool HoldsExpression(JsonElement value) => isTemplate && value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().Any(member => HoldsExpression(member.Value)),
        JsonValueKind.Array => value.EnumerateArray().Any(HoldsExpression),
        _ => IsExpression(value),
    };

    private void Count(int count, int? min, int? max, string pointer, string keyword, string things)
    {
        if (count < min)
        {
            Report(pointer, "min" + keyword, $"must have at least {min} {things}, not {count}");
        }
        else if (count > max)
        {
            Report(pointer, "max" + keyword, $"must have at most {max} {things}, not {count}");
        }
    }

    /// <summary>
    /// By canonical text first, so that 10,000 distinct items cost 10,000 hashes and not 50,000,000 comparisons.
    /// </summary>
    private static bool HasEqualItems(JsonElement array)
    {
        var seen = new Dictionary<(JsonValueKind, int), List<JsonElement>>();
        foreach (var item in array.EnumerateArray())
        {
            var key = (item.ValueKind, item.ValueKind switch
            {
                JsonValueKind.String => item.GetString()!.GetHashCode(StringComparison.Ordinal),
                JsonValueKind.Number => item.GetDouble().GetHashCode(),
                JsonValueKind.Object => item.GetPropertyCount(),
                JsonValueKind.Array => item.GetArrayLength(),
                _ => 0,
            });
            if (!seen.TryGetValue(key, out var others))
            {
                seen.Add(key, [item]);
            }
            else if (others.Exists(other => JsonElement.DeepEquals(other, item)))
            {
                return true;
            }
            else
            {
                others.Add(item);
            }
        }

        return false;
    }

    private static JsonTypes TypesOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => JsonTypes.Object,
        JsonValueKind.Array => JsonTypes.Array,
        JsonValueKind.String => JsonTypes.String,
        JsonValueKind.True or JsonValueKind.False => JsonTypes.Boolean,
        JsonValueKind.Null or JsonValueKind.Undefined => JsonTypes.Null,

        // 1.0 is an integer in the sense of JSON Schema.
        JsonValueKind.Number =>
            value.TryGetInt64(out _) || (SchemaNumber.IsUsable(value) && SchemaNumber.Decimal(value).IsInteger)
            ? JsonTypes.Number | JsonTypes.Integer
            : JsonTypes.Number,
    };

    private static string Names(JsonTypes types) => string.Join(
        " or ",
        Enum.GetValues<JsonTypes>()
            .Where(type => type != JsonTypes.None && types.HasFlag(type))
            .Select(type => ObjectReader.CamelCase(type.ToString())));

    private static string Shortened(JsonElement value) =>
        value.GetRawText() is { Length: > 60 } text ? text[..60] + "…" : value.GetRawText();

    private void Report(string pointer, string keyword, string message)
    {
        if (_problems.Count < Limits.InputProblems)
        {
            _problems.Add(new InputProblem(pointer, keyword, message));
        }
    }
}
