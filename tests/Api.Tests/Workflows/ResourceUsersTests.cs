using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Workflows;

/// <summary>What published workflows need is not deleted under them; what only has the same name is nobody's
/// concern.</summary>
public sealed class ResourceUsersTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string Nowhere = "http://127.0.0.1:9/";

    [Fact]
    public async Task A_connector_that_a_published_workflow_calls_by_stays()
    {
        using var owner = api.Host.Owner();
        var connector = await ConnectorAsync(owner, "used-api");
        var workflow = await owner.CreateWorkflowAsync(
            Of(new { id = "n", type = "http", parameters = new { connector = "used-api", url = "/x" } }));
        await RefusedAfterPublishAsync(owner, $"connectors/{connector}", workflow.Id);
    }

    [Fact]
    public async Task A_connector_that_a_custom_node_calls_by_stays()
    {
        using var owner = api.Host.Owner();
        var connector = await ConnectorAsync(owner, "node-api");
        var node = (await owner.PostAsync("node-definitions", new
        {
            name = "by-connector",
            schema = new { type = "object" },
            implementation = new { type = "http", connector = "node-api", url = "/x" },
        })).Ok(HttpStatusCode.Created);

        var refused = (await owner.DeleteAsync($"connectors/{connector}", "*")).Fails(
            HttpStatusCode.Conflict, "IN_USE");
        Assert.Equal(
            $"{node.Id}",
            refused.Json.GetProperty("error").GetProperty("details")[0].GetProperty("pointer").GetString());

        (await owner.DeleteAsync($"node-definitions/{node.Id}", "*")).Ok();
        (await owner.DeleteAsync($"connectors/{connector}", "*")).Ok();
    }

    [Fact]
    public async Task A_custom_node_that_a_published_workflow_has_stays()
    {
        using var owner = api.Host.Owner();
        var node = (await owner.PostAsync("node-definitions", new
        {
            name = "used-node",
            schema = new { type = "object" },
            implementation = new { type = "http", url = Nowhere },
        })).Ok(HttpStatusCode.Created);
        var workflow = await owner.CreateWorkflowAsync(
            Of(new { id = "n", type = "custom:used-node", parameters = new { } }));
        await RefusedAfterPublishAsync(owner, $"node-definitions/{node.Id}", workflow.Id);
    }

    [Fact]
    public async Task A_secret_that_a_published_workflow_reads_or_checks_calls_by_stays()
    {
        using var owner = api.Host.Owner();
        var read =
            new
            {
                id = "n", type = "http",
                parameters = new { url = Nowhere, headers = new { a = "{{ secrets.USED_READ }}" } }
            };
        var hook = new { id = "h", type = "webhook", path = "users/of-secret", auth = "hmac", secret = "USED_HOOK" };
        var wait = new
        {
            id = "n",
            type = "waitForWebhook",
            parameters = new { signature = "standard", secret = "USED_WAIT" },
        };
        foreach (var (name, definition) in new (string, object)[]
        {
            ("USED_READ", Of(read)),
            ("USED_HOOK", new
            {
                schema = 1,
                triggers = new[] { hook },
                nodes = new[] { new { id = "n", type = "noop" } },
                edges = Array.Empty<object>(),
            }),
            ("USED_WAIT", Of(wait)),
        })
        {
            var secret = (await owner.PostAsync("secrets", new { name, value = "v" })).Ok(HttpStatusCode.Created);
            var workflow = await owner.CreateWorkflowAsync(definition);
            await RefusedAfterPublishAsync(owner, $"secrets/{secret.Id}", workflow.Id);
        }
    }

    [Fact]
    public async Task A_name_within_text_or_with_another_tenant_is_no_use()
    {
        using var owner = api.Host.Owner();
        using var stranger = api.Host.Client((await api.Host.CreateTenantAsync("users-stranger")).ApiKey);
        await stranger.PostAsync(
            "connectors",
            new { name = "shared-name", type = "http", config = new { baseUrl = Nowhere } });
        var foreign = await stranger.CreateWorkflowAsync(
            Of(new { id = "n", type = "http", parameters = new { connector = "shared-name", url = "/x" } }));
        (await stranger.PostAsync($"workflows/{foreign.Id}/publish")).Ok();
        var connector = await ConnectorAsync(owner, "shared-name");
        await owner.CreatePublishedAsync(
            Of(new { id = "n", type = "set", parameters = new { value = "shared-name" } }));

        (await owner.DeleteAsync($"connectors/{connector}", "*")).Ok();
    }

    private static async Task RefusedAfterPublishAsync(ApiClient owner, string resource, Guid workflow)
    {
        (await owner.PostAsync($"workflows/{workflow}/publish")).Ok();

        var refused = (await owner.DeleteAsync(resource, "*")).Fails(HttpStatusCode.Conflict, "IN_USE");

        var detail = Assert.Single(refused.Json.GetProperty("error").GetProperty("details").EnumerateArray());
        Assert.Equal(
            ($"{workflow}", "WORKFLOW"),
            (detail.GetProperty("pointer").GetString(), detail.GetProperty("code").GetString()));
        (await owner.DeleteAsync($"workflows/{workflow}", "*")).Ok();
        (await owner.DeleteAsync(resource, "*")).Ok();
    }

    private static async Task<Guid> ConnectorAsync(ApiClient owner, string name) =>
        (await owner.PostAsync(
            "connectors",
            new { name, type = "http", config = new { baseUrl = Nowhere } })).Ok(HttpStatusCode.Created).Id;

    private static object Of(object node) => new { schema = 1, nodes = new[] { node }, edges = Array.Empty<object>() };
}
