using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>Parameters of <c>email</c>.</summary>
public sealed record EmailParameters
{
    [Parameter("The name of a connector of the type `smtp`.", Required = true, MaxLength = Limits.ConnectorNameLength, Example = "\"mail\"")]
    public string? Connector { get; init; }

    [Parameter("The sender. Left out: the connector's.", Kind = ParameterKind.Text, Example = "\"Orders <orders@example.com>\"")]
    public JsonTemplate? From { get; init; }

    [Parameter("One address, or a list of them.", Required = true, Example = "[\"{{ input.email }}\"]")]
    public JsonTemplate? To { get; init; }

    [Parameter("One address, or a list of them.")]
    public JsonTemplate? Cc { get; init; }

    [Parameter("One address, or a list of them; the others do not see them.")]
    public JsonTemplate? Bcc { get; init; }

    [Parameter("Where answers go.", Kind = ParameterKind.Text)]
    public JsonTemplate? ReplyTo { get; init; }

    [Parameter("The subject. A line break at its end is left out, one within it is refused.", Required = true,
        Kind = ParameterKind.Text, Example = "\"Order {{ input.id }}\"")]
    public JsonTemplate? Subject { get; init; }

    [Parameter("The message as text. At least one of text and html is needed.", Kind = ParameterKind.Text)]
    public JsonTemplate? Text { get; init; }

    [Parameter("The message as HTML.", Kind = ParameterKind.Text)]
    public JsonTemplate? Html { get; init; }

    [Parameter(
        "A list of `{\"name\", \"contentType\", \"content\"}`, the content in Base64; together at most 512 KiB.",
        Example = """[{"name": "order.csv", "contentType": "text/csv", "content": "{{ $base64encode(steps.csv.output, 'utf-8') }}"}]""")]
    public JsonTemplate? Attachments { get; init; }
}

internal sealed class EmailNode() : NodeType<EmailParameters>(
    "email",
    "outside",
    NodeEffect.Effect,
    "Sends an e-mail through a mail server. Its Message-ID is the same on every attempt, so that a mailbox can recognise one that came twice.",
    NodePort.MainPort,
    NodePort.ErrorPort)
{
    public override string OutputSummary => "`{\"messageId\": \"...\", \"accepted\": [\"...\"]}`: the recipients the server took it for.";

    private protected override NodeAction? Compile(EmailParameters parameters, NodeCompilation node) =>
        parameters.Text is null && parameters.Html is null
            ? node.Reject("", Definitions.DefinitionProblemCodes.ParameterConflict, "Neither text nor html is given.", "Give at least one of them.")
            : new Action(parameters);

    private sealed class Action(EmailParameters parameters) : EffectAction
    {
        public override double? TimeoutSeconds => 60;

        public override ReadOnlyMemory<byte> Render(in NodeContext context)
        {
            (string Name, JsonTemplate? Template)[] templates =
            [
                ("from", parameters.From), ("to", parameters.To), ("cc", parameters.Cc), ("bcc", parameters.Bcc), ("replyTo", parameters.ReplyTo),
                ("subject", parameters.Subject), ("text", parameters.Text), ("html", parameters.Html), ("attachments", parameters.Attachments),
            ];
            return RenderedParameters.Write(
                context, parameters.Connector, templates, ["from", "replyTo", "subject", "text", "html"]);
        }
    }
}

/// <summary>Rendered parameters of node types whose runner reads each by its name.</summary>
internal static class RenderedParameters
{
    /// <summary>An object with the connector, if any, and every template that is given.</summary>
    public static ReadOnlyMemory<byte> Write(
        in NodeContext context,
        string? connector,
        ReadOnlySpan<(string Name, JsonTemplate? Template)> templates,
        params ReadOnlySpan<(string Name, string? Text)> literals) =>
        Write(context, connector, templates, [], literals);

    /// <param name="texts">The templates that are text: numbers and booleans become it.</param>
    public static ReadOnlyMemory<byte> Write(
        in NodeContext context,
        string? connector,
        ReadOnlySpan<(string Name, JsonTemplate? Template)> templates,
        ReadOnlySpan<string> texts,
        ReadOnlySpan<(string Name, string? Text)> literals = default)
    {
        var rendered = new List<(string Name, ReadOnlyMemory<byte> Json)>();
        foreach (var (name, template) in templates)
        {
            if (template is not null)
            {
                rendered.Add((name, texts.Contains(name) ? context.RenderText(template) : context.Render(template)));
            }
        }

        var buffer = JsonBuffer.Rent();
        var writer = buffer.Writer;
        writer.WriteStartObject();
        if (connector is not null)
        {
            writer.WriteString("connector"u8, connector);
        }

        foreach (var (name, text) in literals)
        {
            writer.WriteString(name, text);
        }

        foreach (var (name, json) in rendered)
        {
            writer.WritePropertyName(name);
            writer.WriteRawValue(json.Span, skipInputValidation: true);
        }

        writer.WriteEndObject();
        return buffer.ToJson();
    }
}
