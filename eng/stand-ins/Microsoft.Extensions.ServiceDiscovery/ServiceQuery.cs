namespace Microsoft.Extensions.ServiceDiscovery;

/// <summary>What a request's address asks for: <c>scheme[+scheme]://[_endpoint.]service</c>.</summary>
internal readonly record struct ServiceQuery(string Key, string[] Schemes, string ServiceName, string? EndpointName)
{
    public static ServiceQuery Parse(Uri address)
    {
        var host = address.Host;
        string? endpoint = null;
        if (host.StartsWith('_') && host.IndexOf('.', StringComparison.Ordinal) is > 1 and var dot && dot < host.Length - 1)
        {
            endpoint = host[1..dot];
            host = host[(dot + 1)..];
        }

        return new ServiceQuery($"{address.Scheme}://{address.Host}", address.Scheme.Split('+'), host, endpoint);
    }
}
