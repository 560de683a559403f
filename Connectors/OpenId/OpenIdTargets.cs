using System.Net;
using Workflows.Connectors.Network;

namespace Workflows.Connectors.OpenId;

/// <summary>Which addresses an identity provider may have. Whether a connection is made is the guard's to decide.
/// </summary>
public static class OpenIdTargets
{
    /// <summary>The address; of https, or of http where it names a private address by its number.</summary>
    /// <exception cref="OpenIdException">It is none that credentials may be sent to.</exception>
    public static Uri Address(string? text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address.UserInfo.Length == 0
            && (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && IsPrivate(address)))
            ? address
            : throw new OpenIdException(
                "An address of the provider is not one of https, nor one of http in a private network.");

    private static bool IsPrivate(Uri address) =>
        address.Host == "localhost"
        || (IPAddress.TryParse(address.DnsSafeHost, out var literal) && !NetworkGuard.IsPublic(literal));
}
