using System.Globalization;
using Workflows.Connectors;

namespace Workflows.Api.Http;

/// <summary>
/// How the platform sends mail, section <c>Mail</c> of the configuration, and at which address people find it,
/// <c>Api:PublicUrl</c>. Nothing has a default: without <c>Mail:Host</c> nothing is mailed.
/// </summary>
internal sealed record MailSettings
{
    private const int SubmissionPort = 587;

    /// <summary>Null when no mail server was configured.</summary>
    public PlatformMailServer? Server { get; private init; }

    /// <summary>Whom mails come from.</summary>
    public string? From { get; private init; }

    /// <summary>What links begin with, without a slash at its end.</summary>
    public string? PublicUrl { get; private init; }

    /// <summary>Whether mails with links can be sent.</summary>
    public bool CanSend => Server is not null && PublicUrl is not null;

    /// <exception cref="InvalidOperationException">The section is there, and cannot be used.</exception>
    public static MailSettings Read(IConfiguration configuration)
    {
        var publicUrl = Url(configuration["Api:PublicUrl"]);
        var section = configuration.GetSection("Mail");
        if (section["Host"] is not { Length: > 0 } host)
        {
            return new MailSettings { PublicUrl = publicUrl };
        }

        var port = section["Port"] switch
        {
            null or "" => SubmissionPort,
            var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number is > 0 and < 65_536 => number,
            var text => throw new InvalidOperationException($"Mail:Port is '{text}', which is no port."),
        };
        var security = section["Security"] switch
        {
            null or "" => "startTls",
            "startTls" or "tls" or "none" => section["Security"]!,
            var text => throw new InvalidOperationException(
                $"Mail:Security is '{text}'; it can be startTls, tls or none."),
        };
        var from = section["From"] is { Length: > 0 } address && new Checks().Email("From", address).Problem is null
            ? address
            : throw new InvalidOperationException(
                "With Mail:Host, Mail:From must be the address that mails come from.");
        return new MailSettings
        {
            Server = new PlatformMailServer(host, port, section["User"], section["Password"], security),
            From = from,
            PublicUrl = publicUrl,
        };
    }

    private static string? Url(string? text) => text switch
    {
        null or "" => null,
        _ when Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "https" or "http" =>
            text.TrimEnd('/'),
        _ => throw new InvalidOperationException($"Api:PublicUrl is '{text}', which is no address of the web."),
    };
}
