using System.Net;
using Workflows.Api.Tests.Host;

namespace Workflows.Api.Tests.Hierarchy;

public sealed class MoveTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_folder_moves_with_all_below_it_into_another_workspace_and_back_to_the_top()
    {
        using var owner = api.Host.Owner();
        var (from, to) = (await owner.CreatePlaceAsync(), await owner.CreatePlaceAsync());
        var inner = await owner.CreateFolderAsync(from.Workspace.Id, from.Folder.Id);
        var innermost = await owner.CreateFolderAsync(from.Workspace.Id, inner.Id);

        var moved = (await owner.PatchAsync($"folders/{from.Folder.Id}", from.Folder.ETag,
            new { parentId = to.Folder.Id })).Ok();

        Assert.Equal(to.Folder.Id, moved.Data.GetProperty("parentId").GetGuid());
        foreach (var id in new[] { from.Folder.Id, inner.Id, innermost.Id })
        {
            Assert.Equal(to.Workspace.Id, (await owner.GetAsync($"folders/{id}")).Ok().Data.GetProperty("workspaceId")
                .GetGuid());
        }

        Assert.Single((await owner.GetAsync($"folders/{from.Folder.Id}/jobs")).Ok().Data.EnumerateArray());
        var back = (await owner.PatchAsync($"folders/{from.Folder.Id}", moved.ETag,
            new { workspaceId = from.Workspace.Id })).Ok();
        Assert.Equal("null", back.Data.GetProperty("parentId").GetRawText());
        var move = (await owner.GetAsync($"activity?object={from.Folder.Id}&action=folder.move")).Ok().Data[1];
        Assert.Equal(from.Workspace.Id, move.GetProperty("before").GetProperty("workspaceId").GetGuid());
        Assert.Equal(to.Folder.Id, move.GetProperty("after").GetProperty("parentId").GetGuid());
    }

    [Fact]
    public async Task A_folder_never_comes_to_lie_within_itself_nor_too_deep_nor_where_there_is_nothing()
    {
        using var owner = api.Host.Owner();
        var place = await owner.CreatePlaceAsync();
        var inner = await owner.CreateFolderAsync(place.Workspace.Id, place.Folder.Id);
        var path = $"folders/{place.Folder.Id}";
        var stranger = await api.Host.CreateTenantAsync("moves");
        var foreign = await api.Host.ScalarAsync<Guid>("select id from folders where tenant_id = $1",
            stranger.TenantId);

        await RefusedAsync(new { parentId = place.Folder.Id }, "CIRCLE");
        await RefusedAsync(new { parentId = inner.Id }, "CIRCLE");
        await RefusedAsync(new { parentId = foreign }, "UNKNOWN");
        await RefusedAsync(new { workspaceId = Guid.CreateVersion7() }, "UNKNOWN");
        await RefusedAsync(new
        {
            workspaceId = (await owner.CreatePlaceAsync())
            .Workspace.Id, parentId = (await owner.CreatePlaceAsync()).Folder.Id
        }, "UNKNOWN");
        var deep = (Guid?)null;
        for (var depth = 0; depth < Limits.FolderDepth - 1; depth++)
        {
            deep = (await owner.CreateFolderAsync(place.Workspace.Id, deep, $"deep {depth}")).Id;
        }

        await RefusedAsync(new { parentId = deep }, "TOO_DEEP");
        (await owner.PatchAsync($"folders/{inner.Id}", inner.ETag, new { parentId = deep })).Ok();

        async Task RefusedAsync(object move, string code)
        {
            var refused = (await owner.PatchAsync(path, "*", move))
                .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
            Assert.Equal(code, refused.Json.GetProperty("error").GetProperty("details")[0].GetProperty("code")
                .GetString());
        }
    }

    [Fact]
    public async Task Two_moves_at_once_make_no_circle()
    {
        using var owner = api.Host.Owner();
        for (var round = 0; round < 15; round++)
        {
            var workspace = await owner.CreateAsync("workspaces", new { name = Samples.Name("crosswise") });
            var (a, b) = (await owner.CreateFolderAsync(workspace.Id), await owner.CreateFolderAsync(workspace.Id));

            var answers = await Task.WhenAll(
                owner.PatchAsync($"folders/{a.Id}", "*", new { parentId = b.Id }),
                    owner.PatchAsync($"folders/{b.Id}", "*", new { parentId = a.Id }));

            Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK);
            Assert.Single(answers, answer => answer.ErrorCode == "VALIDATION_FAILED");
        }
    }

    [Fact]
    public async Task A_job_moves_into_another_folder_where_its_name_is_free()
    {
        using var owner = api.Host.Owner();
        var (from, to) = (await owner.CreatePlaceAsync(), await owner.CreatePlaceAsync());
        await owner.CreateJobAsync(to.Folder.Id, "Same");
        var job = await owner.CreateJobAsync(from.Folder.Id, "same");

        (await owner.PatchAsync($"jobs/{job.Id}", job.ETag, new { folderId = to.Folder.Id }))
            .Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
        (await owner.PatchAsync($"jobs/{job.Id}", job.ETag, new { folderId = Guid.CreateVersion7() }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
        var moved = (await owner.PatchAsync($"jobs/{job.Id}", job.ETag,
            new { folderId = to.Folder.Id, name = "other" })).Ok();

        Assert.Equal(to.Folder.Id, moved.Data.GetProperty("folderId").GetGuid());
        var row = (await owner.GetAsync($"activity?object={job.Id}&action=job.move")).Ok().Data[0];
        Assert.Equal(from.Folder.Id, row.GetProperty("before").GetProperty("folderId").GetGuid());
    }

    [Fact]
    public async Task A_workflow_moves_alone_or_by_force_out_of_its_dependencies()
    {
        using var owner = api.Host.Owner();
        var (from, to) = (await owner.CreatePlaceAsync(), await owner.CreatePlaceAsync());
        var second = await owner.CreateInAsync(from.Job.Id);
        var dependencies = new
        {
            dependencies =
            new[] { new { workflowId = second.Id, dependsOn = new[] { from.Workflow.Id } } }
        };
        (await owner.SendAsync(HttpMethod.Put, $"jobs/{from.Job.Id}/dependencies", ApiClient.Json(dependencies),
            ("If-Match", "*"))).Ok();
        var path = $"workflows/{second.Id}";

        var refused = (await owner.PatchAsync(path, second.ETag, new { jobId = to.Job.Id }))
            .Fails(HttpStatusCode.Conflict, "DEPENDENCIES_IN_THE_WAY");
        Assert.Equal(from.Workflow.Id.ToString(), refused.Json.GetProperty("error")
            .GetProperty("details")[0].GetProperty("pointer").GetString());
        var moved = (await owner.PatchAsync($"{path}?force=true", second.ETag, new { jobId = to.Job.Id })).Ok();

        Assert.Equal(to.Job.Id, moved.Data.GetProperty("jobId").GetGuid());
        Assert.Empty((await owner.GetAsync($"jobs/{from.Job.Id}/dependencies")).Ok().Data.GetProperty("dependencies")
            .EnumerateArray());
        await owner.CreateInAsync(from.Job.Id, name: "taken");
        var third = await owner.CreateInAsync(to.Job.Id, name: "Taken");
        (await owner.PatchAsync($"workflows/{third.Id}", "*", new { jobId = from.Job.Id }))
            .Fails(HttpStatusCode.Conflict, "NAME_TAKEN");
        (await owner.PatchAsync($"workflows/{third.Id}", "*", new { jobId = Guid.CreateVersion7() }))
            .Fails(HttpStatusCode.BadRequest, "VALIDATION_FAILED");
    }

    [Fact]
    public async Task Nothing_is_left_in_a_job_that_is_deleted_while_a_workflow_moves_into_it()
    {
        using var owner = api.Host.Owner();
        var from = await owner.CreatePlaceAsync();
        for (var round = 0; round < 10; round++)
        {
            var job = await owner.CreateJobAsync(from.Folder.Id);
            var workflow = await owner.CreateInAsync(from.Job.Id);
            await Task.WhenAll(
                owner.PatchAsync($"workflows/{workflow.Id}", "*", new { jobId = job.Id }),
                    owner.DeleteAsync($"jobs/{job.Id}?force=true", "*"));
        }

        Assert.Equal(0, await api.Host.ScalarAsync<long>(
            """
            select count(*) from workflows w join jobs j using (tenant_id)
            where j.id = w.job_id and j.deleted_at is not null and w.deleted_at is null
            """));
    }
}
