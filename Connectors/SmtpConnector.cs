using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using Workflows.Connectors.Network;
using Workflows.Engine.Connectors;

namespace Workflows.Connectors;

/// <summary>
/// Hands messages to mail servers. Guarantees: connects only where the guard allows; with <c>startTls</c> nothing but
/// the greeting goes in clear, and a server that offers no TLS is refused; only a certificate that the machine trusts
/// and that bears the host's name is accepted; a message is taken for all of its recipients or for none. A message
/// whose last answer was lost may come twice, with the same Message-ID.
/// </summary>
public sealed class SmtpConnector(GuardedNetwork network, TimeProvider clock)
{
    private const string DefaultPort = "587";

    // One mechanism and one try: a wrong password tried in several ways locks accounts. What a server stores decides
    // whether SCRAM works at all, so it comes first only where the password would go in clear.
    private static readonly string[] WhenEncrypted =
        ["PLAIN", "LOGIN", "SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1"];

    private static readonly string[] InClear = ["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"];

    private const SmtpCapabilities International = SmtpCapabilities.UTF8 | SmtpCapabilities.EightBitMime;

    /// <summary>Puts a message together as it would be sent now.</summary>
    /// <exception cref="ConnectorException">It cannot be sent.</exception>
    public ComposedMail Compose(MailMessage message) => message.Compose(clock.GetUtcNow());

    /// <summary>Sends a message.</summary>
    /// <exception cref="ConnectorException">It was not taken.</exception>
    public Task SendAsync(OpenConnector connector, ComposedMail mail, CancellationToken cancellationToken) => TalkAsync(
        connector,
        (host, port) => ConnectAsync(connector.TenantId, host, port, cancellationToken),
        client => HandOverAsync(client, mail, cancellationToken),
        cancellationToken);

    /// <summary>Sends a message of the platform itself.</summary>
    /// <exception cref="ConnectorException">It was not taken.</exception>
    public static Task SendAsync(
        PlatformMailServer server, ComposedMail mail, CancellationToken cancellationToken) => TalkAsync(
        new OpenConnector(Guid.Empty, Guid.Empty, "platform", "smtp", 1, new Dictionary<string, string>
        {
            ["host"] = server.Host,
            ["port"] = server.Port.ToString(CultureInfo.InvariantCulture),
            ["username"] = server.User ?? "",
            ["password"] = server.Password ?? "",
            ["tls"] = server.Security,
        }),
        (host, port) => ConnectAsync(host, port, cancellationToken),
        client => HandOverAsync(client, mail, cancellationToken),
        cancellationToken);

    /// <summary>Connects, logs in and leaves.</summary>
    /// <exception cref="ConnectorException">It cannot be done.</exception>
    public Task TestAsync(OpenConnector connector, CancellationToken cancellationToken) =>
        TalkAsync(
            connector,
            (host, port) => ConnectAsync(connector.TenantId, host, port, cancellationToken),
            client => client.NoOpAsync(cancellationToken),
            cancellationToken);

    private static async Task HandOverAsync(
        SmtpClient client, ComposedMail mail, CancellationToken cancellationToken)
    {
        var format = FormatOptions.Default.Clone();
        if (mail.NeedsUtf8 is { } address)
        {
            format.International = client.Capabilities.HasFlag(International)
                ? true
                : throw MailText.Invalid(
                    $"'{MailText.Shortened(address.Address)}' needs a mail server with SMTPUTF8; "
                    + "this one has none.");
        }

        await client.SendAsync(format, mail.Message, mail.Sender, mail.Addressees, cancellationToken);
    }

    private static async Task TalkAsync(
        OpenConnector connector,
        Func<string, int, Task<Stream>> connect,
        Func<SmtpClient, Task> work,
        CancellationToken cancellationToken)
    {
        var host = connector["host"]!;
        var port = int.Parse(connector["port"] ?? DefaultPort, CultureInfo.InvariantCulture);
        var connection = await connect(host, port);
        await using var stream = new BoundedAnswerStream(connection, Limits.MailAnswerBytes);
        var problems = SslPolicyErrors.None;
        using var client = new SmtpClient
        {
            LocalDomain = "workflows", // not this machine's address
            // Whoever made the certificate chose where its revocation list lies, and no guard stands before that
            // download.
            CheckCertificateRevocation = false,
            // The library's own judgement also accepts certificates of large providers that it knows by heart.
            ServerCertificateValidationCallback = (_, _, _, errors) => (problems = errors) == SslPolicyErrors.None,
        };
        try
        {
            await OpenAsync(client, stream, connector, host, port, cancellationToken);
            await work(client);
            await client.DisconnectAsync(quit: true, cancellationToken);
        }
        catch (Exception exception) when (exception is not ConnectorException)
        {
            cancellationToken.ThrowIfCancellationRequested(); // what failed may be wrapped in a failure of TLS
            if (SmtpFailures.Find(exception, stream, problems) is { } failure)
            {
                throw failure;
            }

            throw;
        }
    }

