using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Grants;

/// <summary>People who see only what was granted to them.</summary>
public sealed class GrantTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string Member = "member";

    [Fact]
    public async Task Who_was_granted_nothing_sees_nothing()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        (await owner.PostAsync($"workflows/{place.Workflow.Id}/publish")).Ok();
        (await owner.PostAsync($"workflows/{place.Workflow.Id}/execute")).Ok(HttpStatusCode.Accepted);
        var person = await api.Host.AddPersonAsync(Member);

        foreach (var list in new[] { "workspaces", "jobs", "workflows", "executions", "schedules", "job-runs",
            "dead-letters", "trash" })
        {
            Assert.Equal(0, (await person.Client.GetAsync(list)).Ok().Data.GetArrayLength());
        }

        foreach (var (path, created) in place.All)
        {
            Assert.Equal(HttpStatusCode.NotFound, (await person.Client.GetAsync(path)).Status);
            Assert.Equal(
                HttpStatusCode.NotFound, (await person.Client.PatchAsync(path, created.ETag,
                    new { name = "x" })).Status);
            Assert.Equal(HttpStatusCode.NotFound, (await person.Client.DeleteAsync(path, created.ETag)).Status);
        }

        (await person.Client.PostAsync($"workflows/{place.Workflow.Id}/execute"))
            .Fails(HttpStatusCode.NotFound, "WORKFLOW_NOT_FOUND");
        var acts = (await person.Client.GetAsync("activity")).Ok().Data.EnumerateArray();
        Assert.All(acts, act => Assert.Equal(person.Id, act.GetProperty("actorId").GetGuid()));
    }

    [Fact]
    public async Task Who_may_view_sees_what_lies_below_and_the_way_to_it_and_changes_nothing()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var beside = await owner.CreateFolderAsync(place.Workspace.Id);
        (await owner.PostAsync($"workflows/{place.Workflow.Id}/publish")).Ok();
        var execution = (await owner.PostAsync($"workflows/{place.Workflow.Id}/execute")).Ok(HttpStatusCode.Accepted);
        var person = await api.Host.AddPersonAsync(Member);
        await GrantAsync(owner, $"jobs/{place.Job.Id}", person.Id, "view");

        Assert.Equal(place.Workflow.Id, Single(await person.Client.GetAsync("workflows")));
        Assert.Equal(place.Job.Id, Single(await person.Client.GetAsync("jobs")));
        Assert.Equal(place.Workspace.Id, Single(await person.Client.GetAsync("workspaces")));
        Assert.Equal(place.Folder.Id, Single(await person.Client.GetAsync($"workspaces/{place.Workspace.Id}/folders")));
        Assert.Equal(execution.Id, Single(await person.Client.GetAsync("executions")));
        (await person.Client.GetAsync($"executions/{execution.Id}")).Ok();
        (await person.Client.GetAsync($"workflows/{place.Workflow.Id}/versions/1")).Ok();
        (await person.Client.GetAsync($"folders/{beside.Id}")).Fails(HttpStatusCode.NotFound, "FOLDER_NOT_FOUND");

        foreach (var (path, created) in place.All)
        {
            var refused = await person.Client.PatchAsync(path, created.ETag, new { name = "x" });
            refused.Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
            Assert.Equal("LEVEL", refused.Json.GetProperty("error").GetProperty("details")[0].GetProperty("code")
                .GetString());
        }

        (await person.Client.PostAsync($"workflows/{place.Workflow.Id}/execute"))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await person.Client.PostAsync($"executions/{execution.Id}/cancel"))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await person.Client.PostAsync("schedules", new
        {
            name = "s", workflowId = place.Workflow.Id,
            timing = new { cron = "0 0 1 1 *" }
        }))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        Assert.Equal("view", (await person.Client.GetAsync($"jobs/{place.Job.Id}/permissions"))
            .Ok().Data.GetProperty("level").GetString());
    }

    [Fact]
    public async Task Who_may_edit_changes_and_starts_and_neither_deletes_nor_grants_nor_reaches_elsewhere()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var elsewhere = await owner.CreatePlaceAsync();
        var person = await api.Host.AddPersonAsync(Member);
        await GrantAsync(owner, $"folders/{place.Folder.Id}", person.Id, "edit");

        var job = await person.Client.CreateJobAsync(place.Folder.Id);
        var workflow = await person.Client.CreateInAsync(job.Id);
        (await person.Client.PostAsync($"workflows/{workflow.Id}/publish")).Ok();
        (await person.Client.PostAsync($"workflows/{workflow.Id}/execute")).Ok(HttpStatusCode.Accepted);
        (await person.Client.PostAsync($"jobs/{job.Id}/run")).Ok(HttpStatusCode.Accepted);
        var renamed = (await person.Client.PatchAsync($"workflows/{place.Workflow.Id}", place.Workflow.ETag,
            new { name = "renamed" }))
            .Ok();
        (await person.Client.PatchAsync($"workflows/{place.Workflow.Id}", renamed.ETag, new { jobId = job.Id })).Ok();

        (await person.Client.DeleteAsync($"jobs/{place.Job.Id}", place.Job.ETag))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await person.Client.SendAsync(
            HttpMethod.Put, $"folders/{place.Folder.Id}/permissions", ApiClient.Json(new
            {
                userId = person.Id,
                level = "admin"
            })))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        var moved = await person.Client.PatchAsync($"jobs/{job.Id}", job.ETag, new { folderId = elsewhere.Folder.Id });
        Assert.True(moved.Status is HttpStatusCode.NotFound or HttpStatusCode.BadRequest, moved.Text);
        Assert.Equal(
            HttpStatusCode.NotFound,
            (await person.Client.PostAsync($"folders/{elsewhere.Folder.Id}/jobs", new { name = "x" })).Status);
        (await person.Client.PostAsync("workflows", new
        {
            name = "x", definition = Samples.Definition(),
            jobId = elsewhere.Job.Id
        }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task Who_administers_an_object_grants_it_and_deletes_it()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var (admin, other) = (await api.Host.AddPersonAsync(Member), await api.Host.AddPersonAsync(Member));
        await GrantAsync(owner, $"workspaces/{place.Workspace.Id}", admin.Id, "admin");

        var granted = await GrantAsync(admin.Client, $"workflows/{place.Workflow.Id}", other.Id, "view");
        (await other.Client.GetAsync($"workflows/{place.Workflow.Id}")).Ok();
        var seen = (await admin.Client.GetAsync($"workflows/{place.Workflow.Id}/permissions")).Ok().Data;
        Assert.Equal("admin", seen.GetProperty("level").GetString());
        Assert.Equal(
            [(other.Id, false), (admin.Id, true)],
            seen.GetProperty("grants").EnumerateArray()
                .Select(grant => (grant.GetProperty("grantee").GetProperty("id").GetGuid(),
                    grant.GetProperty("inherited").GetBoolean()))
                .OrderBy(grant => grant.Item2));

        (await other.Client.DeleteAsync($"workflows/{place.Workflow.Id}/permissions/{granted.Id}"))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await admin.Client.DeleteAsync($"workflows/{place.Workflow.Id}/permissions/{granted.Id}")).Ok();
        (await other.Client.GetAsync($"workflows/{place.Workflow.Id}"))
            .Fails(HttpStatusCode.NotFound, "WORKFLOW_NOT_FOUND");
        (await admin.Client.DeleteAsync($"workflows/{place.Workflow.Id}/permissions/{granted.Id}"))
            .Fails(HttpStatusCode.NotFound, "PERMISSION_NOT_FOUND");

        var workflow = (await admin.Client.GetAsync($"workflows/{place.Workflow.Id}")).Ok();
        (await admin.Client.DeleteAsync($"workflows/{place.Workflow.Id}", workflow.ETag)).Ok();
        (await admin.Client.PostAsync($"trash/workflow/{place.Workflow.Id}/restore")).Ok();
    }

    [Fact]
    public async Task A_grant_ends_at_its_time_and_one_to_a_group_with_the_membership()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var person = await api.Host.AddPersonAsync(Member);
        var path = $"workflows/{place.Workflow.Id}";
        var grant = await GrantAsync(owner, path, person.Id, "view", TimeProvider.System.GetUtcNow().AddHours(1));
        (await person.Client.GetAsync(path)).Ok();
        await api.Host.ExecuteAsync("update object_permissions set expires_at = now() where id = $1", grant.Id);
        (await person.Client.GetAsync(path)).Fails(HttpStatusCode.NotFound, "WORKFLOW_NOT_FOUND");

        var group = (await owner.PostAsync("groups", new { name = Samples.Name("group") })).Ok(HttpStatusCode.Created);
        (await owner.SendAsync(HttpMethod.Put, $"groups/{group.Id}/members/{person.Id}", null)).Ok();
        (await owner.SendAsync(HttpMethod.Put, $"{path}/permissions", ApiClient.Json(new
        {
            groupId = group.Id,
            level = "edit"
        })))
            .Ok();
        var seen = (await person.Client.GetAsync(path)).Ok();
        (await person.Client.PatchAsync(path, seen.ETag, new { description = "by the group" })).Ok();
        (await owner.DeleteAsync($"groups/{group.Id}/members/{person.Id}")).Ok();
        (await person.Client.GetAsync(path)).Fails(HttpStatusCode.NotFound, "WORKFLOW_NOT_FOUND");

        var listed = (await owner.GetAsync($"permissions?user={person.Id}")).Ok().Data;
        Assert.True(listed[0].GetProperty("isExpired").GetBoolean());
    }

    [Fact]
    public async Task What_somebody_makes_is_theirs_and_nobody_elses()
    {
        var (maker, other) = (await api.Host.AddPersonAsync(Member), await api.Host.AddPersonAsync(Member));

        var place = await maker.Client.CreatePlaceAsync();
        (await maker.Client.PatchAsync($"workspaces/{place.Workspace.Id}", place.Workspace.ETag,
            new { name = Samples.Name("mine") }))
            .Ok();
        await GrantAsync(maker.Client, $"jobs/{place.Job.Id}", other.Id, "view");

        Assert.Equal(place.Workflow.Id, Single(await other.Client.GetAsync("workflows")));
        (await other.Client.GetAsync($"workspaces/{place.Workspace.Id}/permissions")).Ok();
        (await maker.Client.DeleteAsync($"workflows/{place.Workflow.Id}", place.Workflow.ETag)).Ok();
        Assert.Equal(0, (await other.Client.GetAsync("workflows")).Ok().Data.GetArrayLength());
    }

    [Fact]
    public async Task A_key_of_granted_reach_sees_what_its_maker_was_granted()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var admin = await api.Host.AddPersonAsync("admin");
        var made = (await admin.Client.PostAsync("api-keys", new
        {
            name = "narrow",
            scopes = new[] { "workflows.read" }, objects = "granted"
        }))
            .Ok(HttpStatusCode.Created);
        using var key = api.Host.Client(made.Data.GetProperty("key").GetString());

        Assert.Equal(0, (await key.GetAsync("workflows")).Ok().Data.GetArrayLength());
        await GrantAsync(owner, $"workflows/{place.Workflow.Id}", admin.Id, "view");
        Assert.Equal(place.Workflow.Id, Single(await key.GetAsync("workflows")));
        (await admin.Client.PostAsync("api-keys", new
        {
            name = "wide", scopes = new[] { "users.manage" },
            objects = "granted"
        }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task Beside_a_role_of_the_whole_tenant_one_of_granted_reach_adds_nothing()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var person = await api.Host.AddPersonAsync("viewer", Member);

        (await person.Client.GetAsync($"workflows/{place.Workflow.Id}")).Ok();
        (await person.Client.PatchAsync($"workflows/{place.Workflow.Id}", place.Workflow.ETag, new { name = "x" }))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task A_role_of_granted_reach_has_no_permission_over_the_tenant()
    {
        using var owner = api.Host.Owner();
        (await owner.PostAsync("roles", new
        {
            name = Samples.Name("role"), permissions = new[] { "users.manage" },
            objects = "granted"
        }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        var role = (await owner.PostAsync("roles", new
        {
            name = Samples.Name("role"),
            permissions = new[] { "workflows.read" }, objects = "granted"
        }))
            .Ok(HttpStatusCode.Created);
        Assert.Equal("granted", role.Data.GetProperty("objects").GetString());
        (await owner.PatchAsync($"roles/{role.Id}", role.ETag, new { permissions = new[] { "secrets.manage" } }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");

        var person = await api.Host.AddPersonAsync(Member);
        (await person.Client.PostAsync("calendars", new { name = Samples.Name("calendar") }))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task Who_is_asked_decides_without_seeing_the_workflow()
    {
        var (asked, other) = (await api.Host.AddPersonAsync(Member), await api.Host.AddPersonAsync(Member));
        var (request, _) = await api.Host.OpenApprovalAsync([asked.Id]);

        (await other.Client.GetAsync($"approvals/{request}")).Fails(HttpStatusCode.NotFound, "APPROVAL_NOT_FOUND");
        (await other.Client.PostAsync($"approvals/{request}/decide", new { decision = "approve" }))
            .Fails(HttpStatusCode.NotFound, "APPROVAL_NOT_FOUND");
        Assert.Equal(request, Single(await asked.Client.GetAsync("approvals")));
        (await asked.Client.PostAsync($"approvals/{request}/decide", new { decision = "approve" })).Ok();
    }

    [Fact]
    public async Task A_grant_names_one_known_grantee_a_level_and_a_time_to_come()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var person = await api.Host.AddPersonAsync(Member);
        var path = $"workflows/{place.Workflow.Id}/permissions";
        foreach (var body in new object[]
        {
            new { level = "view" }, new { level = "all", userId = person.Id }, new { level = "view",
                userId = Guid.CreateVersion7() },
            new { level = "view", groupId = Guid.CreateVersion7() }, new { level = "view", userId = person.Id,
                groupId = person.Id },
            new { level = "view", userId = person.Id, expiresAt = TimeProvider.System.GetUtcNow().AddMinutes(-1) },
        })
        {
            (await owner.SendAsync(HttpMethod.Put, path, ApiClient.Json(body)))
                .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        }

        var first = await GrantAsync(owner, $"workflows/{place.Workflow.Id}", person.Id, "view");
        var second = await GrantAsync(owner, $"workflows/{place.Workflow.Id}", person.Id, "edit");
        Assert.Equal(first.Id, second.Id);

        var editor = await api.Host.AddPersonAsync("editor");
        (await editor.Client.SendAsync(HttpMethod.Put, path, ApiClient.Json(new
        {
            userId = editor.Id,
            level = "admin"
        })))
            .Fails(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    private static Guid Single(Answer list) => Assert.Single(list.Ok().Data.EnumerateArray()).GetProperty("id")
        .GetGuid();

    private static async Task<Answer> GrantAsync(
        ApiClient by, string path, Guid user, string level, DateTimeOffset? expiresAt = null) =>
        (await by.SendAsync(
            HttpMethod.Put, $"{path}/permissions", ApiClient.Json(new { userId = user, level, expiresAt }))).Ok();
}
