using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>How urgent a notification is.</summary>
public enum NotificationLevel
{
    Info,
    Success,
    Warning,
    Error,
}

/// <summary>Where a notification may lead.</summary>
internal static class NotificationLink
{
    public const string Problem = "'link' must be an http or https address, or a path that begins with '/'.";

    // It is shown as a link to people who trust the platform: nothing that a browser would run.
    public static bool IsSafe(string? link) =>
        link is null or ""
        || (link[0] == '/' && (link.Length == 1 || link[1] is not ('/' or '\\')))
        || (Uri.TryCreate(link, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https");
}

/// <summary>Parameters of <c>notify</c>.</summary>
public sealed record NotifyParameters
{
    [Parameter("Users to tell, by e-mail address or id: a text or a list of texts.", Example = "[\"ann@example.com\"]")]
    public JsonTemplate? Users { get; init; }

    [Parameter("Groups whose members to tell, by name or id.")]
    public JsonTemplate? Groups { get; init; }

    [Parameter("Roles whose holders to tell, by name or id.")]
    public JsonTemplate? Roles { get; init; }

    [Parameter("What has happened.", Required = true, Kind = ParameterKind.Text, MaxLength = Limits.NotificationTitleLength, Example = "\"Order {{ input.orderId }} is late\"")]
    public JsonTemplate? Title { get; init; }

    [Parameter("More about it.", Kind = ParameterKind.Text, MaxLength = Limits.NotificationBodyLength)]
    public JsonTemplate? Body { get; init; }

    [Parameter("Where to go from it: an address, or a path of the console.", Kind = ParameterKind.Text, MaxLength = Limits.NotificationLinkLength)]
    public JsonTemplate? Link { get; init; }

    [Parameter("How urgent it is.")]
    public NotificationLevel Level { get; init; } = NotificationLevel.Info;
}

internal sealed class NotifyNode() : NodeType<NotifyParameters>(
    "notify",
    "outside",
    NodeEffect.Effect,
    "Puts a notification before users of the tenant, once each, however often the step is tried.",
    NodePort.MainPort,
    NodePort.ErrorPort)
{
    public override string OutputSummary => "`recipients`, how many users were told, and `unknown`, the names that nobody bears.";

    private protected override NodeAction? Compile(NotifyParameters parameters, NodeCompilation node) =>
        parameters is { Users: null, Groups: null, Roles: null }
            ? node.Reject("", DefinitionProblemCodes.ParameterMissing, "Nobody is told.", "Give users, groups or roles.")
            : new Action(parameters);

    private sealed class Action(NotifyParameters parameters) : EffectAction
    {
        public override ReadOnlyMemory<byte> Render(in NodeContext context)
        {
            var people = People.Render(context, ("users", parameters.Users), ("groups", parameters.Groups), ("roles", parameters.Roles));
            var title = context.RequiredText(parameters.Title, "title", Limits.NotificationTitleLength);
            var body = context.Text(parameters.Body, "body", Limits.NotificationBodyLength);
            var link = Link(context);
            var buffer = JsonBuffer.Rent();
            var writer = buffer.Writer;
            writer.WriteStartObject();
            people.WriteTo(writer);
            writer.WriteString("title", title);
            writer.WriteString("body", body);
            writer.WriteString("link", link);
            writer.WriteString("level", ObjectReader.CamelCase(parameters.Level.ToString()));
            writer.WriteEndObject();
            return buffer.ToJson();
        }

        private string? Link(in NodeContext context)
        {
            var link = context.Text(parameters.Link, "link", Limits.NotificationLinkLength);
            return NotificationLink.IsSafe(link) ? link : throw new StepException(new StepError(StepErrorCodes.ParameterInvalid, NotificationLink.Problem));
        }
    }
}
