using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace Workflows.Api.Http;

/// <summary>
/// The proxies in front of the API, by <c>ForwardedHeaders:KnownProxies</c>: addresses and ranges. What they say of the
/// caller (<c>X-Forwarded-For</c>, <c>X-Forwarded-Proto</c>) is believed, as far back as it comes from one of them, and
/// nobody else is: limits, locks and the activity go by the real address.
/// </summary>
internal static class KnownProxies
{
    public const string Setting = "ForwardedHeaders:KnownProxies";

    /// <exception cref="InvalidOperationException">An entry is neither an address nor a range.</exception>
    public static void Add(IServiceCollection services, IConfiguration configuration)
    {
        var entries = configuration.GetSection(Setting).Get<string[]>() ?? [];
        if (entries.Length == 0)
        {
            return;
        }

        IPNetwork[] networks = [.. entries.Select(Parse)];
        services.PostConfigure<ForwardedHeadersOptions>(options =>
        {
            options.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
            options.ForwardLimit = null; // as many as are known
            options.KnownProxies.Clear();
            options.KnownIPNetworks.Clear();
            foreach (var network in networks)
            {
                options.KnownIPNetworks.Add(network);
            }
        });
    }

    private static IPNetwork Parse(string entry) =>
        IPNetwork.TryParse(entry.Trim(), out var network) ? network
        : IPAddress.TryParse(entry.Trim(), out var address)
            ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
        : throw new InvalidOperationException(
            $"{Setting}: '{entry}' is neither an address (10.1.2.3) nor a range (10.1.0.0/16).");
}
