using System.Net;
using System.Text.Json;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Trash;

public sealed class RestoreTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task The_trash_shows_what_was_deleted_by_whom_and_why_newest_first_page_by_page()
    {
        var tenant = await api.Host.CreateTenantAsync("trash-pages");
        using var owner = api.Host.Client(tenant.ApiKey);
        var expected = new List<Guid>();
        for (var index = 0; index < 3; index++)
        {
            var place = await owner.CreatePlaceAsync();
            (await owner.DeleteAsync($"workflows/{place.Workflow.Id}?reason=w{index}", "*")).Ok();
            (await owner.DeleteAsync($"workspaces/{place.Workspace.Id}?force=true&reason=r{index}", "*")).Ok();
            expected.InsertRange(0, [place.Workspace.Id, place.Workflow.Id]);
        }

        var shown = new List<JsonElement>();
        for (var cursor = ""; ;)
        {
            var page = (await owner.GetAsync($"trash?per_page=2{cursor}&include_total=true")).Ok();
            shown.AddRange(page.Data.EnumerateArray());
            Assert.Equal(6, page.Pagination.GetProperty("total").GetInt32());
            if (page.Pagination.GetProperty("nextCursor").GetString() is not { } next)
            {
                break;
            }

            cursor = $"&cursor={next}";
        }

        Assert.Equal(expected, shown.Select(item => item.GetProperty("id").GetGuid()));
        Assert.Equal("r2", shown[0].GetProperty("reasonToDelete").GetString());
        Assert.Equal([1, 1, 0], new[] { "folders", "jobs", "workflows" }.Select(name => shown[0].GetProperty(name)
            .GetInt32()));
        Assert.NotEmpty(shown[0].GetProperty("deletedByName").GetString()!);
        Assert.Equal(3, (await owner.GetAsync("trash?type=workflow")).Ok().Data.GetArrayLength());
        (await owner.GetAsync("trash?type=rule")).Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        using var stranger = api.Host.Client((await api.Host.CreateTenantAsync("trash-stranger")).ApiKey);
        Assert.Empty((await stranger.GetAsync("trash")).Ok().Data.EnumerateArray());
        (await stranger.PostAsync($"trash/workspace/{expected[0]}/restore"))
            .Fails(HttpStatusCode.NotFound, "TRASH_ITEM_NOT_FOUND");
    }

    [Fact]
    public async Task A_tree_comes_back_as_it_was_with_triggers_webhooks_dependencies_and_schedules()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync(DeletionTests.Hooked("back"));
        (await owner.PostAsync($"workflows/{place.Workflow.Id}/publish")).Ok();
        var second = await owner.CreateInAsync(place.Job.Id);
        var before = (await owner.DeleteAsync($"workflows/{(await owner.CreateInAsync(place.Job.Id)).Id}", "*")).Ok();
        var dependencies = new
        {
            dependencies =
            new[] { new { workflowId = second.Id, dependsOn = new[] { place.Workflow.Id } } }
        };
        (await owner.SendAsync(HttpMethod.Put, $"jobs/{place.Job.Id}/dependencies", ApiClient.Json(dependencies),
            ("If-Match", "*"))).Ok();
        var schedule = await owner.CreateAsync(
            "schedules", new
            {
                name = Samples.Name("schedule"), jobId = place.Job.Id,
                timing = new { cron = "0 3 * * *" }
            });
        (await owner.DeleteAsync($"workspaces/{place.Workspace.Id}?force=true", "*")).Ok();
        await api.Host.ExecuteAsync(
            "update schedules set next_tick = now() - interval '2 days', next_fire_at = next_tick where id = $1",
            schedule.Id);

        var restored = (await owner.PostAsync($"trash/workspace/{place.Workspace.Id}/restore")).Ok().Data;

        Assert.Equal([1, 1, 2, 1],
            new[] { "folders", "jobs", "workflows", "schedules" }.Select(name => restored.GetProperty(name)
            .GetInt32()));
        Assert.Empty(restored.GetProperty("notices").EnumerateArray());
        foreach (var (path, _) in place.All)
        {
            (await owner.GetAsync(path)).Ok();
        }

        (await owner.PostAsync("webhooks/default/back", new { })).Ok(HttpStatusCode.Accepted);
        Assert.Equal("back.done", await api.Host.ScalarAsync<string>(
            "select event_type from workflow_triggers where workflow_id = $1 and trigger_id = 'on'",
                place.Workflow.Id));
        Assert.Single((await owner.GetAsync($"jobs/{place.Job.Id}/dependencies")).Ok().Data.GetProperty("dependencies")
            .EnumerateArray());
        Assert.True((await owner.GetAsync($"schedules/{schedule.Id}")).Ok().Data.GetProperty("schedule")
            .GetProperty("nextFireAt").GetDateTimeOffset() > TimeProvider.System.GetUtcNow());
        (await owner.GetAsync($"workflows/{before.Id}")).Fails(HttpStatusCode.NotFound, "WORKFLOW_NOT_FOUND");
        (await owner.PostAsync($"trash/workspace/{place.Workspace.Id}/restore"))
            .Fails(HttpStatusCode.NotFound, "TRASH_ITEM_NOT_FOUND");
        Assert.Equal("workspace.undelete", (await owner.GetAsync($"activity?object={place.Workspace.Id}")).Ok()
            .Data[0].GetProperty("action").GetString());
        Assert.Equal("index_workflow", await api.Host.ScalarAsync<string>(
            "select topic from outbox where subject_id = $1 order by id desc limit 1", place.Workflow.Id));
    }

    [Fact]
    public async Task A_name_that_was_taken_meanwhile_is_replaced_by_another()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var workflow = await owner.CreateInAsync(place.Job.Id, name: "The name");
        (await owner.DeleteAsync($"workflows/{workflow.Id}", "*")).Ok();
        await owner.CreateInAsync(place.Job.Id, name: "the NAME");

        (await owner.PostAsync($"trash/workflow/{workflow.Id}/restore")).Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
        (await owner.PostAsync($"trash/workflow/{workflow.Id}/restore?name=%20"))
            .Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        (await owner.PostAsync($"trash/workflow/{workflow.Id}/restore?name=Another")).Ok();

        Assert.Equal("Another", (await owner.GetAsync($"workflows/{workflow.Id}")).Ok().Data.GetProperty("name")
            .GetString());
    }

    [Fact]
    public async Task What_lay_in_something_deleted_comes_back_with_it_or_elsewhere()
    {
        using var owner = api.Host.Owner();
        var (place, other) = (await owner.CreatePlaceAsync(), await owner.CreatePlaceAsync());
        (await owner.DeleteAsync($"workspaces/{place.Workspace.Id}?force=true", "*")).Ok();

        foreach (var (path, parent) in new[]
        {
            ($"trash/workflow/{place.Workflow.Id}/restore", place.Job),
                ($"trash/job/{place.Job.Id}/restore", place.Folder),
            ($"trash/folder/{place.Folder.Id}/restore", place.Workspace),
        })
        {
            var refused = (await owner.PostAsync(path)).Fails(HttpStatusCode.Conflict, "PARENT_DELETED");
            Assert.Equal(parent.Id.ToString(), refused.Json.GetProperty("error")
                .GetProperty("details")[0].GetProperty("pointer").GetString());
            (await owner.PostAsync($"{path}?parentId={Guid.CreateVersion7()}"))
                .Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        }

        (await owner.PostAsync($"trash/workspace/{place.Workspace.Id}/restore?parentId={other.Folder.Id}"))
            .Fails(HttpStatusCode.BadRequest, "INVALID_PARAMETER");
        var inner = (await owner.PostAsync($"trash/folder/{place.Folder.Id}/restore?parentId={other.Folder.Id}")).Ok()
            .Data;
        Assert.Equal([0, 1, 1], new[] { "folders", "jobs", "workflows" }.Select(name => inner.GetProperty(name)
            .GetInt32()));
        Assert.Equal(other.Workspace.Id, (await owner.GetAsync($"folders/{place.Folder.Id}")).Ok()
            .Data.GetProperty("workspaceId").GetGuid());
        (await owner.GetAsync($"workflows/{place.Workflow.Id}")).Ok();
        var rest = (await owner.PostAsync($"trash/workspace/{place.Workspace.Id}/restore")).Ok().Data;
        Assert.Equal(0, rest.GetProperty("folders").GetInt32());
    }

    [Fact]
    public async Task What_is_not_as_it_was_is_said()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync(DeletionTests.Hooked("contested"));
        (await owner.PostAsync($"workflows/{place.Workflow.Id}/publish")).Ok();
        var calendar = (await owner.PostAsync("calendars", new { name = Samples.Name("calendar") }))
            .Ok(HttpStatusCode.Created);
        var calendarId = calendar.Data.GetProperty("calendar").GetProperty("id").GetGuid();
        var schedule = await owner.CreateAsync("schedules", new
        {
            name = "nightly " + calendarId, workflowId = place.Workflow.Id,
            timing = new { cron = "0 3 * * *", calendarId },
        });
        (await owner.DeleteAsync($"workflows/{place.Workflow.Id}", "*")).Ok();
        await owner.CreatePublishedAsync(DeletionTests.Hooked("contested"));
        (await owner.DeleteAsync($"calendars/{calendarId}", "*")).Ok();
        await owner.CreateAsync("schedules",
            new { name = "NIGHTLY " + calendarId, jobId = place.Job.Id, timing = new { cron = "0 3 * * *" } });

        var restored = (await owner.PostAsync($"trash/workflow/{place.Workflow.Id}/restore")).Ok().Data;

        Assert.Equal(
            ["CALENDAR_GONE", "SCHEDULE_RENAMED", "WEBHOOK_PATH_TAKEN"],
            restored.GetProperty("notices").EnumerateArray().Select(notice => notice.GetProperty("code").GetString())
                .Order());
        Assert.False((await owner.GetAsync($"schedules/{schedule.Id}")).Ok().Data.GetProperty("schedule")
            .GetProperty("enabled").GetBoolean());
        Assert.Equal(["on"], await TriggersAsync(place.Workflow.Id));
    }

    [Fact]
    public async Task Of_two_who_restore_at_once_one_does()
    {
        using var owner = api.Host.Owner();
        for (var round = 0; round < 5; round++)
        {
            var place = await owner.CreatePlaceAsync();
            (await owner.DeleteAsync($"jobs/{place.Job.Id}?force=true", "*")).Ok();

            var answers = await Task.WhenAll(Enumerable.Range(0, 4)
                .Select(_ => owner.PostAsync($"trash/job/{place.Job.Id}/restore")));

            Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK);
            Assert.All(answers.Where(answer => answer.Status != HttpStatusCode.OK),
                answer => answer.Fails(HttpStatusCode.NotFound, "TRASH_ITEM_NOT_FOUND"));
        }
    }

    [Fact]
    public async Task No_dependency_leads_to_a_workflow_that_is_deleted_while_the_other_comes_back()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        for (var round = 0; round < 10; round++)
        {
            var (a, b) = (await owner.CreateInAsync(place.Job.Id), await owner.CreateInAsync(place.Job.Id));
            var dependencies = new { dependencies = new[] { new { workflowId = a.Id, dependsOn = new[] { b.Id } } } };
            (await owner.SendAsync(
                HttpMethod.Put, $"jobs/{place.Job.Id}/dependencies", ApiClient.Json(dependencies), ("If-Match", "*")))
                .Ok();
            (await owner.DeleteAsync($"workflows/{a.Id}", "*")).Ok();

            var answers = await Task.WhenAll(
                owner.PostAsync($"trash/workflow/{a.Id}/restore"), owner.DeleteAsync($"workflows/{b.Id}", "*"));

            Assert.All(answers, answer => answer.Ok());
        }

        Assert.Equal(0, await api.Host.ScalarAsync<long>(
            """
            select count(*) from workflow_dependencies d join workflows w on w.tenant_id = d.tenant_id
              and w.id in (d.workflow_id, d.depends_on_id) where w.deleted_at is not null
            """));
    }

    [Fact]
    public async Task What_an_older_release_deleted_can_be_had_back_too()
    {
        using var owner = api.Host.Owner();
        var workflowId = await owner.CreatePublishedAsync(Samples.Definition(eventType: "old.release"));
        await api.Host.ExecuteAsync("delete from workflow_triggers where workflow_id = $1", workflowId);
        await api.Host.ExecuteAsync("update workflows set deleted_at = now() where id = $1", workflowId);
        Assert.Contains(workflowId, (await owner.GetAsync("trash?type=workflow")).Ok().Data.EnumerateArray()
            .Select(item => item.GetProperty("id").GetGuid()));

        var restored = (await owner.PostAsync($"trash/workflow/{workflowId}/restore")).Ok().Data;

        Assert.Equal("PUBLISH_AGAIN", Assert.Single(restored.GetProperty("notices").EnumerateArray())
            .GetProperty("code").GetString());
        (await owner.PostAsync($"workflows/{workflowId}/publish")).Ok();
        Assert.Equal(["on"], await TriggersAsync(workflowId));
    }

    private Task<string[]> TriggersAsync(Guid workflowId) => api.Host.ScalarAsync<string[]>(
        "select array_agg(trigger_id order by trigger_id) from workflow_triggers where workflow_id = $1", workflowId);
}
