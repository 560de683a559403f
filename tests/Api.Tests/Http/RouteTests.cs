using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Workflows.Api.Http.Security;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Http;

/// <summary>Every route there is, walked as every role, as nobody, and as the owner of another tenant.</summary>
public sealed class RouteTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private static readonly string[] OpenRoutes = ["/", "/reference", "/openapi/{documentName}.json", "/health", "/alive", "/api/v1/auth/login", "/api/v1/auth/refresh"];

    private List<Route> Routes() => [.. api.Host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        .Select(endpoint => new Route(
            endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods[0] ?? "GET",
            "/" + endpoint.RoutePattern.RawText!.TrimStart('/'),
            endpoint.Metadata.GetMetadata<PermissionRequirement>()?.Permission,
            endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null))];

    [Fact]
    public void Only_the_routes_listed_here_are_open_to_anybody() =>
        Assert.Equal(OpenRoutes.Order(), Routes().Where(route => route.IsOpen).Select(route => route.Pattern).Order());

    [Fact]
    public async Task Nobody_gets_past_a_closed_route_without_credentials()
    {
        using var nobody = api.Host.Client();
        foreach (var route in Routes().Where(route => !route.IsOpen))
        {
            var answer = await CallAsync(nobody, route, _ => Guid.CreateVersion7().ToString());
            Assert.True(answer.Status == HttpStatusCode.Unauthorized, $"{route}: {answer.Status}");
            Assert.Equal("UNAUTHENTICATED", answer.ErrorCode);
        }
    }

    [Theory]
    [InlineData("owner")]
    [InlineData("admin")]
    [InlineData("editor")]
    [InlineData("operator")]
    [InlineData("viewer")]
    public async Task A_role_may_what_its_permissions_say_and_nothing_else(string role)
    {
        using var owner = api.Host.Owner();
        var permissions = BuiltInRoles.All.Single(known => known.Key == role).Value;
        using var caller = api.Host.Client((await owner.CreateKeyAsync(Permissions.Names(permissions))).Key);
        foreach (var route in Routes().Where(route => !route.IsOpen))
        {
            var answer = await CallAsync(caller, route, _ => Guid.CreateVersion7().ToString());

            var may = permissions.HasFlag(route.Required!.Value);
            Assert.True(may ? answer.ErrorCode is not ("FORBIDDEN" or "UNAUTHENTICATED") || IsForUsersOnly(route) : answer.ErrorCode == "FORBIDDEN", $"{role} {route}: {answer.Text}");
            Assert.True((int)answer.Status < 500 || answer.ErrorCode == "UNAVAILABLE", $"{role} {route}: {answer.Text}");
        }
    }

    [Fact]
    public async Task A_user_may_what_the_role_says()
    {
        using var owner = api.Host.Owner();
        using var viewer = api.Host.Client(await owner.LogInNewUserAsync("viewer"));

        (await viewer.GetAsync("workflows")).Ok();
        (await viewer.PostAsync("workflows", new { name = "x" })).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task Nothing_of_another_tenant_can_be_seen_or_changed()
    {
        using var owner = api.Host.Owner();
        var ids = await CreateOneOfEachAsync(owner);
        var before = await FingerprintAsync();
        using var stranger = api.Host.Client((await api.Host.CreateTenantAsync("stranger")).ApiKey);

        var withIds = Routes().Where(route => !route.IsOpen && route.Pattern.Contains('{', StringComparison.Ordinal)).ToList();
        Assert.True(withIds.Count > 20);
        foreach (var route in withIds)
        {
            var answer = await CallAsync(stranger, route, name => ids[name]);
            Assert.True(answer.Status == HttpStatusCode.NotFound, $"{route}: {answer.Text}");
            Assert.DoesNotContain("secret name", answer.Text, StringComparison.Ordinal);
        }

        foreach (var route in Routes().Where(route => !route.IsOpen && route.Method == "GET" && !route.Pattern.Contains('{', StringComparison.Ordinal)))
        {
            var answer = await CallAsync(stranger, route, name => ids[name]);
            Assert.DoesNotContain("secret name", answer.Text, StringComparison.Ordinal);
            Assert.DoesNotContain(api.Host.First.TenantId.ToString(), answer.Text, StringComparison.Ordinal);
        }

        Assert.Equal(before, await FingerprintAsync());
    }

    private Task<string> FingerprintAsync() => api.Host.ScalarAsync<string>(
        """
        select md5(concat(
          (select string_agg(w::text, '' order by id) from workflows w where tenant_id = $1),
          (select string_agg(w::text, '' order by id) from workspaces w where tenant_id = $1),
          (select string_agg(f::text, '' order by id) from folders f where tenant_id = $1),
          (select string_agg(j::text, '' order by id) from jobs j where tenant_id = $1),
          (select string_agg(e::text, '' order by id) from executions e where tenant_id = $1),
          (select string_agg(l::text, '' order by id) from dead_letters l where tenant_id = $1),
          (select string_agg(u::text, '' order by id) from users u where tenant_id = $1),
          (select string_agg(s::text, '' order by id) from secrets s where tenant_id = $1),
          (select string_agg(v::text, '' order by id) from variables v where tenant_id = $1),
          (select string_agg(c::text, '' order by id) from connectors c where tenant_id = $1),
          (select string_agg(c::text, '' order by id) from context_entries c where tenant_id = $1),
          (select string_agg(n::text, '' order by id) from node_definitions n where tenant_id = $1),
          (select string_agg(s::text, '' order by id) from user_sessions s where tenant_id = $1),
          (select string_agg(k.revoked_at::text, '' order by id) from api_keys k where tenant_id = $1)))
        """,
        api.Host.First.TenantId);

    private async Task<Dictionary<string, string>> CreateOneOfEachAsync(ApiClient owner)
    {
        var workflowId = await owner.CreatePublishedAsync();
        var workspace = (await owner.PostAsync("workspaces", new { name = Samples.Name("secret name") })).Ok(HttpStatusCode.Created);
        var folder = (await owner.PostAsync($"workspaces/{workspace.Id}/folders", new { name = "secret name" })).Ok(HttpStatusCode.Created);
        var job = (await owner.PostAsync($"folders/{folder.Id}/jobs", new { name = "secret name" })).Ok(HttpStatusCode.Created);
        var execution = (await owner.PostAsync($"workflows/{workflowId}/execute")).Ok(HttpStatusCode.Accepted);
        var stored = (await owner.PostAsync("events", new { specversion = "1.0", id = "1", source = "/secret name", type = "t" })).Ok(HttpStatusCode.Accepted);
        var user = (await owner.PostAsync(
            "users", new { email = "u@example.com", name = "secret name", password = "correct horse battery", roles = new[] { "viewer" } })).Ok(HttpStatusCode.Created);
        var login = (await owner.PostAsync("auth/login", new { email = "u@example.com", password = "correct horse battery" })).Ok();
        var secret = (await owner.PostAsync("secrets", new { name = "SECRET_NAME", value = "secret name" })).Ok(HttpStatusCode.Created);
        var variable = (await owner.PostAsync("variables", new { name = "v", value = "secret name" })).Ok(HttpStatusCode.Created);
        return new()
        {
            ["secretId"] = secret.Id.ToString(),
            ["variableId"] = variable.Id.ToString(),
            ["workflowId"] = workflowId.ToString(),
            ["workspaceId"] = workspace.Id.ToString(),
            ["folderId"] = folder.Id.ToString(),
            ["jobId"] = job.Id.ToString(),
            ["executionId"] = execution.Id.ToString(),
            ["eventId"] = stored.Data.GetProperty("events")[0].GetProperty("id").GetString()!,
            ["userId"] = user.Id.ToString(),
            ["sessionId"] = login.Data.GetProperty("sessionId").GetString()!,
            ["apiKeyId"] = (await owner.CreateKeyAsync("workflows.read")).Id.ToString(),
            ["deadLetterId"] = (await api.Host.ScalarAsync<Guid>(
                """
                insert into dead_letters (tenant_id, id, execution_id, workflow_id, error, created_at)
                select tenant_id, gen_random_uuid(), id, workflow_id, '{"message": "secret name"}', now() from executions where id = $1 returning id
                """, execution.Id)).ToString(),
            ["nodeId"] = "only",
            ["number"] = "1",
        };
    }

    // An API key has no session to log out of and no password.
    private static bool IsForUsersOnly(Route route) => route.Pattern.StartsWith("/api/v1/auth/", StringComparison.Ordinal);

    private static Task<Answer> CallAsync(ApiClient client, Route route, Func<string, string> value)
    {
        var path = string.Join('/', route.Pattern.Split('/').Select(part =>
            !part.StartsWith('{') ? part : part.Contains(":int", StringComparison.Ordinal) ? "1" : value(part.Trim('{', '}').Split(':')[0])));
        path = path.Length > 1 ? path.TrimEnd('/') : path;
        object? body = route.Method is "GET" or "DELETE" ? null
            : path.EndsWith("/bulk", StringComparison.Ordinal) ? new { executions = new[] { new { } } }
            : path.EndsWith("/folders", StringComparison.Ordinal) || path.EndsWith("/jobs", StringComparison.Ordinal) ? new { name = "x" }
            : new { };
        return client.SendAsync(new HttpMethod(route.Method), path, ApiClient.Json(body), ("If-Match", "*"));
    }

    private sealed record Route(string Method, string Pattern, Permission? Required, bool IsOpen);
}
