using Workflows.Engine.Definitions;
using Workflows.Engine.Nodes;
using Workflows.Jsonata;

namespace Workflows.Engine.Events;

/// <summary>Whom and what the action <see cref="RuleAction.Notify"/> of a rule tells because of an event.</summary>
/// <param name="Users">By e-mail address or id; <paramref name="Groups"/> and <paramref name="Roles"/> by name or id.</param>
/// <param name="Level">info, success, warning or error.</param>
public sealed record RuleNotification(
    IReadOnlyList<string> Users, IReadOnlyList<string> Groups, IReadOnlyList<string> Roles, string Title, string? Body, string? Link, string Level)
{
    /// <summary>Renders the action.</summary>
    /// <param name="problem">Why that is nothing which could be told.</param>
    /// <exception cref="JsonataException">A template fails.</exception>
    public static RuleNotification? Render(RuleAction.Notify action, JsonataValue scope, out string problem)
    {
        problem = "";
        try
        {
            var people = People.Of(
                ("users", Json(action.Users, scope)), ("groups", Json(action.Groups, scope)), ("roles", Json(action.Roles, scope)));
            var title = Text(action.Title, scope, "title", Limits.NotificationTitleLength);
            var body = Text(action.Body, scope, "body", Limits.NotificationBodyLength);
            var link = Text(action.Link, scope, "link", Limits.NotificationLinkLength);
            problem = string.IsNullOrWhiteSpace(title) ? "the title is empty" : NotificationLink.IsSafe(link) ? "" : NotificationLink.Problem;
            return problem.Length > 0
                ? null
                : new RuleNotification(people.Users, people.Groups, people.Roles, title!, body, link, ObjectReader.CamelCase(action.Level.ToString()));
        }
        catch (StepException exception)
        {
            problem = exception.Error.Message;
            return null;
        }
    }

    private static System.Text.Json.JsonElement Json(JsonTemplate? template, JsonataValue scope) =>
        template is null ? default : template.Render(scope, EventCondition.Options).ToElement();

    private static string? Text(JsonTemplate? template, JsonataValue scope, string parameter, int maxLength)
    {
        if (template is null || template.Render(scope, EventCondition.Options) is not { Kind: not (JsonataKind.Undefined or JsonataKind.Null) } value)
        {
            return null;
        }

        var text = value.TryGetString(out var plain) ? plain! : value.ToString();
        return text.Length <= maxLength
            ? text
            : throw new StepException(new Executions.StepError(
                Executions.StepErrorCodes.ParameterInvalid, $"The {parameter} has {text.Length} characters; at most {maxLength} are allowed."));
    }
}
