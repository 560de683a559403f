using System.Text;
using MimeKit;
using Workflows.Engine.Connectors;

namespace Workflows.Connectors;

/// <summary>
/// Reads e-mail addresses as nodes give them: one per text, with or without a name, by the strict grammar of RFC 5322
/// and RFC 6531. Guarantees: what passes holds no control character, also not in a name that was given as an encoded
/// word, and names one mailbox.
/// </summary>
internal static class MailAddresses
{
    /// <summary>
    /// Bytes of an address without its name: a path of RFC 5321 has 256, two of them its angle brackets.
    /// </summary>
    private const int AddressBytes = 254;

    private static readonly ParserOptions Strict = new()
    {
        AddressParserComplianceMode = RfcComplianceMode.Strict,
        AllowAddressesWithoutDomain = false,
        AllowUnquotedCommasInAddresses = false,
    };

    /// <param name="field">What the address is for; the error names it.</param>
    /// <exception cref="ConnectorException">It is no address; the message says from which character on.</exception>
    public static MailboxAddress Parse(string field, string text)
    {
        MailText.Check(field, text);
        MailboxAddress parsed;
        try
        {
            parsed = MailboxAddress.Parse(Strict, text);
        }
        catch (ParseException exception)
        {
            var character = CharacterAt(text, exception.ErrorIndex);
            throw Invalid(field, text, $"it cannot be read from character {character} on");
        }

        MailText.Check(field, parsed.Name ?? "");
        if (parsed.Route.Count > 0)
        {
            throw Invalid(field, text, "it names a route");
        }

        return Encoding.UTF8.GetByteCount(parsed.GetAddress(true)) <= AddressBytes
            ? parsed
            : throw Invalid(field, text, $"it is longer than {AddressBytes} bytes");
    }

    /// <summary>
    /// Whether only servers with SMTPUTF8 (RFC 6531) can take it. A domain alone needs none: it has a form in ASCII.
    /// </summary>
    public static bool NeedsUtf8(MailboxAddress address) => !Ascii.IsValid(address.LocalPart);

    // The parser counts bytes of UTF-8 from 0; people count characters from 1.
    private static int CharacterAt(string text, int byteIndex)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return Encoding.UTF8.GetCharCount(bytes, 0, Math.Clamp(byteIndex, 0, bytes.Length)) + 1;
    }

    private static ConnectorException Invalid(string field, string text, string why) =>
        MailText.Invalid($"'{field}' is no e-mail address: {why} ('{MailText.Shortened(text)}').");
}

/// <summary>Says of addresses that are kept, and mailed to later, whether they can be.</summary>
public static class MailAddressRules
{
    /// <summary>Why the text is no address; null when it is one.</summary>
    /// <param name="field">What the address is for; the answer names it.</param>
    public static string? FindProblem(string field, string text)
    {
        try
        {
            MailAddresses.Parse(field, text);
            return null;
        }
        catch (ConnectorException exception)
        {
            return exception.Message;
        }
    }
}

/// <summary>What holds for every text that becomes a part of a header.</summary>
internal static class MailText
{
    private const int ShownCharacters = 100;

    /// <exception cref="ConnectorException">It holds a control character.</exception>
    public static string Check(string field, string text)
    {
        for (var index = 0; index < text.Length; index++)
        {
            if (char.IsControl(text[index]))
            {
                var which = $"U+{(int)text[index]:X4}, character {index + 1}";
                throw Invalid($"'{field}' holds a line break or another control character ({which}).");
            }
        }

        return text;
    }

    public static ConnectorException Invalid(string message) => new("EMAIL_INVALID", message);

    public static string Shortened(string text) =>
        text.Length <= ShownCharacters ? text : text[..ShownCharacters] + "…";
}
