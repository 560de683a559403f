using System.Text.Json;

namespace Workflows.Engine.Prompts;

/// <summary>Messages with their variables put in; or what is wrong with the variables.</summary>
public sealed record RenderedPrompt(IReadOnlyList<PromptMessage> Messages, IReadOnlyList<PromptProblem> Problems);

/// <summary>
/// Puts values into a card. Values are data: a value with braces stays text, and none can begin a message of another
/// role, since roles are fields of messages and nothing in their text.
/// </summary>
public static class PromptRenderer
{
    /// <param name="content">One that <see cref="PromptRules.Check"/> has nothing against.</param>
    /// <param name="variables">An object by the names of variables; null = none.</param>
    public static RenderedPrompt Render(PromptContent content, JsonElement? variables)
    {
        var given = variables ?? JsonElement.Parse("{}");
        if (given.ValueKind != JsonValueKind.Object)
        {
            return Refused(new PromptProblem("/variables", "TYPE", "'variables' is an object."));
        }

        var problems = given.EnumerateObject()
            .Where(member => content.Variables.All(variable => variable.Name != member.Name))
            .Select(member => At(member.Name, "UNKNOWN", $"The card has no variable '{member.Name}'.")).ToList();
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var variable in content.Variables)
        {
            var value = given.TryGetProperty(variable.Name, out var own) && own.ValueKind != JsonValueKind.Null
                ? own
                : variable.Default;
            if (value is not { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) } there)
            {
                if (variable.Required)
                {
                    problems.Add(At(variable.Name, "MISSING", $"'{variable.Name}' is missing."));
                }
            }
            else if (PromptValues.Check(variable, there) is { } wrong)
            {
                problems.Add(At(variable.Name, wrong.Code, wrong.Message));
            }
            else
            {
                values[variable.Name] = PromptValues.Write(there);
            }
        }

        return problems.Count > 0 ? Refused([.. problems]) : Fill(content, values);
    }

    private static RenderedPrompt Fill(PromptContent content, Dictionary<string, string> values)
    {
        var messages = new List<PromptMessage>(content.Messages.Count);
        var length = 0L;
        foreach (var message in content.Messages)
        {
            var (template, problem) = PromptTemplate.Read(message.Text);
            if (template is null)
            {
                return Refused(new PromptProblem($"/messages/{messages.Count}/text", "TEMPLATE", problem!));
            }

            var text = template.Fill(values);
            length += text.Length;
            if (length > PromptLimits.RenderedLength)
            {
                return Refused(new PromptProblem(
                    "/variables", "TOO_LONG",
                    $"All messages together have at most {PromptLimits.RenderedLength} characters."));
            }

            messages.Add(message with { Text = text });
        }

        return new RenderedPrompt(messages, []);
    }

    private static RenderedPrompt Refused(params PromptProblem[] problems) => new([], problems);

    private static PromptProblem At(string name, string code, string message) =>
        new(
            "/variables/" + name.Replace("~", "~0", StringComparison.Ordinal)
                .Replace("/", "~1", StringComparison.Ordinal),
            code, message);
}
