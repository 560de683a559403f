using System.Globalization;
using System.Text.Json;
using static Workflows.Engine.Definitions.DefinitionProblemCodes;

namespace Workflows.Engine.Definitions;

/// <summary>
/// Reads the fields of one JSON object and reports what is wrong with each; a field that is wrong reads as its default, so that
/// reading goes on and finds the rest.
/// </summary>
internal readonly struct ObjectReader(JsonElement element, string pointer, ProblemList problems)
{
    public string Pointer => pointer;

    /// <summary>Reports a value that is no object; null members count as left out throughout.</summary>
    public static bool TryOpen(JsonElement element, string pointer, ProblemList problems, out ObjectReader reader)
    {
        reader = new ObjectReader(element, pointer, problems);
        if (element.ValueKind == JsonValueKind.Object)
        {
            return true;
        }

        problems.Add(pointer, FieldType, $"An object is expected here, not {Name(element.ValueKind)}.", "Write { … }.");
        return false;
    }

    public string At(string name) => ProblemList.Append(pointer, name);

    public bool Has(string name, out JsonElement value) =>
        element.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    public void RejectUnknown(params ReadOnlySpan<string> known)
    {
        foreach (var member in element.EnumerateObject())
        {
            if (!known.Contains(member.Name))
            {
                problems.Add(
                    At(member.Name),
                    FieldUnknown,
                    $"There is no field '{member.Name}' here.",
                    Nearest.Hint(member.Name, known.ToArray()));
            }
        }
    }

    public string? Text(string name, int maxLength, bool required = false)
    {
        if (!Has(name, out var value))
        {
            return required ? Missing<string>(name, "text") : null;
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            return Mistyped<string>(name, "text", value);
        }

        var text = value.GetString()!;
        if (text.Length > maxLength)
        {
            problems.Add(At(name), FieldValue, $"'{name}' has {text.Length} characters.", $"At most {maxLength} are allowed.");
            return null;
        }

        if (required && text.Length == 0)
        {
            problems.Add(At(name), FieldValue, $"'{name}' is empty.", "Give it a value.");
            return null;
        }

        return text;
    }

    public double? Number(string name, double min, double max)
    {
        if (!Has(name, out var value))
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Number)
        {
            return Mistyped<double?>(name, "a number", value);
        }

        var number = value.GetDouble();
        if (number >= min && number <= max)
        {
            return number;
        }

        problems.Add(At(name), FieldValue, $"'{name}' is {value.GetRawText()}.", Range(min, max));
        return null;
    }

    public int? Integer(string name, int min, int max)
    {
        if (!Has(name, out var value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number))
        {
            if (number >= min && number <= max)
            {
                return number;
            }

            problems.Add(At(name), FieldValue, $"'{name}' is {number}.", Range(min, max));
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.GetDouble() is var real && real == Math.Floor(real)
            ? OutOfRange(name, value, min, max)
            : Mistyped<int?>(name, "a whole number", value);
    }

    public bool? Boolean(string name)
    {
        if (!Has(name, out var value))
        {
            return null;
        }

        return value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => Mistyped<bool?>(name, "true or false", value),
        };
    }

    /// <summary>A member of an enum, written in camel case.</summary>
    public TEnum Choice<TEnum>(string name, TEnum fallback)
        where TEnum : struct, Enum
    {
        if (!Has(name, out var value))
        {
            return fallback;
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            return Mistyped(name, "text", value, fallback);
        }

        var text = value.GetString()!;
        foreach (var choice in Enum.GetValues<TEnum>())
        {
            if (CamelCase(choice.ToString()) == text)
            {
                return choice;
            }
        }

        var choices = Enum.GetNames<TEnum>().Select(CamelCase).ToArray();
        problems.Add(At(name), FieldValue, $"'{name}' cannot be '{text}'.", Nearest.Hint(text, choices));
        return fallback;
    }

    public bool List(string name, int maxItems, out JsonElement list)
    {
        if (!Has(name, out list))
        {
            return false;
        }

        if (list.ValueKind != JsonValueKind.Array)
        {
            return Mistyped(name, "a list", list, false);
        }

        var count = list.GetArrayLength();
        if (count <= maxItems)
        {
            return true;
        }

        problems.Add(At(name), TooManyItems, $"'{name}' has {count} items.", $"At most {maxItems} are allowed.");
        return false;
    }

    public T? Missing<T>(string name, string what)
    {
        problems.Add(At(name), FieldMissing, $"The field '{name}' is missing.", $"It is required: {what}.");
        return default;
    }

    public static string CamelCase(string name) => char.ToLowerInvariant(name[0]) + name[1..];

    public static string Name(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "text",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        JsonValueKind.Null => "null",
        JsonValueKind.Undefined => "nothing",
    };

    public static string Range(double min, double max) =>
        string.Create(CultureInfo.InvariantCulture, $"It must be between {min} and {max}.");

    private int? OutOfRange(string name, JsonElement value, int min, int max)
    {
        problems.Add(At(name), FieldValue, $"'{name}' is {value.GetRawText()}.", Range(min, max));
        return null;
    }

    private T? Mistyped<T>(string name, string expected, JsonElement value, T? fallback = default)
    {
        problems.Add(At(name), FieldType, $"'{name}' must be {expected}, not {Name(value.ValueKind)}.", $"Write {expected}.");
        return fallback;
    }
}
