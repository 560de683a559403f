using System.Buffers;
using System.Globalization;
using System.Net.Mail;
using System.Security.Cryptography;
using System.Text;

namespace Workflows.Data.Connectors;

/// <summary>A file that goes with a message.</summary>
public sealed record MailAttachment(string Name, string ContentType, byte[] Content);

/// <summary>
/// A message on its way out, in the form of RFC 5322 and MIME. Whatever becomes a header is refused when it holds a line break, so that no value can add a
/// header or a recipient.
/// </summary>
public sealed record MailMessage
{
    private const int LineLength = 76;
    private const int EncodedWordBytes = 42;

    private static readonly SearchValues<char> NotInAddresses = SearchValues.Create(" \t<>,;:\\\"()");

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

    /// <summary>The sender's plain address.</summary>
    public string Sender => Parse(From).Address;

    /// <summary>The plain addresses of all that get it, each once.</summary>
    public IReadOnlyList<string> Recipients =>
        [.. To.Concat(Cc).Concat(Bcc).Select(address => Parse(address).Address).Distinct(StringComparer.OrdinalIgnoreCase)];

    public string MessageId => $"<{Hash(IdempotencyKey)}@{Parse(From).Host}>";

    /// <summary>The message as bytes, its lines ended by CRLF; dots are not doubled yet.</summary>
    /// <exception cref="ConnectorException">A header's value cannot be sent.</exception>
    public byte[] ToBytes(DateTimeOffset date)
    {
        var text = new StringBuilder();
        Header(text, "Date", date.UtcDateTime.ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture));
        Header(text, "Message-ID", MessageId);
        Header(text, "From", Address(From));
        Header(text, "To", Addresses(To));
        if (Cc.Count > 0)
        {
            Header(text, "Cc", Addresses(Cc));
        }

        if (ReplyTo is not null)
        {
            Header(text, "Reply-To", Address(ReplyTo));
        }

        Header(text, "Subject", Encoded(Checked(Subject, "subject")));
        Header(text, "MIME-Version", "1.0");
        Body(text);
        return Encoding.ASCII.GetBytes(text.ToString());
    }

    /// <exception cref="ConnectorException">It is no address that can be sent to.</exception>
    public static MailAddress Parse(string address) =>
        MailAddress.TryCreate(Checked(address, "address"), out var parsed) && Ascii.IsValid(parsed.Address)
            && !parsed.Address.AsSpan().ContainsAny(NotInAddresses) && parsed.User.Length > 0
            ? parsed
            : throw Invalid($"'{Shortened(address)}' is no e-mail address.");

    private void Body(StringBuilder text)
    {
        if (Attachments.Count == 0)
        {
            Content(text);
            return;
        }

        var boundary = $"=_mixed_{Hash(IdempotencyKey)}";
        Header(text, "Content-Type", $"multipart/mixed; boundary=\"{boundary}\"");
        text.Append("\r\n--").Append(boundary).Append("\r\n");
        Content(text);
        foreach (var attachment in Attachments)
        {
            text.Append("--").Append(boundary).Append("\r\n");
            Header(text, "Content-Type", ContentType(attachment.ContentType));
            Header(text, "Content-Disposition", $"attachment; filename*=utf-8''{Uri.EscapeDataString(Checked(attachment.Name, "name of an attachment"))}");
            Base64(text, attachment.Content);
        }

        text.Append("--").Append(boundary).Append("--\r\n");
    }

    private void Content(StringBuilder text)
    {
        if (Text is null || Html is null)
        {
            Part(text, Text is null ? "html" : "plain", Text ?? Html ?? "");
            return;
        }

        var boundary = $"=_alternative_{Hash(IdempotencyKey)}";
        Header(text, "Content-Type", $"multipart/alternative; boundary=\"{boundary}\"");
        text.Append("\r\n--").Append(boundary).Append("\r\n");
        Part(text, "plain", Text);
        text.Append("--").Append(boundary).Append("\r\n");
        Part(text, "html", Html);
        text.Append("--").Append(boundary).Append("--\r\n");
    }

    private static void Part(StringBuilder text, string kind, string content)
    {
        Header(text, "Content-Type", $"text/{kind}; charset=utf-8");
        Base64(text, Encoding.UTF8.GetBytes(content));
    }

    private static void Base64(StringBuilder text, byte[] content)
    {
        Header(text, "Content-Transfer-Encoding", "base64");
        text.Append("\r\n");
        var encoded = Convert.ToBase64String(content);
        for (var start = 0; start < encoded.Length; start += LineLength)
        {
            text.Append(encoded, start, Math.Min(LineLength, encoded.Length - start)).Append("\r\n");
        }
    }

    private static string ContentType(string type) =>
        System.Net.Http.Headers.MediaTypeHeaderValue.TryParse(Checked(type, "content type"), out var parsed) && Ascii.IsValid(type)
            ? parsed.ToString()
            : throw Invalid($"'{Shortened(type)}' is no content type.");

    private static string Addresses(IReadOnlyList<string> addresses) => string.Join(",\r\n ", addresses.Select(Address));

    private static string Address(string address)
    {
        var parsed = Parse(address);
        return parsed.DisplayName.Length == 0 ? parsed.Address : $"{Encoded(parsed.DisplayName, quote: true)} <{parsed.Address}>";
    }

    // RFC 2047: words of at most 75 characters, never dividing a character.
    private static string Encoded(string value, bool quote = false)
    {
        if (Ascii.IsValid(value) && value.Length <= LineLength)
        {
            return quote ? $"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"" : value;
        }

        var words = new List<string>();
        var word = new List<byte>();
        foreach (var rune in value.EnumerateRunes())
        {
            var bytes = Encoding.UTF8.GetBytes(rune.ToString());
            if (word.Count + bytes.Length > EncodedWordBytes)
            {
                words.Add(Word(word));
                word.Clear();
            }

            word.AddRange(bytes);
        }

        words.Add(Word(word));
        return string.Join("\r\n ", words);

        static string Word(List<byte> bytes) => $"=?utf-8?B?{Convert.ToBase64String([.. bytes])}?=";
    }

    private static void Header(StringBuilder text, string name, string value) => text.Append(name).Append(": ").Append(value).Append("\r\n");

    private static string Checked(string value, string what) =>
        value.AsSpan().ContainsAnyInRange('\0', '\u001f') ? throw Invalid($"The {what} holds a line break or another control character.") : value;

    private static ConnectorException Invalid(string message) => new("EMAIL_INVALID", message);

    private static string Shortened(string text) => text.Length <= 100 ? text : text[..100] + "…";

    private static string Hash(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..32];
}
