using System.Text.Json;

namespace Workflows.Engine.Prompts;

/// <summary>What an answer has to be.</summary>
/// <param name="Type">equals, contains, notContains, regex, jsonSchema, jsonata, similarity, judge, maxLatencyMs or
/// maxCostUsd.</param>
/// <param name="Value">The text to compare with, the pattern, the expression (true or not, with the answer as
/// <c>output</c>, and as <c>data</c> where it is JSON), the reference, or the rubric of a judge.</param>
/// <param name="Schema">Of jsonSchema.</param>
/// <param name="Limit">Of maxLatencyMs and maxCostUsd; of similarity and judge the least score, 0 to 1.</param>
/// <param name="Model">Who judges, or embeds; null = the tenant's default.</param>
/// <param name="IgnoreCase">Of equals, contains and notContains.</param>
public sealed record PromptAssertion(
    string Type,
    string? Value = null,
    JsonElement? Schema = null,
    double? Limit = null,
    string? Model = null,
    bool IgnoreCase = false);

/// <summary>A case of a test set.</summary>
/// <param name="Name">Unique in its set: by it versions and models are compared.</param>
/// <param name="Variables">As a caller gives them.</param>
public sealed record TestCase(string Name, JsonElement Variables, IReadOnlyList<PromptAssertion> Assertions)
{
    /// <summary>As the columns of a set hold them.</summary>
    public static IReadOnlyList<TestCase> ReadAll(string json) =>
        JsonSerializer.Deserialize<TestCase[]>(json, JsonSerializerOptions.Web) ?? [];
}

/// <summary>What came of an assertion.</summary>
/// <param name="Score">0 to 1, where it has one.</param>
/// <param name="Message">Why it failed.</param>
public sealed record AssertionOutcome(string Type, bool Passed, double? Score = null, string? Message = null);

/// <summary>What an assertion looks at.</summary>
public sealed record TestedAnswer(string Output, double LatencyMs, decimal CostUsd);
