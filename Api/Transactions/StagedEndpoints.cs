using System.Collections.Frozen;
using Microsoft.AspNetCore.Routing.Template;
using Workflows.Api.Http;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Transactions;

/// <summary>The routes whose requests can be part of a transaction, found again by what is kept of a request.</summary>
internal sealed class StagedEndpoints(EndpointDataSource routes)
{
    private readonly Lazy<FrozenDictionary<(string Method, string Route), RouteEndpoint>> _routes = new(() =>
        routes.Endpoints.OfType<RouteEndpoint>().Where(endpoint => endpoint.Metadata.GetMetadata<Staged>() is not null)
            .SelectMany(endpoint => endpoint.Metadata.GetRequiredMetadata<IHttpMethodMetadata>().HttpMethods,
                (endpoint, method) => (Key: (method, RouteOf(endpoint)), Endpoint: endpoint))
            .ToFrozenDictionary(pair => pair.Key, pair => pair.Endpoint));

    public static string RouteOf(RouteEndpoint endpoint) => endpoint.RoutePattern.RawText!.TrimStart('/');

    /// <summary>Null when this release has no such route any more.</summary>
    public RouteEndpoint? Find(StagedWrite write) => _routes.Value.GetValueOrDefault((write.Method, write.Route));

    /// <summary>The values in the path, as routing found them when the request came.</summary>
    public static RouteValueDictionary ValuesOf(StagedWrite write)
    {
        var values = new RouteValueDictionary();
        return new TemplateMatcher(TemplateParser.Parse(write.Route), []).TryMatch(write.Path, values)
            ? values
            : throw new InvalidOperationException($"{write.Path} does not fit {write.Route}.");
    }
}
