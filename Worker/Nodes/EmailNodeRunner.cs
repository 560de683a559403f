using System.Text.Json;
using Workflows.Connectors;
using Workflows.Engine.Connectors;
using Workflows.Worker.Calls;

namespace Workflows.Worker.Nodes;

/// <summary>Sends messages for <c>email</c> nodes. At least once, with the same Message-ID each time.</summary>
internal sealed class EmailNodeRunner(ConnectorAccess connectors, SmtpConnector mail) : INodeRunner
{
    public string Type => "email";

    public Task<NodeResult> RunAsync(NodeCall call, CancellationToken cancellationToken) => ConnectorAccess.GuardAsync(async () =>
    {
        var parameters = new RenderedCall(call);
        var connector = await connectors.OpenAsync(call, parameters.RequiredText("connector"), ConnectorTypes.Smtp, cancellationToken);
        var message = new MailMessage
        {
            From = parameters.Text("from") ?? connector["from"] ?? throw RenderedCall.Invalid("Neither the node nor the connector names a sender."),
            To = parameters.Texts("to"),
            Cc = parameters.Texts("cc"),
            Bcc = parameters.Texts("bcc"),
            ReplyTo = parameters.Text("replyTo"),
            Subject = parameters.Text("subject") ?? "",
            Text = parameters.Text("text"),
            Html = parameters.Text("html"),
            Attachments = Attachments(parameters.Json("attachments")),
            IdempotencyKey = call.Run.IdempotencyKey,
        };
        using var composed = mail.Compose(message);
        var recipients = composed.Recipients;
        if (recipients.Count is 0 or > Limits.EmailRecipients)
        {
            throw RenderedCall.Invalid($"A message has 1 to {Limits.EmailRecipients} recipients.");
        }

        await mail.SendAsync(connector, composed, cancellationToken);
        return ConnectorAccess.Success(writer =>
        {
            writer.WriteString("messageId", composed.MessageId);
            writer.WriteStartArray("accepted");
            foreach (var recipient in recipients)
            {
                writer.WriteStringValue(recipient);
            }

            writer.WriteEndArray();
        });
    });

    private static List<MailAttachment> Attachments(JsonElement json)
    {
        var attachments = new List<MailAttachment>();
        if (json.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
        {
            return attachments;
        }

        foreach (var item in json.ValueKind == JsonValueKind.Array ? json.EnumerateArray() : throw RenderedCall.Invalid("'attachments' must be a list."))
        {
            attachments.Add(
                item.ValueKind == JsonValueKind.Object && Text(item, "name") is { Length: > 0 } name
                    && item.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.String && content.TryGetBytesFromBase64(out var bytes)
                    ? new MailAttachment(name, Text(item, "contentType") ?? "application/octet-stream", bytes)
                    : throw RenderedCall.Invalid("An attachment is {\"name\", \"contentType\", \"content\"}, the content in Base64."));
        }

        return attachments.Sum(attachment => attachment.Content.Length) <= Limits.EmailAttachmentBytes
            ? attachments
            : throw RenderedCall.Invalid($"The attachments of a message have at most {Limits.EmailAttachmentBytes} bytes together.");
    }

    private static string? Text(JsonElement item, string name) =>
        item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
