using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace Workflows.Engine.Definitions;

/// <summary>
/// The formats of texts that a schema may ask for, each by the grammar that JSON Schema names (2020-12, Validation,
/// section 7.3). They assert here: what does not match is refused. Each takes time linear in the text and allocates
/// nothing for a text without an address literal.
/// </summary>
internal static class TextFormats
{
    private const int LongestMailbox = 254;
    private const int LongestLocalPart = 64;
    private const int LongestDomain = 255;
    private const int LongestLabel = 63;

    private static readonly SearchValues<char> MailAtom =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~");

    private static readonly SearchValues<char> SchemeCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.");

    // RFC 3986: unreserved, sub-delims; a user may hold ':' too, a path '@' and '/', a query '?'.
    private const string HostCharacters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=";
    private static readonly SearchValues<char> Host = SearchValues.Create(HostCharacters);
    private static readonly SearchValues<char> User = SearchValues.Create(HostCharacters + ":");
    private static readonly SearchValues<char> Path = SearchValues.Create(HostCharacters + ":@/");
    private static readonly SearchValues<char> Query = SearchValues.Create(HostCharacters + ":@/?");

    public static IReadOnlyList<string> Names { get; } = ["date-time", "date", "uuid", "email", "uri"];

    /// <exception cref="InvalidOperationException">The format is none of <see cref="Names"/>.</exception>
    public static bool Matches(string format, string text) => format switch
    {
        "date-time" => Rfc3339.TryParse(text, out _),
        "date" => Rfc3339.IsDate(text),
        "uuid" => IsUuid(text),
        "email" => IsMailbox(text),
        "uri" => IsUri(text),
        _ => throw new InvalidOperationException($"The format '{format}' was accepted but is not checked."),
    };

