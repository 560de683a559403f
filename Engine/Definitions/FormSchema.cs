using System.Text.Json;

namespace Workflows.Engine.Definitions;

/// <summary>JSON Schema of what a person fills in, as <see cref="InputSchemaReader"/> reads it. It lives in a request, not in a definition.</summary>
public static class FormSchema
{
    /// <summary>Null when the UTF-8 JSON is a schema that can be checked, or empty (no form).</summary>
    public static string? FindProblem(ReadOnlyMemory<byte> schema)
    {
        if (schema.IsEmpty)
        {
            return null;
        }

        var problems = new ProblemList();
        InputSchemaReader.Read(JsonElement.Parse(schema.Span), "", problems);
        return problems.IsEmpty ? null : $"{problems.Problems[0].Pointer} {problems.Problems[0].Message}".TrimEnd('.').Trim();
    }

    /// <summary>What is wrong with the data; empty when it fits.</summary>
    /// <exception cref="ArgumentException">The schema is one that <see cref="FindProblem"/> refuses.</exception>
    public static IReadOnlyList<InputProblem> Validate(ReadOnlyMemory<byte> schema, JsonElement data)
    {
        var problems = new ProblemList();
        var compiled = InputSchemaReader.Read(JsonElement.Parse(schema.Span), "", problems);
        return compiled is not null && problems.IsEmpty
            ? compiled.Validate(data)
            : throw new ArgumentException($"The form is no schema: {problems.Problems[0].Message}", nameof(schema));
    }
}
