using System.Net;
using Workflows.Api.Tests.Host;
using Workflows.Testing;

namespace Workflows.Api.Tests.NodeDefinitions;

/// <summary>Custom nodes, and that definitions name nothing that the tenant does not have.</summary>
public sealed class NodeDefinitionTests(NodeDefinitionFixture api) : IClassFixture<NodeDefinitionFixture>
{
    private static readonly object Schema = new
    {
        type = "object",
        properties = new { customer = new { type = "string", description = "Whom to greet." } },
        required = new[] { "customer" },
        additionalProperties = false,
    };

    [Fact]
    public async Task A_custom_node_is_made_listed_used_changed_and_deleted()
    {
        using var owner = api.Host.Owner();
        var created = (await CreateAsync(owner, "greet")).Ok(HttpStatusCode.Created);
        Assert.Equal("custom:greet", created.Data.GetProperty("type").GetString());
        var workflow = await owner.CreatePublishedAsync(Definition("custom:greet", new { customer = "Ada" }));

        var shown = (await owner.GetAsync("node-types/custom:greet")).Ok().Data;
        Assert.Contains("custom:greet", (await owner.GetAsync("node-types?category=custom")).Ok().Data.EnumerateArray().Select(type => type.GetProperty("name").GetString()));
        Assert.Equal(("customer", "text", true), (
            shown.GetProperty("parameters")[0].GetProperty("name").GetString(),
            shown.GetProperty("parameters")[0].GetProperty("kind").GetString(),
            shown.GetProperty("parameters")[0].GetProperty("required").GetBoolean()));

        var path = $"node-definitions/{created.Id}";
        (await owner.PatchAsync(path, "\"99\"", new { description = "x" })).Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        var changed = (await owner.PatchAsync(path, created.ETag, new { description = "Greets." })).Ok();
        Assert.Equal("Greets.", (await owner.GetAsync(path)).Ok().Data.GetProperty("description").GetString());
        (await CreateAsync(owner, "greet")).Fails(HttpStatusCode.Conflict, "NAME_TAKEN");

        (await owner.DeleteAsync(path, changed.ETag)).Fails(HttpStatusCode.Conflict, "IN_USE");
        (await owner.DeleteAsync($"workflows/{workflow}", "*")).Ok();
        (await owner.DeleteAsync(path, changed.ETag)).Ok();
        (await owner.GetAsync(path)).Fails(HttpStatusCode.NotFound, "NODE_DEFINITION_NOT_FOUND");
        (await owner.GetAsync("node-types/custom:greet")).Fails(HttpStatusCode.NotFound, "NODE_NOT_FOUND");
    }

    [Theory]
    [InlineData("""{"name": "Bad name", "schema": {}, "implementation": {"type": "http", "url": "http://x"}}""", "/name")]
    [InlineData("""{"name": "a", "schema": {"type": "number?"}, "implementation": {"type": "http", "url": "http://x"}}""", "/schema/type")]
    [InlineData("""{"name": "a", "schema": {}, "implementation": {"type": "http"}}""", "/implementation/url")]
    [InlineData("""{"name": "a", "schema": {}, "implementation": {"type": "http", "url": "http://x", "secret": 1}}""", "/implementation/secret")]
    [InlineData("""{"name": "a", "schema": {}, "implementation": {"type": "http", "url": "/x", "connector": "missing"}}""", "/implementation/connector")]
    [InlineData("""{"name": "a", "schema": {}, "implementation": {"type": "http", "url": "http://x", "headers": {"a": "{{ secrets.TOKEN }}"}}}""", "/implementation/headers")]
    [InlineData("""{"name": "a", "schema": {}, "implementation": {"type": "script", "script": "w"}}""", "/implementation/type")]
    [InlineData("""{"name": "a", "schema": {}, "implementation": {"type": "workflow", "workflow": "w", "mode": "fire"}}""", "/implementation/mode")]
    [InlineData("""{"name": "a", "schema": {}, "implementation": {}}""", "/implementation/type")]
    public async Task A_custom_node_that_cannot_work_is_refused(string body, string at)
    {
        using var owner = api.Host.Owner();

        var answer = await owner.PostAsync("node-definitions", body);

        Assert.True((int)answer.Status is 400 or 422, answer.Text);
        Assert.Contains(at, answer.Json.GetProperty("error").GetProperty("details").EnumerateArray().Select(detail => detail.GetProperty("pointer").GetString()));
    }

