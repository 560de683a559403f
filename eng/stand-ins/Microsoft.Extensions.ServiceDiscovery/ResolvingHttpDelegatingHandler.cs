using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.ServiceDiscovery;

/// <summary>Replaces the service's name in each request by one of its endpoints; a retry outside of it gets the next one.</summary>
internal sealed class ResolvingHttpDelegatingHandler(IEnumerable<IEndpointProvider> providers, IOptions<ServiceDiscoveryOptions> options)
    : DelegatingHandler
{
    private readonly IEndpointProvider[] _providers = [.. providers];

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var address = request.RequestUri;
        if (address is null)
        {
            return await base.SendAsync(request, cancellationToken);
        }

        try
        {
            request.RequestUri = Resolve(address);
            return await base.SendAsync(request, cancellationToken);
        }
        finally
        {
            request.RequestUri = address; // a retry has to start from the name again
        }
    }

    private Uri Resolve(Uri address)
    {
        if (_providers.Length == 0)
        {
            throw new InvalidOperationException("No service endpoint provider is registered; call services.AddServiceDiscovery().");
        }

        var query = ServiceQuery.Parse(address);
        var endpoint = _providers.Select(provider => provider.Next(query)).FirstOrDefault(endpoint => endpoint is not null)
            ?? throw new InvalidOperationException($"Service '{query.ServiceName}' has no endpoint.");
        return endpoint.Apply(address, endpoint.Scheme ?? RequestScheme(query));
    }

    private string RequestScheme(ServiceQuery query)
    {
        var first = query.Schemes[0];
        return query.Schemes.Length == 1 || options.Value.ApplyAllowedSchemes([first]).Count == 1
            ? first
            : throw new InvalidOperationException($"The scheme '{first}' is not allowed.");
    }
}
