using System.Net;
using System.Text.Json;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Trash;

public sealed class DeletionTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_preview_counts_and_names_what_goes_along_what_runs_and_what_uses_it_from_outside()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync(Hooked("preview"));
        (await owner.PostAsync($"workflows/{place.Workflow.Id}/publish")).Ok();
        (await owner.PostAsync($"workflows/{place.Workflow.Id}/execute")).Ok(HttpStatusCode.Accepted);
        var inner = await owner.CreateFolderAsync(place.Workspace.Id, place.Folder.Id);
        var schedule = await owner.CreateAsync(
            "schedules", new
            {
                name = Samples.Name("schedule"), jobId = place.Job.Id,
                timing = new { cron = "0 3 * * *" }
            });
        var package = await owner.CreateAsync("job-packages",
            new { name = Samples.Name("package"), jobs = new[] { place.Job.Id } });
        var rule = await owner.CreateAsync("rules", new
        {
            name = Samples.Name("rule"), eventType = "a.b",
            actions = new object[] { new { type = "startWorkflow", workflow = place.Workflow.Id } },
        });
        var caller = await owner.CreatePublishedAsync(Calling(place.Workflow.Data.GetProperty("name").GetString()!));

        var plan = (await owner.GetAsync($"workspaces/{place.Workspace.Id}/deletion")).Ok().Data;

        Assert.Equal(2, plan.GetProperty("folders").GetProperty("count").GetInt32());
        Assert.Contains(inner.Id, Ids(plan.GetProperty("folders").GetProperty("first")));
        Assert.Equal(1, plan.GetProperty("jobs").GetProperty("count").GetInt32());
        Assert.Equal([place.Workflow.Id], Ids(plan.GetProperty("workflows").GetProperty("first")));
        Assert.Equal([schedule.Id], Ids(plan.GetProperty("schedules").GetProperty("first")));
        Assert.Equal(["preview"], plan.GetProperty("webhooks").EnumerateArray().Select(path => path.GetString()));
        Assert.Equal(1, plan.GetProperty("running").GetProperty("count").GetInt32());
        Assert.Equal([place.Workflow.Id], Ids(plan.GetProperty("running").GetProperty("workflows")));
        Assert.Equal(
            [("JOB_PACKAGE", package.Data.GetProperty("package").GetProperty("id").GetGuid()), ("RULE", rule.Id),
                ("WORKFLOW", caller)],
            plan.GetProperty("usedBy").EnumerateArray()
                .Select(use => (use.GetProperty("type").GetString()!, use.GetProperty("id").GetGuid())));
        foreach (var path in new[] { $"folders/{place.Folder.Id}", $"jobs/{place.Job.Id}",
            $"workflows/{place.Workflow.Id}" })
        {
            Assert.Equal(1, (await owner.GetAsync($"{path}/deletion")).Ok().Data.GetProperty("running")
                .GetProperty("count").GetInt32());
        }
    }

    [Fact]
    public async Task A_tree_goes_by_force_with_its_triggers_webhooks_and_schedules()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync(Hooked("goes"));
        (await owner.PostAsync($"workflows/{place.Workflow.Id}/publish")).Ok();
        var schedule = await owner.CreateAsync(
            "schedules", new
            {
                name = Samples.Name("schedule"), workflowId = place.Workflow.Id,
                timing = new { cron = "0 3 * * *" }
            });

        (await owner.DeleteAsync($"workspaces/{place.Workspace.Id}", "*")).Fails(HttpStatusCode.Conflict, "NOT_EMPTY");
        (await owner.DeleteAsync($"workspaces/{place.Workspace.Id}?force=true", "\"77\""))
            .Fails(HttpStatusCode.PreconditionFailed, "VERSION_CONFLICT");
        var deleted = (await owner.DeleteAsync($"workspaces/{place.Workspace.Id}?force=true&reason=no%20longer%20sold",
            "*")).Ok().Data;

        Assert.Equal([1, 1, 1, 1],
            new[] { "folders", "jobs", "workflows", "schedules" }.Select(name => deleted.GetProperty(name).GetInt32()));
        foreach (var (path, _) in place.All)
        {
            Assert.Equal(HttpStatusCode.NotFound, (await owner.GetAsync(path)).Status);
        }

        (await owner.GetAsync($"schedules/{schedule.Id}")).Fails(HttpStatusCode.NotFound, "SCHEDULE_NOT_FOUND");
        (await owner.PostAsync("webhooks/default/goes", new { })).Fails(HttpStatusCode.NotFound, "WEBHOOK_NOT_FOUND");
        Assert.Equal("remove_workflow", await api.Host.ScalarAsync<string>(
            "select topic from outbox where subject_id = $1 order by id desc limit 1", place.Workflow.Id));
        var row = (await owner.GetAsync($"activity?object={place.Workflow.Id}&action=workflow.delete")).Ok().Data[0];
        Assert.Equal(place.Workspace.Id, row.GetProperty("after").GetProperty("deletedWith").GetGuid());
        Assert.Equal("no longer sold",
            (await owner.GetAsync($"activity?object={place.Workspace.Id}&action=workspace.delete")).Ok()
            .Data[0].GetProperty("after").GetProperty("reason").GetString());
    }

    [Fact]
    public async Task While_executions_run_a_tree_stays_unless_they_are_cancelled_with_it()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        (await owner.PostAsync($"workflows/{place.Workflow.Id}/publish")).Ok();
        var execution = (await owner.PostAsync($"workflows/{place.Workflow.Id}/execute")).Ok(HttpStatusCode.Accepted);

        var refused = (await owner.DeleteAsync($"folders/{place.Folder.Id}?force=true", "*"))
            .Fails(HttpStatusCode.Conflict, "WORKFLOW_BUSY");
        Assert.Equal(place.Workflow.Id.ToString(), refused.Json.GetProperty("error")
            .GetProperty("details")[0].GetProperty("pointer").GetString());
        (await owner.DeleteAsync($"folders/{place.Folder.Id}?cancel=true", "*"))
            .Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        var deleted = (await owner.DeleteAsync($"folders/{place.Folder.Id}?force=true&cancel=true&reason=stop", "*"))
            .Ok();

        Assert.Equal(1, deleted.Data.GetProperty("cancelled").GetInt32());
        Assert.Equal("cancel:stop", await api.Host.ScalarAsync<string>(
            "select stop_request || ':' || stop_reason from executions where id = $1", execution.Id));
        Assert.Equal(1, await api.Host.ScalarAsync<long>(
            "select count(*) from user_activity where object_id = $1 and action = 'execution.cancel'", execution.Id));
    }

    [Fact]
    public async Task A_run_of_a_job_that_has_not_ended_keeps_it_or_is_cancelled_with_it()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        (await owner.PostAsync($"workflows/{place.Workflow.Id}/publish")).Ok();
        var run = (await owner.PostAsync($"jobs/{place.Job.Id}/run")).Ok(HttpStatusCode.Accepted);

        var refused = (await owner.DeleteAsync($"jobs/{place.Job.Id}?force=true", "*"))
            .Fails(HttpStatusCode.Conflict, "WORKFLOW_BUSY");
        Assert.Equal(
            ("JOB_RUN", run.Id.ToString()),
            (Detail(refused, "code"), Detail(refused, "pointer")));
        (await owner.DeleteAsync($"jobs/{place.Job.Id}?force=true&cancel=true", "*")).Ok();

        Assert.True(await api.Host.ScalarAsync<bool>(
            "select cancel_requested and is_due from job_runs where id = $1", run.Id));
    }

    [Fact]
    public async Task A_single_workflow_goes_by_force_and_what_runs_of_it_goes_on_or_is_cancelled()
    {
        using var owner = api.Host.Owner();
        foreach (var (cancel, expected) in new[] { ("", 0), ("&cancel=true", 1) })
        {
            var workflowId = await owner.CreatePublishedAsync();
            var execution = (await owner.PostAsync($"workflows/{workflowId}/execute")).Ok(HttpStatusCode.Accepted);
            (await owner.DeleteAsync($"workflows/{workflowId}", "*")).Fails(HttpStatusCode.Conflict, "WORKFLOW_BUSY");

            var deleted = (await owner.DeleteAsync($"workflows/{workflowId}?force=true{cancel}", "*")).Ok();

            Assert.Equal(expected, deleted.Data.GetProperty("cancelled").GetInt32());
            Assert.Equal(expected, await api.Host.ScalarAsync<long>(
                "select count(*) from executions where id = $1 and stop_request = 'cancel'", execution.Id));
        }
    }

    [Fact]
    public async Task Workflows_go_along_only_for_who_may_change_them_and_executions_for_who_may_cancel()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        (await owner.PostAsync($"workflows/{place.Workflow.Id}/publish")).Ok();
        (await owner.PostAsync($"workflows/{place.Workflow.Id}/execute")).Ok(HttpStatusCode.Accepted);
        using var tidier = api.Host.Client((await owner.CreateKeyAsync("workspaces.read", "workspaces.write")).Key);
        using var writer = api.Host.Client(
            (await owner.CreateKeyAsync("workspaces.read", "workspaces.write", "workflows.write")).Key);
        var path = $"workspaces/{place.Workspace.Id}?force=true";

        (await tidier.DeleteAsync(path, "*")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await writer.DeleteAsync($"{path}&cancel=true", "*")).Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await owner.DeleteAsync($"{path}&cancel=true", "*")).Ok();
        (await tidier.PostAsync($"trash/workspace/{place.Workspace.Id}/restore"))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task Nothing_is_left_behind_when_something_comes_into_a_tree_while_it_is_deleted()
    {
        using var owner = api.Host.Owner();
        for (var round = 0; round < 10; round++)
        {
            var place = await owner.CreatePlaceAsync();
            await Task.WhenAll(
                owner.DeleteAsync($"workspaces/{place.Workspace.Id}?force=true", "*"),
                owner.PostAsync($"folders/{place.Folder.Id}/jobs", new { name = "late" }),
                owner.PostAsync("workflows",
                    new { name = "late", definition = Samples.Definition(), jobId = place.Job.Id }),
                owner.PostAsync($"workspaces/{place.Workspace.Id}/folders",
                    new { name = "late", parentId = place.Folder.Id }));
        }

        Assert.Equal(0, await api.Host.ScalarAsync<long>(
            """
            select (select count(*) from folders f join workspaces w using (tenant_id) where w.id = f.workspace_id
              and w.deleted_at is not null and f.deleted_at is null)
              + (select count(*) from jobs j join folders f using (tenant_id) where f.id = j.folder_id
                and f.deleted_at is not null and j.deleted_at is null)
              + (select count(*) from workflows w join jobs j using (tenant_id) where j.id = w.job_id
                and j.deleted_at is not null and w.deleted_at is null)
            """));
    }

    internal static object Hooked(string path) => new
    {
        schema = 1,
        triggers = new object[] { new { id = "hook", type = "webhook", path, auth = "none" },
            new { id = "on", type = "event", eventType = $"{path}.done" } },
        nodes = new object[] { new { id = "only", type = "noop" } },
        edges = Array.Empty<object>(),
    };

    private static object Calling(string workflow) => new
    {
        schema = 1,
        nodes = new object[] { new { id = "call", type = "subworkflow", parameters = new { workflow } } },
        edges = Array.Empty<object>(),
    };

    private static string? Detail(Answer refused, string member) =>
        refused.Json.GetProperty("error").GetProperty("details")[0].GetProperty(member).GetString();

    private static IEnumerable<Guid> Ids(JsonElement list) => list.EnumerateArray()
        .Select(item => item.GetProperty("id").GetGuid());
}
