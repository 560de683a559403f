using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Workflows.Connectors.Network;
using Workflows.Testing;

namespace Workflows.Connectors.Tests;

/// <summary>
/// A server's certificate may name an address from which its issuer can be fetched. Whoever made the certificate chose
/// that address, and no guard stands before such a fetch.
/// </summary>
public sealed class CertificateDownloadTests : IAsyncLifetime
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private TargetServer _issuer = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask InitializeAsync()
    {
        _listener.Start();
        _issuer = await TargetServer.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _issuer.DisposeAsync();
    }

    [Fact]
    public async Task Nothing_is_fetched_from_where_a_certificate_says()
    {
        var network = new GuardedNetwork(AllowLists.None, new NetworkOptions(["127.0.0.1"]));
        using var clients = new HttpClients(network);
        using var client = await clients.ForAsync(Guid.CreateVersion7(), Token);

        await RefusedAsync(client);

        Assert.Empty(_issuer.Calls);
    }

    [Fact]
    public async Task A_client_that_is_told_nothing_does_fetch_it()
    {
        using var client = new HttpMessageInvoker(new SocketsHttpHandler());

        await RefusedAsync(client);

        Assert.NotEmpty(_issuer.Calls);
    }

    private async Task RefusedAsync(HttpMessageInvoker client)
    {
        using var certificate = WithoutIssuer();
        var serving = ServeAsync(certificate);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://127.0.0.1:{Port}/");

        await Assert.ThrowsAsync<HttpRequestException>(() => client.SendAsync(request, Token));
        await Assert.ThrowsAnyAsync<Exception>(() => serving); // The handshake is broken off.
    }

    private async Task ServeAsync(X509Certificate2 certificate)
    {
        using var connection = await _listener.AcceptTcpClientAsync(Token);
        await using var stream = new SslStream(connection.GetStream());
        // Offline: else this side would look for the issuer, too.
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true),
        };
        await stream.AuthenticateAsServerAsync(options, Token);
        if (await stream.ReadAsync(new byte[1], Token) == 0)
        {
            throw new IOException("The client left after the handshake.");
        }
    }

    private X509Certificate2 WithoutIssuer()
    {
        using var issuerKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authority = new CertificateRequest("CN=unknown issuer", issuerKey, HashAlgorithmName.SHA256);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        using var issuer = authority.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(
            new X509AuthorityInformationAccessExtension(ocspUris: null, caIssuersUris: [_issuer.Url("/issuer.crt")]));
        using var certificate = request.Create(issuer, now.AddDays(-1), now.AddDays(1), [1, 2, 3, 4]);
        using var withKey = certificate.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
    }
}
