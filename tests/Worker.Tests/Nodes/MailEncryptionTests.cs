using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Workflows.Testing;

namespace Workflows.Worker.Tests.Nodes;

/// <summary>TLS to mail servers: what is encrypted, and whose certificate is accepted.</summary>
public sealed class MailEncryptionTests(PostgresServer server, TestAuthority authority) : IAsyncLifetime
{
    private static readonly (string, string) Robot = ("robot", "mail-password");

    private ConnectorBed _bed = null!;

    public async ValueTask InitializeAsync() => _bed = await ConnectorBed.CreateAsync(server);

    public async ValueTask DisposeAsync() => await _bed.DisposeAsync();

    [Theory]
    [InlineData("startTls", "localhost")]
    [InlineData("tls", "localhost")]
    [InlineData("startTls", "127.0.0.1")]
    [InlineData("tls", "127.0.0.1")]
    public async Task A_message_and_its_password_go_encrypted(string tls, string host)
    {
        using var certificate = authority.Issue("localhost", "127.0.0.1");
        await using var mail = await MailServer.StartAsync(Robot, certificate, isEncrypted: tls == "tls");
        await ConnectAsync(host, mail.Port, tls);

        await _bed.SucceedAsync("email", Message);

        var received = Assert.Single(mail.Mails);
        Assert.Equal((true, "robot"), (received.IsEncrypted, received.User));
    }

    public static TheoryData<string, string, string> Certificates => new()
    {
        { "tls", "another name", "it bears another name" },
        { "startTls", "another name", "it bears another name" },
        { "tls", "no authority", "nobody whom this machine trusts" },
        { "startTls", "no authority", "nobody whom this machine trusts" },
        { "tls", "over", "its time is over" },
        { "startTls", "over", "its time is over" },
    };

    [Theory]
    [MemberData(nameof(Certificates))]
    public async Task A_certificate_that_proves_nothing_is_refused(string tls, string fault, string told)
    {
        using var untrusted = fault == "no authority" ? SelfSigned() : null;
        var name = fault == "another name" ? "other.test" : "localhost";
        using var certificate = authority.Issue(name, endsInDays: fault == "over" ? 0 : 10);
        await using var mail = await MailServer.StartAsync(Robot, untrusted ?? certificate, isEncrypted: tls == "tls");
        await ConnectAsync("localhost", mail.Port, tls);

        var error = await _bed.FailAsync("email", Message);

        Assert.Equal("EMAIL_TLS", error.Code);
        Assert.Contains(told, error.Message, StringComparison.Ordinal);
        Assert.Empty(mail.Mails);
    }

    // Who stands between may put words before the handshake; they must not count as the server's (CVE-2011-0411).
    [Fact]
    public async Task What_came_in_clear_before_the_encryption_counts_for_nothing()
    {
        using var certificate = authority.Issue("localhost");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeInjectedAsync(listener, certificate);
        await ConnectAsync("localhost", ((IPEndPoint)listener.LocalEndpoint).Port, "startTls");

        var result = await _bed.FailAsync("email", Message);
        var lines = await serving;

        // Had the injected answer to EHLO counted, PLAIN would have been tried, which the server never offered.
        Assert.DoesNotContain(lines, line => line.StartsWith("AUTH", StringComparison.Ordinal));
        Assert.Contains(result.Code, new[] { "EMAIL_AUTH", "EMAIL_TLS", "EMAIL_PROTOCOL" });
    }

    [Fact]
    public async Task A_handshake_that_never_ends_stops_when_the_node_does()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await ConnectAsync("127.0.0.1", ((IPEndPoint)silent.LocalEndpoint).Port, "tls");
        var connector = await _bed.Bed.Connectors.GetAsync(
            _bed.Bed.TenantId, "mail", "smtp", TestContext.Current.CancellationToken);
        using var stop = new CancellationTokenSource();
        var testing = _bed.Tester.TestAsync(connector, stop.Token);
        using var client = await silent.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        await client.GetStream().ReadExactlyAsync(new byte[1], TestContext.Current.CancellationToken);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => testing);
    }

    private static async Task<List<string>> ServeInjectedAsync(TcpListener listener, X509Certificate2 certificate)
    {
        var lines = new List<string>();
        using var client = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        await using var stream = client.GetStream();
        await SayAsync(stream, "220 test\r\n");
        lines.Add(await ReadLineAsync(stream));
        await SayAsync(stream, "250-test\r\n250 STARTTLS\r\n");
        lines.Add(await ReadLineAsync(stream));
        await SayAsync(stream, "220 go\r\n250-injected\r\n250 AUTH PLAIN\r\n");
        await using var tls = new SslStream(stream);
        try
        {
            await tls.AuthenticateAsServerAsync(certificate);
            for (string line; (line = await ReadLineAsync(tls)).Length > 0;)
            {
                lines.Add(line);
                await SayAsync(tls, "250 test\r\n");
            }
        }
        catch (IOException)
        {
            lines.Add("(connection lost)");
        }

        return lines;
    }

    private static async Task SayAsync(Stream stream, string text) =>
        await stream.WriteAsync(Encoding.ASCII.GetBytes(text), TestContext.Current.CancellationToken);

    private static async Task<string> ReadLineAsync(Stream stream)
    {
        var line = new StringBuilder();
        var next = new byte[1];
        while (await stream.ReadAsync(next, TestContext.Current.CancellationToken) > 0 && next[0] != '\n')
        {
            line.Append((char)next[0]);
        }

        return line.ToString().TrimEnd('\r');
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create();
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    private static object Message => new { connector = "mail", to = "a@example.com", subject = "s", text = "t" };

    private Task ConnectAsync(string host, int port, string tls) => _bed.Bed.AddConnectorAsync(
        "mail", "smtp", ("host", host), ("port", $"{port}"), ("tls", tls),
        ("username", "robot"), ("password", "mail-password"), ("from", "a@example.com"));
}
