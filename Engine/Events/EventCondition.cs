using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Engine.Schedules;
using Workflows.Jsonata;

namespace Workflows.Engine.Events;

/// <summary>Conditions and templates of triggers and rules, evaluated over an event within the bounds of routing.</summary>
public static class EventCondition
{
    private const int Cached = 20_000;
    private const int ValuesShown = 10;
    private const int ValueLength = 200;

    private static readonly ConcurrentDictionary<string, JsonataExpression> Parsed = new(StringComparer.Ordinal);

    /// <summary>What routing lets one expression use up.</summary>
    public static JsonataOptions Options { get; } = new()
    {
        TimeZones = ExpressionTimeZones.Instance,
        Limits = new JsonataLimits(
            MaxSteps: Limits.RoutingSteps,
            MaxDepth: 100,
            MaxSequenceLength: 20_000,
            MaxStringLength: Limits.InputBytes,
            MaxOutputBytes: Limits.InputBytes,
            RegexTimeoutMilliseconds: 50,
            MaxBytes: Limits.RoutingBytes),
    };

    /// <summary>The condition of a trigger as its definition writes it; parsed once per text.</summary>
    /// <returns>False when it does not parse (any more), which the release that published it had ruled out.</returns>
    public static bool TryParse(string source, [NotNullWhen(true)] out JsonataExpression? expression)
    {
        if (Parsed.TryGetValue(source, out expression))
        {
            return true;
        }

        if (!JsonataExpression.TryParse(ExpressionCompiler.Unwrap(source, out _), out expression, out _))
        {
            return false;
        }

        if (Parsed.Count > Cached)
        {
            Parsed.Clear();
        }

        expression = Parsed.GetOrAdd(source, expression);
        return true;
    }

    /// <summary>The scope in which an event is <c>event</c>.</summary>
    public static JsonataValue Scope(JsonElement cloudEvent) =>
        JsonataValue.FromObject(new Dictionary<string, JsonataValue> { [ScopeNames.Event] = JsonataValue.FromElement(cloudEvent) });

    /// <returns>Null when the condition holds, else why it does not.</returns>
    public static string? Refusal(JsonataExpression? condition, JsonataValue scope)
    {
        try
        {
            return condition is null || condition.Evaluate(scope, Options).ToBoolean() ? null : "condition is false";
        }
        catch (JsonataException exception)
        {
            return $"condition failed: {exception.Error.Code} {exception.Error.Message}";
        }
    }

    /// <summary>What the condition reads, with the values it finds: <c>event.data.amount = 5</c>.</summary>
    public static IReadOnlyList<string> ValuesRead(JsonataExpression condition, JsonElement cloudEvent) =>
        [.. condition.References.Where(reference => reference.Path.Count > 1).DistinctBy(reference => reference.ToString()).Take(ValuesShown)
            .Select(reference => $"{reference} = {Show(cloudEvent, reference.Path)}")];

    private static string Show(JsonElement value, IReadOnlyList<string> path)
    {
        foreach (var name in path.Skip(1))
        {
            if (value.ValueKind == JsonValueKind.Array)
            {
                break; // the rest is read of each item
            }

            if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(name, out value))
            {
                return "nothing";
            }
        }

        var text = value.GetRawText();
        return text.Length <= ValueLength ? text : $"{text[..ValueLength]}…";
    }
}
