using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Workflows.Data.Network;

namespace Workflows.Data.Connectors;

/// <summary>
/// Hands messages to mail servers (RFC 5321, STARTTLS by RFC 3207, AUTH by RFC 4954). Guarantees: connects only where the guard allows; with
/// <c>startTls</c> nothing but the greeting goes in clear, and a server that offers no TLS is refused; a message is taken for all of its recipients or
/// for none. A message whose last answer was lost may come twice, with the same Message-ID.
/// </summary>
public sealed class SmtpConnector(GuardedNetwork network, TimeProvider clock)
{
    private const string DefaultPort = "587";

    /// <summary>Sends a message.</summary>
    /// <exception cref="ConnectorException">It was not taken.</exception>
    public Task SendAsync(OpenConnector connector, MailMessage message, CancellationToken cancellationToken)
    {
        var content = message.ToBytes(clock.GetUtcNow()); // before anything is sent: what is invalid goes nowhere
        var (sender, recipients) = (message.Sender, message.Recipients);
        return TalkAsync(
            connector,
            async talk =>
            {
                await talk.AskAsync($"MAIL FROM:<{sender}>", 250, cancellationToken);
                foreach (var recipient in recipients)
                {
                    await talk.AskAsync($"RCPT TO:<{recipient}>", 250, cancellationToken);
                }

                await talk.AskAsync("DATA", 354, cancellationToken);
                await talk.SendContentAsync(content, cancellationToken);
            },
            cancellationToken);
    }

    /// <summary>Connects, logs in and leaves.</summary>
    /// <exception cref="ConnectorException">It cannot be done.</exception>
    public Task TestAsync(OpenConnector connector, CancellationToken cancellationToken) =>
        TalkAsync(connector, talk => talk.AskAsync("NOOP", 250, cancellationToken), cancellationToken);

    private async Task TalkAsync(OpenConnector connector, Func<SmtpTalk, Task> work, CancellationToken cancellationToken)
    {
        var host = connector["host"]!;
        var port = int.Parse(connector["port"] ?? DefaultPort, CultureInfo.InvariantCulture);
        try
        {
            var stream = await network.ConnectAsync(connector.TenantId, host, port, cancellationToken);
            await using var talk = new SmtpTalk(stream);
            await OpenAsync(talk, connector, host, cancellationToken);
            await work(talk);
            await talk.AskAsync("QUIT", 221, cancellationToken);
        }
        catch (TargetRefusedException exception)
        {
            throw new ConnectorException("EMAIL_TARGET_REFUSED", exception.Message);
        }
        catch (AuthenticationException exception)
        {
            throw new ConnectorException("EMAIL_TLS", exception.Message);
        }
        catch (Exception exception) when (exception is SocketException or IOException)
        {
            throw new ConnectorException("EMAIL_CONNECTION", exception.Message, isTransient: true);
        }
    }

    private static async Task OpenAsync(SmtpTalk talk, OpenConnector connector, string host, CancellationToken cancellationToken)
    {
        var tls = connector["tls"] ?? "startTls";
        if (tls == "tls")
        {
            await talk.EncryptAsync(host, cancellationToken);
        }

        await talk.ExpectAsync(220, cancellationToken);
        var features = await talk.AskAsync("EHLO workflows", 250, cancellationToken);
        if (tls == "startTls")
        {
            if (!features.Contains("STARTTLS", StringComparer.OrdinalIgnoreCase))
            {
                throw new ConnectorException("EMAIL_TLS", "The server offers no STARTTLS, and the connector asks for it.");
            }

            await talk.AskAsync("STARTTLS", 220, cancellationToken);
            await talk.EncryptAsync(host, cancellationToken);
            features = await talk.AskAsync("EHLO workflows", 250, cancellationToken); // RFC 3207: what was said in clear counts for nothing
        }

        if (connector["username"] is { } username)
        {
            await LogInAsync(talk, features, username, connector["password"] ?? "", cancellationToken);
        }
    }

