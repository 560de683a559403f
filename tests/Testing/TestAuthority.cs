using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Workflows.Testing;

/// <summary>
/// A certificate authority that this process trusts like a machine's own. Make it before anything in the process
/// judges a certificate: the roots are read once.
/// </summary>
public sealed partial class TestAuthority : IDisposable
{
    private readonly string _rootsFile = Path.GetTempFileName();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _root;

    public TestAuthority()
    {
        var request = new CertificateRequest("CN=Workflows test authority", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        _root = request.CreateSelfSigned(Time(-1), Time(30));
        File.WriteAllText(_rootsFile, _root.ExportCertificatePem());
        // The runtime asks the C library, which knows nothing of variables that the runtime set.
        if (SetVariable("SSL_CERT_FILE", _rootsFile, 1) != 0)
        {
            throw new InvalidOperationException($"SSL_CERT_FILE cannot be set: error {Marshal.GetLastPInvokeError()}.");
        }
    }

    /// <summary>A server's certificate, valid for a name and an address.</summary>
    public X509Certificate2 Issue(string name, string? address = null, int endsInDays = 10)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        if (address is not null)
        {
            names.AddIpAddress(IPAddress.Parse(address));
        }

        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(_root, Time(-1), Time(endsInDays), RandomNumberGenerator.GetBytes(8));
        using var withKey = certificate.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
    }

    private static DateTimeOffset Time(int days) => TimeProvider.System.GetUtcNow().AddDays(days).AddHours(-1);

    public void Dispose()
    {
        _root.Dispose();
        _key.Dispose();
        File.Delete(_rootsFile);
    }

    [LibraryImport("libc", EntryPoint = "setenv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
