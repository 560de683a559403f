using System.Text.Json;
using Workflows.Engine.Nodes;
using Workflows.Jsonata;
using static Workflows.Engine.Definitions.DefinitionProblemCodes;

namespace Workflows.Engine.Definitions;

/// <summary>What an expression may read, by where it stands.</summary>
internal enum ExpressionScope
{
    /// <summary>A node parameter: input, trigger, event, execution, vars, context, and the steps of earlier nodes.</summary>
    Node,

    /// <summary>A node parameter that is evaluated for each item of a list: the same, and item and index.</summary>
    Item,

    /// <summary>The execution's output: the same, with the steps of all nodes.</summary>
    Output,

    /// <summary>The result of one round of a loop: the steps of all nodes of the body, and what the body sees.</summary>
    BodyOutput,

    /// <summary>A trigger's condition: the event alone.</summary>
    Trigger,

    /// <summary>The concurrency key, evaluated before the execution starts: the input alone.</summary>
    Admission,
}

/// <summary>Compiles the expressions and templates of one definition and remembers what each of them reads.</summary>
/// <param name="problems">Where to report.</param>
/// <param name="isNew">The definition is about to be saved, not one that an earlier release has let pass.</param>
internal sealed class ExpressionCompiler(ProblemList problems, bool isNew)
{
    // One for the definition: thousands of constants must not hold up whoever validates it.
    private readonly FoldingBudget _folding = new();

    public List<ExpressionUse> Uses { get; } = [];

    /// <summary>Compiles <c>expr</c> or <c>{{ expr }}</c>; null when it does not parse, which is then reported.</summary>
    public JsonataExpression? Expression(string source, string pointer, int node, ExpressionScope scope, bool maySeeSecrets = false)
    {
        if (source.Length > Limits.ExpressionLength)
        {
            ReportLength(pointer, source.Length);
            return null;
        }

        var text = Unwrap(source, out var offset);
        if (string.IsNullOrWhiteSpace(text))
        {
            problems.Add(
                pointer, ExpressionInvalid, "The expression is empty.", "Write a JSONata expression, e.g. input.amount > 100.");
            return null;
        }

        if (!JsonataExpression.TryParse(text, out var expression, out var error))
        {
            Report(pointer, error, offset);
            return null;
        }

        foreach (var problem in expression.Check())
        {
            Report(pointer, problem, offset);
        }

        Remember(pointer, node, scope, expression.References, maySeeSecrets);
        return expression;
    }

    /// <summary>
    /// Compiles any JSON whose texts may hold <c>{{ expr }}</c>; null when one does not parse, all of which are then reported.
    /// </summary>
    public JsonTemplate? Template(JsonElement json, string pointer, int node, ExpressionScope scope, bool maySeeSecrets = false)
    {
        if (!CheckLengths(json, pointer))
        {
            return null;
        }

        if (JsonTemplate.TryParse(json, _folding, out var template, out var errors))
        {
            // Releases before this one did not look: what they published goes on, and fails where it is evaluated, if
            // ever.
            foreach (var problem in isNew ? template.Check() : [])
            {
                Report(pointer + problem.Pointer, problem, offset: 0);
            }

            Remember(pointer, node, scope, template.References, maySeeSecrets);
            return template;
        }

        foreach (var error in errors)
        {
            Report(pointer + error.Pointer, error.Error, offset: 0);
        }

        return null;
    }

    /// <summary>
    /// The expression within <c>{{ }}</c>, or the text itself: in JSONata no expression begins with two braces.
    /// </summary>
    public static string Unwrap(string source, out int offset)
    {
        var start = source.AsSpan().IndexOfAnyExcept(" \t\r\n");
        var trimmed = source.AsSpan().Trim();
        if (trimmed.Length >= 4
            && trimmed.StartsWith("{{", StringComparison.Ordinal)
            && trimmed.EndsWith("}}", StringComparison.Ordinal))
        {
            offset = start + 2;
            return trimmed[2..^2].ToString();
        }

        offset = 0;
        return source;
    }

    private void Remember(
        string pointer, int node, ExpressionScope scope, IReadOnlyList<JsonataReference> references, bool maySeeSecrets)
    {
        if (references.Count > 0)
        {
            Uses.Add(new ExpressionUse(pointer, node, scope, references, maySeeSecrets));
        }
    }

    private void Report(string pointer, JsonataProblem problem, int offset) => Report(
        pointer,
        new JsonataError(problem.Code, problem.Message, problem.Position, Suggestion: problem.Suggestion),
        offset);

    private void Report(string pointer, JsonataError error, int offset) => problems.Add(
        pointer,
        ExpressionInvalid,
        $"The expression is wrong at position {error.Position + offset} ({error.Code}): {error.Message}",
        error.Suggestion switch
        {
            null => "Correct the expression at this position.",
            [.., '?' or '.'] sentence => sentence,
            var form => $"Write {form}.",
        });

    private bool CheckLengths(JsonElement json, string pointer)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.String when json.GetString()!.Length is var length && length > Limits.ExpressionLength
                && json.GetString()!.Contains("{{", StringComparison.Ordinal):
                ReportLength(pointer, length);
                return false;
            case JsonValueKind.Object:
                var valid = true;
                foreach (var member in json.EnumerateObject())
                {
                    valid &= CheckLengths(member.Value, ProblemList.Append(pointer, member.Name));
                }

                return valid;
            case JsonValueKind.Array:
                var allValid = true;
                var index = 0;
                foreach (var item in json.EnumerateArray())
                {
                    allValid &= CheckLengths(item, ProblemList.Append(pointer, index++));
                }

                return allValid;
            default:
                return true;
        }
    }

    private void ReportLength(string pointer, int length) => problems.Add(
        pointer,
        ExpressionTooLong,
        $"The expression has {length} characters.",
        $"At most {Limits.ExpressionLength} are allowed; divide it over several set nodes.");
}