    private async Task<Stream> ConnectAsync(Guid tenantId, string host, int port, CancellationToken cancellationToken)
    {
        try
        {
            return await network.ConnectAsync(tenantId, host, port, cancellationToken);
        }
        catch (TargetRefusedException exception)
        {
            throw new ConnectorException("EMAIL_TARGET_REFUSED", exception.Message);
        }
        catch (SocketException exception)
        {
            throw new ConnectorException("EMAIL_CONNECTION", exception.Message, isTransient: true);
        }
    }

    private static async Task<Stream> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        try
        {
            var addresses = await Dns.GetHostAddressesAsync(host, cancellationToken);
            return await GuardedNetwork.ConnectAsync(addresses, port, cancellationToken);
        }
        catch (SocketException exception)
        {
            throw new ConnectorException("EMAIL_CONNECTION", exception.Message, isTransient: true);
        }
    }

    private static async Task OpenAsync(
        SmtpClient client,
        Stream stream,
        OpenConnector connector,
        string host,
        int port,
        CancellationToken cancellationToken)
    {
        try
        {
            await client.ConnectAsync(stream, host, port, Security(connector["tls"]), cancellationToken);
        }
        catch (NotSupportedException)
        {
            throw new ConnectorException("EMAIL_TLS", "The server offers no STARTTLS, and the connector asks for it.");
        }

        if (connector["username"] is { } username)
        {
            var ways = client.IsSecure ? WhenEncrypted : InClear;
            var way = ways.FirstOrDefault(client.AuthenticationMechanisms.Contains)
                ?? throw new ConnectorException("EMAIL_AUTH", "The server offers none of AUTH PLAIN, LOGIN and SCRAM.");
            client.AuthenticationMechanisms.Clear();
            client.AuthenticationMechanisms.Add(way);
            var credentials = new NetworkCredential(username, connector["password"] ?? "");
            await client.AuthenticateAsync(Encoding.UTF8, credentials, cancellationToken);
        }
    }

    private static SecureSocketOptions Security(string? tls) => tls switch
    {
        null or "startTls" => SecureSocketOptions.StartTls,
        "tls" => SecureSocketOptions.SslOnConnect,
        "none" => SecureSocketOptions.None,
        _ => throw new ConnectorException("EMAIL_TLS", $"'{tls}' is no way to encrypt."),
    };
}

/// <summary>What goes wrong in a conversation with a mail server, as users see it.</summary>
internal static class SmtpFailures
{
    private const int TextLength = 1_000;

    /// <returns>Null when it is nothing that a mail server can bring about.</returns>
    public static ConnectorException? Find(
        Exception exception, BoundedAnswerStream stream, SslPolicyErrors problems) => exception switch
        {
            _ when stream.IsExceeded => new("EMAIL_PROTOCOL", "The server's answer does not end."),
            SslHandshakeException when problems != SslPolicyErrors.None =>
                new("EMAIL_TLS", $"The server's certificate is not accepted: {Words(problems)}."),
            SslHandshakeException { InnerException: IOException or SocketException } => Lost(),
            SslHandshakeException => new("EMAIL_TLS", Text(exception.InnerException?.Message ?? exception.Message)),
            AuthenticationException { InnerException: SmtpCommandException refused } => Refused(refused),
            AuthenticationException => new("EMAIL_534", "The server answered 534: it wants another way to log in."),
            ServiceNotAuthenticatedException => new("EMAIL_530", $"The server answered 530: {Text(exception.Message)}"),
            SmtpCommandException refused => Refused(refused),
            SmtpProtocolException when !stream.HasEnded => new("EMAIL_PROTOCOL", "The server does not speak SMTP."),
            SaslException or FormatException =>
                new("EMAIL_PROTOCOL", "The server does not know the way to log in that it offers."),
            SmtpProtocolException or ServiceNotConnectedException => Lost(),
            SocketException or IOException when stream.HasEnded => Lost(),
            SocketException or IOException => new("EMAIL_CONNECTION", Text(exception.Message), isTransient: true),
            _ => null,
        };

    private static ConnectorException Lost() =>
        new("EMAIL_CONNECTION", "The mail server closed the connection.", isTransient: true);

    private static ConnectorException Refused(SmtpCommandException refused)
    {
        var code = (int)refused.StatusCode;
        var message = $"The server answered {code}: {Text(refused.Message)}";
        return new($"EMAIL_{code}", message, isTransient: code is >= 400 and < 500);
    }

    private static string Words(SslPolicyErrors problems) =>
        problems.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable) ? "there is none"
        : problems.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? "it bears another name than the host's"
        : "nobody whom this machine trusts vouches for it, or its time is over";

    // A stranger's text goes into a row and before people.
    private static string Text(string text)
    {
        var shown = text.Length <= TextLength ? text : text[..TextLength] + "…";
        return string.Concat(shown.Select(character =>
            character is '\r' or '\n' or '\t' ? ' ' : char.IsControl(character) ? '\uFFFD' : character));
    }
}
