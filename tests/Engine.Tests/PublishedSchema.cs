using System.Text;
using System.Text.Json;
using Json.Schema;
using Workflows.Engine.Definitions;

namespace Workflows.Engine.Tests;

/// <summary>The schema of definitions, as JsonSchema.Net understands it.</summary>
internal static class PublishedSchema
{
    private static readonly JsonSchema Schema =
        JsonSchema.FromText(Encoding.UTF8.GetString(DefinitionSchema.Utf8.Span));

    private static readonly EvaluationOptions Options = new() { OutputFormat = OutputFormat.List };

    /// <summary>What is wrong and where; null when the schema accepts the definition.</summary>
    public static string? FindProblem(string definition)
    {
        using var json = JsonDocument.Parse(definition);
        var result = Schema.Evaluate(json.RootElement, Options);
        return result.IsValid ? null : definition + string.Concat((result.Details ?? [])
            .Where(detail => detail.Errors is { Count: > 0 })
            .SelectMany(detail => detail.Errors!.Select(error => $"\n{detail.InstanceLocation}: {error.Value}")));
    }
}