    [Fact]
    public async Task A_custom_node_may_run_a_workflow_which_it_names_by_its_id()
    {
        using var owner = api.Host.Owner();
        var name = Samples.Name("Check address");
        var workflow = (await owner.PostAsync("workflows", new { name, definition = Samples.Definition() })).Ok(HttpStatusCode.Created).Id;
        (await owner.PostAsync($"workflows/{workflow}/publish")).Ok();

        var created = (await RunningAsync(owner, "check-it", name.ToUpperInvariant())).Ok(HttpStatusCode.Created);

        Assert.Equal(workflow.ToString(), created.Data.GetProperty("implementation").GetProperty("workflow").GetString());
        Assert.Equal("wait", (await owner.GetAsync("node-types/custom:check-it")).Ok().Data.GetProperty("effect").GetString());
        var user = await owner.CreateWorkflowAsync(Definition("custom:check-it", new { customer = "ada" }));
        (await owner.PostAsync($"workflows/{user.Id}/publish")).Ok();
    }

    [Fact]
    public async Task A_custom_node_that_names_no_workflow_it_could_run_is_refused()
    {
        using var owner = api.Host.Owner();
        using var stranger = api.Host.Client((await api.Host.CreateTenantAsync("strangers-of-nodes")).ApiKey);
        var name = Samples.Name("Twice");
        var published = await owner.CreatePublishedAsync();
        var theirs = await stranger.CreatePublishedAsync();
        var draft = (await owner.PostAsync("workflows", new { name = Samples.Name("draft"), definition = Samples.Definition() })).Ok(HttpStatusCode.Created).Id;
        var deleted = await owner.CreatePublishedAsync();
        (await owner.DeleteAsync($"workflows/{deleted}", (await owner.GetAsync($"workflows/{deleted}")).ETag)).Ok();

        foreach (var workflow in new[] { "nowhere", Guid.CreateVersion7().ToString(), theirs.ToString(), draft.ToString(), deleted.ToString() })
        {
            var refused = await RunningAsync(owner, "run-it", workflow);
            refused.Fails((HttpStatusCode)422, "DEFINITION_INVALID");
            var detail = refused.Json.GetProperty("error").GetProperty("details")[0];
            Assert.Equal(("/implementation/workflow", "WORKFLOW_UNKNOWN"), (detail.GetProperty("pointer").GetString(), detail.GetProperty("code").GetString()));
        }

        var made = (await RunningAsync(owner, "run-it", published.ToString())).Ok(HttpStatusCode.Created);
        (await owner.PatchAsync($"node-definitions/{made.Id}", made.ETag, new { implementation = new { type = "workflow", workflow = draft } }))
            .Fails((HttpStatusCode)422, "DEFINITION_INVALID");
    }

    [Fact]
    public async Task Constant_parameters_that_break_its_schema_are_problems_of_the_workflow()
    {
        using var owner = api.Host.Owner();
        (await CreateAsync(owner, "greet-well")).Ok(HttpStatusCode.Created);
        var definition = Definition("custom:greet-well", new { customer = 5, other = true });

        var validated = (await owner.PostAsync("workflows/validate", new { definition })).Ok().Data;
        Assert.Equal(
            ["PARAMETER_TYPE /nodes/0/parameters/customer", "PARAMETER_UNKNOWN /nodes/0/parameters/other"],
            validated.GetProperty("problems").EnumerateArray().Select(problem => $"{problem.GetProperty("code").GetString()} {problem.GetProperty("pointer").GetString()}"));
        var refused = await owner.PostAsync("workflows", new { name = Samples.Name("workflow"), definition });
        refused.Fails((HttpStatusCode)422, "DEFINITION_INVALID");
        Assert.Equal("/definition/nodes/0/parameters/customer", refused.Json.GetProperty("error").GetProperty("details")[0].GetProperty("pointer").GetString());

        var saved = await owner.CreateWorkflowAsync(Definition("custom:greet-well", new { customer = "{{ input.n }}" }));
        (await owner.PatchAsync($"workflows/{saved.Id}/nodes/only", saved.ETag, new { parameters = new { customer = 5 } })).Fails((HttpStatusCode)422, "DEFINITION_INVALID");
    }

