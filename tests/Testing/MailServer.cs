using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using SmtpServer;
using SmtpServer.Authentication;
using SmtpServer.Mail;
using SmtpServer.Protocol;
using SmtpServer.Storage;

namespace Workflows.Testing;

/// <summary>A message as the server took it.</summary>
/// <param name="Content">Headers and body, dots no longer doubled.</param>
/// <param name="IsEncrypted">Whether it came over TLS.</param>
/// <param name="User">Who had logged in; null = nobody.</param>
public sealed record ReceivedMail(
    string From, IReadOnlyList<string> To, byte[] Content, bool IsEncrypted, string? User);

/// <summary>
/// A real mail server on loopback that keeps what it takes. For wrong answers see <see cref="ScriptedMailServer"/>.
/// </summary>
public sealed class MailServer : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private Task _serving = Task.CompletedTask;
    private int _commands;

    private MailServer()
    {
    }

    public int Port { get; } = FreePort.Next();

    public ConcurrentQueue<ReceivedMail> Mails { get; } = new();

    /// <summary>Commands that came, over all connections.</summary>
    public int Commands => Volatile.Read(ref _commands);

    /// <summary>The part before the @ of recipients that it refuses (550).</summary>
    public HashSet<string> Refused { get; } = [];

    /// <param name="user">The one user who may log in, and must; null = nobody can.</param>
    /// <param name="certificate">What it encrypts with; null = it cannot, and passwords may come in clear.</param>
    /// <param name="isEncrypted">TLS from the first byte instead of STARTTLS.</param>
    public static async Task<MailServer> StartAsync(
        (string Name, string Password)? user = null, X509Certificate2? certificate = null, bool isEncrypted = false)
    {
        var server = new MailServer();
        var options = new SmtpServerOptionsBuilder().ServerName("mail.test").Endpoint(endpoint =>
        {
            endpoint.Endpoint(new IPEndPoint(IPAddress.Loopback, server.Port)).IsSecure(isEncrypted)
                .AuthenticationRequired(user is not null).AllowUnsecureAuthentication(certificate is null);
            if (certificate is not null)
            {
                endpoint.Certificate(certificate);
            }
        });
        var services = new SmtpServer.ComponentModel.ServiceProvider();
        services.Add(new Store(server));
        services.Add((IMailboxFilter)new Filter(server));
        services.Add(new DelegatingUserAuthenticator((name, password) => (name, password) == user));
        var smtp = new SmtpServer.SmtpServer(options.Build(), services);
        smtp.SessionCreated += (_, session) =>
            session.Context.CommandExecuting += (_, _) => Interlocked.Increment(ref server._commands);
        server._serving = smtp.StartAsync(server._stopping.Token);
        await Eventually.TrueAsync(server.IsListeningAsync);
        return server;
    }

    private async Task<bool> IsListeningAsync()
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, Port, _stopping.Token);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _serving;
        _stopping.Dispose();
    }

    private static string Address(IMailbox mailbox) => $"{mailbox.User}@{mailbox.Host}";

    private sealed class Store(MailServer server) : MessageStore
    {
        public override Task<SmtpResponse> SaveAsync(
            ISessionContext context,
            IMessageTransaction transaction,
            ReadOnlySequence<byte> buffer,
            CancellationToken cancellationToken)
        {
            server.Mails.Enqueue(new ReceivedMail(
                Address(transaction.From), [.. transaction.To.Select(Address)], buffer.ToArray(), context.Pipe.IsSecure,
                context.Authentication.IsAuthenticated ? context.Authentication.User : null));
            return Task.FromResult(SmtpResponse.Ok);
        }
    }

    private sealed class Filter(MailServer server) : MailboxFilter
    {
        public override Task<bool> CanDeliverToAsync(
            ISessionContext context, IMailbox to, IMailbox from, CancellationToken cancellationToken) =>
            Task.FromResult(!server.Refused.Contains(to.User));
    }
}
