using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Context;

public sealed class ContextTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Entries_are_listed_by_scope_and_prefix_in_the_order_of_their_keys()
    {
        using var owner = api.Host.Owner();
        var workflow = (await owner.CreateWorkflowAsync()).Id;
        foreach (var key in new[] { "b", "a:2", "a:1" })
        {
            (await owner.PostAsync("context", new { key, value = key, scope = "workflow", scopeId = workflow })).Ok(HttpStatusCode.Created);
        }

        var page = (await owner.GetAsync($"context?scope=workflow&scope_id={workflow}&prefix=a&per_page=1")).Ok();
        var next = (await owner.GetAsync($"context?scope=workflow&scope_id={workflow}&prefix=a&per_page=1&cursor={page.Pagination.GetProperty("nextCursor").GetString()}")).Ok();

        Assert.Equal(("a:1", "a:2"), (page.Data[0].GetProperty("key").GetString(), next.Data[0].GetProperty("key").GetString()));
        Assert.False(next.Pagination.GetProperty("hasMore").GetBoolean());
        Assert.Equal(0, (await owner.GetAsync("context?prefix=a:")).Ok().Data.GetArrayLength());
    }

    [Fact]
    public async Task An_entry_is_changed_under_its_version_and_one_past_its_time_is_not_there()
    {
        using var owner = api.Host.Owner();
        var entry = (await owner.PostAsync("context", new { key = "k", value = 1 })).Ok(HttpStatusCode.Created);
        (await owner.PostAsync("context", new { key = "k", value = 2 })).Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
        var changed = (await owner.PatchAsync($"context/{entry.Id}", entry.ETag, new { value = new { n = 2 } })).Ok();
        (await owner.PatchAsync($"context/{entry.Id}", entry.ETag, new { value = 3 })).Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        Assert.Equal(2, changed.Data.GetProperty("value").GetProperty("n").GetInt32());

        await api.Host.ExecuteAsync("update context_entries set expires_at = now() - interval '1 second' where id = $1", entry.Id);
        (await owner.GetAsync($"context/{entry.Id}")).Fails(HttpStatusCode.NotFound, "CONTEXT_ENTRY_NOT_FOUND");
        (await owner.PostAsync("context", new { key = "k", value = 4 })).Ok(HttpStatusCode.Created);
    }

    [Theory]
    [InlineData("""{"key": "", "value": 1}""")]
    [InlineData("""{"key": "k", "value": 1, "scope": "galaxy"}""")]
    [InlineData("""{"key": "k", "value": 1, "scope": "workflow"}""")]
    [InlineData("""{"key": "k", "value": 1, "scope": "workflow", "scopeId": "01890000-0000-7000-8000-000000000001"}""")]
    [InlineData("""{"key": "k", "value": 1, "expiresAt": "2001-01-01T00:00:00Z"}""")]
    public async Task An_entry_of_nothing_that_exists_is_refused(string body)
    {
        using var owner = api.Host.Owner();

        (await owner.PostAsync("context", body)).Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task Node_types_come_with_ports_parameters_and_schema()
    {
        using var owner = api.Host.Owner();

        var types = (await owner.GetAsync("node-types")).Ok().Data.EnumerateArray().ToList();
        var sql = (await owner.GetAsync("node-types/sql")).Ok().Data;

        Assert.Equal(Engine.Nodes.NodeCatalogue.Names, types.Select(type => type.GetProperty("name").GetString()));
        Assert.Equal("object", sql.GetProperty("schema").GetProperty("type").GetString());
        Assert.Contains("statement", sql.GetProperty("schema").GetProperty("required").EnumerateArray().Select(name => name.GetString()));
        (await owner.GetAsync("node-types/nothing")).Fails(HttpStatusCode.NotFound, "NODE_NOT_FOUND");
    }
}