    [Fact]
    public async Task A_version_keeps_the_custom_nodes_it_was_saved_with()
    {
        using var owner = api.Host.Owner();
        var node = (await CreateAsync(owner, "greet-once")).Ok(HttpStatusCode.Created);
        var saved = await owner.CreateWorkflowAsync(Definition("custom:greet-once", new { customer = "ada" }));
        var stricter = new { type = "object", properties = new { customer = new { type = "string", minLength = 10 } } };
        var changed = (await owner.PatchAsync($"node-definitions/{node.Id}", node.ETag, new { schema = stricter })).Ok();

        (await owner.PostAsync($"workflows/{saved.Id}/publish")).Ok(); // as it was saved
        var refused = await owner.PatchAsync($"workflows/{saved.Id}/nodes/only", (await owner.GetAsync($"workflows/{saved.Id}")).ETag, new { name = "Greeting" });
        refused.Fails((HttpStatusCode)422, "DEFINITION_INVALID"); // a version of its own
        var longer = (await owner.PatchAsync(
            $"workflows/{saved.Id}/nodes/only", (await owner.GetAsync($"workflows/{saved.Id}")).ETag, new { parameters = new { customer = "ada lovelace" } })).Ok();
        Assert.Equal(2, longer.Data.GetProperty("draftVersion").GetInt32());
        (await owner.PostAsync($"workflows/{saved.Id}/versions/1/restore")).Ok(HttpStatusCode.Created);

        Assert.Equal((1, 2, 1), (await KeptAsync(1), await KeptAsync(2), await KeptAsync(3)));
        (await owner.DeleteAsync($"node-definitions/{node.Id}", changed.ETag)).Fails(HttpStatusCode.Conflict, "IN_USE");
        await api.Host.ExecuteAsync("delete from node_definitions where id = $1", Guid.Parse($"{node.Id}"));
        Assert.Equal(2, await KeptAsync(2));
        (await owner.PostAsync($"workflows/{saved.Id}/publish", new { version = 2 })).Fails((HttpStatusCode)422, "DEFINITION_INVALID");
        (await owner.PostAsync($"workflows/{saved.Id}/versions/1/restore")).Fails((HttpStatusCode)422, "DEFINITION_INVALID");

        async Task<int> KeptAsync(int number) =>
            (await owner.GetAsync($"workflows/{saved.Id}/versions/{number}")).Ok().Data.GetProperty("customNodes").GetProperty("greet-once").GetInt32();
    }

    [Fact]
    public async Task A_definition_that_names_what_is_not_there_is_not_saved()
    {
        using var owner = api.Host.Owner();
        (await CreateAsync(owner, "notify-crm")).Ok(HttpStatusCode.Created);
        var connector = (await owner.PostAsync("connectors", new { name = "billing", type = "http", config = new { baseUrl = "http://127.0.0.1:9/" } })).Ok(HttpStatusCode.Created);
        var good = Definition("http", new { connector = "billing", url = "/x" });

        var wrongConnector = Definition("http", new { connector = "biling", url = "/x" });
        var wrongNode = Definition("custom:notify-cmr", new { });
        foreach (var (definition, code, at, hint) in new[]
        {
            (wrongConnector, "CONNECTOR_UNKNOWN", "/nodes/0/parameters/connector", "Did you mean 'billing'?"),
            (wrongNode, "NODE_TYPE_UNKNOWN", "/nodes/0/type", "Did you mean 'notify-crm'?"),
        })
        {
            var validated = (await owner.PostAsync("workflows/validate", new { definition })).Ok().Data;
            Assert.False(validated.GetProperty("valid").GetBoolean());
            var problem = Assert.Single(validated.GetProperty("problems").EnumerateArray());
            Assert.Equal((code, at, hint), (problem.GetProperty("code").GetString(), problem.GetProperty("pointer").GetString(), problem.GetProperty("hint").GetString()));
            var refused = await owner.PostAsync("workflows", new { name = Samples.Name("workflow"), definition });
            Assert.Equal("DEFINITION_INVALID", refused.Json.GetProperty("error").GetProperty("code").GetString());
            Assert.Equal("/definition" + at, refused.Json.GetProperty("error").GetProperty("details")[0].GetProperty("pointer").GetString());
        }

        var saved = await owner.CreateWorkflowAsync(good);
        (await owner.PatchAsync($"workflows/{saved.Id}/nodes/only", saved.ETag, new { parameters = new { connector = "biling" } }))
            .Fails((HttpStatusCode)422, "DEFINITION_INVALID");
        (await owner.DeleteAsync($"connectors/{connector.Id}", connector.ETag)).Ok();
        (await owner.PostAsync($"workflows/{saved.Id}/publish")).Fails((HttpStatusCode)422, "DEFINITION_INVALID");
    }

    [Fact]
    public async Task An_editor_uses_custom_nodes_and_does_not_make_them()
    {
        using var owner = api.Host.Owner();
        var id = (await CreateAsync(owner, "for-all")).Ok(HttpStatusCode.Created).Id;
        using var editor = api.Host.Client(await owner.LogInNewUserAsync("editor"));

        (await editor.GetAsync($"node-definitions/{id}")).Ok();
        (await CreateAsync(editor, "of-mine")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    private static Task<Answer> CreateAsync(ApiClient client, string name) => client.PostAsync(
        "node-definitions",
        new { name, schema = Schema, implementation = new { type = "http", method = "post", url = "http://127.0.0.1:9/", body = new { to = "{{ input.customer }}" } } });

    private static Task<Answer> RunningAsync(ApiClient client, string name, string workflow) =>
        client.PostAsync("node-definitions", new { name, schema = Schema, implementation = new { type = "workflow", workflow } });

    private static object Definition(string type, object parameters) => new { schema = 1, nodes = new object[] { new { id = "only", type, parameters } } };
}

public sealed class NodeDefinitionFixture(PostgresServer postgres, RedisServer redis) : ApiFixture(postgres, redis);
