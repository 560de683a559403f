using System.Security.Cryptography;
using System.Text;
using MimeKit;
using MimeKit.Text;
using Workflows.Engine.Connectors;

namespace Workflows.Connectors;

/// <summary>A file that goes with a message.</summary>
public sealed record MailAttachment(string Name, string ContentType, byte[] Content);

/// <summary>
/// A message on its way out. Whatever becomes a header is refused when it holds a control character, so that no value
/// can add a header or a recipient; whatever becomes a body is encoded, so that no value can end the message or begin
/// a part.
/// </summary>
public sealed record MailMessage
{
    public required string From { get; init; }

    public required IReadOnlyList<string> To { get; init; }

    public IReadOnlyList<string> Cc { get; init; } = [];

    public IReadOnlyList<string> Bcc { get; init; } = [];

    public string? ReplyTo { get; init; }

    public required string Subject { get; init; }

    public string? Text { get; init; }

    public string? Html { get; init; }

    public IReadOnlyList<MailAttachment> Attachments { get; init; } = [];

    /// <summary>What the Message-ID is derived from: the same key, the same id.</summary>
    public required string IdempotencyKey { get; init; }

    /// <summary>Reads the addresses and puts the message together.</summary>
    /// <exception cref="ConnectorException">An address, or a header's value, cannot be sent; the message names the
    /// field.</exception>
    public ComposedMail Compose(DateTimeOffset date)
    {
        var from = MailAddresses.Parse("from", From);
        var (to, cc, bcc) = (Parse("to", To), Parse("cc", Cc), Parse("bcc", Bcc));
        var domain = from.GetAddress(idnEncode: true).Split('@')[^1];
        var message = new MimeMessage
        {
            Date = date.ToUniversalTime(),
            MessageId = $"{Hash(IdempotencyKey)}@{domain}",
            // What ends in a line break comes from a file or a form; a tab is a space that nobody sees.
            Subject = MailText.Check("subject", Subject.Trim().Replace('\t', ' ')),
        };
        message.From.Add(from);
        message.To.AddRange(to);
        message.Cc.AddRange(cc);
        if (ReplyTo is not null)
        {
            message.ReplyTo.Add(MailAddresses.Parse("replyTo", ReplyTo));
        }

        message.Body = Body();
        var recipients = to.Concat(cc).Concat(bcc)
            .DistinctBy(address => address.Address, StringComparer.OrdinalIgnoreCase).ToList();
        return new ComposedMail(message, from, recipients);
    }

    private static List<MailboxAddress> Parse(string field, IReadOnlyList<string> texts) =>
        [.. texts.Select((text, index) => MailAddresses.Parse(texts.Count == 1 ? field : $"{field}[{index}]", text))];

    private MimeEntity Body()
    {
        if (Attachments.Count == 0)
        {
            return Content();
        }

        var parts = new Multipart("mixed") { Content() };
        foreach (var attachment in Attachments)
        {
            parts.Add(Part(attachment));
        }

        return parts;
    }

    private MimeEntity Content() =>
        Text is null || Html is null
            ? Part(Text is null ? TextFormat.Html : TextFormat.Plain, Text ?? Html ?? "")
            : new MultipartAlternative { Part(TextFormat.Plain, Text), Part(TextFormat.Html, Html) };

    // Quoted-printable leaves no lone CR or LF and no line of 998 bytes, whatever the text holds: servers disagree on
    // how such lines end, and a message that ends elsewhere for one server than for the next carries another one
    // (SMTP smuggling).
    private static TextPart Part(TextFormat format, string content)
    {
        var part = new TextPart(format) { ContentTransferEncoding = ContentEncoding.QuotedPrintable };
        part.SetText(Encoding.UTF8, content.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n'));
        return part;
    }

    private static MimePart Part(MailAttachment attachment)
    {
        var type = MailText.Check("contentType of an attachment", attachment.ContentType);
        return new MimePart(ContentType.TryParse(type, out var parsed) && Ascii.IsValid(type)
            ? parsed
            : throw MailText.Invalid($"'{MailText.Shortened(type)}' is no content type."))
        {
            Content = new MimeContent(new MemoryStream(attachment.Content, writable: false)),
            ContentTransferEncoding = ContentEncoding.Base64,
            ContentDisposition = new ContentDisposition(ContentDisposition.Attachment)
            {
                FileName = MailText.Check("name of an attachment", attachment.Name),
            },
        };
    }

    private static string Hash(string key) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..32];
}

/// <summary>A message that can be sent, and its envelope.</summary>
public sealed class ComposedMail : IDisposable
{
    internal ComposedMail(MimeMessage message, MailboxAddress sender, IReadOnlyList<MailboxAddress> recipients) =>
        (Message, Sender, Addressees) = (message, sender, recipients);

    /// <summary>The Message-ID in angle brackets, as the header has it.</summary>
    public string MessageId => $"<{Message.MessageId}>";

    /// <summary>The plain addresses of all that get it, each once.</summary>
    public IReadOnlyList<string> Recipients => [.. Addressees.Select(address => address.Address)];

    internal MimeMessage Message { get; }

    internal MailboxAddress Sender { get; }

    internal IReadOnlyList<MailboxAddress> Addressees { get; }

    /// <summary>The first address that only a server with SMTPUTF8 can take; null = none.</summary>
    internal MailboxAddress? NeedsUtf8 =>
        Addressees.Prepend(Sender).Concat(Message.ReplyTo.Mailboxes).FirstOrDefault(MailAddresses.NeedsUtf8);

    public void Dispose() => Message.Dispose();
}
