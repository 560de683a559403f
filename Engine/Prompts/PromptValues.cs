using System.Globalization;
using System.Text.Json;

namespace Workflows.Engine.Prompts;

/// <summary>Whether values are what their variables ask for, and how they are written into a message.</summary>
internal static class PromptValues
{
    private const string DateForm = "yyyy-MM-dd";

    public static readonly string[] Types = ["string", "number", "boolean", "date", "enum", "list", "object"];

    /// <returns>What is wrong with the value; null when it fits.</returns>
    public static (string Code, string Message)? Check(PromptVariable variable, JsonElement value)
    {
        var name = variable.Name;
        return variable.Type switch
        {
            "string" when value.ValueKind == JsonValueKind.String => CheckText(variable, value.GetString()!),
            "number" when value.ValueKind == JsonValueKind.Number => CheckNumber(variable, value.GetDouble()),
            "boolean" when value.ValueKind is JsonValueKind.True or JsonValueKind.False => null,
            "date" when value.ValueKind == JsonValueKind.String => DateOnly.TryParseExact(
                value.GetString(), DateForm, CultureInfo.InvariantCulture, DateTimeStyles.None, out _)
                ? null
                : ("DATE", $"'{name}' is a date like 2026-01-31."),
            "enum" when value.ValueKind == JsonValueKind.String =>
                variable.Options?.Contains(value.GetString()!, StringComparer.Ordinal) == true
                    ? null
                    : ("ENUM", $"'{name}' is one of {string.Join(", ", variable.Options ?? [])}."),
            "list" when value.ValueKind == JsonValueKind.Array =>
                CheckLength(variable, value.GetArrayLength(), "items"),
            "object" when value.ValueKind == JsonValueKind.Object => null,
            _ => ("TYPE", $"'{name}' is of the type {variable.Type}."),
        };
    }

    /// <summary>A string as it is, lists and objects as JSON.</summary>
    public static string Write(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Null or JsonValueKind.Undefined => "",
        _ => value.GetRawText(),
    };

    private static (string, string)? CheckText(PromptVariable variable, string text)
    {
        if (CheckLength(variable, text.Length, "characters") is { } problem)
        {
            return problem;
        }

        if (variable.Pattern is not { } pattern)
        {
            return null;
        }

        var (regex, wrong) = BoundedRegex.Read(pattern);
        return regex is null ? ("PATTERN", wrong!)
            : BoundedRegex.Matches(regex, text) switch
            {
                true => null,
                false => ("PATTERN", $"'{variable.Name}' does not match {pattern}."),
                null => ("PATTERN", $"Whether '{variable.Name}' matches {pattern} took too long to find out."),
            };
    }

    private static (string, string)? CheckNumber(PromptVariable variable, double number) =>
        number < variable.Min ? ("MIN", Bound(variable, "at least", variable.Min.Value))
        : number > variable.Max ? ("MAX", Bound(variable, "at most", variable.Max.Value))
        : null;

    private static (string, string)? CheckLength(PromptVariable variable, int length, string unit) =>
        length < variable.MinLength ? ("MIN_LENGTH", Bound(variable, "at least", variable.MinLength.Value, unit))
        : length > variable.MaxLength ? ("MAX_LENGTH", Bound(variable, "at most", variable.MaxLength.Value, unit))
        : null;

    private static string Bound(PromptVariable variable, string side, double bound, string? unit = null) =>
        string.Create(
            CultureInfo.InvariantCulture,
                $"'{variable.Name}' {(unit is null ? "is" : "has")} {side} {bound}{(unit is null ? "" : $" {unit}")}.");
}
