using System.Diagnostics.CodeAnalysis;

namespace Microsoft.Extensions.ServiceDiscovery;

/// <summary>Where a service listens. Without a scheme, that of the request is used; without a port, the scheme's own.</summary>
internal sealed record Endpoint(string? Scheme, string Host, int Port, string PathPrefix)
{
    /// <summary>Reads <c>https://host:1234/prefix</c> as well as <c>host:1234</c>.</summary>
    public static bool TryParse(string? value, [NotNullWhen(true)] out Endpoint? endpoint)
    {
        endpoint = null;
        var hasScheme = value?.Contains("://", StringComparison.Ordinal) == true;
        if (string.IsNullOrWhiteSpace(value)
            || !Uri.TryCreate(hasScheme ? value : $"any://{value}", UriKind.Absolute, out var uri)
            || uri.Host.Length == 0)
        {
            return false;
        }

        endpoint = new Endpoint(hasScheme ? uri.Scheme : null, uri.Host, uri.Port, uri.AbsolutePath.TrimEnd('/'));
        return true;
    }

    /// <summary>Puts this endpoint in the place of the service's name; path, query and fragment of the request stay.</summary>
    public Uri Apply(Uri address, string requestScheme)
    {
        var builder = new UriBuilder(address) { Scheme = Scheme ?? requestScheme, Host = Host };
        if (Port > 0)
        {
            builder.Port = Port;
        }

        if (PathPrefix.Length > 0)
        {
            builder.Path = $"{PathPrefix}/{address.AbsolutePath.TrimStart('/')}";
        }

        return builder.Uri;
    }
}
