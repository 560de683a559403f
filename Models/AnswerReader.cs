using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Workflows.Data.Models;
using Workflows.Engine.Definitions;

namespace Workflows.Models;

/// <summary>What of a provider's response is the answer, and what it took.</summary>
internal static class AnswerReader
{
    private const int ShownProblems = 10;

    /// <param name="response">The last response of the call.</param>
    /// <param name="used">Of all its responses.</param>
    public static ModelAnswer Read(
        ChatResponse response, TokenCount used, OpenModel model, TimeSpan duration)
    {
        var calls = response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>()
            .Select(call => new ModelToolCall(
                call.CallId,
                call.Name,
                JsonSerializer.SerializeToElement(call.Arguments ?? new Dictionary<string, object?>())))
            .ToList();
        if (response.FinishReason is null && response.Text.Length == 0 && calls.Count == 0)
        {
            throw new ModelException(
                ModelErrorCodes.Answer, "The provider's answer has neither text nor an end.", isTransient: true);
        }

        return response.Text.Length > Limits.AnswerLength
            ? throw new ModelException(
                ModelErrorCodes.TooLarge, $"The answer has more than {Limits.AnswerLength} characters.")
            : new ModelAnswer(
                response.Text,
                response.FinishReason?.Value ?? (calls.Count > 0 ? "tool_calls" : "stop"),
                used.Input,
                used.Output,
                model.Model.CostOf(used.Input, used.Output),
                duration,
                model.Model.Name,
                model.Provider)
            {
                ToolCalls = calls,
                IsEstimated = used.IsEstimated,
            };
    }

    /// <summary>The JSON in an answer, also between the fences that models put around it.</summary>
    /// <returns>The data; or what is wrong with it, for the model and for people.</returns>
    public static (JsonElement? Data, string? Problem) ReadData(string text, JsonElement schema)
    {
        var json = text.Trim();
        if (json.StartsWith("```", StringComparison.Ordinal))
        {
            var from = json.IndexOf('\n') + 1;
            var to = json.LastIndexOf("```", StringComparison.Ordinal);
            json = from > 0 && to > from ? json[from..to] : json;
        }

        JsonElement data;
        try
        {
            data = JsonElement.Parse(json);
        }
        catch (JsonException exception)
        {
            return (null, $"It is not JSON: {exception.Message}");
        }

        var problems = FormSchema.Validate(Encoding.UTF8.GetBytes(schema.GetRawText()), data);
        return problems.Count == 0
            ? (data, null)
            : (null, string.Join(
                "; ", problems.Take(ShownProblems).Select(problem => $"{problem.Pointer}: {problem.Message}")));
    }
}

/// <summary>Tokens of a call; estimated where the provider tells none.</summary>
internal sealed class TokenCount
{
    public long Input { get; private set; }

    public long Output { get; private set; }

    public bool IsEstimated { get; private set; }

    /// <summary>Adds what one response took.</summary>
    public void Add(IEnumerable<ChatMessage> asked, ChatResponse response)
    {
        if (response.Usage is { } usage && (usage.InputTokenCount ?? usage.OutputTokenCount) is not null)
        {
            Add(usage.InputTokenCount ?? 0, usage.OutputTokenCount ?? 0);
        }
        else
        {
            Estimate(Of(asked), Of(response.Text));
        }
    }

    /// <summary>Adds what the provider told.</summary>
    public void Add(long input, long output) => (Input, Output) = (Input + input, Output + output);

    /// <summary>Adds what nobody told.</summary>
    public void Estimate(long input, long output)
    {
        Input += input;
        Output += output;
        IsEstimated = true;
    }

    public static long Of(string? text) =>
        ((text?.Length ?? 0) + Limits.CharactersPerToken - 1) / Limits.CharactersPerToken;

    public static long Of(IEnumerable<ChatMessage> messages) => messages.Sum(message => Of(message.Text) + 4);

    /// <summary>What a call may cost at most, as far as that can be known before it.</summary>
    public static decimal Reserve(RegisteredModel model, IEnumerable<ChatMessage> messages, int? mostOutput) =>
        model.CostOf(Of(messages), mostOutput ?? model.MaxOutputTokens ?? Limits.ReservedOutputTokens);
}
