using System.Globalization;
using System.Text;
using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Jsonata;

namespace Workflows.Engine.Prompts;

/// <summary>Assertions: whether they can be kept, and what becomes of those that need nobody else.</summary>
public static class PromptAssertions
{
    public const string Similarity = "similarity";
    public const string Judge = "judge";

    private static readonly string[] OfText = ["equals", "contains", "notContains", "regex", "jsonata", Similarity,
        Judge];
    private static readonly string[] OfBound = ["maxLatencyMs", "maxCostUsd"];

    /// <returns>All that is wrong with the cases of a set, under <c>/cases</c>.</returns>
    public static IReadOnlyList<PromptProblem> Check(IReadOnlyList<TestCase> cases)
    {
        var problems = new List<PromptProblem>();
        if (cases.Count is 0 or > PromptLimits.Cases)
        {
            return [new("/cases", "LENGTH", $"A test set has 1 to {PromptLimits.Cases} cases.")];
        }

        if (cases.Any(one => one?.Assertions?.Any(assertion => assertion is null) != false))
        {
            return [new("/cases", "TYPE", "Cases and their assertions are objects.")];
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var index = 0; index < cases.Count; index++)
        {
            var (one, at) = (cases[index], $"/cases/{index}");
            if (string.IsNullOrWhiteSpace(one.Name) || one.Name.Length > PromptLimits.ShortText || !names.Add(one.Name))
            {
                problems.Add(new(
                    $"{at}/name", "NAME",
                        $"A case has a name of its own, of at most {PromptLimits.ShortText} characters."));
            }

            if (one.Variables.ValueKind != JsonValueKind.Object)
            {
                problems.Add(new($"{at}/variables", "TYPE", "'variables' is an object."));
            }

            if (one.Assertions is not { Count: > 0 and <= PromptLimits.Assertions })
            {
                problems.Add(new(
                    $"{at}/assertions", "LENGTH", $"A case has 1 to {PromptLimits.Assertions} assertions."));
                continue;
            }

            for (var number = 0; number < one.Assertions.Count; number++)
            {
                if (FindProblem(one.Assertions[number]) is { } wrong)
                {
                    problems.Add(new($"{at}/assertions/{number}", "ASSERTION", wrong));
                }
            }
        }

        return problems;
    }

    /// <returns>The outcome; null of a type that asks a model.</returns>
    public static AssertionOutcome? Evaluate(PromptAssertion assertion, TestedAnswer answer)
    {
        var (output, value) = (answer.Output, assertion.Value ?? "");
        var comparison = assertion.IgnoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        return assertion.Type switch
        {
            "equals" => Of(
                assertion, string.Equals(output.Trim(), value.Trim(), comparison), "The answer is another."),
            "contains" => Of(assertion, output.Contains(value, comparison), "The answer does not hold the text."),
            "notContains" => Of(assertion, !output.Contains(value, comparison), "The answer holds the text."),
            "regex" => Matches(assertion, output),
            "jsonSchema" => Fits(assertion, output),
            "jsonata" => Holds(assertion, answer),
            "maxLatencyMs" => Of(
                assertion, answer.LatencyMs <= assertion.Limit,
                string.Create(CultureInfo.InvariantCulture, $"It took {answer.LatencyMs:0} ms.")),
            "maxCostUsd" => Of(
                assertion, (double)answer.CostUsd <= assertion.Limit,
                string.Create(CultureInfo.InvariantCulture, $"It cost {answer.CostUsd} US dollars.")),
            _ => null,
        };
    }

    private static string? FindProblem(PromptAssertion assertion)
    {
        var isOfText = OfText.Contains(assertion.Type);
        if (!isOfText && !OfBound.Contains(assertion.Type) && assertion.Type != "jsonSchema")
        {
            return $"'type' is one of {string.Join(", ", OfText)}, jsonSchema, {string.Join(", ", OfBound)}.";
        }

        if (isOfText && (string.IsNullOrEmpty(assertion.Value) || assertion.Value.Length > PromptLimits.AssertedLength))
        {
            return $"'value' has 1 to {PromptLimits.AssertedLength} characters.";
        }

        return assertion.Type switch
        {
            "regex" => BoundedRegex.Read(assertion.Value!).Problem,
            "jsonata" => JsonataExpression.TryParse(assertion.Value!, out _, out var error)
                ? null
                : $"The expression cannot be read: {error!.Message}",
            "jsonSchema" => assertion.Schema is { ValueKind: JsonValueKind.Object } schema
                ? FormSchema.FindProblem(Encoding.UTF8.GetBytes(schema.GetRawText()))
                : "'schema' is an object.",
            Similarity or Judge => assertion.Limit is null or >= 0 and <= 1 ? null : "'limit' lies between 0 and 1.",
            "maxLatencyMs" or "maxCostUsd" => assertion.Limit >= 0 ? null : "'limit' is a number from 0 on.",
            _ => null,
        };
    }

    private static AssertionOutcome Matches(PromptAssertion assertion, string output)
    {
        var (regex, problem) = BoundedRegex.Read(assertion.Value ?? "");
        return regex is null
            ? new AssertionOutcome(assertion.Type, false, Message: problem)
            : BoundedRegex.Matches(regex, output) is { } matches
                ? Of(assertion, matches, "The answer does not match the pattern.")
                : new AssertionOutcome(assertion.Type, false, Message: "The pattern took too long.");
    }

    private static AssertionOutcome Fits(PromptAssertion assertion, string output)
    {
        if (ReadJson(output) is not { } data)
        {
            return new AssertionOutcome(assertion.Type, false, Message: "The answer is not JSON.");
        }

        var problems = FormSchema.Validate(Encoding.UTF8.GetBytes(assertion.Schema!.Value.GetRawText()), data);
        return problems.Count == 0
            ? new AssertionOutcome(assertion.Type, true)
            : new AssertionOutcome(
                assertion.Type, false, Message: $"{problems[0].Pointer} {problems[0].Message}".TrimStart());
    }

    private static AssertionOutcome Holds(PromptAssertion assertion, TestedAnswer answer)
    {
        var input = new Dictionary<string, JsonataValue>
        {
            ["output"] = JsonataValue.FromString(answer.Output),
            ["latencyMs"] = JsonataValue.FromNumber(answer.LatencyMs),
            ["costUsd"] = JsonataValue.FromNumber((double)answer.CostUsd),
        };
        if (ReadJson(answer.Output) is { } data)
        {
            input["data"] = JsonataValue.FromElement(data);
        }

        using var timeOver = new CancellationTokenSource(PromptLimits.ExpressionTime);
        try
        {
            var result = JsonataExpression.Parse(assertion.Value ?? "").Evaluate(
                JsonataValue.FromObject(input),
                EvaluationLimits.SmallOptions with { CancellationToken = timeOver.Token });
            return result.Kind == JsonataKind.Boolean
                ? Of(assertion, result.AsBoolean(), "The expression is false.")
                : new AssertionOutcome(assertion.Type, false, Message: "The expression gives neither true nor false.");
        }
        catch (JsonataException exception)
        {
            return new AssertionOutcome(assertion.Type, false, Message: exception.Message);
        }
        catch (OperationCanceledException) when (timeOver.IsCancellationRequested)
        {
            return new AssertionOutcome(assertion.Type, false, Message: "The expression took too long.");
        }
    }

    private static JsonElement? ReadJson(string text)
    {
        try
        {
            return JsonElement.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static AssertionOutcome Of(PromptAssertion assertion, bool passed, string message) =>
        new(assertion.Type, passed, Message: passed ? null : message);
}
