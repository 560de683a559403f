using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace StackExchange.Redis;

/// <summary>Opens the byte stream to a server: TCP or a Unix socket, with TLS when asked.</summary>
internal static class Transport
{
    public static async Task<Stream> OpenAsync(EndPoint endPoint, ConfigurationOptions options, CancellationToken cancellationToken)
    {
        var socket = endPoint is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (socket.AddressFamily != AddressFamily.Unix)
            {
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            }

            await socket.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new RedisConnectionException(ConnectionFailureType.UnableToConnect,
                $"Connecting to {EndPointCollection.ToString(endPoint)} failed: {e.Message}", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var stream = new NetworkStream(socket, ownsSocket: true);
        return options.Ssl ? await SecureAsync(stream, endPoint, options, cancellationToken).ConfigureAwait(false) : stream;
    }

    private static async Task<Stream> SecureAsync(
        Stream stream, EndPoint endPoint, ConfigurationOptions options, CancellationToken cancellationToken)
    {
        var secure = new SslStream(stream, leaveInnerStreamOpen: false);
        try
        {
            await secure.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = options.SslHost ?? EndPointCollection.Host(endPoint),
                    EnabledSslProtocols = options.SslProtocols ?? SslProtocols.None,
                    CertificateRevocationCheckMode = options.CheckCertificateRevocation
                        ? X509RevocationMode.Online : X509RevocationMode.NoCheck,
                    RemoteCertificateValidationCallback = options.ValidateCertificate,
                },
                cancellationToken).ConfigureAwait(false);
            return secure;
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            await secure.DisposeAsync().ConfigureAwait(false);
            throw new RedisConnectionException(ConnectionFailureType.AuthenticationFailure,
                $"TLS with {EndPointCollection.ToString(endPoint)} failed: {e.Message}", e);
        }
        catch
        {
            await secure.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
