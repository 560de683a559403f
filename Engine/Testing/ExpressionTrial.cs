using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Engine.Schedules;
using Workflows.Jsonata;

namespace Workflows.Engine.Testing;

/// <summary>What an expression or a template yields, or why it yields nothing.</summary>
/// <param name="Type">undefined, null, boolean, number, string, array, object or function; null with an error.</param>
/// <param name="Value">UTF-8 JSON; empty when it is undefined, or with an error.</param>
/// <param name="Error">Positions count in the text as it was given.</param>
public sealed record TrialResult(string? Type, ReadOnlyMemory<byte> Value, JsonataError? Error)
{
    /// <summary>An error that the language does not know.</summary>
    public static TrialResult Failed(string code, string message) =>
        new(null, default, new JsonataError(code, message, 0));
}

/// <summary>
/// Evaluates what an author is about to write, as a worker will: with the same language, limits and time zones. Never
/// throws for what the author has written; ends with an error when its time is over.
/// </summary>
public static class ExpressionTrial
{
    /// <summary>The code when its time is over.</summary>
    public const string TimedOut = "TIMEOUT";

    /// <summary>Evaluates an expression, with or without braces around it.</summary>
    public static TrialResult Evaluate(
        string source, JsonElement? data, PastScope? scope, DateTimeOffset now, CancellationToken timeOver)
    {
        if (source.Length > Limits.ExpressionLength)
        {
            return TrialResult.Failed(
                "S0901",
                $"The expression has {source.Length} characters; at most {Limits.ExpressionLength} are allowed.");
        }

        var text = ExpressionCompiler.Unwrap(source, out var offset);
        if (!JsonataExpression.TryParse(text, out var expression, out var error))
        {
            return new TrialResult(null, default, Moved(error, offset));
        }

        return Run(
            options => scope is null
                ? expression.Evaluate(ValueOf(data), options) : scope.Evaluate(expression, options),
            offset, now, timeOver);
    }

    /// <summary>Renders a template.</summary>
    public static TrialResult Render(
        JsonElement source, JsonElement? data, PastScope? scope, DateTimeOffset now, CancellationToken timeOver)
    {
        if (!JsonTemplate.TryParse(source, out var template, out var errors))
        {
            return new TrialResult(null, default, errors[0].Error with { Pointer = errors[0].Pointer });
        }

        return Run(
            options => scope is null ? template.Render(ValueOf(data), options) : scope.Render(template, options),
            offset: 0, now, timeOver);
    }

    private static TrialResult Run(
        Func<JsonataOptions, JsonataValue> evaluate, int offset, DateTimeOffset now, CancellationToken timeOver)
    {
        var options = new JsonataOptions
        {
            Now = now,
            Limits = EvaluationLimits.Expressions,
            TimeZones = ExpressionTimeZones.Instance,
            CancellationToken = timeOver,
        };
        try
        {
            var value = evaluate(options);
            var json = value.ToUtf8Json(options.Limits);
            return JsonText.FindDepthProblem(json) is { } problem
                ? TrialResult.Failed(StepErrorCodes.OutputInvalid, $"The value cannot be kept: {problem}.")
                : new TrialResult(value.Kind.ToString().ToLowerInvariant(), json, null);
        }
        catch (JsonataException exception)
        {
            return new TrialResult(null, default, Moved(exception.Error, offset));
        }
        catch (OperationCanceledException) when (timeOver.IsCancellationRequested)
        {
            return TrialResult.Failed(TimedOut, "The evaluation takes longer than it may here.");
        }
        catch (Exception exception) when (NodeEvaluator.ErrorOf(exception) is { } error)
        {
            return TrialResult.Failed(error.Code, error.Message);
        }
    }

    private static JsonataValue ValueOf(JsonElement? data) =>
        data is { } given ? JsonataValue.FromJson(JsonText.BytesOf(given)) : JsonataValue.Undefined;

    private static JsonataError Moved(JsonataError error, int offset) => offset == 0
        ? error
        : error with { Position = error.Position + offset, Start = error.Start + offset };
}
