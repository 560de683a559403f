using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Workflows.Data.Identity;

namespace Workflows.Api.Http;

/// <summary>Names of network addresses for the limits of logins.</summary>
internal static class LoginAddresses
{
    /// <summary>Bytes of an IPv6 address that name a network: one client often has a whole /64.</summary>
    private const int NetworkBytes = 8;

    public static LoginAddress Of(IPAddress? address)
    {
        var bytes = (address ?? IPAddress.None).MapToIPv6().GetAddressBytes();
        var isVersion4 = address is null || address.IsIPv4MappedToIPv6
            || address.AddressFamily == AddressFamily.InterNetwork;
        var significant = isVersion4 ? bytes.Length : NetworkBytes;
        return new LoginAddress(new Guid(SHA256.HashData(bytes.AsSpan(0, significant)).AsSpan(0, 16)),
            address?.ToString());
    }
}
