using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Workflows;

public sealed class WorkflowTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_change_needs_the_version_it_was_made_on()
    {
        using var owner = api.Host.Owner();
        var created = await owner.CreateWorkflowAsync();
        var path = $"workflows/{created.Id}";

        (await owner.SendAsync(HttpMethod.Patch, path, ApiClient.Json(new { name = "x" }))).Fails(HttpStatusCode.PreconditionRequired, "PRECONDITION_REQUIRED");
        var changed = (await owner.PatchAsync(path, created.ETag, new { description = "changed" })).Ok();
        (await owner.PatchAsync(path, created.ETag, new { description = "too late" })).Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");

        Assert.NotEqual(created.ETag, changed.ETag);
        Assert.Equal(changed.ETag, (await owner.GetAsync(path)).Ok().ETag);
        Assert.Equal("changed", (await owner.GetAsync(path)).Data.GetProperty("description").GetString());
    }

    [Fact]
    public async Task Of_concurrent_changes_of_one_version_one_succeeds()
    {
        using var owner = api.Host.Owner();
        var created = await owner.CreateWorkflowAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(
            index => owner.PatchAsync($"workflows/{created.Id}", created.ETag, new { description = $"{index}" })));

        Assert.Equal(1, answers.Count(answer => answer.Status == HttpStatusCode.OK));
        Assert.All(answers.Where(answer => answer.Status != HttpStatusCode.OK), answer => answer.Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT"));
    }

    [Fact]
    public async Task Each_definition_is_a_version_and_an_old_one_can_be_restored()
    {
        using var owner = api.Host.Owner();
        var created = await owner.CreateWorkflowAsync();
        var second = new { schema = 1, nodes = new object[] { new { id = "other", type = "noop" } }, edges = Array.Empty<object>() };
        var changed = (await owner.PatchAsync($"workflows/{created.Id}", created.ETag, new { definition = second, comment = "another node" })).Ok();
        Assert.Equal(2, changed.Data.GetProperty("draftVersion").GetInt32());

        var restored = (await owner.PostAsync($"workflows/{created.Id}/versions/1/restore")).Ok(HttpStatusCode.Created);

        Assert.Equal(3, restored.Data.GetProperty("number").GetInt32());
        Assert.Equal("only", (await owner.GetAsync($"workflows/{created.Id}")).Data.GetProperty("definition").GetProperty("nodes")[0].GetProperty("id").GetString());
        var versions = (await owner.GetAsync($"workflows/{created.Id}/versions")).Ok().Data.EnumerateArray().ToList();
        Assert.Equal([3, 2, 1], versions.Select(version => version.GetProperty("number").GetInt32()));
        Assert.Equal(["restore", "update", "create"], versions.Select(version => version.GetProperty("changeType").GetString()));
        Assert.Equal("other", (await owner.GetAsync($"workflows/{created.Id}/versions/2")).Data.GetProperty("definition").GetProperty("nodes")[0].GetProperty("id").GetString());
        (await owner.GetAsync($"workflows/{created.Id}/versions/4")).Fails(HttpStatusCode.NotFound, "WORKFLOW_VERSION_NOT_FOUND");
        (await owner.PostAsync($"workflows/{created.Id}/versions/9/restore")).Fails(HttpStatusCode.NotFound, "WORKFLOW_VERSION_NOT_FOUND");
    }

    [Fact]
    public async Task A_definition_that_cannot_run_is_refused_with_every_problem_and_its_place()
    {
        using var owner = api.Host.Owner();
        var broken = new
        {
            schema = 1,
            nodes = new object[] { new { id = "a", type = "nop" }, new { id = "b", type = "noop", wrong = 1 } },
            edges = new object[] { new { from = "a", to = "nowhere" } },
        };

        var refused = (await owner.PostAsync("workflows", new { name = "broken", definition = broken })).Fails(HttpStatusCode.UnprocessableEntity, "DEFINITION_INVALID");
        var validated = (await owner.PostAsync("workflows/validate", new { definition = broken })).Ok();

        var pointers = refused.Json.GetProperty("error").GetProperty("details").EnumerateArray().Select(detail => detail.GetProperty("pointer").GetString()).ToList();
        Assert.Contains("/definition/nodes/0/type", pointers);
        Assert.Contains("/definition/nodes/1/wrong", pointers);
        Assert.Contains(pointers, pointer => pointer!.StartsWith("/definition/edges/0", StringComparison.Ordinal));
        Assert.False(validated.Data.GetProperty("valid").GetBoolean());
        Assert.Equal(pointers.Count, validated.Data.GetProperty("problems").GetArrayLength());
        Assert.Equal(0, await api.Host.ScalarAsync<long>("select count(*) from workflows where name = 'broken'"));
    }

    [Fact]
    public async Task An_unknown_function_in_a_template_is_refused_when_saved_and_by_no_one_after()
    {
        using var owner = api.Host.Owner();
        var node = new { id = "a", type = "set", parameters = new { value = "{{ $uppercas(input.a) }}" } };
        var broken = new { schema = 1, nodes = new object[] { node } };

        var refused = (await owner.PostAsync("workflows", new { name = "typo", definition = broken })).Fails(
            HttpStatusCode.UnprocessableEntity, "DEFINITION_INVALID");
        var validated = (await owner.PostAsync("workflows/validate", new { definition = broken })).Ok();

        var detail = Assert.Single(refused.Json.GetProperty("error").GetProperty("details").EnumerateArray());
        Assert.Equal("/definition/nodes/0/parameters/value", detail.GetProperty("pointer").GetString());
        Assert.Contains("$uppercase", detail.GetProperty("hint").GetString(), StringComparison.Ordinal);
        Assert.False(validated.Data.GetProperty("valid").GetBoolean());
    }

    /// <summary>A viewer may validate; what constants cost must not be what he likes.</summary>
    [Fact]
    public async Task Validating_thousands_of_costly_constants_is_cheap()
    {
        using var owner = api.Host.Owner();
        var nodes = Enumerable.Range(0, 1_500).Select(number => new
        {
            id = $"n{number}",
            type = "set",
            parameters = new { value = "{{ $pad('', 1000000, 'x') & '1' }}" },
        });
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        var before = process.TotalProcessorTime;

        var validated =
            (await owner.PostAsync("workflows/validate", new { definition = new { schema = 1, nodes } })).Ok();

        process.Refresh();
        Assert.True(validated.Data.GetProperty("valid").GetBoolean());
        Assert.True(
            process.TotalProcessorTime - before < TimeSpan.FromSeconds(8),
            $"{process.TotalProcessorTime - before} of CPU");
    }

    [Fact]
    public async Task Publishing_replaces_the_triggers_and_leaves_work_for_search()
    {
        using var owner = api.Host.Owner();
        var created = await owner.CreateWorkflowAsync(Samples.Definition(eventType: "order.created"));
        (await owner.PostAsync($"workflows/{created.Id}/publish")).Ok();
        Assert.Equal("order.created", await TriggerAsync(created.Id));
        var etag = (await owner.GetAsync($"workflows/{created.Id}")).ETag;

        (await owner.PatchAsync($"workflows/{created.Id}", etag, new { definition = Samples.Definition(eventType: "order.paid") })).Ok();
        Assert.Equal("order.created", await TriggerAsync(created.Id));
        var published = (await owner.PostAsync($"workflows/{created.Id}/publish")).Ok();

        Assert.Equal(2, published.Data.GetProperty("publishedVersion").GetInt32());
        Assert.Equal("order.paid", await TriggerAsync(created.Id));
        Assert.Equal(4, await api.Host.ScalarAsync<long>("select count(*) from outbox where subject_id = $1 and topic = 'index_workflow'", created.Id));
        (await owner.PostAsync($"workflows/{created.Id}/publish", new { version = 1 })).Ok();
        Assert.Equal("order.created", await TriggerAsync(created.Id));
        (await owner.PostAsync($"workflows/{created.Id}/publish", new { version = 7 })).Fails(HttpStatusCode.NotFound, "WORKFLOW_VERSION_NOT_FOUND");
    }

    [Fact]
    public async Task One_node_is_changed_by_a_merge_patch()
    {
        using var owner = api.Host.Owner();
        var created = await owner.CreateWorkflowAsync();
        var path = $"workflows/{created.Id}/nodes";

        var named = (await owner.PatchAsync($"{path}/only", created.ETag, new { name = "The node" })).Ok();
        (await owner.PatchAsync($"{path}/only", named.ETag, new { type = "nop" })).Fails(HttpStatusCode.UnprocessableEntity, "DEFINITION_INVALID");
        (await owner.PatchAsync($"{path}/missing", named.ETag, new { name = "x" })).Fails(HttpStatusCode.NotFound, "NODE_NOT_FOUND");

        Assert.Equal("The node", named.Data.GetProperty("definition").GetProperty("nodes")[0].GetProperty("name").GetString());
        Assert.Equal(2, named.Data.GetProperty("draftVersion").GetInt32());
    }

    [Fact]
    public async Task A_workflow_whose_executions_run_is_deleted_only_by_force()
    {
        using var owner = api.Host.Owner();
        var workflowId = await owner.CreatePublishedAsync();
        (await owner.PostAsync($"workflows/{workflowId}/execute")).Ok(HttpStatusCode.Accepted);

        (await owner.DeleteAsync($"workflows/{workflowId}", "*")).Fails(HttpStatusCode.Conflict, "WORKFLOW_BUSY");
        (await owner.DeleteAsync($"workflows/{workflowId}?force=true", "*")).Ok();

        (await owner.GetAsync($"workflows/{workflowId}")).Fails(HttpStatusCode.NotFound, "WORKFLOW_NOT_FOUND");
        (await owner.PostAsync($"workflows/{workflowId}/execute")).Fails(HttpStatusCode.NotFound, "WORKFLOW_NOT_FOUND");
        Assert.Equal("remove_workflow", await api.Host.ScalarAsync<string>("select topic from outbox where subject_id = $1 order by id desc limit 1", workflowId));
    }

    [Fact]
    public async Task A_name_is_unique_in_its_job_among_the_living()
    {
        using var owner = api.Host.Owner();
        var body = new { name = "The only one", definition = Samples.Definition() };
        var first = (await owner.PostAsync("workflows", body)).Ok(HttpStatusCode.Created);
        (await owner.PostAsync("workflows", body)).Fails(HttpStatusCode.Conflict, "NAME_TAKEN");

        (await owner.DeleteAsync($"workflows/{first.Id}", first.ETag)).Ok();
        (await owner.PostAsync("workflows", body)).Ok(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Every_change_leaves_an_activity_row_with_before_and_after()
    {
        using var owner = api.Host.Owner();
        var created = await owner.CreateWorkflowAsync();
        (await owner.PatchAsync($"workflows/{created.Id}", created.ETag, new { description = "new" })).Ok();
        (await owner.PostAsync($"workflows/{created.Id}/publish", null, ("X-Request-Id", "publish-1"))).Ok();

        var rows = (await owner.GetAsync($"activity?object={created.Id}")).Ok().Data.EnumerateArray().ToList();

        Assert.Equal(["workflow.publish", "workflow.update", "workflow.create"], rows.Select(row => row.GetProperty("action").GetString()));
        Assert.Equal("publish-1", rows[0].GetProperty("requestId").GetString());
        Assert.Equal("", rows[1].GetProperty("before").GetProperty("description").GetString());
        Assert.Equal("new", rows[1].GetProperty("after").GetProperty("description").GetString());
        Assert.All(rows, row => Assert.Equal("api_key", row.GetProperty("actorType").GetString()));
    }

    [Fact]
    public async Task A_workflow_goes_into_the_job_named_or_the_first_one()
    {
        using var owner = api.Host.Owner();
        var job = (await owner.GetAsync("jobs")).Ok().Data[0].GetProperty("id").GetGuid();
        var created = await owner.CreateWorkflowAsync();

        Assert.Equal(job, created.Data.GetProperty("jobId").GetGuid());
        (await owner.PostAsync("workflows", new { name = "homeless", definition = Samples.Definition(), jobId = Guid.CreateVersion7() }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        Assert.Contains((await owner.GetAsync($"jobs/{job}/workflows")).Ok().Data.EnumerateArray(), item => item.GetProperty("id").GetGuid() == created.Id);
    }

    private Task<string> TriggerAsync(Guid workflowId) =>
        api.Host.ScalarAsync<string>("select string_agg(event_type, ',') from workflow_triggers where workflow_id = $1", workflowId);
}
