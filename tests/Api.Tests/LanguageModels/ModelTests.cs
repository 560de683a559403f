using System.Net;
using Workflows.Api.Tests.Host;
using Workflows.Provider;

namespace Workflows.Api.Tests.LanguageModels;

public sealed class ModelTests(ModelFixture api) : IClassFixture<ModelFixture>
{
    [Fact]
    public async Task A_model_is_registered_tested_and_knows_how_it_fared()
    {
        using var owner = api.Host.Owner();
        var model = await api.AddModelAsync(owner);

        var test = (await owner.PostAsync($"models/{model.Id}/test")).Ok().Data;
        var after = (await owner.GetAsync($"models/{model.Id}")).Ok().Data;
        api.Provider.Next(new ProviderAnswer { Status = 401, Text = "Wrong key sk-of-a-test." });
        var failed = (await owner.PostAsync($"models/{model.Id}/test")).Ok().Data;
        var last = (await owner.GetAsync($"models/{model.Id}")).Ok().Data;

        Assert.True(test.GetProperty("succeeded").GetBoolean());
        Assert.Contains("ready", test.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.True(after.GetProperty("checkSucceeded").GetBoolean());
        Assert.False(failed.GetProperty("succeeded").GetBoolean());
        Assert.StartsWith("MODEL_UNAUTHORIZED", failed.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("sk-of-a-test", failed.GetRawText(), StringComparison.Ordinal);
        Assert.False(last.GetProperty("checkSucceeded").GetBoolean());
        var calls = (await owner.GetAsync($"models/calls?model={model.Id}")).Ok().Data;
        Assert.Equal(["failed", "succeeded"], calls.EnumerateArray().Select(call => call.GetProperty("status").GetString()));
        var usage = (await owner.GetAsync("models/usage")).Ok().Data.EnumerateArray()
            .Single(row => row.GetProperty("modelId").GetGuid() == model.Id);
        Assert.Equal((2, 1), (usage.GetProperty("calls").GetInt32(), usage.GetProperty("failures").GetInt32()));
        Assert.Equal(
            calls.EnumerateArray().Sum(call => call.GetProperty("costUsd").GetDecimal()),
            usage.GetProperty("costUsd").GetDecimal());
    }

    [Fact]
    public async Task An_embedding_model_is_tested_by_a_vector()
    {
        using var owner = api.Host.Owner();
        var model = await api.AddModelAsync(owner, kind: "embedding");

        var test = (await owner.PostAsync($"models/{model.Id}/test")).Ok().Data;

        Assert.Equal("It answers vectors of 8 numbers.", test.GetProperty("message").GetString());
    }

    [Fact]
    public async Task One_model_of_a_kind_is_the_default()
    {
        using var owner = api.Host.Owner();
        var first = await api.AddModelAsync(owner, new { isDefault = true });
        var second = await api.AddModelAsync(owner);

        (await owner.PatchAsync($"models/{second.Id}", second.ETag, new { isDefault = true })).Ok();

        Assert.False((await owner.GetAsync($"models/{first.Id}")).Ok().Data.GetProperty("isDefault").GetBoolean());
        (await owner.PatchAsync($"models/{first.Id}", first.ETag, new { description = "x" }))
            .Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
    }

    [Fact]
    public async Task What_cannot_be_is_told_field_by_field()
    {
        using var owner = api.Host.Owner();
        var http = (await owner.PostAsync(
            "connectors", new { name = "plain", type = "http", config = new { baseUrl = "http://127.0.0.1:9/" } }))
            .Ok(HttpStatusCode.Created).Id;

        var wrong = (await owner.PostAsync("models", new
        {
            name = "a b", kind = "image", connectorId = http, model = "", inputPrice = -1, timeoutSeconds = 0,
            callsPerMinute = -1, metadata = new[] { 1 },
        })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        var fields = wrong.Json.GetProperty("error").GetProperty("details").EnumerateArray()
            .Select(detail => detail.GetProperty("pointer").GetString());
        (await owner.PostAsync("models", new { name = "x", kind = "chat", connectorId = http, model = "m" }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");

        Assert.Equal(
            ["/callsPerMinute", "/inputPrice", "/kind", "/metadata", "/model", "/name", "/timeoutSeconds"], fields.Order());
    }

    [Fact]
    public async Task A_model_that_published_workflows_ask_is_not_deleted()
    {
        using var owner = api.Host.Owner();
        var model = await api.AddModelAsync(owner);
        var name = model.Data.GetProperty("name").GetString();
        object Definition(string? named) => new
        {
            schema = 1, triggers = Array.Empty<object>(), edges = Array.Empty<object>(),
            nodes = new[] { new { id = "ask", type = "prompt", parameters = new { model = named, prompt = "Hello" } } },
        };
        var workflow = await owner.CreatePublishedAsync(Definition(name));

        var refused = (await owner.DeleteAsync($"models/{model.Id}", model.ETag)).Fails(HttpStatusCode.Conflict, "IN_USE");
        var unknown = (await owner.PostAsync("workflows", new { name = Samples.Name("w"), definition = Definition("nobody") }));

        Assert.Contains(workflow.ToString(), refused.Text, StringComparison.Ordinal);
        Assert.Contains("MODEL_UNKNOWN", unknown.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_viewer_sees_models_and_changes_none_and_a_connector_without_what_it_needs_is_refused()
    {
        using var owner = api.Host.Owner();
        var model = await api.AddModelAsync(owner);
        using var viewer = api.Host.Client(await owner.LogInNewUserAsync("viewer"));

        (await viewer.GetAsync("models")).Ok();
        (await viewer.PatchAsync($"models/{model.Id}", model.ETag, new { enabled = false }))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await viewer.PostAsync($"models/{model.Id}/test")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        var refused = (await owner.PostAsync(
            "connectors", new { name = "azure", type = "model", config = new { provider = "azure" } }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        Assert.Contains("/config/baseUrl", refused.Text, StringComparison.Ordinal);
        Assert.Contains("/config/apiKey", refused.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_budget_on_models_is_in_cents_and_may_be_a_workspaces()
    {
        using var owner = api.Host.Owner();
        var workspace = (await owner.PostAsync("workspaces", new { name = Samples.Name("ws") })).Ok(HttpStatusCode.Created).Id;

        var budget = (await owner.PostAsync("budgets", new
        {
            name = Samples.Name("b"), kind = "modelCost", period = "month", amount = 500, hardStop = true, workspaceId = workspace,
        })).Ok(HttpStatusCode.Created);

        Assert.Equal(workspace, budget.Data.GetProperty("workspaceId").GetGuid());
        (await owner.PostAsync("budgets", new
        {
            name = Samples.Name("b"), kind = "steps", period = "month", amount = 5, workspaceId = workspace,
        })).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync("budgets", new
        {
            name = Samples.Name("b"), kind = "modelCost", period = "month", amount = 5, workspaceId = Guid.CreateVersion7(),
        })).Fails(HttpStatusCode.NotFound, "WORKSPACE_NOT_FOUND");
        (await owner.DeleteAsync($"budgets/{budget.Id}", budget.ETag)).Ok();
    }
}
