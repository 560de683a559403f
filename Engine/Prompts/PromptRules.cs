using System.Text.Json;
using Workflows.Engine.Definitions;

namespace Workflows.Engine.Prompts;

/// <summary>What the content of a card has to be.</summary>
public static class PromptRules
{
    private static readonly string[] Roles = ["system", "user", "assistant"];

    /// <returns>All that is wrong with it; empty when it can be kept.</returns>
    public static IReadOnlyList<PromptProblem> Check(PromptContent content)
    {
        var problems = new List<PromptProblem>();
        if (content.Messages.Any(message => message is null) || content.Variables.Any(variable => variable is null))
        {
            return [new("", "TYPE", "Messages and variables are objects.")];
        }

        if (content.Variables.Count > PromptLimits.Variables)
        {
            problems.Add(new("/variables", "TOO_MANY", $"A card has at most {PromptLimits.Variables} variables."));
            return problems;
        }

        for (var index = 0; index < content.Variables.Count; index++)
        {
            CheckVariable(content.Variables[index], $"/variables/{index}", problems);
            if (content.Variables.Take(index).Any(other => other.Name == content.Variables[index].Name))
            {
                problems.Add(new($"/variables/{index}/name", "DUPLICATE", "Another variable has this name."));
            }
        }

        CheckMessages(content, problems);
        CheckSettings(content.Settings, problems);
        return problems;
    }

    private static void CheckMessages(PromptContent content, List<PromptProblem> problems)
    {
        if (content.Messages.Count is 0 or > PromptLimits.Messages)
        {
            problems.Add(new("/messages", "LENGTH", $"A card has 1 to {PromptLimits.Messages} messages."));
            return;
        }

        for (var index = 0; index < content.Messages.Count; index++)
        {
            var (message, at) = (content.Messages[index], $"/messages/{index}");
            if (!Roles.Contains(message.Role))
            {
                problems.Add(new($"{at}/role", "UNKNOWN", $"'role' is one of {string.Join(", ", Roles)}."));
            }

            if (string.IsNullOrWhiteSpace(message.Text) || message.Text.Length > PromptLimits.MessageLength
                || message.Text.Contains('\0', StringComparison.Ordinal))
            {
                problems.Add(new(
                    $"{at}/text", "LENGTH", $"A message has 1 to {PromptLimits.MessageLength} characters."));
                continue;
            }

            var (template, wrong) = PromptTemplate.Read(message.Text);
            if (template is null)
            {
                problems.Add(new($"{at}/text", "TEMPLATE", wrong!));
                continue;
            }

            problems.AddRange(template.Names.Where(name => content.Variables.All(variable => variable.Name != name))
                .Select(name => new PromptProblem($"{at}/text", "UNKNOWN", $"There is no variable '{name}'.")));
        }
    }

    private static void CheckVariable(PromptVariable variable, string at, List<PromptProblem> problems)
    {
        if (variable.Name is null || !PromptTemplate.IsName(variable.Name))
        {
            problems.Add(new(
                $"{at}/name", "NAME",
                    "A name begins with a letter or underscore and has at most 64 letters, digits and underscores."));
        }

        if (!PromptValues.Types.Contains(variable.Type))
        {
            problems.Add(new($"{at}/type", "UNKNOWN", $"'type' is one of {string.Join(", ", PromptValues.Types)}."));
            return;
        }

        if ((variable.Description ?? "").Length > PromptLimits.ShortText)
        {
            problems.Add(new($"{at}/description", "TOO_LONG", $"At most {PromptLimits.ShortText} characters."));
        }

        if (variable.Type == "enum" && (variable.Options is not { Count: > 0 and <= PromptLimits.Options }
            || variable.Options.Any(option => string.IsNullOrEmpty(option) || option.Length > PromptLimits.ShortText)))
        {
            problems.Add(new($"{at}/options", "LENGTH", $"An enum has 1 to {PromptLimits.Options} options."));
            return;
        }

        if (variable.Min > variable.Max || variable.MinLength > variable.MaxLength || variable.MinLength < 0)
        {
            problems.Add(new(at, "RANGE", "The least value is above the greatest."));
        }

        if (variable.Pattern is { } pattern && BoundedRegex.Read(pattern).Problem is { } wrong)
        {
            problems.Add(new($"{at}/pattern", "PATTERN", wrong));
            return;
        }

        if (variable.Default is { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) } value
            && PromptValues.Check(variable, value) is { } unfit)
        {
            problems.Add(new($"{at}/default", unfit.Code, unfit.Message));
        }
    }

    private static void CheckSettings(PromptSettings settings, List<PromptProblem> problems)
    {
        if (settings.Temperature is < 0 or > 2)
        {
            problems.Add(new("/settings/temperature", "RANGE", "'temperature' lies between 0 and 2."));
        }

        if (settings.MaxTokens is < 1 or > 1_000_000)
        {
            problems.Add(new("/settings/maxTokens", "RANGE", "'maxTokens' lies between 1 and 1,000,000."));
        }

        if (settings.Model is { } model && model.Length is 0 or > 100)
        {
            problems.Add(new("/settings/model", "LENGTH", "'model' is the name of a model."));
        }

        if (settings.ResponseSchema is { ValueKind: not JsonValueKind.Null } schema
            && FormSchema.FindProblem(System.Text.Encoding.UTF8.GetBytes(schema.GetRawText())) is { } wrong)
        {
            problems.Add(new("/settings/responseSchema", "SCHEMA", wrong));
        }
    }
}