    private static async Task LogInAsync(SmtpTalk talk, IReadOnlyList<string> features, string username, string password, CancellationToken cancellationToken)
    {
        var ways = features.FirstOrDefault(feature => feature.StartsWith("AUTH ", StringComparison.OrdinalIgnoreCase))?.Split(' ') ?? [];
        if (ways.Contains("PLAIN", StringComparer.OrdinalIgnoreCase))
        {
            await talk.AskAsync($"AUTH PLAIN {Encoded($"\0{username}\0{password}")}", 235, cancellationToken);
        }
        else if (ways.Contains("LOGIN", StringComparer.OrdinalIgnoreCase))
        {
            await talk.AskAsync("AUTH LOGIN", 334, cancellationToken);
            await talk.AskAsync(Encoded(username), 334, cancellationToken);
            await talk.AskAsync(Encoded(password), 235, cancellationToken);
        }
        else
        {
            throw new ConnectorException("EMAIL_AUTH", "The server offers neither AUTH PLAIN nor AUTH LOGIN.");
        }
    }

    private static string Encoded(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}

/// <summary>One connection to a mail server: commands and their answers.</summary>
internal sealed class SmtpTalk(Stream stream) : IAsyncDisposable
{
    private const int AnswerLines = 100;
    private const int AnswerBytes = 16 * 1024;

    private readonly byte[] _buffer = new byte[1_024];
    private Stream _stream = stream;
    private int _at;
    private int _filled;

    /// <summary>Goes on encrypted; the certificate must be the host's. What came in clear before is thrown away.</summary>
    public async Task EncryptAsync(string host, CancellationToken cancellationToken)
    {
        var encrypted = new SslStream(_stream, leaveInnerStreamOpen: false);
        _stream = encrypted;
        (_at, _filled) = (0, 0);
        await encrypted.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = host }, cancellationToken);
    }

    /// <returns>The texts of the answer's lines.</returns>
    /// <exception cref="ConnectorException">The answer is another one.</exception>
    public async Task<IReadOnlyList<string>> AskAsync(string command, int expected, CancellationToken cancellationToken)
    {
        await _stream.WriteAsync(Encoding.ASCII.GetBytes(command + "\r\n"), cancellationToken);
        await _stream.FlushAsync(cancellationToken);
        return await ExpectAsync(expected, cancellationToken);
    }

    /// <summary>Sends the message, dots doubled, and waits until the server has taken it.</summary>
    public async Task SendContentAsync(byte[] content, CancellationToken cancellationToken)
    {
        // Only our own headers and Base64 begin lines, but a rule kept always needs no proof.
        var text = Encoding.ASCII.GetString(content).Replace("\r\n.", "\r\n..", StringComparison.Ordinal);
        text = text.StartsWith('.') ? "." + text : text;
        await _stream.WriteAsync(Encoding.ASCII.GetBytes(text + (text.EndsWith("\r\n", StringComparison.Ordinal) ? ".\r\n" : "\r\n.\r\n")), cancellationToken);
        await _stream.FlushAsync(cancellationToken);
        await ExpectAsync(250, cancellationToken);
    }

    public async Task<IReadOnlyList<string>> ExpectAsync(int expected, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        while (lines.Count < AnswerLines)
        {
            var line = await ReadLineAsync(cancellationToken);
            if (line.Length < 3 || !int.TryParse(line.AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var code))
            {
                throw new ConnectorException("EMAIL_PROTOCOL", "The server does not speak SMTP.");
            }

            lines.Add(line.Length > 4 ? line[4..] : "");
            if (line.Length == 3 || line[3] == ' ')
            {
                return code == expected
                    ? lines
                    : throw new ConnectorException($"EMAIL_{code}", $"The server answered {code}: {string.Join(' ', lines)}", isTransient: code is >= 400 and < 500);
            }
        }

        throw new ConnectorException("EMAIL_PROTOCOL", "The server's answer does not end.");
    }

    private async Task<string> ReadLineAsync(CancellationToken cancellationToken)
    {
        var line = new List<byte>();
        while (line.Count < AnswerBytes)
        {
            if (_at == _filled)
            {
                _filled = await _stream.ReadAsync(_buffer, cancellationToken);
                _at = 0;
                if (_filled == 0)
                {
                    throw new IOException("The mail server closed the connection.");
                }
            }

            var next = _buffer[_at++];
            if (next == '\n')
            {
                return Encoding.UTF8.GetString([.. line]).TrimEnd('\r');
            }

            line.Add(next);
        }

        throw new ConnectorException("EMAIL_PROTOCOL", "A line of the server's answer does not end.");
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();
}