    /// <summary>RFC 9562. <see cref="Guid"/> also takes blanks, line breaks and signs around and in it.</summary>
    public static bool IsUuid(ReadOnlySpan<char> text)
    {
        if (text.Length != 36)
        {
            return false;
        }

        for (var at = 0; at < text.Length; at++)
        {
            if (at is 8 or 13 or 18 or 23 ? text[at] != '-' : !char.IsAsciiHexDigit(text[at]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// A Mailbox of RFC 5321, section 4.1.2, with the lengths of section 4.5.3.1 (and the path's 256 with its
    /// brackets).
    /// </summary>
    public static bool IsMailbox(ReadOnlySpan<char> text)
    {
        if (text.Length > LongestMailbox)
        {
            return false;
        }

        // A quoted local part and nothing else may hold another '@'; it is always before the last.
        var at = text.LastIndexOf('@');
        if (at is < 1 or > LongestLocalPart)
        {
            return false;
        }

        var local = text[..at];
        var domain = text[(at + 1)..];
        return (local[0] == '"' ? IsQuoted(local) : IsDotted(local))
            && (domain.StartsWith('[') ? domain.EndsWith(']') && IsMailLiteral(domain[1..^1]) : IsDomain(domain));
    }

    /// <summary>A URI of RFC 3986, with its scheme; a relative reference is none.</summary>
    public static bool IsUri(ReadOnlySpan<char> text)
    {
        var colon = text.IndexOf(':');
        if (colon < 1 || !char.IsAsciiLetter(text[0]) || text[..colon].ContainsAnyExcept(SchemeCharacters))
        {
            return false;
        }

        var rest = text[(colon + 1)..];
        if (rest.IndexOf('#') is >= 0 and var hash)
        {
            if (!IsEscaped(rest[(hash + 1)..], Query))
            {
                return false;
            }

            rest = rest[..hash];
        }

        if (rest.IndexOf('?') is >= 0 and var mark)
        {
            if (!IsEscaped(rest[(mark + 1)..], Query))
            {
                return false;
            }

            rest = rest[..mark];
        }

        if (!rest.StartsWith("//"))
        {
            return IsEscaped(rest, Path);
        }

        var slash = rest[2..].IndexOf('/');
        var authority = slash < 0 ? rest[2..] : rest[2..(2 + slash)];
        return IsAuthority(authority) && IsEscaped(slash < 0 ? [] : rest[(2 + slash)..], Path);
    }

    private static bool IsQuoted(ReadOnlySpan<char> local)
    {
        if (local.Length < 2 || local[^1] != '"')
        {
            return false;
        }

        var isEscaped = false;
        foreach (var character in local[1..^1])
        {
            if (character is < ' ' or > '~' || (character == '"' && !isEscaped))
            {
                return false;
            }

            isEscaped = character == '\\' && !isEscaped;
        }

        return !isEscaped; // else it is the closing quote that is escaped
    }

    private static bool IsDotted(ReadOnlySpan<char> local)
    {
        foreach (var atom in local.Split('.'))
        {
            if (local[atom].IsEmpty || local[atom].ContainsAnyExcept(MailAtom))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsDomain(ReadOnlySpan<char> domain)
    {
        foreach (var part in domain.Split('.'))
        {
            var label = domain[part];
            if (label.Length is 0 or > LongestLabel || label[0] == '-' || label[^1] == '-')
            {
                return false;
            }

            foreach (var character in label)
            {
                if (!char.IsAsciiLetterOrDigit(character) && character != '-')
                {
                    return false;
                }
            }
        }

        return domain.Length <= LongestDomain;
    }

    // General address literals have no registered tag, so an address of version 4 or 6 is all there is.
    private static bool IsMailLiteral(ReadOnlySpan<char> literal) =>
        literal.StartsWith("IPv6:", StringComparison.OrdinalIgnoreCase) ? IsIPv6(literal[5..]) : IsIPv4(literal);

    /// <summary>Four numbers: <see cref="IPAddress"/> also takes fewer, and octal and hexadecimal ones.</summary>
    private static bool IsIPv4(ReadOnlySpan<char> text)
    {
        var count = 0;
        foreach (var part in text.Split('.'))
        {
            var number = text[part];
            if (++count > 4
                || number.Length is 0 or > 3
                || number.ContainsAnyExceptInRange('0', '9')
                || (number.Length > 1 && number[0] == '0')
                || (number.Length == 3 && number.SequenceCompareTo("255") > 0))
            {
                return false;
            }
        }

        return count == 4;
    }

    /// <summary>Without the zone and the brackets that <see cref="IPAddress"/> also takes.</summary>
    private static bool IsIPv6(ReadOnlySpan<char> text)
    {
        foreach (var character in text)
        {
            if (!char.IsAsciiHexDigit(character) && character is not (':' or '.'))
            {
                return false;
            }
        }

        return (!text.Contains('.') || IsIPv4(text[(text.LastIndexOf(':') + 1)..]))
            && IPAddress.TryParse(text, out var address)
            && address.AddressFamily == AddressFamily.InterNetworkV6;
    }

    private static bool IsAuthority(ReadOnlySpan<char> authority)
    {
        if (authority.IndexOf('@') is >= 0 and var at)
        {
            if (!IsEscaped(authority[..at], User))
            {
                return false;
            }

            authority = authority[(at + 1)..];
        }

        var end = authority.StartsWith('[') ? authority.IndexOf(']') + 1
            : authority.IndexOf(':') is >= 0 and var colon ? colon
            : authority.Length;
        var host = authority[..end];
        var port = authority[end..];
        return (port.IsEmpty || (port[0] == ':' && !port[1..].ContainsAnyExceptInRange('0', '9')))
            && (host.StartsWith('[') ? IsIPLiteral(host[1..^1]) : IsEscaped(host, Host));
    }

    private static bool IsIPLiteral(ReadOnlySpan<char> literal)
    {
        if (!literal.StartsWith('v') && !literal.StartsWith('V'))
        {
            return IsIPv6(literal);
        }

        // IPvFuture: "v", a version in hexadecimal, ".", an address.
        var dot = literal.IndexOf('.');
        return dot > 1
            && dot < literal.Length - 1
            && IsHexadecimal(literal[1..dot])
            && !literal[(dot + 1)..].ContainsAnyExcept(User);
    }

    private static bool IsHexadecimal(ReadOnlySpan<char> text)
    {
        foreach (var character in text)
        {
            if (!char.IsAsciiHexDigit(character))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Only these characters, and '%' with two hexadecimal digits.</summary>
    private static bool IsEscaped(ReadOnlySpan<char> text, SearchValues<char> allowed)
    {
        while (text.IndexOfAnyExcept(allowed) is >= 0 and var at)
        {
            if (text[at] != '%' || text.Length < at + 3 || !IsHexadecimal(text[(at + 1)..(at + 3)]))
            {
                return false;
            }

            text = text[(at + 3)..];
        }

        return true;
    }
}
