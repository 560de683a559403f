using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Workflows.Api.Http.Security;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Http;

/// <summary>A route of the API and what it asks of its caller.</summary>
internal sealed record Route(string Method, string Pattern, Permission? Required, bool IsOpen)
{
    /// <summary>Every route there is.</summary>
    public static List<Route> Of(ApiHost host) =>
    [
        .. host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Select(endpoint => new Route(
                endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods[0] ?? "GET",
                "/" + endpoint.RoutePattern.RawText!.TrimStart('/'),
                endpoint.Metadata.GetMetadata<PermissionRequirement>()?.Permission,
                endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null)),
    ];

    /// <summary>Calls it with a body that it can read, if it needs one.</summary>
    /// <param name="value">Of each parameter in its address.</param>
    public Task<Answer> CallAsync(ApiClient client, Func<string, string> value)
    {
        var path = string.Join('/', Pattern.Split('/').Select(part =>
            !part.StartsWith('{') ? part : part.Contains(":int", StringComparison.Ordinal) ? "1" : value(part.Trim('{',
                '}').Split(':')[0])));
        path = path.Length > 1 ? path.TrimEnd('/') : path;
        object? body = Method is "GET" or "DELETE" ? null
            : path.EndsWith("/bulk", StringComparison.Ordinal) ? new { executions = new[] { new { } } }
            : path.EndsWith("/decide", StringComparison.Ordinal) ? new { decision = "approve" }
            : path.EndsWith("/delegate", StringComparison.Ordinal) ? new { to = Guid.CreateVersion7() }
            : path.EndsWith("/password", StringComparison.Ordinal) && path.Contains("/users/", StringComparison.Ordinal)
                ? new { password = "correct horse battery" }
            : path.EndsWith("/permissions", StringComparison.Ordinal)
                ? new { level = "view", userId = Guid.CreateVersion7() }
            : path.EndsWith("/comment", StringComparison.Ordinal) ? new { text = "x" }
            : path.EndsWith("/substitutions", StringComparison.Ordinal) ? new
            {
                substituteId = Guid.CreateVersion7(),
                endsAt = TimeProvider.System.GetUtcNow().AddDays(1)
            }
            : path.EndsWith("/days", StringComparison.Ordinal) ? new { days = Array.Empty<object>() }
            : path.EndsWith("/dependencies", StringComparison.Ordinal) ? new { dependencies = Array.Empty<object>() }
            : path.EndsWith("/working-copy", StringComparison.Ordinal) ? new { definition = new { } }
            : path.EndsWith("/test-sets", StringComparison.Ordinal)
                ? new
                {
                    name = "x",
                    cases = new[]
                    {
                        new
                        {
                            name = "x", variables = new { },
                            assertions = new[] { new { type = "contains", value = "x" } },
                        },
                    },
                }
            : path.EndsWith("/entries", StringComparison.Ordinal) ? new { role = "user", content = "x" }
            : path.EndsWith("/messages", StringComparison.Ordinal) || path.EndsWith("/stream", StringComparison.Ordinal)
                ? new { content = "x" }
            : path.EndsWith("/pins", StringComparison.Ordinal) ? new { pins = new { } }
            : path.EndsWith("/folders", StringComparison.Ordinal) || path.EndsWith("/jobs",
                StringComparison.Ordinal) ? new { name = "x" }
            : new { };
        return client.SendAsync(new HttpMethod(Method), path, ApiClient.Json(body), ("If-Match", "*"));
    }
}
