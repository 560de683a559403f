using System.Net;
using System.Text;
using System.Text.Json;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Workflows;

public sealed class TestEndpointTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private static readonly object Chain = new
    {
        schema = 1,
        parameters = new { type = "object", required = new[] { "n" } },
        nodes = new object[]
        {
            new { id = "a", type = "set", parameters = new { value = "{{ input.n }}" } },
            new { id = "b", type = "set", parameters = new { value = "{{ steps.a.output + 1 }}" } },
            new { id = "end", type = "fail" },
        },
        edges = new object[] { new { from = "a", to = "b" }, new { from = "b", to = "end" } },
    };

    [Fact]
    public async Task Pins_are_one_set_of_a_workflow_changed_under_its_version()
    {
        using var owner = api.Host.Owner();
        var (ada, eve) = (await api.Host.AddPersonAsync("editor"), await api.Host.AddPersonAsync("viewer"));
        var path = $"workflows/{(await owner.CreateWorkflowAsync()).Id}/pins";
        var none = (await ada.Client.GetAsync(path)).Ok();
        Assert.Equal(("{}", "\"0\""), (none.Data.GetProperty("pins").GetRawText(), none.ETag));

        (await PutAsync(ada.Client, path, """{"pins": {"a": null}}""", null))
            .Fails(HttpStatusCode.PreconditionRequired, "PRECONDITION_REQUIRED");
        var first = (await PutAsync(ada.Client, path, """{"pins": {"a": {"x": [1]}, "b": null}}""", "\"0\"")).Ok();

        Assert.Equal("\"1\"", first.ETag);
        Assert.Equal("""{"a":{"x":[1]},"b":null}""", (await eve.Client.GetAsync(path))
            .Ok().Data.GetProperty("pins").GetRawText());
        (await PutAsync(ada.Client, path, """{"pins": {}}""", "\"0\""))
            .Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        (await PutAsync(eve.Client, path, """{"pins": {}}""", "*")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        var big = new string('x', Engine.Limits.StepOutputBytes);
        (await PutAsync(ada.Client, path, $$$"""{"pins": {"a": "{{{big}}}"} }""", "*"))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await PutAsync(ada.Client, path, """{"pins": {"a": "\u0000"}}""", "*"))
            .Fails(HttpStatusCode.BadRequest, "INVALID_JSON");
        Assert.Equal("\"2\"", (await PutAsync(ada.Client, path, """{"pins": {}}""", "\"1\"")).Ok().ETag);
    }

    [Fact]
    public async Task A_test_is_accepted_with_its_definition_plan_and_the_pins_that_fit()
    {
        using var owner = api.Host.Owner();
        var id = (await owner.CreateWorkflowAsync()).Id;
        (await PutAsync(owner, $"workflows/{id}/pins", """{"pins": {"a": 1, "b": 2, "gone": 3}}""", "*")).Ok();

        var test = (await owner.PostAsync($"workflows/{id}/test", new
        {
            definition = Chain, input = new { n = 5 }, upTo = "b", pins = new { b = 22 }, effects = true,
        })).Ok(HttpStatusCode.Accepted);

        Assert.Equal(("test", "inline", "queued"), (Text(test, "mode"), Text(test, "source"), Text(test, "status")));
        var plan = JsonSerializer.Deserialize<JsonElement>(
            await api.Host.ScalarAsync<string>("select plan::text from test_runs where execution_id = $1", test.Id));
        Assert.Equal("b", plan.GetProperty("upTo").GetString());
        Assert.True(plan.GetProperty("effects").GetBoolean());
        Assert.Equal("""{"a":1,"b":22}""", plan.GetProperty("pins").GetRawText().Replace(" ", "",
            StringComparison.Ordinal));
        Assert.Equal("test/0/queued", await api.Host.ScalarAsync<string>(
            "select trigger_type || '/' || version || '/' || status from executions where id = $1", test.Id));
        var view = (await owner.GetAsync($"executions/{test.Id}")).Ok().Data;
        Assert.Equal("test", view.GetProperty("mode").GetString());
        var definition = (await owner.GetAsync($"executions/{test.Id}/definition")).Ok().Data;
        Assert.Equal(3, definition.GetProperty("definition").GetProperty("nodes").GetArrayLength());
    }

    [Fact]
    public async Task It_tests_what_the_source_says()
    {
        using var owner = api.Host.Owner();
        var ada = await api.Host.AddPersonAsync("editor");
        var created = await owner.CreateWorkflowAsync();
        var path = $"workflows/{created.Id}/test";
        (await owner.PatchAsync($"workflows/{created.Id}", created.ETag,
            new { definition = Samples.Definition(eventType: "second") })).Ok();
        async Task<string> SourceAsync(string body)
        {
            var answer = (await ada.Client.PostAsync(path, body)).Ok(HttpStatusCode.Accepted);
            return $"{Text(answer, "source")} {answer.Data.GetProperty("baseVersion")}";
        }

        Assert.Equal("draft 2", await SourceAsync("{}"));
        Assert.Equal("draft 2", await SourceAsync("""{"source": "draft"}"""));
        Assert.Equal("version 1", await SourceAsync("""{"source": 1}"""));
        (await ada.Client.PostAsync(path, """{"source": 3}"""))
            .Fails(HttpStatusCode.NotFound, "WORKFLOW_VERSION_NOT_FOUND");
        (await ada.Client.PostAsync(path, """{"source": "published"}"""))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await ada.Client.PostAsync(path, """{"source": "working-copy"}"""))
            .Fails(HttpStatusCode.NotFound, "WORKING_COPY_NOT_FOUND");
        (await PutAsync(ada.Client, $"workflows/{created.Id}/working-copy",
            """{"definition": {"schema": 1, "nodes": 5}, "baseVersion": 1}""", null)).Ok();
        var invalid = (await ada.Client.PostAsync(path, """{"source": "working-copy"}"""))
            .Fails(HttpStatusCode.UnprocessableEntity, "DEFINITION_INVALID");
        Assert.Equal("/nodes",
            invalid.Json.GetProperty("error").GetProperty("details")[0].GetProperty("pointer").GetString());
        (await PutAsync(
            ada.Client, $"workflows/{created.Id}/working-copy",
            """{"definition": {"schema": 1, "nodes": [{"id": "n", "type": "noop"}], "edges": []}, "baseVersion": 1}""",
            "*")).Ok();
        Assert.Equal("working-copy 1", await SourceAsync("""{"source": "working-copy"}"""));
    }

    [Fact]
    public async Task What_cannot_be_tested_is_refused_with_all_that_is_wrong()
    {
        using var owner = api.Host.Owner();
        var path = $"workflows/{(await owner.CreateWorkflowAsync()).Id}/test";
        var broken = new
        {
            schema = 1, nodes = new object[] { new { id = "x", type = "nope" }, new { id = "y",
            type = "set" } }, edges = Array.Empty<object>()
        };

        var invalid = (await owner.PostAsync(path, new { definition = broken }))
            .Fails(HttpStatusCode.UnprocessableEntity, "DEFINITION_INVALID");
        Assert.Equal(
            ["/definition/nodes/0/type", "/definition/nodes/1/parameters/value"],
            invalid.Json.GetProperty("error").GetProperty("details").EnumerateArray().Select(detail =>
                detail.GetProperty("pointer").GetString()));
        (await owner.PostAsync(path, new { definition = Chain }))
            .Fails(HttpStatusCode.UnprocessableEntity, "INPUT_INVALID");
        (await owner.PostAsync(path, new { definition = Chain, input = new { n = 1 }, upTo = "zz" }))
            .Fails(HttpStatusCode.NotFound, "NODE_NOT_FOUND");
        (await owner.PostAsync(path, new { definition = Chain, input = new { n = 1 }, upTo = "a", only = "b" }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync(path, new { definition = Chain, input = new { n = 1 }, pins = new { zz = 1 } }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync(path, new { definition = Chain, input = new { n = 1 }, pins = new { end = 1 } }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        (await owner.PostAsync(path, new { definition = Chain, source = "draft", input = new { n = 1 } }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        using var writer = api.Host.Client((await owner.CreateKeyAsync("workflows.write")).Key);
        (await writer.PostAsync(path)).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        Assert.Equal(0L, await api.Host.ScalarAsync<long>("select count(*) from test_runs where workflow_id = $1",
            Guid.Parse(path.Split('/')[1])));
    }

    [Fact]
    public async Task Lists_show_tests_only_to_who_asks_for_them()
    {
        using var owner = api.Host.Owner();
        var id = await owner.CreatePublishedAsync();
        var run = (await owner.PostAsync($"workflows/{id}/execute")).Ok(HttpStatusCode.Accepted).Id;
        var test = (await owner.PostAsync($"workflows/{id}/test")).Ok(HttpStatusCode.Accepted).Id;
        var failed = (await owner.PostAsync($"workflows/{id}/test")).Ok(HttpStatusCode.Accepted).Id;
        await api.Host.ExecuteAsync(
            """update executions set status = 'failed', error = '{"code": "X"}', finished_at = now() where id = $1""",
                failed);
        async Task<List<Guid>> IdsAsync(string query) =>
            [.. (await owner.GetAsync($"executions?{query}"))
                .Ok().Data.EnumerateArray().Select(row => row.GetProperty("id").GetGuid())];

        Assert.Equal([run], await IdsAsync($"workflow={id}"));
        Assert.Equal([failed, test], await IdsAsync($"workflow={id}&test=true"));
        Assert.Equal([failed], await IdsAsync($"workflow={id}&test=true&status=failed"));
        Assert.DoesNotContain(failed, await IdsAsync("status=unsuccessful"));
        Assert.DoesNotContain(failed, await IdsAsync("error_code=X"));
        Assert.DoesNotContain(test, await IdsAsync("status=queued"));
        Assert.Contains(test, await IdsAsync("test=true"));
        Assert.Equal(1, (await owner.GetAsync($"executions?workflow={id}&include_total=true"))
            .Ok().Pagination.GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task A_tenant_has_so_many_tests_at_the_same_time_and_the_same_request_starts_one()
    {
        using var owner = api.Host.Client((await api.Host.CreateTenantAsync(Samples.Name("tests").Replace(' ',
            '-'))).ApiKey);
        var id = (await owner.CreateWorkflowAsync()).Id;
        var first = (await owner.PostAsync($"workflows/{id}/test", null, ("Idempotency-Key", "one")))
            .Ok(HttpStatusCode.Accepted);
        var again = (await owner.PostAsync($"workflows/{id}/test", null, ("Idempotency-Key", "one")))
            .Ok(HttpStatusCode.Accepted);
        Assert.Equal(first.Id, again.Id);
        for (var count = 1; count < Limits.TestsAtOnce; count++)
        {
            (await owner.PostAsync($"workflows/{id}/test")).Ok(HttpStatusCode.Accepted);
        }

        (await owner.PostAsync($"workflows/{id}/test")).Fails(HttpStatusCode.Conflict, "LIMIT_REACHED");
        await api.Host.ExecuteAsync("update executions set status = 'completed', finished_at = now() where id = $1",
            first.Id);
        (await owner.PostAsync($"workflows/{id}/test")).Ok(HttpStatusCode.Accepted);
    }

    private static string? Text(Answer answer, string name) => answer.Data.GetProperty(name).GetString();

    private static Task<Answer> PutAsync(ApiClient client, string path, string json, string? etag)
    {
        var content = new StringContent(json, Encoding.UTF8, "application/json");
        return etag is null
            ? client.SendAsync(HttpMethod.Put, path, content)
            : client.SendAsync(HttpMethod.Put, path, content, ("If-Match", etag));
    }
}
